"""Creating pairs of veth, with the kernel's own number of queues and with one at each end.

Strategy: both numbers of queues stand in one table, since rawnl's bulk default (one) competes with what the others'
users write (none given); with the same number the others show what the choice alone is worth.
"""

from __future__ import annotations

from functools import partial

import rawnl
from benchmarks.harness import Contender, Failure, Outcome, Work, clean_up, python
from benchmarks.rivals import iproute2, tools
from benchmarks.same_messages import compare

RAWNL, PYROUTE2 = "benchmarks.rivals.rawnl_side", "benchmarks.rivals.pyroute2_side"


def by_floor(items: int, queues: int) -> Outcome:
    """The C floor with rawnl's windows."""
    return tools.floor("create", items, "--queues", queues, "--window", window_items())


def window_items() -> int:
    """How many messages rawnl puts into a window here."""
    with rawnl.open() as nl:
        return nl.channel.window_items


def by_rawnl(items: int, queues: int, form: str = "create") -> Outcome:
    """rawnl's `links.add_many`, or another form."""
    return python(RAWNL, form, items, queues)


def by_pyroute2(items: int, queues: int, form: str = "create") -> Outcome:
    """pyroute2."""
    return python(PYROUTE2, form, items, queues)


def read_back(size: int, done: int) -> None:
    """All pairs there, of the right kind, down, and nothing else."""
    with rawnl.open() as nl:
        table = nl.links.columns("name", "kind", "up", "link")
    expected = {"lo", *(f"a{i}" for i in range(done)), *(f"b{i}" for i in range(done))}
    if set(table["name"]) != expected or len(table["name"]) != len(expected):
        raise Failure(f"{len(table['name'])} links where there must be {len(expected)}")
    if set(table["kind"]) != {None, "veth"} or any(table["up"]):
        raise Failure("links of another kind, or up")


def queues_of(run: Outcome) -> Outcome:
    """An outcome with the number of queues that came of it."""
    with rawnl.open() as nl:
        ends = [nl.links.get(name) for name in ("a0", "b0")]
    return {**run, "queues": [[end.num_tx_queues, end.num_rx_queues] for end in ends]}


def _one_queue(outcome: Outcome) -> Outcome:
    outcome = queues_of(outcome)
    if outcome["queues"] != [[1, 1], [1, 1]]:
        raise Failure(f"queues: {outcome['queues']}, where each end was to have one")
    return outcome


def same() -> None:
    """rawnl and the floor send the same, in two windows and a bit."""
    window = window_items()
    count = 2 * window + 7

    def floor(path: str, queues: int) -> None:
        tools.floor("create", count, "--queues", queues, "--window", window, FLOOR_TRACE=path)
        clean_up()

    def own(path: str, queues: int) -> None:
        python(RAWNL, "create", count, queues, RAWNL_TRACE=path)
        clean_up()

    for queues in (0, 1):
        compare(partial(floor, queues=queues), partial(own, queues=queues))


def works() -> list[Work]:
    """The one work of this file."""
    floor, ip, go, pyroute2 = (
        tools.floor_absent(),
        tools.ip_absent(),
        tools.golang_absent(),
        tools.pyroute2_absent(),
    )

    def one(items: int, run: partial[Outcome]) -> Outcome:
        return _one_queue(run(items))

    contenders = [
        Contender("C floor", partial(by_floor, queues=0), floor),
        Contender("rawnl, queues=None", partial(by_rawnl, queues=0), note="same messages as the C floor"),
        Contender("C floor, one queue", partial(one, run=partial(by_floor, queues=1)), floor),
        Contender("rawnl", partial(one, run=partial(by_rawnl, queues=1)), note="add_many as it is, with one queue"),
        Contender("rawnl batch", partial(one, run=partial(by_rawnl, queues=1, form="create-batch"))),
        Contender("rawnl, each", partial(one, run=partial(by_rawnl, queues=1, form="create-each"))),
        Contender("ip -batch", partial(iproute2.create, queues=0), ip),
        Contender("ip -batch, one queue", partial(one, run=partial(iproute2.create, queues=1)), ip),
        Contender("Go", lambda items: tools.golang("create", items, 0), go),
        Contender("Go, one queue", lambda items: _one_queue(tools.golang("create", items, 1)), go),
        Contender("pyroute2", partial(by_pyroute2, queues=0), pyroute2),
        Contender(
            "pyroute2 batch, one queue",
            partial(one, run=partial(by_pyroute2, queues=1, form="create-batch")),
            pyroute2,
            note="its fastest form; reads no answers",
        ),
    ]
    return [
        Work(
            name="create",
            title="Create pairs of veth",
            unit="pair",
            contenders=contenders,
            sizes=(5000,),
            quick=(500,),
            reference="C floor",
            state=read_back,
            preflight=same,
        )
    ]
