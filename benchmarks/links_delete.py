"""Deleting pairs of veth: one by one, as everybody does, and as one group.

Strategy: the kernel waits for several RCU grace periods for each link that is deleted by itself, and for as many for a
whole group. Link by link takes so long that only a part of the pairs is deleted that way, and compared per pair.
"""

from __future__ import annotations

from collections.abc import Callable

import rawnl
from benchmarks.harness import Contender, Failure, Outcome, Work, python
from benchmarks.links_create import PYROUTE2, RAWNL, window_items
from benchmarks.rivals import iproute2, tools
from benchmarks.same_messages import compare
from rawnl import Veth

# Link by link: this part of the pairs only.
SHARE = 10


def prepare(size: int) -> None:
    """The pairs that are to go; each end with one queue."""
    with rawnl.open() as nl:
        nl.links.add_many(((f"a{i}", f"b{i}") for i in range(size)), Veth)


def near_ends(count: int) -> list[int]:
    """The indexes of the near ends."""
    with rawnl.open() as nl:
        return [link.index or 0 for link in nl.links.list() if (link.name or "").startswith("a")][:count]


def _lines(items: int) -> str:
    return "".join(f"{index}\n" for index in near_ends(items))


def by_floor(items: int, *options: str) -> Outcome:
    """The C floor, which is given the indexes."""
    return tools.floor("delete", items, "--window", window_items(), *options, text=_lines(items))


def by_rawnl(items: int) -> Outcome:
    """rawnl's `links.delete_many`, which is given the indexes."""
    return _by_python(RAWNL, items)


def _by_python(module: str, items: int, **environment: str) -> Outcome:
    return python(module, "delete", items, text=_lines(items), **environment)


def read_back(size: int, done: int) -> None:
    """Only those pairs are left that were not to go."""
    with rawnl.open() as nl:
        left = nl.links.columns("name")["name"]
    if len(left) != 1 + 2 * (size - done):
        raise Failure(f"{len(left)} links are left where {1 + 2 * (size - done)} must be")


def same() -> None:
    """rawnl regroups and deletes as the floor does."""
    count = window_items() + 7

    def floor(path: str) -> None:
        prepare(count)
        tools.floor("delete", count, "--window", window_items(), text=_lines(count), FLOOR_TRACE=path)

    def own(path: str) -> None:
        # The same indexes again: the kernel does not give them out twice, so the links are given theirs.
        _by_python(RAWNL, count, RAWNL_TRACE=path)

    with rawnl.open() as nl:
        first = nl.links.list()[-1].index or 1

    def prepared(path: str) -> None:
        floor(path)
        with rawnl.open() as nl, nl.batch() as batch:
            for i in range(count):
                peer = rawnl.Link(name=f"b{i}", index=first + 2 * i + 1)
                batch.links.add(f"a{i}", Veth(peer=peer), index=first + 2 * i + 2)

    compare(prepared, own)


def works() -> list[Work]:
    """The one work of this file."""
    floor, ip, go, pyroute2 = (
        tools.floor_absent(),
        tools.ip_absent(),
        tools.golang_absent(),
        tools.pyroute2_absent(),
    )

    def each(name: str, run: Callable[[int], Outcome], absent: str) -> Contender:
        return Contender(name, run, absent, share=SHARE, note="link by link")

    contenders = [
        Contender("C floor, group", by_floor, floor, note="regrouping included"),
        Contender("rawnl", by_rawnl, note="delete_many"),
        Contender("C floor, group only", lambda items: by_floor(items, "--moved"), floor, note="regrouped beforehand"),
        Contender(
            "ip -batch, group",
            lambda items: iproute2.delete_group([f"a{i}" for i in range(items)]),
            ip,
            note="regrouping included",
        ),
        each("ip -batch", lambda items: iproute2.delete([f"a{i}" for i in range(items)]), ip),
        each("Go", lambda items: tools.golang("delete", items), go),
        each("pyroute2", lambda items: _by_python(PYROUTE2, items), pyroute2),
    ]
    return [
        Work(
            name="delete",
            title="Delete pairs of veth",
            unit="pair",
            contenders=contenders,
            sizes=(2000,),
            quick=(200,),
            reference="C floor, group",
            prepare=prepare,
            state=read_back,
            preflight=same,
        )
    ]
