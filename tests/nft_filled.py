"""A namespace with the corpus of rules in it, once for all tests that look at it."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache
from typing import NamedTuple

from nft_corpus import BASE, DECLARATIONS, RULES
from nft_witness import run_in
from witness import require

import rawnl


class Filled(NamedTuple):
    """A connection into it, and how many declarations and rules nft and the kernel took."""

    nl: rawnl.Connection
    declarations: int
    rules: int


def taken(nl: rawnl.Connection, command: str) -> bool:
    """Whether nft and the kernel took a command, which older or newer ones may not."""
    done = nl.netns.run([require("nft"), "-f", "-"], input=command + "\n", capture_output=True, text=True)
    return bool(done.returncode == 0)


@cache
def filled() -> Filled:
    """The namespace, which is made once and lasts as long as the process."""
    ending = ExitStack()
    atexit.register(ending.close)
    netns = ending.enter_context(rawnl.netns.create())
    nl = ending.enter_context(rawnl.open(netns))
    nl.links.set("lo", up=True)
    run_in(nl, "nft", "-f", "-", input=BASE)
    declarations = sum(taken(nl, f"add {line}") for line in DECLARATIONS.strip().splitlines())
    rules = sum(taken(nl, f"add rule {place} {rule}") for place, rule in RULES)
    return Filled(nl, declarations, rules)
