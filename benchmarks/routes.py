"""Routes: adding many, listing them, and the memory that the list takes.

Strategy: all of one shape, IPv4 over one gateway, as in the tables of those who have so many. Listing goes on in one
sandbox in turns, each contender some times in a row in one process, whose best time counts; what was read is summed up
and compared.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import rawnl
from benchmarks import import_cost
from benchmarks.harness import Contender, Failure, Outcome, Work, clocked, process, python
from benchmarks.links_create import PYROUTE2, RAWNL, window_items
from benchmarks.rivals import iproute2, tools
from benchmarks.rivals.rawnl_side import prefixes, route_sums
from benchmarks.same_messages import compare
from rawnl import Veth

REPEATS = 3
VIA = "192.0.2.2"


def prepare_link(size: int) -> None:
    """A link over which the gateway is reached."""
    with rawnl.open() as nl:
        nl.links.add("up0", Veth(peer=rawnl.Link(name="up1")), up=True)
        nl.links.set("up1", up=True)
        nl.addresses.add("192.0.2.1/24", "up0")


def prepare(size: int) -> None:
    """The link, and all the routes."""
    prepare_link(size)
    with rawnl.open() as nl:
        nl.routes.add_many(prefixes(size), via=VIA)


def read_back(size: int, done: int) -> None:
    """All prefixes are there, over the gateway."""
    with rawnl.open() as nl:
        table = nl.routes.columns("dst", "gateway", family=2)
    found = {dst for dst, gateway in zip(table["dst"], table["gateway"], strict=True) if gateway == VIA}
    if found != {prefix.partition("/")[0] for prefix in prefixes(done)}:
        raise Failure(f"{len(found)} routes over {VIA}, where {done} must be")


def by_floor(items: int, *options: object) -> Outcome:
    """The C floor with rawnl's windows."""
    return tools.floor("routes", items, "--window", window_items(), *options)


def by_rawnl(items: int, **environment: str) -> Outcome:
    """rawnl's `routes.add_many`."""
    return python(RAWNL, "add-routes", items, **environment)


def same() -> None:
    """rawnl adds and lists as the floor does."""
    prepare_link(0)
    count = window_items() + 7

    def floor(path: str) -> None:
        by = tools.floor("routes", count, "--window", window_items(), FLOOR_TRACE=path)
        with rawnl.open() as nl, nl.batch() as batch:
            for prefix in prefixes(by["items"]):
                batch.routes.delete(prefix)

    compare(floor, lambda path: by_rawnl(count, RAWNL_TRACE=path))
    compare(
        lambda path: tools.floor("dump", 0, "--what", "routes", FLOOR_TRACE=path),
        lambda path: python(RAWNL, "routes", 1, "list", RAWNL_TRACE=path),
        questions=True,
    )


def checked(outcome: Outcome, *, read: bool = True) -> Outcome:
    """An outcome, provided that it has seen all routes."""
    with rawnl.open() as nl:
        table = nl.routes.columns("dst", "gateway", family=2)
    sums = route_sums(list(zip(table["dst"], table["gateway"], strict=True)))
    # The local IPv6 routes of the link are listed by some, and not by others.
    if not len(table["dst"]) <= outcome["items"] <= len(table["dst"]) + 4:
        raise Failure(f"{outcome['items']} of {len(table['dst'])} routes were listed")
    if read and outcome["read"] != sums:
        raise Failure(f"{outcome['read']} was read, {sums} is there")
    return outcome


def _by_form(form: str, items: int) -> Outcome:
    return checked(python(RAWNL, "routes", REPEATS, form))


def by_ip(items: int) -> Outcome:
    """`ip route show`, its output thrown away; the lines are counted once."""
    done = subprocess.run(["ip", "route", "show"], capture_output=True, text=True, check=True)
    lines = done.stdout.count("\n")
    seconds = min(clocked(["ip", "route", "show"])["seconds"] for _ in range(REPEATS))
    return checked({"seconds": seconds, "items": lines}, read=False)


def bare_interpreter(items: int) -> Outcome:
    """An interpreter that does nothing, for its memory."""
    return {"seconds": 0, **process([sys.executable, "-c", import_cost.TELL])}


def _adding() -> Work:
    floor, ip, go, pyroute2 = (
        tools.floor_absent(),
        tools.ip_absent(),
        tools.golang_absent(),
        tools.pyroute2_absent(),
    )
    return Work(
        name="add-routes",
        title="Add routes",
        unit="route",
        contenders=[
            Contender("C floor", by_floor, floor),
            Contender("rawnl", by_rawnl, note="add_many from a generator of texts"),
            Contender("ip -batch", iproute2.add_routes, ip),
            Contender("Go", lambda items: tools.golang("add-routes", items), go),
            Contender("pyroute2", partial(python, PYROUTE2, "add-routes"), pyroute2, share=20),
            Contender(
                "pyroute2 batch",
                partial(python, PYROUTE2, "add-routes-batch"),
                pyroute2,
                share=20,
                note="reads no answers",
            ),
        ],
        sizes=(100000,),
        quick=(20000,),
        reference="C floor",
        prepare=prepare_link,
        state=read_back,
        preflight=same,
    )


def _listing() -> Work:
    floor, ip, go, pyroute2 = (
        tools.floor_absent(),
        tools.ip_absent(),
        tools.golang_absent(),
        tools.pyroute2_absent(),
    )
    forms = {
        "rawnl list": ("list", "nothing read"),
        "rawnl list, read": ("read", "dst and gateway of each"),
        "rawnl columns": ("columns", "the same two"),
    }
    return Work(
        name="routes",
        title="List routes",
        unit="route",
        contenders=[
            Contender(
                "C floor",
                lambda items: checked(tools.floor("dump", 0, "--what", "routes", "--repeats", REPEATS), read=False),
                floor,
                note="recv into one buffer",
            ),
            *(Contender(name, partial(_by_form, form), note=note) for name, (form, note) in forms.items()),
            Contender("ip route show", by_ip, ip, note="into /dev/null"),
            Contender("Go RouteList", lambda items: checked(tools.golang("routes", REPEATS)), go),
            Contender("pyroute2", lambda items: checked(python(PYROUTE2, "routes", 1)), pyroute2, note="the two read"),
        ],
        sizes=(100000,),
        quick=(20000,),
        reference="C floor",
        prepare=prepare,
        shared=True,
    )


def _memory() -> Work:
    return Work(
        name="memory",
        title="Memory of listed routes",
        unit="route",
        contenders=[
            Contender("bare interpreter", bare_interpreter),
            Contender("rawnl list", lambda items: python(RAWNL, "memory", items), note="kept, nothing read"),
        ],
        sizes=(100000,),
        quick=(20000,),
        reference="bare interpreter",
        memory=True,
        prepare=prepare,
        shared=True,
        rounds=3,
    )


def works() -> list[Work]:
    """Adding, listing, memory."""
    return [_adding(), _listing(), _memory()]
