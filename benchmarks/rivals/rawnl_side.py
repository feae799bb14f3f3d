"""rawnl as a contender: `python -m benchmarks.rivals.rawnl_side WORK COUNT …` prints its outcome in JSON.

Strategy: each function is what a user of rawnl would write, the clock started once the module is imported and the
connection open, as for the other contenders. With RAWNL_TRACE in the environment each datagram that is sent is also
written to that file, to be compared with what the C floor sends.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import rawnl
from rawnl import Veth, kernel


def _traced(path: str) -> None:
    file = open(path, "wb")  # noqa: SIM115 - as long as the process
    send = kernel.send

    def traced(fd: int, data: Any) -> None:
        file.write(len(data).to_bytes(4, "little") + bytes(data))
        file.flush()
        send(fd, data)

    kernel.send = traced


def create(count: int, queues: str) -> dict[str, Any]:
    """Pairs of veth; no queues given leaves them to the kernel."""
    with rawnl.open() as nl:
        start = perf_counter()
        pairs = ((f"a{i}", f"b{i}") for i in range(count))
        nl.links.add_many(pairs, Veth, queues=int(queues) or None)
        return {"seconds": perf_counter() - start}


def create_each(count: int, queues: str) -> dict[str, Any]:
    """The same one by one, each waited for."""
    number = int(queues) or None
    with rawnl.open() as nl:
        start = perf_counter()
        for i in range(count):
            peer = rawnl.Link(name=f"b{i}", num_tx_queues=number, num_rx_queues=number)
            nl.links.add(f"a{i}", Veth(peer=peer), num_tx_queues=number, num_rx_queues=number)
        return {"seconds": perf_counter() - start}


def create_batch(count: int, queues: str) -> dict[str, Any]:
    """The same through a batch of typed objects."""
    number = int(queues) or None
    with rawnl.open() as nl:
        start = perf_counter()
        with nl.batch() as batch:
            for i in range(count):
                peer = rawnl.Link(name=f"b{i}", num_tx_queues=number, num_rx_queues=number)
                batch.links.add(f"a{i}", Veth(peer=peer), num_tx_queues=number, num_rx_queues=number)
        return {"seconds": perf_counter() - start}


def delete(count: int) -> dict[str, Any]:
    """Links by their indexes, which are given on stdin."""
    indexes = [int(line) for line in sys.stdin]
    with rawnl.open() as nl:
        start = perf_counter()
        nl.links.delete_many(indexes)
        return {"seconds": perf_counter() - start}


def pods(count: int, bridge: str, named: str) -> dict[str, Any]:
    """Namespaces on a bridge."""
    with rawnl.open() as nl:
        start = perf_counter()
        made = rawnl.pods(
            nl, count, bridge=int(bridge), addresses="10.1.0.0/16", gateway="10.1.0.1", named=named == "named"
        )
        seconds = perf_counter() - start
        del made
        return {"seconds": seconds}


def add_routes(count: int) -> dict[str, Any]:
    """Routes from a generator."""
    before = _memory("VmHWM")
    with rawnl.open() as nl:
        start = perf_counter()
        nl.routes.add_many(prefixes(count), via="192.0.2.2")
        seconds = perf_counter() - start
        return {"seconds": seconds, "grown": _memory("VmHWM") - before}


def prefixes(count: int) -> Iterator[str]:
    """16.0.0.0/24, 16.0.1.0/24 …"""
    for i in range(count):
        yield f"{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}.0/24"


def links(repeats: int, form: str) -> dict[str, Any]:
    """All links: listed; listed and read; as columns."""
    with rawnl.open() as nl:

        def listed() -> Any:
            return nl.links.list()

        def read() -> Any:
            rows = nl.links.list()
            for link in rows:
                link.name, link.index, link.mtu, link.address, link.master, link.kind  # noqa: B018
            return rows

        def columns() -> Any:
            return nl.links.columns("name", "index", "mtu", "address", "master", "kind")

        times, rows = repeated(repeats, {"list": listed, "read": read, "columns": columns}[form])
        table = [(row.name, row.index, row.mtu, row.address, row.master, row.kind) for row in nl.links.list()]
        if form == "columns":
            table = list(zip(*rows.values(), strict=True))
        return {"seconds": times, "items": len(table), "read": link_sums(table)}


def link_sums(table: list[Any]) -> dict[str, int]:
    """What a contender that has read all links must have seen."""
    return {
        "index": sum(row[1] for row in table),
        "name": sum(len(row[0]) for row in table),
        "mtu": sum(row[2] for row in table),
        "master": sum(row[4] or 0 for row in table),
        "kind": sum(len(row[5] or "") for row in table),
        "address": sum(int(row[3][-2:], 16) for row in table if row[3]),
    }


def routes(repeats: int, form: str) -> dict[str, Any]:
    """All routes: listed; listed and read; as columns."""
    with rawnl.open() as nl:

        def listed() -> Any:
            return nl.routes.list()

        def read() -> Any:
            rows = nl.routes.list()
            for route in rows:
                route.dst, route.gateway  # noqa: B018
            return rows

        def columns() -> Any:
            return nl.routes.columns("dst", "gateway")

        times, rows = repeated(repeats, {"list": listed, "read": read, "columns": columns}[form])
        if form == "columns":
            table = list(zip(rows["dst"], rows["gateway"], strict=True))
        else:
            table = [(row.dst, row.gateway) for row in rows]
        return {"seconds": times, "items": len(table), "read": route_sums(table)}


def stream_routes(count: int) -> dict[str, Any]:
    """All routes, one behind the other, read and forgotten."""
    before = _memory("VmHWM")
    with rawnl.open() as nl:
        start = perf_counter()
        rows = 0
        for route in nl.routes.stream():
            route.dst, route.gateway  # noqa: B018
            rows += 1
        return {"seconds": perf_counter() - start, "items": rows, "grown": _memory("VmHWM") - before}


def route_sums(table: list[Any]) -> dict[str, int]:
    """What a contender that has read all IPv4 routes must have seen."""
    dst = [str(row[0]).partition("/")[0] for row in table if row[0] is not None and ":" not in str(row[0])]
    gateway = [str(row[1]) for row in table if row[1] is not None and ":" not in str(row[1])]
    return {
        "dst": sum(int(text.split(".")[2]) for text in dst),
        "gateway": sum(int(text.split(".")[3]) for text in gateway),
    }


def memory(count: int) -> dict[str, Any]:
    """How much memory all routes take that are listed and kept. The bare interpreter's is taken from outside."""
    with rawnl.open() as nl:
        nl.routes.list(dev="lo")
        ready = _memory("VmRSS")
        start = perf_counter()
        rows = nl.routes.list()
        seconds = perf_counter() - start
        gc.collect()
        return {"seconds": seconds, "items": len(rows), "ready": ready, "rss": _memory("VmRSS"), "peak": _memory()}


def _memory(which: str = "VmHWM") -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(which):
                return int(line.split()[1]) * 1024
    return 0


def repeated(repeats: int, function: Callable[[], Any]) -> tuple[float, Any]:
    """The least time that a function takes, and its last result."""
    times = []
    result = None
    for _ in range(repeats):
        result = None
        start = perf_counter()
        result = function()
        times.append(perf_counter() - start)
    return min(times), result


WORKS: dict[str, Callable[..., dict[str, Any]]] = {
    function.__name__.replace("_", "-"): function
    for function in (create, create_each, create_batch, delete, pods, add_routes, links, routes, stream_routes, memory)
}

if __name__ == "__main__":
    if os.environ.get("RAWNL_TRACE"):
        _traced(os.environ["RAWNL_TRACE"])
    work, number, *rest = sys.argv[1:]
    print(json.dumps(WORKS[work](int(number), *rest)))
