"""Elements of an nftables set: loading many, and listing them.

Strategy: single IPv4 addresses, the commonest set there is, loaded together with their table and set in as few
transactions as the contender can; all are read back and compared. pyroute2 cannot make a set, so one is there before
everybody's turn, empty, and adding it again changes nothing.
"""

from __future__ import annotations

import time
from functools import partial

from benchmarks.harness import Contender, Failure, Work, python
from benchmarks.nft_rules import PYROUTE2, RAWNL, REPEATS, listed, listing, loading
from benchmarks.rivals import nft_tools, tools
from benchmarks.rivals.nft_values import addresses, elements_text

FIRST_ONLY = "its set_elems('get') reads the first message of the answer only"
PATIENCE = 10.0


def prepare(size: int) -> None:
    """The empty set."""
    nft_tools.nft_load("table ip bench { set many { type ipv4_addr; }; }\n")


def read_back(size: int, done: int) -> None:
    """All elements are there, and no other.

    Right after a load a listing can bring some elements twice and lack as many others, which the next one has. What is
    listed twice is no state of a set, so it is read again, up to PATIENCE seconds, outside of what is timed.
    """
    wanted = set(addresses(done))
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [text for one in nft_tools.ruleset() for text in one.get("set", {}).get("elem", ())]
        different = set(found)
        if len(different) == len(found) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if len(found) != done or different != wanted:
        missing = len(wanted - different)
        raise Failure(f"{len(found)} elements were read back, {missing} of {done} missing")


def works() -> list[Work]:
    """Loading and listing elements."""
    pyroute2 = tools.pyroute2_absent()
    adding = [
        Contender(
            "pyroute2", partial(python, PYROUTE2, "load-elements"), pyroute2, share=20, note="2,000 a transaction"
        )
    ]
    reading = [
        Contender(
            "rawnl, entries",
            lambda items: listed(items, python(RAWNL, "list", REPEATS, "elements", "entries")),
            note="an Entry for each",
        ),
        Contender("pyroute2", lambda items: {}, pyroute2 or FIRST_ONLY),
    ]
    sizes = (100000, 20000)
    return [
        loading("elements", "element", elements_text, adding, read_back, sizes, prepare),
        listing("elements", "element", elements_text, reading, read_back, sizes, "keys()"),
    ]
