"""Rulesets in the JSON schema of libnftables, against `nft -j list ruleset` over the corpus.

Two things differ on purpose, since nft 1.0.6 has them wrong: it gives the flags of a table as arbitrary bytes of its
memory, and leaves out the interface of a chain, which libnftables-json(5) has and later releases give.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from nft_corpus import OUTSIDE_JSON
from nft_filled import Filled, filled
from nft_witness import STRANGER, load, run_in

import rawnl
from rawnl import nft


@pytest.fixture(scope="module")
def corpus() -> Filled:
    """The corpus, loaded by the real nft."""
    return filled()


def steady(objects: dict[str, Any]) -> list[Any]:
    """The objects of a ruleset, without what differs from moment to moment or is wrong in some releases of nft."""
    found = objects["nftables"][1:]
    for item in found:
        item.get("table", {}).pop("flags", None)
        item.get("chain", {}).pop("dev", None)
        for element in item.get("set", item.get("map", {})).get("elem", []):
            _forget_expiry(element)
    return list(found)


def _forget_expiry(element: Any) -> None:
    while isinstance(element, list):
        element = element[0]
    if isinstance(element, dict) and "elem" in element:
        element["elem"].pop("expires", None)


def test_the_json_is_what_nft_lists(corpus: Filled) -> None:
    theirs = steady(json.loads(run_in(corpus.nl, "nft", "-j", "list", "ruleset")))
    ruleset = corpus.nl.nft.ruleset()
    ours = steady(json.loads(ruleset.json()))
    lines = {(rule.family, rule.table, rule.handle): rule for rule in ruleset.rules}
    assert len(ours) == len(theirs) > 1000
    outside = 0
    families = {member.name.lower(): member for member in nft.Family}
    for mine, other in zip(ours, theirs, strict=True):
        if mine == other:
            continue
        assert mine.keys() == other.keys() == {"rule"}, (mine, other)
        rule = lines[families[mine["rule"]["family"]], mine["rule"]["table"], mine["rule"]["handle"]]
        text = ruleset.rule_text(rule)
        assert text in OUTSIDE_JSON or text in OUTSIDE_JSON.values(), (mine, other)
        outside += 1
    assert outside == len(OUTSIDE_JSON)


def test_a_strangers_ruleset(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    ours = nl.nft.ruleset().as_json()
    assert ours["nftables"][0]["metainfo"]["json_schema_version"] == 1
    assert steady(json.loads(json.dumps(ours))) == steady(json.loads(run_in(nl, "nft", "-j", "list", "ruleset")))


def test_nft_reads_the_json_to_the_same_ruleset(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    text = nl.nft.ruleset().json(indent=2)
    with rawnl.netns.create() as netns, rawnl.open(netns) as other:
        run_in(other, "nft", "-j", "-f", "-", input=text)
        assert run_in(other, "nft", "list", "ruleset") == run_in(nl, "nft", "list", "ruleset")


def test_what_has_no_word_in_the_schema() -> None:
    from rawnl.nft.reader import Ruleset

    rule = nft.Rule(family="ip", table="t", chain="c", expressions=[nft.Opaque("new", b"\x01")])
    chain = nft.Chain("c", table="t", family="ip")
    found = Ruleset(0, [nft.Table("t", family="ip")], [chain], [rule]).as_json()
    assert found["nftables"][-1]["rule"]["expr"] == [{"debug": "[ new 0x01 ]"}]
