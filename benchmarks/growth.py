"""Whether the cost of an item stays the same from a few hundred to many thousands, and whether memory stays bounded.

Strategy: the works of the other files at rising sizes, with the contenders that are worth it. Routes come from a
generator; how much a process grew while it loaded them is told with each sample ("grown", bytes of its peak).
"""

from __future__ import annotations

from functools import partial

from benchmarks import links_create, links_delete, routes
from benchmarks.harness import Contender, Work, python
from benchmarks.links_create import RAWNL
from benchmarks.rivals import iproute2, tools

PAIRS = (500, 2000, 5000, 10000, 20000)
ROUTES = (10_000, 100_000, 1_000_000)


def works() -> list[Work]:
    """Pairs made, pairs deleted, routes added, routes listed."""
    floor, ip = tools.floor_absent(), tools.ip_absent()
    pairs = Work(
        name="growth-pairs",
        title="Create pairs of veth, growing",
        unit="pair",
        contenders=[
            Contender("C floor, one queue", partial(links_create.by_floor, queues=1), floor),
            Contender("rawnl", partial(links_create.by_rawnl, queues=1)),
            Contender("C floor", partial(links_create.by_floor, queues=0), floor),
            Contender("ip -batch", partial(iproute2.create, queues=0), ip),
        ],
        sizes=PAIRS,
        quick=PAIRS[:2],
        reference="C floor, one queue",
        state=links_create.read_back,
        rounds=3,
    )
    deletion = Work(
        name="growth-delete",
        title="Delete pairs of veth, growing",
        unit="pair",
        contenders=[
            Contender("C floor, group", links_delete.by_floor, floor),
            Contender("rawnl", links_delete.by_rawnl),
        ],
        sizes=PAIRS,
        quick=PAIRS[:2],
        reference="C floor, group",
        prepare=links_delete.prepare,
        state=links_delete.read_back,
        rounds=3,
    )
    adding = Work(
        name="growth-routes",
        title="Add routes, growing",
        unit="route",
        contenders=[
            Contender("C floor", routes.by_floor, floor),
            Contender("rawnl", routes.by_rawnl, note="from a generator"),
            Contender("ip -batch", iproute2.add_routes, ip),
        ],
        sizes=ROUTES,
        quick=ROUTES[:1],
        reference="C floor",
        prepare=routes.prepare_link,
        state=routes.read_back,
        rounds=3,
    )
    listing = Work(
        name="growth-list",
        title="List routes, growing",
        unit="route",
        contenders=[
            Contender(
                "C floor", lambda items: tools.floor("dump", 0, "--what", "routes", "--repeats", routes.REPEATS), floor
            ),
            Contender("rawnl list, read", lambda items: python(RAWNL, "routes", routes.REPEATS, "read")),
            Contender("rawnl columns", lambda items: python(RAWNL, "routes", routes.REPEATS, "columns")),
            Contender("rawnl stream", lambda items: python(RAWNL, "stream-routes", items), note="both read"),
            Contender("ip route show", routes.by_ip, ip),
        ],
        sizes=ROUTES,
        quick=ROUTES[:1],
        reference="C floor",
        prepare=routes.prepare,
        shared=True,
        rounds=3,
    )
    return [pairs, deletion, adding, listing]
