"""Rulesets in nft's syntax: against `nft list ruleset` over a large corpus, and against garbage.

Strategy: every row of the corpus is added by the real nft, read by rawnl and written as text. That text must be what
nft lists, and what nft lists again after it has read our text in another namespace. Rows that an nft or a kernel lacks
are not compared; rows that rawnl writes otherwise stand in `OUTSIDE`, with the reason.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from nft_corpus import DECLARATIONS, OUTSIDE, RULES
from nft_filled import Filled, filled
from nft_witness import STRANGER, iptables, load, run_in
from shapes import built, expression_plans
from witness import find, require

import rawnl
from rawnl import nft
from rawnl.errors import DecodeError, EncodeError
from rawnl.nft.expr import Expr
from rawnl.nft.reader import Ruleset
from rawnl.nft.text import rule_line, style
from rawnl.nft.text_debug import debug
from rawnl.nft.text_types import duration

EXPIRES = re.compile(r" expires \S+")
# What nft 1.0.6 and Linux 6.18 take of the corpus, a little less for others.
LEAST_RULES, LEAST_DECLARATIONS = 900, 70


@pytest.fixture(scope="module")
def corpus() -> Filled:
    """The corpus, loaded by the real nft."""
    return filled()


def steady(text: str) -> list[str]:
    """The lines of a text, without the time that elements have left."""
    return EXPIRES.sub("", text).splitlines()


def test_most_of_the_corpus_is_taken(corpus: Filled) -> None:
    assert corpus.rules >= LEAST_RULES and len(RULES) > 1000
    assert corpus.declarations >= LEAST_DECLARATIONS and len(DECLARATIONS.strip().splitlines()) > 75


@pytest.mark.parametrize("options", ["", "-a", "-s", "-a -s"])
def test_the_text_is_what_nft_lists(corpus: Filled, options: str) -> None:
    theirs = steady(run_in(corpus.nl, "nft", *options.split(), "list", "ruleset"))
    ours = steady(corpus.nl.nft.ruleset().text(handles="-a" in options, stateless="-s" in options))
    assert len(ours) == len(theirs)
    outside = 0
    for mine, other in zip(ours, theirs, strict=True):
        if mine != other:
            handle = re.compile(r" # handle \d+$")
            assert OUTSIDE.get(handle.sub("", other).strip()) == handle.sub("", mine).strip()
            outside += 1
    assert outside == len(OUTSIDE)


def parts(text: str, size: int = 150) -> Iterator[str]:
    """A ruleset's text without rules, and then the rules, `size` at a time.

    Without privilege nft cannot send more at once than a socket's usual buffer holds.
    """
    bare, rules, table, chain = [], [], "", ""
    for line in text.splitlines():
        if line.startswith("table "):
            table = line.split(" {")[0].removeprefix("table ")
        elif line.startswith("\tchain "):
            chain = line.split(" ")[1]
        elif line.startswith("\t}"):
            chain = ""
        elif chain and not line.startswith(("\t\ttype ", "\t\tcomment ")):
            rules.append(f"add rule {table} {chain} {line.strip()}\n")
            continue
        bare.append(line + "\n")
    yield "".join(bare)
    for at in range(0, len(rules), size):
        yield "".join(rules[at : at + size])


def test_nft_reads_the_text_to_the_same_ruleset(corpus: Filled) -> None:
    text = str(corpus.nl.nft.ruleset())
    with rawnl.netns.create() as netns, rawnl.open(netns) as other:
        other.links.set("lo", up=True)
        for part in parts(text):
            run_in(other, "nft", "-f", "-", input=part)
        assert steady(run_in(other, "nft", "list", "ruleset")) == steady(run_in(corpus.nl, "nft", "list", "ruleset"))


def test_no_rule_of_the_corpus_is_in_the_debug_form(corpus: Filled) -> None:
    assert not [line for line in str(corpus.nl.nft.ruleset()).splitlines() if line.strip().startswith("[")]


def test_a_strangers_ruleset(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    assert str(nl.nft.ruleset()) == run_in(nl, "nft", "list", "ruleset")


def test_an_empty_ruleset_is_no_text(nl: rawnl.Connection) -> None:
    assert str(nl.nft.ruleset()) == ""


def test_interfaces_are_told_by_name_where_names_are_given(nl: rawnl.Connection) -> None:
    nl.links.add("eth0", rawnl.Veth(peer=rawnl.Link(name="eth1")))
    index = nl.links.get("eth0").index
    load(nl, 'table ip t { chain c { iif "eth0" accept; iif "lo" drop } }')
    assert nl.nft.ruleset().text(interfaces={index: "eth0"}) == run_in(nl, "nft", "list", "ruleset")
    assert f"iif {index} accept" in str(nl.nft.ruleset())


def test_what_iptables_made_is_in_the_debug_form_and_refused_by_nft(nl: rawnl.Connection) -> None:
    if find("iptables-nft") is None:
        pytest.skip("iptables-nft is not installed")
    iptables(nl, "-A FORWARD -m addrtype --dst-type LOCAL -j REJECT")
    text = str(nl.nft.ruleset())
    assert "[ match name addrtype rev 1 ] [ counter pkts 0 bytes 0 ] [ target name REJECT rev 0 ]" in text
    done = nl.netns.run([require("nft"), "-c", "-f", "-"], input=text, capture_output=True, text=True)
    assert done.returncode and "syntax error" in done.stderr


def test_a_rule_alone() -> None:
    rule = nft.Rule(
        family="ip",
        expressions=[
            nft.Payload(dreg="reg_1", base="network_header", offset=12, len=3),
            nft.Cmp(sreg="reg_1", op="eq", data=b"\xc0\xa8\x64"),
            nft.Masquerade(flags="proto_random"),
        ],
        handle=7,
        comment="out",
    )
    assert rule_line(rule) == 'ip saddr 192.168.100.0/24 masquerade random comment "out"'
    assert rule_line(rule, how=style(handles=True)).endswith("# handle 7")


def test_a_comment_cannot_end_its_string() -> None:
    rule = nft.Rule(family="ip", expressions=[nft.Notrack()], comment='x" accept\n')
    assert rule_line(rule) == 'notrack comment "x? accept?"'


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (nft.Meta(key="iifname", dreg="reg_1"), "[ meta load iifname => reg 1 ]"),
        (nft.Meta(key="mark", sreg="reg_1"), "[ meta set mark with reg 1 ]"),
        (
            nft.Cmp(sreg="reg_1", op="neq", data=b"\x01\0\0\0ab"),
            "[ cmp neq reg 1 0x00000001 0x00006261 ]",
        ),
        (
            nft.Payload(base="network_header", offset=12, len=4, dreg="reg32_00"),
            "[ payload load 4b @ network header + 12 => reg 8 ]",
        ),
        (nft.Lookup(set="s", sreg="reg_1", flags="inv"), "[ lookup reg 1 set s 0x1 ]"),
        (nft.Immediate(dreg="verdict", data=nft.Verdict(code="jump", chain="web")), "[ immediate reg 0 jump web ]"),
        (nft.Notrack(), "[ notrack ]"),
        (nft.Quota(bytes=5), "[ quota bytes=5 ]"),
        (nft.Opaque("new\nword", b"\x01"), "[ new?word 0x01 ]"),
        (nft.Payload(), "[ payload ]"),
    ],
)
def test_the_debug_form(expression: nft.Expression, text: str) -> None:
    assert debug(expression) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0s"), (1, "1ms"), (90_500, "1m30s500ms"), (694_861_000, "8d1h1m1s")]
)
def test_durations(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text


# --- garbage -------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(some.lists(expression_plans(Expr, 2), max_size=5), some.sampled_from([0, 1, 2, 3, 5, 7, 10, 99]))
def test_any_expressions_have_a_text(plans: list[object], family: int) -> None:
    try:
        rule = nft.Rule(family=family, table="t", chain="c", expressions=[built(plan) for plan in plans])
        rule.encode()
    except EncodeError:
        return
    line = rule_line(rule)
    assert isinstance(line, str) and "\n" not in line
    nft_table = nft.Table("t", family=family)
    assert isinstance(Ruleset(0, [nft_table], [nft.Chain("c", table="t", family=family)], [rule]).json(), str)


@settings(max_examples=80, deadline=None)
@given(some.data())
def test_damaged_rules_have_a_text(corpus: Filled, data: some.DataObject) -> None:
    """Bytes of real rules with some of them changed: lengths that lie, types that are none, values of another size."""
    ruleset = _read(corpus)
    whole = bytearray(data.draw(some.sampled_from(ruleset.rules)).encode())
    for _ in range(data.draw(some.integers(1, 4))):
        whole[data.draw(some.integers(20, len(whole) - 1))] = data.draw(some.integers(0, 255))
    try:
        rule = nft.Rule.at(bytes(whole), 0)
    except DecodeError:
        # Not a message at all; nothing was read that could be written.
        return
    assert isinstance(rule_line(rule, ruleset), str)


_cached: list[Ruleset] = []


def _read(corpus: Filled) -> Ruleset:
    if not _cached:
        _cached.append(corpus.nl.nft.ruleset())
    return _cached[0]


def test_nft_is_never_run_by_the_text(corpus: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert "table ip t" in str(corpus.nl.nft.ruleset())


def test_a_chain_without_a_name_stands_where_it_is_jumped_to(nl: rawnl.Connection) -> None:
    chain = "add table ip t\nadd chain ip t c { type filter hook input priority 0; }\n"
    run_in(
        nl, "nft", "-f", "-", input=chain + "add rule ip t c ip saddr 192.0.2.1 jump { tcp dport 22 accept; drop; }\n"
    )
    assert str(nl.nft.ruleset()) == run_in(nl, "nft", "list", "ruleset")
