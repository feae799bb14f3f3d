/*
 * floor_pods.c - many namespaces on a bridge, in the order of rawnl/pods.py.
 *
 * Strategy: for each group of pods: every namespace with a socket in it by one
 * short thread, and its name; the cables, a window a send; in each namespace
 * one send (loopback up, address, far end up, default route); the near ends
 * up.  The options vary that order, to show what each choice is worth.
 *
 *     near=last        near ends up after the far ends (what rawnl does)
 *     near=first       before the inside of the pods is set up
 *     near=creation    IFF_UP in the message that creates the cable
 *     overlap          a second thread makes the namespaces, ahead of the rest
 */
#define _GNU_SOURCE
#include "floor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOPBACK 1
#define FAR_END 2
#define GATEWAY 0x0a010001u
#define STACK_SIZE ((size_t)256 * 1024)

struct pod {
    const struct options *options;
    long number;
    int netns, socket;
    size_t patch; /* where the cable's message names the namespace */
    struct load inside;
};

struct factory {
    struct pod *pods;
    const struct options *options;
    sem_t ready;
};

static void *make_namespace(void *argument)
{
    struct pod *pod = argument;

    if (unshare(CLONE_NEWNET))
        fail("unshare");
    pod->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (pod->netns < 0)
        fail("open namespace");
    pod->socket = netlink(pod->options);
    return NULL;
}

static void give_name(const struct pod *pod)
{
    char path[64], source[64];
    int fd;

    snprintf(path, sizeof path, "/run/netns/pod%ld", pod->number);
    snprintf(source, sizeof source, "/proc/self/fd/%d", pod->netns);
    fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0)
        fail(path);
    close(fd);
    if (mount(source, path, "none", MS_BIND, NULL))
        fail("mount");
}

static void create_namespace(struct pod *pod)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (pthread_create(&thread, &attributes, make_namespace, pod))
        fail("thread");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    if (pod->options->named)
        give_name(pod);
}

static void *create_ahead(void *argument)
{
    struct factory *factory = argument;

    for (long i = 0; i < factory->options->count; i++) {
        create_namespace(&factory->pods[i]);
        sem_post(&factory->ready);
    }
    return NULL;
}

static void build_cable(struct load *load, struct pod *pod)
{
    const struct options *options = pod->options;
    char name[32];
    size_t info, data, peer;

    snprintf(name, sizeof name, "veth%ld", pod->number);
    begin(load, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    put_link(load, 0, options->near == 'c');
    put_name(load, name);
    put_number(load, IFLA_MASTER, (uint32_t)options->bridge);
    put_queues(load, options->queues);
    info = nest(load, IFLA_LINKINFO);
    put(load, IFLA_INFO_KIND, "veth", 5);
    data = nest(load, IFLA_INFO_DATA);
    peer = nest(load, VETH_INFO_PEER);
    put_link(load, FAR_END, false);
    put(load, IFLA_IFNAME, "eth0", 5);
    put_number(load, IFLA_NET_NS_FD, 0);
    pod->patch = load->used - sizeof(uint32_t);
    put_queues(load, options->queues);
    nest_end(load, peer);
    nest_end(load, data);
    nest_end(load, info);
    finish(load);
}

static void build_up(struct load *load, uint32_t index)
{
    begin(load, RTM_NEWLINK, 0);
    put_link(load, index, true);
    finish(load);
}

/* IFLA_AF_SPEC of a link says that it makes no link-local address. */
static void build_no_address(struct load *load)
{
    uint8_t none = IN6_ADDR_GEN_MODE_NONE;
    size_t families, family;

    begin(load, RTM_SETLINK, 0);
    put_link(load, FAR_END, false);
    families = nest(load, IFLA_AF_SPEC);
    family = nest(load, AF_INET6);
    put(load, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
    nest_end(load, family);
    nest_end(load, families);
    finish(load);
}

static void build_address(struct load *load, long number)
{
    struct ifaddrmsg header = {
        .ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = FAR_END};
    uint32_t address = htonl(GATEWAY + 1 + (uint32_t)number);

    begin(load, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    add(load, &header, sizeof header);
    put_number(load, IFA_LOCAL, address);
    put_number(load, IFA_ADDRESS, address);
    finish(load);
}

static void build_inside(struct pod *pod)
{
    const struct options *options = pod->options;
    struct rtmsg route = {
        .rtm_family = AF_INET,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_BOOT,
        .rtm_type = RTN_UNICAST,
    };
    struct load *load = &pod->inside;

    build_up(load, LOOPBACK);
    if (!options->autoconf)
        build_no_address(load);
    if (!options->late)
        build_address(load, pod->number);
    build_up(load, FAR_END);
    if (options->late)
        build_address(load, pod->number);
    begin(load, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    add(load, &route, sizeof route);
    put_number(load, RTA_GATEWAY, htonl(GATEWAY));
    finish(load);
    seal(load, load->count);
}

static void build_near_up(struct load *load, long number)
{
    char name[32];

    snprintf(name, sizeof name, "veth%ld", number);
    begin(load, RTM_NEWLINK, 0);
    put_link(load, 0, true);
    put_name(load, name);
    finish(load);
}

/* The windows of a group end with it, so the acks are asked for group-wise. */
static void send_group(int fd, struct load *load, long first, long last)
{
    for (long at = first; at < last; at += (long)load->window) {
        long end = at + (long)load->window < last ? at + (long)load->window
                                                  : last;
        struct nlmsghdr *final =
            (struct nlmsghdr *)(load->data + load->starts[end - 1]);
        final->nlmsg_flags |= NLM_F_ACK;
        send_range(fd, load, (size_t)at, (size_t)end);
    }
}

static void make_group(int host, struct pod *pods, struct load *cables,
                       struct load *ups, long first, long last)
{
    char near = pods->options->near;

    for (long i = first; i < last; i++)
        memcpy(cables->data + pods[i].patch, &pods[i].netns, sizeof(int));
    send_group(host, cables, first, last);
    if (near == 'f')
        send_group(host, ups, first, last);
    for (long i = first; i < last; i++)
        send_all(pods[i].socket, &pods[i].inside);
    if (near == 'l')
        send_group(host, ups, first, last);
    for (long i = first; i < last; i++) {
        close(pods[i].socket);
        if (pods[i].options->named)
            close(pods[i].netns);
    }
}

static void prepare_directory(void)
{
    mkdir("/run/netns", 0755);
    if (mount("", "/run/netns", "none", MS_SHARED | MS_REC, NULL) &&
        (mount("/run/netns", "/run/netns", "none", MS_BIND | MS_REC, NULL) ||
         mount("", "/run/netns", "none", MS_SHARED | MS_REC, NULL)))
        fail("/run/netns");
}

double pods(const struct options *options)
{
    struct pod *pods = calloc((size_t)options->count, sizeof *pods);
    struct load cables = {.window = (size_t)options->window};
    struct load ups = {.window = (size_t)options->window};
    struct factory factory = {.pods = pods, .options = options};
    pthread_t ahead;
    double start;
    int host;

    if (!pods)
        fail("memory");
    for (long i = 0; i < options->count; i++) {
        pods[i].options = options;
        pods[i].number = i;
        build_cable(&cables, &pods[i]);
        build_inside(&pods[i]);
        build_near_up(&ups, i);
    }
    host = netlink(options);
    sem_init(&factory.ready, 0, 0);
    start = now();
    if (options->named)
        prepare_directory();
    if (options->overlap &&
        pthread_create(&ahead, NULL, create_ahead, &factory))
        fail("thread");
    for (long at = 0; at < options->count; at += options->group) {
        long end = at + options->group < options->count ? at + options->group
                                                        : options->count;
        for (long i = at; i < end; i++) {
            if (options->overlap)
                sem_wait(&factory.ready);
            else
                create_namespace(&pods[i]);
        }
        make_group(host, pods, &cables, &ups, at, end);
    }
    return now() - start;
}
