"""nftables rules: loading many in one transaction, and listing them; and what the other works of nftables share.

Strategy: every rule matches a source and a port, counts and accepts, as in a filter that was generated. All contenders
leave the same ruleset, which nft reads back; its content is compared, and not only its size. Loading goes into a fresh
sandbox each time. Listing goes on in one sandbox that nft filled. There rawnl answers in three forms: objects that are
read, and the JSON and the text of nft, which are compared with nft's own beforehand.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from functools import partial

import rawnl
from benchmarks.harness import Contender, Failure, Outcome, Work, python
from benchmarks.rivals import nft_tools, tools
from benchmarks.rivals.nft_values import rules, rules_text

RAWNL, PYROUTE2 = "benchmarks.rivals.nft_rawnl", "benchmarks.rivals.nft_pyroute2"
REPEATS = 3
MANY_FLUSHES = "many transactions, for its socket buffers stay as they are"


def read_back(size: int, done: int) -> None:
    """All rules are there, in their order."""
    found = [
        (match[0]["match"]["right"], match[1]["match"]["right"])
        for one in nft_tools.ruleset()
        if "rule" in one and [*(match := one["rule"]["expr"])[2]] == ["counter"] and match[3] == {"accept": None}
    ]
    if found != rules(done):
        raise Failure(f"{len(found)} rules were read back, where {done} must be as they were given")


def same_listing(text: str) -> None:
    """What rawnl prints of the ruleset that a text makes is what nft prints. Raises Failure."""
    nft_tools.nft_load(text)
    with rawnl.open() as nl:
        found = nl.nft.ruleset()
    theirs = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    if found.text().split() != theirs.split():
        raise Failure("rawnl prints another ruleset than `nft list ruleset`")
    ours = [one for one in json.loads(found.json())["nftables"] if "metainfo" not in one]
    if ours != [one for one in nft_tools.ruleset() if "metainfo" not in one]:
        raise Failure("rawnl prints other JSON than `nft -j list ruleset`")


def loaders(what: str, text: Callable[[int], str]) -> list[Contender]:
    """Those who load rules, elements or a map, pyroute2 left out."""
    nft = nft_tools.nft_absent()
    return [
        Contender("nft -f", lambda items: nft_tools.nft_load(text(items)), nft, note="its start included"),
        Contender("floor", lambda items: python(RAWNL, "floor", items, what), note="rawnl's bytes, made beforehand"),
        Contender("rawnl", lambda items: python(RAWNL, "load", items, what), note="one transaction"),
        Contender(
            "Go", lambda items: nft_tools.golang("load", what, items), nft_tools.golang_absent(), note=MANY_FLUSHES
        ),
    ]


def listed(items: int, outcome: Outcome) -> Outcome:
    """An outcome, provided that it has seen all items."""
    if outcome.get("items", items) != items:
        raise Failure(f"{outcome['items']} of {items} were listed")
    return {**outcome, "items": items}


def listers(what: str, read: str) -> list[Contender]:
    """Those who list rules, elements or a map, pyroute2 left out. `read`: what rawnl reads of it."""
    nft = nft_tools.nft_absent()

    def by_rawnl(form: str, items: int) -> Outcome:
        return listed(items, python(RAWNL, "list", REPEATS, what, form))

    return [
        Contender(
            "nft -j list ruleset", lambda items: nft_tools.nft_list(REPEATS, "-j"), nft, note="its start included"
        ),
        Contender("nft list ruleset", lambda items: nft_tools.nft_list(REPEATS), nft, note="its start included"),
        Contender("rawnl, read", partial(by_rawnl, "read"), note=read),
        Contender("rawnl, JSON", partial(by_rawnl, "json"), note="ruleset().json()"),
        Contender("rawnl, text", partial(by_rawnl, "text"), note="str(ruleset())"),
        Contender(
            "Go", lambda items: listed(items, nft_tools.golang("list", what, REPEATS)), nft_tools.golang_absent()
        ),
    ]


def loading(
    what: str,
    unit: str,
    text: Callable[[int], str],
    others: Sequence[Contender],
    state: Callable[[int, int], None],
    sizes: tuple[int, int],
    prepare: Callable[[int], None] = lambda size: None,
) -> Work:
    """A work of loading; `sizes`: the one, and that of --quick."""
    return Work(
        name=f"load-{what}",
        title=f"Load nftables {what}",
        unit=unit,
        contenders=[*loaders(what, text), *others],
        sizes=sizes[:1],
        quick=sizes[1:],
        reference="nft -f",
        prepare=prepare,
        state=state,
    )


def listing(
    what: str,
    unit: str,
    text: Callable[[int], str],
    others: Sequence[Contender],
    state: Callable[[int, int], None],
    sizes: tuple[int, int],
    read: str,
) -> Work:
    """A work of listing."""
    return Work(
        name=f"list-{what}",
        title=f"List nftables {what}",
        unit=unit,
        contenders=[*listers(what, read), *others],
        sizes=sizes[:1],
        quick=sizes[1:],
        reference="nft -j list ruleset",
        prepare=lambda size: (nft_tools.nft_load(text(size)), None)[1],
        preflight=lambda: same_listing(text(300)),
        state=state,
        shared=True,
    )


def works() -> list[Work]:
    """Loading and listing rules."""
    pyroute2 = tools.pyroute2_absent()
    adding = [
        Contender(
            "rawnl, expressions", lambda items: python(RAWNL, "load", items, "expressions"), note="no vocabulary"
        ),
        Contender(
            "pyroute2", partial(python, PYROUTE2, "load-rules"), pyroute2, share=20, note="a transaction for each"
        ),
    ]
    reading = [Contender("pyroute2", lambda items: listed(items, python(PYROUTE2, "list-rules", REPEATS)), pyroute2)]
    sizes = (5000, 1000)
    return [
        loading("rules", "rule", rules_text, adding, read_back, sizes),
        listing("rules", "rule", rules_text, reading, read_back, sizes, "expressions as objects, fields unread"),
    ]
