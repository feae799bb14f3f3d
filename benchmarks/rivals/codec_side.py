"""Encoding and decoding alone: `python -m benchmarks.rivals.codec_side FORM COUNT` prints the outcome in JSON.

Strategy: no kernel takes part in what is timed. The pair that is encoded is fully specified, 14 attributes in all; the
messages that are decoded are a listing of pairs which the kernel has sent a moment before. Each form goes over its
items several times, and the best counts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import rawnl
from rawnl import Link, Veth, kernel, scan
from rawnl.message import message_bytes, views
from rawnl.route.link import Flags, LinkInfo
from rawnl.template import NAME, Template, name_slot

REPEATS = 5
RTM_NEWLINK, RTM_GETLINK, CREATE = 16, 18, 0x600
NETNS = 5  # A descriptor: only its number is encoded.
READ = ("name", "index", "mtu", "address", "master", "kind")


def _repeated(count: int, work: Callable[[], object]) -> dict[str, Any]:
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return {"seconds": min(times), "items": count}


# --- encoding


def _pair(near: str, far: str) -> Link:
    peer = Link(
        name=far, mtu=1400, address="02:00:00:00:00:02", txqlen=500, num_tx_queues=1, num_rx_queues=1, netns=NETNS
    )
    return Link(
        flags=Flags.UP,
        change=Flags.UP,
        name=near,
        mtu=1400,
        address="02:00:00:00:00:01",
        master=7,
        group=42,
        txqlen=500,
        num_tx_queues=1,
        num_rx_queues=1,
        linkinfo=LinkInfo(kind="veth", data=Veth(peer=peer)),
    )


def encode_built(count: int) -> dict[str, Any]:
    """The same object every time."""
    link = _pair("veth-near", "veth-far")

    def work() -> None:
        for sequence in range(count):
            message_bytes(RTM_NEWLINK, CREATE, sequence, link.body())

    return _repeated(count, work)


def encode_each(count: int) -> dict[str, Any]:
    """An object made of its arguments each time, and encoded."""

    def work() -> None:
        for sequence in range(count):
            message_bytes(RTM_NEWLINK, CREATE, sequence, _pair(f"a{sequence}", f"b{sequence}").body())

    return _repeated(count, work)


def encode_template(count: int) -> dict[str, Any]:
    """Two names put into a template."""
    pack = Template(_pair(NAME, NAME), ["name", "linkinfo.data.peer.name"], RTM_NEWLINK, CREATE).pack

    def work() -> None:
        for sequence in range(count):
            pack(sequence, name_slot(f"a{sequence}"), name_slot(f"b{sequence}"))

    return _repeated(count, work)


def encode_pyroute2(count: int) -> dict[str, Any]:
    """pyroute2's compiler of requests."""
    from pyroute2 import IPBatch

    batch = IPBatch()

    def work() -> None:
        for i in range(count):
            peer = {"ifname": f"b{i}", "mtu": 1400, "address": "02:00:00:00:00:02", "txqlen": 500}
            peer.update(num_tx_queues=1, num_rx_queues=1, net_ns_fd=NETNS)
            batch.link(
                "add",
                ifname=f"a{i}",
                kind="veth",
                peer=peer,
                state="up",
                mtu=1400,
                address="02:00:00:00:00:01",
                master=7,
                group=42,
                txqlen=500,
                num_tx_queues=1,
                num_rx_queues=1,
            )
        batch.reset()

    return _repeated(count, work)


# --- decoding


def _captured(count: int) -> bytes:
    """A listing of so many links, loopback included; the links are there already."""
    with rawnl.open() as nl:
        chunks = nl.channel.chunks(Link(), RTM_GETLINK, Link)
        data = b"".join(bytes(buffer[:]) for buffer, _ in chunks)
    rows = scan.scan(data, 0, len(data), 0, 16, 1).rows
    if rows != count:
        raise SystemExit(f"{rows} links are there, not {count}")
    return data


def _view(data: bytes) -> list[Link]:
    table = kernel.scan(data, 0, len(data), 0, Link._header_length, Link._width)
    return views(Link, data, table)


def decode_scan(count: int) -> dict[str, Any]:
    """The C core finds every message and attribute."""
    data = _captured(count)
    return _repeated(count, lambda: kernel.scan(data, 0, len(data), 0, 16, Link._width))


def decode_twin(count: int) -> dict[str, Any]:
    """The same in Python."""
    data = _captured(count)
    return _repeated(count, lambda: scan.scan(data, 0, len(data), 0, 16, Link._width))


def decode_views(count: int) -> dict[str, Any]:
    """The scan, and an object for each message."""
    data = _captured(count)
    return _repeated(count, lambda: _view(data))


def decode_read(count: int) -> dict[str, Any]:
    """The same, and six attributes read of each."""
    data = _captured(count)

    def work() -> None:
        for link in _view(data):
            link.name, link.index, link.mtu, link.address, link.master, link.kind  # noqa: B018

    return _repeated(count, work)


def decode_present(count: int) -> dict[str, Any]:
    """The same, and every attribute decoded that is there."""
    data = _captured(count)

    def work() -> None:
        for link in _view(data):
            link.present()

    return _repeated(count, work)


def decode_pyroute2(count: int) -> dict[str, Any]:
    """pyroute2 decodes the same bytes, and the same six attributes are read."""
    from pyroute2.netlink.rtnl.marshal import MarshalRtnl

    data = _captured(count)

    def work() -> None:
        for link in MarshalRtnl().parse(data):
            if link["header"]["type"] == RTM_NEWLINK:
                link.get("ifname"), link["index"], link.get("mtu"), link.get("address")
                link.get("master"), link.get(("linkinfo", "kind"))

    return _repeated(count, work)


def attribute(name: str) -> Callable[[int], dict[str, Any]]:
    """One attribute read of each message, the objects being there."""

    def work(count: int) -> dict[str, Any]:
        rows = _view(_captured(count))
        return _repeated(count, lambda: [getattr(row, name) for row in rows])

    return work


FORMS: dict[str, Callable[[int], dict[str, Any]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        encode_built,
        encode_each,
        encode_template,
        encode_pyroute2,
        decode_scan,
        decode_twin,
        decode_views,
        decode_read,
        decode_present,
        decode_pyroute2,
    )
}
FORMS.update({f"read-{name}": attribute(name) for name in READ})

if __name__ == "__main__":
    form, number = sys.argv[1:]
    print(json.dumps(FORMS[form](int(number))))
