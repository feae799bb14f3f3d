"""Listing links: as objects, read or not, and by columns.

Strategy: one sandbox with all the links, in which the contenders take turns; each lists some times in a row in one
process, and its best time counts. What each has read is summed up and compared. A hundred of the links are ports of a
bridge, so that there are masters to be read.
"""

from __future__ import annotations

import json
import subprocess

import rawnl
from benchmarks.harness import Contender, Failure, Outcome, Work, clocked, python
from benchmarks.links_create import PYROUTE2, RAWNL
from benchmarks.rivals import tools
from benchmarks.rivals.rawnl_side import link_sums
from benchmarks.same_messages import compare
from rawnl import Bridge, Veth

PORTS = 100
REPEATS = 5


def prepare(size: int) -> None:
    """`size` links in all, loopback among them."""
    with rawnl.open() as nl:
        bridge = nl.links.add("cnio0", Bridge())
        pairs = (size - 2) // 2
        nl.links.add_many(((f"a{i}", f"b{i}") for i in range(pairs - PORTS)), Veth, queues=None)
        nl.links.add_many(((f"a{i}", f"b{i}") for i in range(pairs - PORTS, pairs)), Veth, queues=None, master=bridge)


def checked(outcome: Outcome, *, read: bool = True) -> Outcome:
    """An outcome, provided that it has seen all links, and what is in them."""
    with rawnl.open() as nl:
        links = nl.links.list()
    sums = link_sums([(row.name, row.index, row.mtu, row.address, row.master, row.kind) for row in links])
    if outcome["items"] != len(links):
        raise Failure(f"{outcome['items']} of {len(links)} links were listed")
    if read and outcome["read"] != sums:
        raise Failure(f"{outcome['read']} was read, {sums} is there")
    return outcome


def by_ip(items: int) -> Outcome:
    """`ip -j link`, its output thrown away; the program is checked once by what it prints."""
    done = subprocess.run(["ip", "-j", "link"], capture_output=True, text=True, check=True)
    table = [(row["ifname"], row["ifindex"], row["mtu"], row["address"], None, None) for row in json.loads(done.stdout)]
    seconds = min(clocked(["ip", "-j", "link"])["seconds"] for _ in range(REPEATS))
    checked({"items": len(table)}, read=False)
    return {"seconds": seconds, "items": len(table)}


def by_ip_details(items: int) -> Outcome:
    """The same with the kinds, which `ip` tells with -d only."""
    seconds = min(clocked(["ip", "-d", "-j", "link"])["seconds"] for _ in range(REPEATS))
    return {"seconds": seconds}


def same() -> None:
    """rawnl asks as the floor does."""
    compare(
        lambda path: tools.floor("dump", 0, "--what", "links", FLOOR_TRACE=path),
        _listed_once,
        questions=True,
    )


def _listed_once(path: str) -> None:
    python(RAWNL, "links", 1, "columns", RAWNL_TRACE=path)
    # The outcome is summed up from a second listing.
    with open(path, "rb+") as file:
        file.truncate(4 + int.from_bytes(file.read(4), "little"))


def by_rawnl(form: str) -> Outcome:
    """rawnl."""
    return checked(python(RAWNL, "links", REPEATS, form))


def works() -> list[Work]:
    """The one work of this file."""
    floor, ip, go, pyroute2 = (
        tools.floor_absent(),
        tools.ip_absent(),
        tools.golang_absent(),
        tools.pyroute2_absent(),
    )
    contenders = [
        Contender(
            "C floor",
            lambda items: checked(tools.floor("dump", 0, "--what", "links", "--repeats", REPEATS), read=False),
            floor,
            note="recv into one buffer",
        ),
        Contender("rawnl list", lambda items: by_rawnl("list"), note="nothing read"),
        Contender("rawnl list, read", lambda items: by_rawnl("read"), note="six attributes of each"),
        Contender("rawnl columns", lambda items: by_rawnl("columns"), note="the same six"),
        Contender("ip -j link", by_ip, ip, note="into /dev/null; without the kinds"),
        Contender("ip -d -j link", by_ip_details, ip, note="with the kinds, and all else"),
        Contender("Go LinkList", lambda items: checked(tools.golang("links", REPEATS)), go, note="parses all at once"),
        Contender("pyroute2", lambda items: checked(python(PYROUTE2, "links", 1)), pyroute2, note="the six read"),
    ]
    return [
        Work(
            name="links",
            title="List links",
            unit="link",
            contenders=contenders,
            sizes=(5000, 10000),
            quick=(2000,),
            reference="C floor",
            prepare=prepare,
            preflight=same,
            shared=True,
        )
    ]
