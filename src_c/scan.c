/*
 * scan.c - where messages and attributes begin.
 *
 * Strategy: two passes over bytes that nobody has vouched for.  rn_count walks
 * the message headers, checks every length and says how many rows there will
 * be, so that the caller can allocate exactly; rn_scan walks again and fills
 * the table.  No pointer is formed before its length was compared, unsigned,
 * with what remains.  rawnl/scan.py is the same in Python and must give the
 * same answers, faults included.
 *
 *   nlmsghdr          16 bytes   attribute header   4 bytes
 *   +--------+------+-------+-----+-----+    +-----+------+---------+---+
 *   | length | type | flags | seq | pid |    | len | type | payload |pad|
 *   +--------+------+-------+-----+-----+    +-----+------+---------+---+
 *     u32      u16    u16     u32   u32        u16   u16
 *
 * A row is width numbers: where the message's body begins, then for each
 * attribute type below width where its payload begins, or 0.  Of attributes
 * that come twice, the last counts, as for the kernel's own parser.
 *
 * Sources: netlink(7), linux/netlink.h, lib/nlattr.c.
 */
#include "core.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>

#define MESSAGE_HEADER ((uint32_t)sizeof(struct nlmsghdr))
#define ATTRIBUTE_HEADER ((uint32_t)sizeof(struct nlattr))

struct walk {
    const uint8_t *buffer;
    uint32_t position;
    uint32_t end;
    struct rn_counts *counts;
};

/* Lengths are at most INT32_MAX when this is called: no wrap. */
static uint32_t align(uint32_t length)
{
    return (length + 3) & ~(uint32_t)3;
}

static int fault(struct walk *walk, int code, uint32_t found, uint32_t limit)
{
    walk->counts->offset = walk->position;
    walk->counts->found = found;
    walk->counts->limit = limit;
    return code;
}

/* Steps over length bytes and their padding, which the last may lack. */
static void step(struct walk *walk, uint32_t length)
{
    uint32_t rest = walk->end - walk->position;

    walk->position += align(length) < rest ? align(length) : rest;
}

static int read_header(struct walk *walk, struct nlmsghdr *header)
{
    uint32_t rest = walk->end - walk->position;

    if (rest < MESSAGE_HEADER)
        return fault(walk, RN_HEADER_CUT, rest, MESSAGE_HEADER);
    memcpy(header, walk->buffer + walk->position, MESSAGE_HEADER);
    if (header->nlmsg_len < MESSAGE_HEADER)
        return fault(walk, RN_MESSAGE_SHORT, header->nlmsg_len,
                     MESSAGE_HEADER);
    if (header->nlmsg_len > rest)
        return fault(walk, RN_MESSAGE_LONG, header->nlmsg_len, rest);
    return RN_SOUND;
}

static bool is_ours(const struct nlmsghdr *header, uint32_t sequence)
{
    return sequence == 0 || header->nlmsg_seq == sequence;
}

int rn_count(const void *buffer, uint32_t start, uint32_t end,
             uint32_t sequence, struct rn_counts *counts)
{
    struct walk walk = {buffer, start, end, counts};
    struct nlmsghdr header;

    memset(counts, 0, sizeof *counts);
    if (start > end || end > INT32_MAX)
        return -EINVAL;
    while (walk.position < walk.end) {
        int code = read_header(&walk, &header);

        if (code != RN_SOUND)
            return code;
        if (!is_ours(&header, sequence)) {
            counts->stale++;
        } else {
            counts->flags |= header.nlmsg_flags;
            if (header.nlmsg_type < NLMSG_MIN_TYPE)
                counts->controls++;
            else
                counts->rows++;
        }
        step(&walk, header.nlmsg_len);
    }
    return RN_SOUND;
}

/* Fewer than four bytes after the last attribute are padding, not a fault. */
static int scan_attributes(struct walk *walk, uint32_t width, int32_t *row)
{
    struct nlattr header;

    while (walk->end - walk->position >= ATTRIBUTE_HEADER) {
        uint32_t rest = walk->end - walk->position;
        uint32_t type;

        memcpy(&header, walk->buffer + walk->position, ATTRIBUTE_HEADER);
        if (header.nla_len < ATTRIBUTE_HEADER)
            return fault(walk, RN_ATTRIBUTE_SHORT, header.nla_len,
                         ATTRIBUTE_HEADER);
        if (header.nla_len > rest)
            return fault(walk, RN_ATTRIBUTE_LONG, header.nla_len, rest);
        type = header.nla_type & NLA_TYPE_MASK;
        if (type > 0 && type < width)
            row[type] = (int32_t)(walk->position + ATTRIBUTE_HEADER);
        step(walk, header.nla_len);
    }
    return RN_SOUND;
}

static int scan_message(const struct walk *walk, uint32_t length,
                        uint32_t header_length, uint32_t width, int32_t *row)
{
    uint32_t body = length - MESSAGE_HEADER;
    struct walk inner = *walk;

    memset(row, 0, width * sizeof *row);
    row[0] = (int32_t)(walk->position + MESSAGE_HEADER);
    if (body < header_length)
        return fault(&inner, RN_BODY_SHORT, body, header_length);
    if (width == 1)
        return RN_SOUND;
    inner.end = walk->position + length;
    inner.position += MESSAGE_HEADER;
    step(&inner, header_length);
    return scan_attributes(&inner, width, row);
}

int rn_scan(const void *buffer, uint32_t start, uint32_t end,
            uint32_t sequence, uint32_t header_length, uint32_t width,
            int32_t *table, uint32_t max_rows, int32_t *controls,
            uint32_t max_controls, struct rn_counts *counts)
{
    struct walk walk = {buffer, start, end, counts};
    struct nlmsghdr header;
    uint32_t row = 0, control = 0;

    if (start > end || end > INT32_MAX || header_length > INT32_MAX ||
        width < 1)
        return -EINVAL;
    while (walk.position < walk.end) {
        int code = read_header(&walk, &header);

        if (code != RN_SOUND)
            return code;
        if (!is_ours(&header, sequence)) {
            /* counted by rn_count */
        } else if (header.nlmsg_type < NLMSG_MIN_TYPE) {
            if (control == max_controls)
                return -ENOSPC;
            controls[control++] = (int32_t)walk.position;
        } else {
            if (row == max_rows)
                return -ENOSPC;
            code = scan_message(&walk, header.nlmsg_len, header_length, width,
                                table + (size_t)row++ * width);
            if (code != RN_SOUND)
                return code;
        }
        step(&walk, header.nlmsg_len);
    }
    return RN_SOUND;
}
