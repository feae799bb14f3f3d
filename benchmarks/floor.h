/*
 * floor.h - messages built beforehand and sent a window at a time.
 *
 * Strategy: everything is built before the clock starts; between its start and
 * its end there are the system calls that the kernel's own work needs, and
 * nothing else.  That is the floor which every contender is measured against.
 */
#ifndef BENCHMARK_FLOOR_H
#define BENCHMARK_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A load: many messages, one behind the other, sequence numbers from 1 on. */
struct load {
    uint8_t *data;
    size_t used, room;
    size_t *starts; /* of each message, and one more: the end */
    size_t count, slots;
    size_t window; /* how many messages a send carries */
};

struct options {
    long count;       /* how many items */
    long window;      /* messages a send */
    long queues;      /* of each end; 0 leaves it to the kernel */
    long bridge;      /* index of the bridge that pods are connected to */
    long group;       /* pods made at a time */
    long repeats;     /* of a dump; the best counts */
    bool force;       /* a larger receive buffer, beyond what is allowed */
    bool regroup;     /* count the regrouping as a part of deletion */
    bool named;       /* pods: names under /run/netns */
    bool overlap;     /* pods: namespaces by a second thread, ahead */
    bool autoconf;    /* pods: with an IPv6 link-local address */
    bool late;        /* pods: the address after the link is up */
    char near;        /* pods: up 'l'ast, 'f'irst, or at 'c'reation */
    const char *what; /* of a dump: links, routes */
};

/* floor.c */
void fail(const char *what);
double now(void);
void begin(struct load *load, uint16_t kind, uint16_t flags);
void add(struct load *load, const void *data, size_t length);
void put(struct load *load, uint16_t kind, const void *data, size_t length);
void put_number(struct load *load, uint16_t kind, uint32_t number);
void put_name(struct load *load, const char *name);
size_t nest(struct load *load, uint16_t kind);
void nest_end(struct load *load, size_t start);
void finish(struct load *load);
void seal(struct load *load, size_t window);
void put_link(struct load *load, uint32_t index, bool up);
void put_queues(struct load *load, long queues);
int netlink(const struct options *options);
void send_range(int fd, struct load *load, size_t first, size_t last);
void send_all(int fd, struct load *load);

/* floor_pods.c */
double pods(const struct options *options);

#endif
