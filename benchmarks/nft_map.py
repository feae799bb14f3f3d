"""A map of forwarded ports, and the one rule that looks them up: loading it, and listing it.

Strategy: each port leads to an address and a port, as `nft.forward_many` makes it and as one writes it for nft. The
transaction is compared with nft -f; `forward_many`, which also looks at what is there and guards against others, goes
beside it and makes the same map under its own name. All entries are read back and compared.
"""

from __future__ import annotations

from benchmarks.harness import Contender, Failure, Work, python
from benchmarks.nft_rules import RAWNL, REPEATS, listed, listing, loading
from benchmarks.rivals import nft_tools, tools
from benchmarks.rivals.nft_values import map_text, targets

NO_DATA = "its elements have no data"


def read_back(size: int, done: int) -> None:
    """All entries are there, and a rule that forwards."""
    found: dict[int, tuple[str, int]] = {}
    ruleset = nft_tools.ruleset()
    for one in ruleset:
        for port, to in one.get("map", {}).get("elem", ()):
            address, number = to["concat"]
            found[port] = (address, number)
    if found != targets(done):
        raise Failure(f"{len(found)} entries were read back, where {done} must be as they were given")
    if not any("dnat" in part for one in ruleset for part in one.get("rule", {}).get("expr", ())):
        raise Failure("there is no rule that forwards")


def works() -> list[Work]:
    """Loading and listing the map."""
    pyroute2 = tools.pyroute2_absent() or NO_DATA
    adding = [
        Contender(
            "rawnl, forward_many", lambda items: python(RAWNL, "forward-many", items), note="one call, idempotent"
        ),
        Contender("pyroute2", lambda items: {}, pyroute2),
    ]
    reading = [
        Contender(
            "rawnl, entries",
            lambda items: listed(items, python(RAWNL, "list", REPEATS, "map", "entries")),
            note="an Entry for each",
        ),
        Contender("pyroute2", lambda items: {}, pyroute2),
    ]
    sizes = (10000, 2000)
    return [
        loading("map", "entry", map_text, adding, read_back, sizes),
        listing("map", "entry", map_text, reading, read_back, sizes, "as_dict()"),
    ]
