/*
 * core.h - everything that the C core of rawnl offers to Python.
 *
 * The core does only what Python cannot do well: reach into another network
 * namespace without moving the calling thread, receive many datagrams in one
 * call, and find where messages and attributes begin.  It knows lengths and
 * types, never meanings.
 *
 * Every function answers with a value >= 0, or with -errno; none touches
 * Python.  build.py hands the part between the two marks to cffi, so this file
 * is the only place where a signature is written down.
 */
#ifndef RAWNL_CORE_H
#define RAWNL_CORE_H

#include <stddef.h>
#include <stdint.h>

/* cffi begin */

/* netns.c: work inside a namespace; a negative netns is the caller's own. */

int rn_netlink_open(int netns, int protocol, uint32_t *port_id);
int rn_socket_in(int netns, int domain, int type, int protocol);
int rn_open_in(int netns, const char *path, int flags);
int rn_netns_create(void);
int rn_netns_create_with(int protocol, int *socket_fd, uint32_t *port_id);

/* netns.c: these act on the calling thread or process itself. */

int rn_setns(int fd, int nstype);
int rn_unshare(int flags);
int rn_mount(const char *source, const char *target, const char *type,
             unsigned long flags, const char *data);
int rn_umount(const char *target, int flags);
int rn_parent_death_signal(int signal);

/* receive.c: datagrams out and in. */

enum rn_status {
    RN_DONE = 0,        /* the awaited message has come */
    RN_FULL = 1,        /* the next datagram does not fit: see needed */
    RN_INTERRUPTED = 2, /* call again once signal handlers have run */
    RN_TIMEOUT = 3      /* the deadline has passed */
};

struct rn_receipt {
    size_t used;      /* in and out: bytes of the buffer that hold datagrams */
    size_t needed;    /* out, with RN_FULL: bytes of free room to offer */
    uint64_t foreign; /* in and out: datagrams dropped, not from the kernel */
};

int rn_send(int fd, const void *buffer, size_t length);
int rn_receive(int fd, void *buffer, size_t capacity, uint32_t stop_sequence,
               uint32_t abort_sequence, int64_t deadline_ns, int burst,
               struct rn_receipt *receipt);

/* scan.c: where things begin; all offsets count from buffer. */

enum rn_fault {
    RN_SOUND = 0,
    RN_HEADER_CUT = 1,      /* found bytes remain, a header takes limit */
    RN_MESSAGE_SHORT = 2,   /* length found is below limit, the header */
    RN_MESSAGE_LONG = 3,    /* length found is over limit, what remains */
    RN_BODY_SHORT = 4,      /* found bytes of body, family header takes limit */
    RN_ATTRIBUTE_SHORT = 5, /* length found is below limit, the header */
    RN_ATTRIBUTE_LONG = 6   /* length found is over limit, what remains */
};

struct rn_counts {
    uint32_t rows;     /* messages of our sequence, type >= 16 */
    uint32_t controls; /* messages of our sequence, type < 16 */
    uint32_t stale;    /* messages of another sequence */
    uint32_t flags;    /* every nlmsg_flags of our sequence, ORed */
    uint32_t offset;   /* of the fault, when there is one */
    uint32_t found;    /* see enum rn_fault */
    uint32_t limit;
};

int rn_count(const void *buffer, uint32_t start, uint32_t end,
             uint32_t sequence, struct rn_counts *counts);
int rn_scan(const void *buffer, uint32_t start, uint32_t end,
            uint32_t sequence, uint32_t header_length, uint32_t width,
            int32_t *table, uint32_t max_rows, int32_t *controls,
            uint32_t max_controls, struct rn_counts *counts);

/* cffi end */

#endif
