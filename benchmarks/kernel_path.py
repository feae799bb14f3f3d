"""What the kernel can be spared: each choice that rawnl makes, and those that it does not make, one by one.

Strategy: the C floor does them all, so that nothing but the kernel's own work differs; the first contender of each
work is what rawnl does.
"""

from __future__ import annotations

import rawnl
from benchmarks import links_create, pods, routes
from benchmarks.harness import Contender, Outcome, Work
from benchmarks.rivals import tools


def _pods(items: int, *options: object) -> Outcome:
    return pods.by_floor(items, *options)


def _pods_without_autoconf(items: int) -> Outcome:
    with rawnl.open() as nl:
        nl.sysctl.set("net.ipv6.conf.default.addr_gen_mode", 1)
    return pods.by_floor(items, "--no-autoconf")


def _pairs_without_autoconf(items: int) -> Outcome:
    with rawnl.open() as nl:
        nl.sysctl.set("net.ipv6.conf.default.addr_gen_mode", 1)
    return links_create.by_floor(items, 1)


def _pairs(items: int, *options: object) -> Outcome:
    return tools.floor("create", items, *options)


def _routes(items: int, *options: object) -> Outcome:
    return tools.floor("routes", items, *options)


def works() -> list[Work]:
    """Pods in other orders; pairs and routes in other windows."""
    absent = tools.floor_absent()

    def variant(name: str, run: object, *options: object, note: str = "") -> Contender:
        return Contender(name, lambda items: run(items, *options), absent, note=note)  # type: ignore[operator]

    in_pods = [
        variant("as rawnl does", _pods),
        variant("near ends up first", _pods, "--near", "first", note="before the inside is set up"),
        variant("near ends up at creation", _pods, "--near", "creation", note="a message less"),
        variant("address after up", _pods, "--late"),
        variant("kernel's own queues", _pods, "--queues", 0),
        variant("no IPv6 link-local address", _pods_without_autoconf, note="addr_gen_mode none at both ends"),
        variant("namespaces on a second thread", _pods, "--overlap", note="made ahead, while cables are made"),
        variant("one pod at a time", _pods, "--group", 1),
        variant("128 pods at a time", _pods, "--group", 128),
        variant("250 pods at a time", _pods, "--group", 250),
        variant("500 pods at a time", _pods, "--group", 500),
    ]
    in_pairs = [
        variant("one queue, window 138", _pairs, "--queues", 1, "--window", 138),
        variant("kernel's own queues", _pairs, "--queues", 0, "--window", 138),
        variant("one message a window", _pairs, "--queues", 1, "--window", 1),
        variant("window 500", _pairs, "--queues", 1, "--window", 500),
        variant("window 500, SO_RCVBUFFORCE", _pairs, "--queues", 1, "--window", 500, "--force"),
        variant("window 2000, SO_RCVBUFFORCE", _pairs, "--queues", 1, "--window", 2000, "--force"),
        variant("no IPv6 link-local address", _pairs_without_autoconf, note="of links that stay down"),
    ]
    in_routes = [
        variant("window 138", _routes, "--window", 138),
        variant("one message a window", _routes, "--window", 1),
        variant("window 500", _routes, "--window", 500),
        variant("window 500, SO_RCVBUFFORCE", _routes, "--window", 500, "--force"),
        variant("window 2000, SO_RCVBUFFORCE", _routes, "--window", 2000, "--force"),
    ]
    return [
        Work(
            name="path-pods",
            title="Make pods, in C, in other ways",
            unit="pod",
            contenders=in_pods,
            sizes=(500,),
            quick=(60,),
            reference="as rawnl does",
            prepare=pods.prepare,
            state=pods.read_back,
        ),
        Work(
            name="path-pairs",
            title="Create pairs of veth, in C, in other ways",
            unit="pair",
            contenders=in_pairs,
            sizes=(3000,),
            quick=(300,),
            reference="one queue, window 138",
            state=links_create.read_back,
        ),
        Work(
            name="path-routes",
            title="Add routes, in C, in other windows",
            unit="route",
            contenders=in_routes,
            sizes=(100000,),
            quick=(10000,),
            reference="window 138",
            prepare=routes.prepare_link,
            state=routes.read_back,
        ),
    ]
