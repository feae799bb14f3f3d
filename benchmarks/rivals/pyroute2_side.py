"""pyroute2 as a contender: `python -m benchmarks.rivals.pyroute2_side WORK COUNT …` prints its outcome in JSON.

Strategy: the everyday form is what its documentation shows; the fast form compiles requests with IPBatch and sends
some hundred at a time, which its documentation also shows. That form does not read the answers, so it never learns of
a failure; it is the fastest that pyroute2 has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from pyroute2 import IPBatch, IPRoute, netns

from benchmarks.rivals.rawnl_side import link_sums, prefixes, repeated, route_sums

WINDOW = 500


def _queues(queues: str) -> dict[str, int]:
    return {"num_tx_queues": int(queues), "num_rx_queues": int(queues)} if int(queues) else {}


def create(count: int, queues: str) -> dict[str, Any]:
    """Pairs of veth, one by one."""
    options = _queues(queues)
    with IPRoute() as ipr:
        start = perf_counter()
        for i in range(count):
            ipr.link("add", ifname=f"a{i}", kind="veth", peer={"ifname": f"b{i}", **options}, **options)
        return {"seconds": perf_counter() - start}


def create_batch(count: int, queues: str) -> dict[str, Any]:
    """Pairs of veth, compiled and sent together."""
    options = _queues(queues)

    def add(batch: Any, i: int) -> None:
        batch.link("add", ifname=f"a{i}", kind="veth", peer={"ifname": f"b{i}", **options}, **options)

    return {"seconds": _batched(range(count), add)}


def _batched(items: Iterable[Any], add: Callable[[Any, Any], None]) -> float:
    with IPRoute() as ipr:
        start = perf_counter()
        batch = IPBatch()
        waiting = 0
        for item in items:
            add(batch, item)
            waiting += 1
            if waiting == WINDOW:
                ipr.sendto(batch.batch, (0, 0))
                batch.reset()
                waiting = 0
        if waiting:
            ipr.sendto(batch.batch, (0, 0))
        return perf_counter() - start


def delete(count: int) -> dict[str, Any]:
    """Links by their indexes, which are given on stdin, one by one."""
    indexes = [int(line) for line in sys.stdin]
    with IPRoute() as ipr:
        start = perf_counter()
        for index in indexes:
            ipr.link("del", index=index)
        return {"seconds": perf_counter() - start}


def pods(count: int, bridge: str) -> dict[str, Any]:
    """Namespaces on a bridge."""
    with IPRoute() as ipr:
        start = perf_counter()
        for i in range(count):
            name = f"pod{i}"
            netns.create(name)
            peer = {"ifname": "eth0", "net_ns_fd": name}
            ipr.link("add", ifname=f"veth{i}", kind="veth", peer=peer, master=int(bridge), state="up")
            with IPRoute(netns=name) as inside:
                inside.link("set", index=1, state="up")
                far = inside.link_lookup(ifname="eth0")[0]
                inside.addr("add", index=far, address=f"10.1.{i + 2 >> 8}.{i + 2 & 255}", prefixlen=16)
                inside.link("set", index=far, state="up")
                inside.route("add", gateway="10.1.0.1")
        return {"seconds": perf_counter() - start}


def add_routes(count: int) -> dict[str, Any]:
    """Routes, one by one."""
    with IPRoute() as ipr:
        start = perf_counter()
        for prefix in prefixes(count):
            ipr.route("add", dst=prefix, gateway="192.0.2.2")
        return {"seconds": perf_counter() - start}


def add_routes_batch(count: int) -> dict[str, Any]:
    """Routes, compiled and sent together."""

    def add(batch: Any, prefix: str) -> None:
        batch.route("add", dst=prefix, gateway="192.0.2.2")

    return {"seconds": _batched(prefixes(count), add)}


def links(repeats: int) -> dict[str, Any]:
    """All links, listed and read."""
    with IPRoute() as ipr:

        def read() -> Any:
            return [
                (
                    link.get("ifname"),
                    link["index"],
                    link.get("mtu"),
                    link.get("address"),
                    link.get("master"),
                    link.get(("linkinfo", "kind")),
                )
                for link in ipr.get_links()
            ]

        seconds, table = repeated(repeats, read)
        return {"seconds": seconds, "items": len(table), "read": link_sums(table)}


def routes(repeats: int) -> dict[str, Any]:
    """All IPv4 routes of the main table, listed and read."""
    with IPRoute() as ipr:

        def read() -> Any:
            return [(route.get("dst"), route.get("gateway")) for route in ipr.get_routes(family=2, table=254)]

        seconds, table = repeated(repeats, read)
        return {"seconds": seconds, "items": len(table), "read": route_sums(table)}


WORKS: dict[str, Callable[..., dict[str, Any]]] = {
    function.__name__.replace("_", "-"): function
    for function in (create, create_batch, delete, pods, add_routes, add_routes_batch, links, routes)
}

if __name__ == "__main__":
    work, number, *rest = sys.argv[1:]
    print(json.dumps(WORKS[work](int(number), *rest)))
