/*
 * receive.c - a datagram to the kernel, and many from it in one call.
 *
 * Strategy: append what arrives to one buffer until the awaited message is
 * seen, with no object made per message.  The state lives in the caller's
 * receipt, so every return is a place to go on from.  The socket never blocks
 * by itself; waiting is ppoll(2) against an absolute deadline.
 *
 *   buffer   | datagram |pad| datagram | datagram |pad|  free  |
 *            0              4-aligned               used       capacity
 *
 * Two ways to receive.  "Whole": the length is asked for first and all of the
 * free room offered, because the kernel sizes the datagrams of a dump by the
 * largest receive it has seen.  "Burst": many small replies in one recvmmsg(2),
 * each into a slot, then moved together.
 *
 * Sources: netlink(7), recvmsg(2), recvmmsg(2), linux/netlink.h,
 * net/netlink/af_netlink.c.
 */
#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SLOTS 16
#define SLOT_SIZE ((size_t)65536)
/* Rounds before Python gets a turn, so that a flood cannot hold off Ctrl-C. */
#define ROUNDS 4096
#define NANOSECONDS 1000000000LL

/* What one attempt led to, when not to an enum rn_status or -errno. */
enum outcome {
    CAME = 100, /* go on */
    CAME_LAST,  /* so did the awaited message */
    FOREIGN     /* nothing but datagrams from elsewhere, now dropped */
};

struct reception {
    int fd;
    uint8_t *buffer;
    size_t capacity;
    uint32_t stop_sequence;
    uint32_t abort_sequence;
    int64_t deadline_ns;
    struct rn_receipt *receipt;
};

static size_t align(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

/* Where the next datagram goes, or capacity when no byte is left for it. */
static size_t next_start(const struct reception *reception)
{
    size_t start = align(reception->receipt->used);

    return start < reception->capacity ? start : reception->capacity;
}

static bool from_kernel(const struct msghdr *message)
{
    const struct sockaddr_nl *sender = message->msg_name;

    return message->msg_namelen >= sizeof *sender &&
           sender->nl_family == AF_NETLINK && sender->nl_pid == 0;
}

static bool is_last(const struct nlmsghdr *header,
                    const struct reception *reception)
{
    uint32_t sequence = header->nlmsg_seq;

    /* Without a stop sequence all that comes is wanted, and nothing ends it. */
    if (reception->stop_sequence == 0)
        return false;
    if (header->nlmsg_type == NLMSG_DONE)
        return sequence == reception->stop_sequence;
    if (header->nlmsg_type == NLMSG_ERROR)
        return sequence == reception->stop_sequence ||
               (sequence == reception->abort_sequence && sequence != 0);
    return false;
}

/* A length that lies ends the walk; the scan is there to report it. */
static bool holds_last(const uint8_t *data, size_t length,
                       const struct reception *reception)
{
    struct nlmsghdr header;

    while (length >= sizeof header) {
        memcpy(&header, data, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > length)
            return false;
        if (is_last(&header, reception))
            return true;
        if (align(header.nlmsg_len) >= length)
            return false;
        data += align(header.nlmsg_len);
        length -= align(header.nlmsg_len);
    }
    return false;
}

/* Takes in length bytes that already lie at or after start. */
static bool append(struct reception *reception, size_t start,
                   const uint8_t *data, size_t length)
{
    struct rn_receipt *receipt = reception->receipt;
    uint8_t *place = reception->buffer + start;

    memset(reception->buffer + receipt->used, 0, start - receipt->used);
    if (place != data)
        memmove(place, data, length);
    receipt->used = start + length;
    return holds_last(place, length, reception);
}

static int receive_whole(struct reception *reception)
{
    struct rn_receipt *receipt = reception->receipt;
    struct sockaddr_nl sender = {0};
    struct iovec room = {NULL, 0};
    struct msghdr message = {
        .msg_name = &sender,
        .msg_namelen = sizeof sender,
        .msg_iov = &room,
        .msg_iovlen = 1,
    };
    size_t start = next_start(reception);
    ssize_t length;

    length = recvmsg(reception->fd, &message,
                     MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (length < 0)
        return -errno;
    if (!from_kernel(&message)) {
        if (recv(reception->fd, NULL, 0, MSG_DONTWAIT) < 0)
            return -errno;
        receipt->foreign++;
        return FOREIGN;
    }
    if ((size_t)length > reception->capacity - start) {
        receipt->needed = align((size_t)length);
        return RN_FULL;
    }

    room.iov_base = reception->buffer + start;
    room.iov_len = reception->capacity - start;
    message.msg_namelen = sizeof sender;
    length = recvmsg(reception->fd, &message, MSG_TRUNC | MSG_DONTWAIT);
    if (length < 0)
        return -errno;
    /* Another reader may have come between: what was peeked proves nothing. */
    if (!from_kernel(&message)) {
        receipt->foreign++;
        return FOREIGN;
    }
    if ((message.msg_flags & MSG_TRUNC) || (size_t)length > room.iov_len)
        return -EMSGSIZE;
    return append(reception, start, room.iov_base, (size_t)length) ? CAME_LAST
                                                                   : CAME;
}

static int receive_burst(struct reception *reception)
{
    struct rn_receipt *receipt = reception->receipt;
    struct sockaddr_nl senders[SLOTS];
    struct iovec rooms[SLOTS];
    struct mmsghdr messages[SLOTS];
    size_t start = next_start(reception);
    size_t slots = (reception->capacity - start) / SLOT_SIZE;
    int count, outcome = FOREIGN;
    bool truncated = false;

    if (slots == 0) {
        receipt->needed = SLOT_SIZE;
        return RN_FULL;
    }
    if (slots > SLOTS)
        slots = SLOTS;
    memset(senders, 0, sizeof senders);
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < slots; i++) {
        rooms[i].iov_base = reception->buffer + start + i * SLOT_SIZE;
        rooms[i].iov_len = SLOT_SIZE;
        messages[i].msg_hdr.msg_name = &senders[i];
        messages[i].msg_hdr.msg_namelen = sizeof senders[i];
        messages[i].msg_hdr.msg_iov = &rooms[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }

    count = recvmmsg(reception->fd, messages, (unsigned)slots, MSG_DONTWAIT,
                     NULL);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        if (!from_kernel(&messages[i].msg_hdr)) {
            receipt->foreign++;
            continue;
        }
        if (messages[i].msg_hdr.msg_flags & MSG_TRUNC) {
            truncated = true;
            continue;
        }
        if (outcome == FOREIGN)
            outcome = CAME;
        if (append(reception, align(receipt->used), rooms[i].iov_base,
                   messages[i].msg_len))
            outcome = CAME_LAST;
    }
    /* Part of the answer is lost: that outweighs all that did come. */
    return truncated ? -EMSGSIZE : outcome;
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

static int wait_for_data(const struct reception *reception)
{
    struct pollfd waiting = {.fd = reception->fd, .events = POLLIN};
    struct timespec limit, *timeout = NULL;
    int ready;

    if (reception->deadline_ns >= 0) {
        int64_t rest = reception->deadline_ns - now_ns();
        if (rest <= 0)
            return RN_TIMEOUT;
        limit.tv_sec = rest / NANOSECONDS;
        limit.tv_nsec = rest % NANOSECONDS;
        timeout = &limit;
    }
    ready = ppoll(&waiting, 1, timeout, NULL);
    if (ready < 0)
        return errno == EINTR ? RN_INTERRUPTED : -errno;
    return ready == 0 ? RN_TIMEOUT : CAME;
}

/* CAME: worth another attempt; anything else is for the caller. */
static int settle(const struct reception *reception, int status)
{
    switch (status) {
    case CAME_LAST:
        return RN_DONE;
    case FOREIGN:
        /* Forgeries must not keep us past the deadline, however many. */
        if (reception->deadline_ns >= 0 && now_ns() >= reception->deadline_ns)
            return RN_TIMEOUT;
        return CAME;
    case -EAGAIN:
        if (reception->stop_sequence == 0 && reception->receipt->used > 0)
            return RN_DONE;
        return wait_for_data(reception);
    case -EINTR:
        return RN_INTERRUPTED;
    default:
        return status;
    }
}

int rn_send(int fd, const void *buffer, size_t length)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent = sendto(fd, buffer, length, 0, (struct sockaddr *)&kernel,
                          sizeof kernel);

    if (sent < 0)
        return -errno;
    return (size_t)sent == length ? 0 : -EMSGSIZE;
}

int rn_receive(int fd, void *buffer, size_t capacity, uint32_t stop_sequence,
               uint32_t abort_sequence, int64_t deadline_ns, int burst,
               struct rn_receipt *receipt)
{
    struct reception reception = {
        .fd = fd,
        .buffer = buffer,
        .capacity = capacity,
        .stop_sequence = stop_sequence,
        .abort_sequence = abort_sequence,
        .deadline_ns = deadline_ns,
        .receipt = receipt,
    };

    if (capacity > INT32_MAX || receipt->used > capacity)
        return -EINVAL;
    for (int round = 0; round < ROUNDS; round++) {
        int status = burst ? receive_burst(&reception)
                           : receive_whole(&reception);

        status = settle(&reception, status);
        if (status != CAME)
            return status;
    }
    return RN_INTERRUPTED;
}
