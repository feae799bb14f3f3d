"""A corpus of rulesets, from nft through rawnl into another namespace, where nft must print the same.

Strategy: `nft_corpus/*.nft` holds every expression, family, kind of set and named object that nft can write and most
kernels know. nft loads a file into one namespace; rawnl reads that and adds it to another; what `nft list ruleset`
prints there must be the same, to the letter. Besides, every message that was read is built anew from its values.
What a kernel may lack stands in `LACKING`, by name and with the error that it then gives: nothing is skipped silently.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from nft_witness import listed
from rebuild import rebuilt
from witness import require

import rawnl
from rawnl import nft
from rawnl.message import Message

CORPUS = sorted((Path(__file__).parent / "nft_corpus").glob("*.nft"))

# What to load, and what nft says where the kernel has been built without it.
LACKING = {
    "flowtable": ("table inet t {\n flowtable f { hook ingress priority 0; devices = { lo }; }\n}", "No such file"),
    "queue": ("table ip t {\n chain c { queue num 3 bypass; }\n}", "No such file"),
    "bridge interface": ('table bridge t {\n chain c { meta ibrname "br0" accept; }\n}', "not supported"),
    "bridge reject": (
        "table bridge t {\n chain c { type filter hook input priority 0; reject; }\n}",
        "No such file",
    ),
    "reading nftrace": ("table ip t {\n chain c { meta nftrace 1 accept; }\n}", "not supported"),
    "secmark": ('table ip t {\n secmark s { "system_u:object_r:x_t:s0"; }\n}', ""),
    "socket cgroup": ('table ip t {\n chain c { socket cgroupv2 level 1 "user.slice" accept; }\n}', ""),
    "dccp option": ("table ip t {\n chain c { dccp option 5 exists; }\n}", ""),
}


def prepared(nl: rawnl.Connection) -> rawnl.Connection:
    """A namespace with the links that chains of the netdev family name."""
    nl.links.add("v0", rawnl.Veth(peer=rawnl.Link(name="v1")))
    return nl


def nft_loads(nl: rawnl.Connection, *arguments: str, input: str | None = None) -> str:
    """What nft complains of; an empty string where it loads."""
    done = nl.netns.run([require("nft"), *arguments], input=input, capture_output=True, text=True)
    assert isinstance(done, subprocess.CompletedProcess)
    return str(done.stderr) if done.returncode else ""


def check_copy(nl: rawnl.Connection) -> None:
    """Everything in a namespace, read and added to another."""
    ruleset = nl.nft.ruleset()
    assert len(ruleset) == len(list(ruleset))
    for item in ruleset:
        if isinstance(item, Message):
            assert type(item).at(item.encode(), 0).encode() == item.encode()
            assert rebuilt(item).encode() == item.encode()
            assert "attr_" not in repr(item)
    with rawnl.netns.create() as netns, rawnl.open(netns) as other:
        prepared(other)
        with other.nft.transaction() as t:
            for item in ruleset:
                t.add(item)
            t.dry_run()
            assert listed(other) == ""
        assert listed(other) == listed(nl)


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) >= 8


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_corpus(nl: rawnl.Connection, path: Path) -> None:
    assert nft_loads(prepared(nl), "-f", str(path)) == ""
    check_copy(nl)


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_elements_are_packed_as_nft_packs_them(nl: rawnl.Connection, path: Path) -> None:
    """Elements read as values and added as values, instead of as the bytes that they came in."""
    assert nft_loads(prepared(nl), "-f", str(path)) == ""
    ruleset = nl.nft.ruleset()
    with rawnl.netns.create() as netns, rawnl.open(netns) as other:
        prepared(other)
        with other.nft.transaction() as t:
            for item in ruleset:
                if isinstance(item, nft.Elements) and item.set.key_types is not None:
                    # What is left of a timeout is lost where the kernel counts from the start again.
                    t.add(nft.Elements(item.set, list(item)))
                else:
                    t.add(item)
        assert listed(other) == listed(nl)


@pytest.mark.parametrize("name", LACKING)
def test_what_kernels_may_lack(nl: rawnl.Connection, name: str) -> None:
    text, error = LACKING[name]
    complaint = nft_loads(prepared(nl), "-f", "-", input=text)
    if complaint:
        assert re.search(error, complaint), complaint
        assert listed(nl) == ""
    else:
        check_copy(nl)
