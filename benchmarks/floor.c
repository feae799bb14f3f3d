/*
 * floor.c - what the kernel takes for the messages that rawnl sends.
 *
 *     floor create COUNT --queues 1      pairs of veth
 *     floor delete COUNT < indexes       links, as one group
 *     floor pods COUNT --bridge INDEX    see floor_pods.c
 *     floor dump COUNT --what links      listings into one buffer, used again
 *     floor routes COUNT                 routes via 192.0.2.2
 *
 * Prints one line of JSON.  With FLOOR_TRACE in the environment each datagram
 * is also written to that file, its length before it, to be compared with what
 * rawnl sends.
 *
 * Sources: netlink(7), rtnetlink(7), veth(4).
 */
#define _GNU_SOURCE
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ALIGN(length) (((length) + 3) & ~(size_t)3)
#define GROUP 0x40000001u
#define VIA 0xc0000202u
#define RECEIVE_SIZE ((size_t)1 << 20)

static uint8_t received[RECEIVE_SIZE];
static FILE *trace;

void fail(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* --- building */

static void make_room(struct load *load, size_t length)
{
    if (load->used + length + 64 > load->room) {
        load->room = (load->room + length + 4096) * 2;
        load->data = realloc(load->data, load->room);
    }
    if (load->count + 2 > load->slots) {
        load->slots = (load->slots + 64) * 2;
        load->starts = realloc(load->starts, load->slots * sizeof(size_t));
    }
    if (!load->data || !load->starts)
        fail("memory");
}

void add(struct load *load, const void *data, size_t length)
{
    make_room(load, length);
    memcpy(load->data + load->used, data, length);
    memset(load->data + load->used + length, 0, ALIGN(length) - length);
    load->used += ALIGN(length);
}

void begin(struct load *load, uint16_t kind, uint16_t flags)
{
    struct nlmsghdr header = {
        .nlmsg_type = kind,
        .nlmsg_flags = flags | NLM_F_REQUEST,
        .nlmsg_seq = (uint32_t)load->count + 1,
    };

    make_room(load, 0);
    load->starts[load->count] = load->used;
    add(load, &header, sizeof header);
}

void finish(struct load *load)
{
    struct nlmsghdr *header =
        (struct nlmsghdr *)(load->data + load->starts[load->count]);

    header->nlmsg_len = (uint32_t)(load->used - load->starts[load->count]);
    load->starts[++load->count] = load->used;
}

void put(struct load *load, uint16_t kind, const void *data, size_t length)
{
    struct rtattr attribute = {(unsigned short)(length + 4), kind};

    add(load, &attribute, sizeof attribute);
    add(load, data, length);
}

void put_number(struct load *load, uint16_t kind, uint32_t number)
{
    put(load, kind, &number, sizeof number);
}

/* 16 bytes whatever the length, as a template of rawnl's sends names. */
void put_name(struct load *load, const char *name)
{
    char padded[IFNAMSIZ] = {0};

    memcpy(padded, name, strnlen(name, IFNAMSIZ - 1));
    put(load, IFLA_IFNAME, padded, sizeof padded);
}

size_t nest(struct load *load, uint16_t kind)
{
    size_t start = load->used;

    put(load, kind, "", 0);
    return start;
}

void nest_end(struct load *load, size_t start)
{
    struct rtattr *attribute = (struct rtattr *)(load->data + start);

    attribute->rta_len = (unsigned short)(load->used - start);
}

void put_link(struct load *load, uint32_t index, bool up)
{
    struct ifinfomsg link = {.ifi_index = (int)index};

    if (up)
        link.ifi_flags = link.ifi_change = IFF_UP;
    add(load, &link, sizeof link);
}

void put_queues(struct load *load, long queues)
{
    if (queues) {
        put_number(load, IFLA_NUM_TX_QUEUES, (uint32_t)queues);
        put_number(load, IFLA_NUM_RX_QUEUES, (uint32_t)queues);
    }
}

/* An ack is asked of the last message of each window only. */
void seal(struct load *load, size_t window)
{
    load->window = window;
    for (size_t i = 0; i < load->count; i++)
        if ((i + 1) % window == 0 || i + 1 == load->count)
            ((struct nlmsghdr *)(load->data + load->starts[i]))->nlmsg_flags |=
                NLM_F_ACK;
}

/* --- sending */

int netlink(const struct options *options)
{
    static const int wanted[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK,
                                 NETLINK_GET_STRICT_CHK};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int one = 1, large = 16 * 1024 * 1024;

    if (fd < 0)
        fail("socket");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        setsockopt(fd, SOL_NETLINK, wanted[i], &one, sizeof one);
    if (options->force) {
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) ||
            setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof large))
            fail("SO_RCVBUFFORCE");
    }
    if (bind(fd, (struct sockaddr *)&kernel, sizeof kernel) ||
        connect(fd, (struct sockaddr *)&kernel, sizeof kernel))
        fail("bind");
    return fd;
}

static void transmit(int fd, const uint8_t *data, size_t length)
{
    if (trace) {
        uint32_t size = (uint32_t)length;
        fwrite(&size, sizeof size, 1, trace);
        fwrite(data, 1, length, trace);
    }
    if (send(fd, data, length, 0) != (ssize_t)length)
        fail("send");
}

/* Reads up to the answer to one sequence number; how many rows came. */
static long await(int fd, uint32_t sequence)
{
    long rows = 0;

    for (;;) {
        ssize_t length = recv(fd, received, sizeof received, 0);
        size_t at = 0;

        if (length < 0)
            fail("recv");
        while (at + sizeof(struct nlmsghdr) <= (size_t)length) {
            const struct nlmsghdr *header =
                (const struct nlmsghdr *)(received + at);

            if (header->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *error = NLMSG_DATA(header);
                if (error->error) {
                    errno = -error->error;
                    fail("request");
                }
            }
            if (header->nlmsg_type >= NLMSG_MIN_TYPE)
                rows++;
            else if (header->nlmsg_seq == sequence)
                return rows;
            at += ALIGN(header->nlmsg_len);
        }
    }
}

void send_range(int fd, struct load *load, size_t first, size_t last)
{
    const struct nlmsghdr *final =
        (const struct nlmsghdr *)(load->data + load->starts[last - 1]);

    transmit(fd, load->data + load->starts[first],
             load->starts[last] - load->starts[first]);
    await(fd, final->nlmsg_seq);
}

void send_all(int fd, struct load *load)
{
    for (size_t at = 0; at < load->count; at += load->window) {
        size_t end = at + load->window;
        send_range(fd, load, at, end < load->count ? end : load->count);
    }
}

static double timed(int fd, struct load *load)
{
    double start = now();

    send_all(fd, load);
    return now() - start;
}

/* --- the works */

static double create(const struct options *options)
{
    struct load load = {0};

    for (long i = 0; i < options->count; i++) {
        char near[32], far[32];
        size_t info, data, peer;

        snprintf(near, sizeof near, "a%ld", i);
        snprintf(far, sizeof far, "b%ld", i);
        begin(&load, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        put_link(&load, 0, false);
        put_name(&load, near);
        put_queues(&load, options->queues);
        info = nest(&load, IFLA_LINKINFO);
        put(&load, IFLA_INFO_KIND, "veth", 5);
        data = nest(&load, IFLA_INFO_DATA);
        peer = nest(&load, VETH_INFO_PEER);
        put_link(&load, 0, false);
        put_name(&load, far);
        put_queues(&load, options->queues);
        nest_end(&load, peer);
        nest_end(&load, data);
        nest_end(&load, info);
        finish(&load);
    }
    seal(&load, (size_t)options->window);
    return timed(netlink(options), &load);
}

static double delete_group(const struct options *options)
{
    struct load moves = {0}, deletion = {0};
    int fd = netlink(options);
    unsigned index;
    double start;

    while (scanf("%u", &index) == 1) {
        begin(&moves, RTM_SETLINK, 0);
        put_link(&moves, index, false);
        put_number(&moves, IFLA_GROUP, GROUP);
        finish(&moves);
    }
    begin(&deletion, RTM_DELLINK, 0);
    put_link(&deletion, 0, false);
    put_number(&deletion, IFLA_GROUP, GROUP);
    finish(&deletion);
    seal(&moves, (size_t)options->window);
    seal(&deletion, 1);
    start = now();
    send_all(fd, &moves);
    if (!options->regroup)
        start = now();
    send_all(fd, &deletion);
    return now() - start;
}

static double routes(const struct options *options)
{
    struct load load = {0};

    for (long i = 0; i < options->count; i++) {
        uint32_t prefix = htonl((uint32_t)(0x10000000 + i * 256));
        struct rtmsg route = {
            .rtm_family = AF_INET,
            .rtm_dst_len = 24,
            .rtm_table = RT_TABLE_MAIN,
            .rtm_protocol = RTPROT_BOOT,
            .rtm_type = RTN_UNICAST,
        };

        begin(&load, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
        add(&load, &route, sizeof route);
        put(&load, RTA_DST, &prefix, sizeof prefix);
        put_number(&load, RTA_GATEWAY, htonl(VIA));
        finish(&load);
    }
    seal(&load, (size_t)options->window);
    return timed(netlink(options), &load);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double dump(struct options *options)
{
    struct load load = {0};
    int fd = netlink(options);
    bool of_links = strcmp(options->what, "links") == 0;
    double times[64];
    long rows = 0;

    if (of_links) {
        begin(&load, RTM_GETLINK, NLM_F_DUMP);
        put_link(&load, 0, false);
        finish(&load);
    } else {
        for (int i = 0; i < 2; i++) {
            struct rtmsg route = {.rtm_family = i ? AF_INET6 : AF_INET};
            begin(&load, RTM_GETROUTE, NLM_F_DUMP);
            add(&load, &route, sizeof route);
            put_number(&load, RTA_TABLE, RT_TABLE_MAIN);
            finish(&load);
        }
    }
    for (long i = 0; i < options->repeats; i++) {
        double start = now();

        rows = 0;
        for (size_t j = 0; j < load.count; j++) {
            transmit(fd, load.data + load.starts[j],
                     load.starts[j + 1] - load.starts[j]);
            rows += await(fd, (uint32_t)j + 1);
        }
        times[i] = now() - start;
    }
    qsort(times, (size_t)options->repeats, sizeof *times, by_size);
    options->count = rows;
    return times[0]; /* the best: the others were disturbed */
}

static void parse(int count, char **words, struct options *options)
{
    static const struct option known[] = {
        {"window", 1, 0, 'w'},  {"queues", 1, 0, 'q'}, {"bridge", 1, 0, 'b'},
        {"group", 1, 0, 'g'},   {"repeats", 1, 0, 'r'}, {"what", 1, 0, 't'},
        {"near", 1, 0, 'n'},    {"force", 0, 0, 'f'},   {"moved", 0, 0, 'm'},
        {"unnamed", 0, 0, 'u'}, {"overlap", 0, 0, 'o'}, {"late", 0, 0, 'L'},
        {"no-autoconf", 0, 0, 'a'}, {0, 0, 0, 0},
    };
    int letter;

    while ((letter = getopt_long(count, words, "", known, NULL)) != -1) {
        switch (letter) {
        case 'w': options->window = atol(optarg); break;
        case 'q': options->queues = atol(optarg); break;
        case 'b': options->bridge = atol(optarg); break;
        case 'g': options->group = atol(optarg); break;
        case 'r': options->repeats = atol(optarg); break;
        case 't': options->what = optarg; break;
        case 'n': options->near = optarg[0]; break;
        case 'f': options->force = true; break;
        case 'm': options->regroup = false; break;
        case 'u': options->named = false; break;
        case 'o': options->overlap = true; break;
        case 'a': options->autoconf = false; break;
        case 'L': options->late = true; break;
        default: exit(2);
        }
    }
    if (options->repeats < 1 || options->repeats > 64)
        exit(2);
}

int main(int count, char **words)
{
    struct options options = {
        .window = 138, .group = 64, .repeats = 1, .regroup = true,
        .named = true, .autoconf = true, .near = 'l', .what = "links",
    };
    const char *work;
    double seconds;

    parse(count, words, &options);
    if (optind + 2 > count) {
        fprintf(stderr, "floor WORK COUNT [options]\n");
        return 2;
    }
    work = words[optind];
    options.count = atol(words[optind + 1]);
    if (getenv("FLOOR_TRACE"))
        trace = fopen(getenv("FLOOR_TRACE"), "wb");
    if (strcmp(work, "create") == 0)
        seconds = create(&options);
    else if (strcmp(work, "delete") == 0)
        seconds = delete_group(&options);
    else if (strcmp(work, "pods") == 0)
        seconds = pods(&options);
    else if (strcmp(work, "dump") == 0)
        seconds = dump(&options);
    else if (strcmp(work, "routes") == 0)
        seconds = routes(&options);
    else
        return 2;
    if (trace)
        fclose(trace);
    printf("{\"seconds\": %.9f, \"items\": %ld}\n", seconds, options.count);
    return 0;
}
