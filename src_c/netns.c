/*
 * netns.c - work done inside a network namespace, and the few calls about
 * namespaces and mounts that Python 3.10 lacks.
 *
 * Strategy: setns(2) moves one thread.  A thread that is moved must come back,
 * and may fail to.  So nothing here is ever moved and brought back: a short
 * thread of our own is started, enters the namespace, opens one descriptor and
 * ends.  Descriptors belong to the process, and a socket stays in the
 * namespace where it was made, so the result outlives the thread.  All signals
 * are blocked on it: no handler of the program ever runs there.
 *
 * Sources: setns(2), unshare(2), netlink(7), pthread_create(3).
 */
#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the C library's own thread data as well as for our few frames. */
#define HELPER_STACK ((size_t)256 * 1024)

struct errand {
    int netns;
    int (*work)(struct errand *);
    int domain;
    int type;
    int protocol;
    const char *path;
    int flags;
    uint32_t port_id;
    int socket_fd;
    int result;
};

static int or_errno(int result)
{
    return result < 0 ? -errno : result;
}

static void *run_errand(void *argument)
{
    struct errand *errand = argument;

    if (errand->netns >= 0 && setns(errand->netns, CLONE_NEWNET) < 0)
        errand->result = -errno;
    else
        errand->result = errand->work(errand);
    return NULL;
}

static int start_helper(pthread_t *thread, struct errand *errand)
{
    pthread_attr_t attributes;
    sigset_t every, before;
    int error = pthread_attr_init(&attributes);

    if (error)
        return error;
    error = pthread_attr_setstacksize(&attributes, HELPER_STACK);
    if (!error) {
        sigfillset(&every);
        /* A thread inherits the mask of its creator: no gap without it. */
        pthread_sigmask(SIG_SETMASK, &every, &before);
        error = pthread_create(thread, &attributes, run_errand, errand);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return error;
}

static int on_helper(struct errand *errand)
{
    pthread_t thread;
    int error = start_helper(&thread, errand);

    if (error)
        return -error;
    error = pthread_join(thread, NULL);
    return error ? -error : errand->result;
}

static int in_namespace(struct errand *errand)
{
    return errand->netns < 0 ? errand->work(errand) : on_helper(errand);
}

/* An option that this kernel has not heard of is one we do without. */
static int switch_on(int fd, int option)
{
    int one = 1;

    if (setsockopt(fd, SOL_NETLINK, option, &one, sizeof one) < 0 &&
        errno != ENOPROTOOPT)
        return -errno;
    return 0;
}

static int prepare_netlink(int fd, uint32_t *port_id)
{
    static const int wanted[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK,
                                 NETLINK_GET_STRICT_CHK};
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof address;

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int error = switch_on(fd, wanted[i]);
        if (error < 0)
            return error;
    }
    /* Port 0 lets the kernel choose one: a process may hold many sockets. */
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    /*
     * Connected to port 0, the kernel, the socket takes no unicast from
     * anyone else: a forger gets ECONNREFUSED and cannot fill our queue.
     */
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    if (length < sizeof address || address.nl_family != AF_NETLINK)
        return -EPROTO;
    *port_id = address.nl_pid;
    return 0;
}

static int open_socket(struct errand *errand)
{
    return or_errno(
        socket(errand->domain, errand->type | SOCK_CLOEXEC, errand->protocol));
}

static int open_netlink(struct errand *errand)
{
    int fd = open_socket(errand);
    int error;

    if (fd < 0)
        return fd;
    error = prepare_netlink(fd, &errand->port_id);
    if (error < 0) {
        close(fd);
        return error;
    }
    return fd;
}

static int open_path(struct errand *errand)
{
    return or_errno(open(errand->path, errand->flags | O_CLOEXEC));
}

static int create_namespace(struct errand *errand)
{
    (void)errand;
    if (unshare(CLONE_NEWNET) < 0)
        return -errno;
    return or_errno(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

/* Both at once: a helper of its own for the socket would cost as much again. */
static int create_with_socket(struct errand *errand)
{
    int netns = create_namespace(errand);

    if (netns < 0)
        return netns;
    errand->socket_fd = open_netlink(errand);
    if (errand->socket_fd < 0) {
        close(netns);
        return errand->socket_fd;
    }
    return netns;
}

int rn_netlink_open(int netns, int protocol, uint32_t *port_id)
{
    struct errand errand = {
        .netns = netns,
        .work = open_netlink,
        .domain = AF_NETLINK,
        .type = SOCK_RAW | SOCK_NONBLOCK,
        .protocol = protocol,
    };
    int fd = in_namespace(&errand);

    *port_id = errand.port_id;
    return fd;
}

int rn_socket_in(int netns, int domain, int type, int protocol)
{
    struct errand errand = {
        .netns = netns,
        .work = open_socket,
        .domain = domain,
        .type = type,
        .protocol = protocol,
    };

    return in_namespace(&errand);
}

/* Files below /proc/sys/net are those of the namespace of whoever opens them. */
int rn_open_in(int netns, const char *path, int flags)
{
    struct errand errand = {
        .netns = netns,
        .work = open_path,
        .path = path,
        .flags = flags,
    };

    /* Nothing here is meant to create files, and no mode is passed on. */
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
        return -EINVAL;
    return in_namespace(&errand);
}

int rn_netns_create(void)
{
    struct errand errand = {.netns = -1, .work = create_namespace};

    return on_helper(&errand);
}

int rn_netns_create_with(int protocol, int *socket_fd, uint32_t *port_id)
{
    struct errand errand = {
        .netns = -1,
        .work = create_with_socket,
        .domain = AF_NETLINK,
        .type = SOCK_RAW | SOCK_NONBLOCK,
        .protocol = protocol,
        .socket_fd = -1,
    };
    int netns = on_helper(&errand);

    *socket_fd = errand.socket_fd;
    *port_id = errand.port_id;
    return netns;
}

int rn_setns(int fd, int nstype)
{
    return or_errno(setns(fd, nstype));
}

int rn_unshare(int flags)
{
    return or_errno(unshare(flags));
}

int rn_mount(const char *source, const char *target, const char *type,
             unsigned long flags, const char *data)
{
    return or_errno(mount(source, target, type, flags, data));
}

int rn_umount(const char *target, int flags)
{
    return or_errno(umount2(target, flags));
}

int rn_parent_death_signal(int signal)
{
    return or_errno(prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0));
}
