"""`rawnl nft` and `rawnl conntrack` as people run them: output, statuses, one-line errors, and what nft sees of it."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import inside
from nft_witness import load
from test_conntrack import timeless

import rawnl
from rawnl.cli.main import parser
from rawnl.cli.nft import narrowed
from rawnl.cli.nft_statements import STATEMENTS, as_words
from rawnl.conntrack import FlowTuple

ROOT = Path(__file__).resolve().parent.parent
NAME = "cli-nft"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """`python -m rawnl` with these words, in the sandbox's own namespace unless they say `-n`."""
    return subprocess.run(
        [sys.executable, "-m", "rawnl", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def said(*words: str) -> str:
    """What it prints; it must succeed, and say nothing else."""
    done = command(*words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def fails(status: int, *words: str) -> str:
    """The one line of its complaint."""
    done = command(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture
def named() -> Iterator[rawnl.Connection]:
    """A connection into a namespace that `-n` can name."""
    with rawnl.netns.create(NAME) as netns, rawnl.open(netns) as connection:
        yield connection


def rules(nl: rawnl.Connection) -> list[str]:
    lines = inside(nl.netns, "nft", "-s", "list", "ruleset").splitlines()
    return [line.strip() for line in lines if "masquerade" in line]


@pytest.mark.parametrize("words", [["nft"], ["conntrack"], ["nft", "list"], ["conntrack", "list"], ["nft", "del"]])
def test_help(words: list[str]) -> None:
    text = said(*words, "--help")
    assert f"rawnl {' '.join(words)}" in text
    assert len(words) > 1 or "examples:" in text


@pytest.mark.parametrize("verb", ["nft", "conntrack"])
def test_every_example_of_the_help_can_be_parsed(verb: str) -> None:
    text = said(verb, "--help")
    examples = [line.split("   ")[0].split() for line in text.splitlines() if line.startswith("  rawnl ")]
    assert len(examples) > 5
    for words in examples:
        assert parser(words[1:]).parse_args(words[1:]).command == verb


# --- nft -------------------------------------------------------------------------------------------------------------


def test_masquerade_and_back(named: rawnl.Connection) -> None:
    for _ in range(2):
        assert said("nft", "-n", NAME, "masquerade", "192.168.100.0/24", "--comment", "the lab") == ""
        assert said("nft", "masquerade", "2001:db8::/64", "-o", "eth0", "-n", NAME) == ""
    assert rules(named) == [
        'ip saddr 192.168.100.0/24 masquerade comment "the lab"',
        'ip6 saddr 2001:db8::/64 oifname "eth0" masquerade',
    ]
    made = json.loads(said("nft", "-n", NAME, "masquerade", "192.168.100.0/24", "--json"))
    assert made == {"handle": named.nft.masquerades()[0].handle}
    assert said("nft", "-n", NAME, "del", "masquerade", "192.168.100.0/24") == ""
    assert fails(1, "nft", "-n", NAME, "del", "masquerade", "192.168.100.0/24") == (
        "rawnl nft del: there is no such masquerade\n"
    )
    undone = said("nft", "-n", NAME, "del", "masquerade", "2001:db8::/64", "-o", "eth0", "--json")
    assert json.loads(undone) == {"deleted": 1}
    assert rules(named) == []


# The words, what nft shows of them, and the fewest words that undo it.
SAID = [
    ("masquerade 10.1.0.0/16 --fully-random", "ip saddr 10.1.0.0/16 masquerade fully-random", "masquerade 10.1.0.0/16"),
    ("snat 10.0.0.0/8 192.0.2.1 -o eth0", 'oifname "eth0" snat to 192.0.2.1', "snat 10.0.0.0/8 -o eth0"),
    ("snat 2001:db8::/64 2001:db8:1::1 --persistent", "snat to 2001:db8:1::1 persistent", "snat 2001:db8::/64"),
    ("dnat 192.0.2.7 10.0.0.7 --local", "ip daddr 192.0.2.7 dnat to 10.0.0.7", "dnat 192.0.2.7"),
    ("forward 80 10.0.0.2:8080", "tcp dport 80 dnat to 10.0.0.2:8080", "forward 80"),
    ("forward 53 10.0.0.2 -p udp -i eth0", "udp dport 53 dnat to 10.0.0.2", "forward 53 10.0.0.2 -p udp -i eth0"),
    ("forward 80 [2001:db8::2]:8080", "tcp dport 80 dnat to [2001:db8::2]:8080", "forward 80 -6"),
    ("forward 22 10.0.0.2 -d 192.0.2.0/24", "ip daddr 192.0.2.0/24 tcp dport 22", "forward 22 -d 192.0.2.0/24"),
    ("balance 443 10.0.0.2 10.0.0.3", "numgen inc mod 2 map { 0 : 10.0.0.2, 1 : 10.0.0.3 }", "balance 443"),
    ("balance 443 10.0.0.2 10.0.0.3 --by source", "jhash ip saddr mod 2 map", "balance 443 10.0.0.2 10.0.0.3"),
    ("redirect 25 2525", "tcp dport 25 redirect to :2525", "redirect 25"),
    ("redirect 25 2525 -6", "tcp dport 25 redirect to :2525", "redirect 25 2525 -6"),
    ("netmap 192.0.2.0/24 10.9.0.0/24", "ip daddr map { 192.0.2.0/24 : 10.9.0.0/24 }", "netmap 192.0.2.0/24"),
    ("hairpin 10.0.0.0/8", "ip saddr 10.0.0.0/8 ip daddr 10.0.0.0/8 ct status dnat masquerade", "hairpin 10.0.0.0/8"),
]


@pytest.mark.parametrize(("words", "shown", "undo"), SAID, ids=[row[0] for row in SAID])
def test_statements_and_back(named: rawnl.Connection, words: str, shown: str, undo: str) -> None:
    for _ in range(2):
        assert said("nft", "-n", NAME, *words.split()) == ""
    before = inside(named.netns, "nft", "list", "ruleset")
    assert before.count(shown) == (2 if "--local" in words else 1)
    # Shown in words that make the same again.
    again = shlex.split(said("nft", "-n", NAME, "list", "nat"))
    made = json.loads(said("nft", "-n", NAME, *words.split(), "--json"))
    assert made == {"handle": 2} or made["nat"] == words.split()[0]
    assert said("nft", "-n", NAME, "del", *undo.split()) == ""
    assert inside(named.netns, "nft", "list", "ruleset") == ""
    assert fails(1, "nft", "-n", NAME, "del", *undo.split()).startswith("rawnl nft del: there is no such ")
    said("nft", "-n", NAME, *again)
    assert inside(named.netns, "nft", "list", "ruleset") == before


def test_every_statement_is_tried() -> None:
    assert {words.split()[0] for words, _, _ in SAID} == set(STATEMENTS)


def test_undoing_takes_only_what_the_words_fit(named: rawnl.Connection) -> None:
    for words in ("forward 80 10.0.0.2", "forward 80 10.0.0.2 -p udp", "forward 81 10.0.0.2", "forward 80 2001:db8::2"):
        said("nft", "-n", NAME, *words.split())
    assert fails(1, "nft", "-n", NAME, "del", "forward", "80", "10.0.0.3") == (
        "rawnl nft del: there is no such forward\n"
    )
    assert json.loads(said("nft", "-n", NAME, "del", "forward", "80", "--json")) == {"deleted": 2}
    assert said("nft", "-n", NAME, "list", "nat") == "forward 80 10.0.0.2:80 -p udp\nforward 81 10.0.0.2:81\n"
    listed = json.loads(said("nft", "-n", NAME, "list", "nat", "--json"))
    assert [(entry["nat"], entry["protocol"], entry["to"]) for entry in listed] == [
        ("forward", "udp", "10.0.0.2:80"),
        ("forward", "tcp", "10.0.0.2:81"),
    ]
    assert said("nft", "-n", NAME, "-6", "list", "nat") == ""


def test_a_map_of_many_ports_is_named(named: rawnl.Connection) -> None:
    named.nft.forward_many({8001: ("10.0.0.2", 80)})
    assert [as_words(entry) for entry in named.nft.nats()] == ["# forward_many, see `rawnl nft list own`"]
    [listed] = json.loads(said("nft", "-n", NAME, "list", "nat", "--json"))
    assert listed["nat"] == "forward_many"


def test_nothing_outside_the_namespace_is_touched(named: rawnl.Connection) -> None:
    said("nft", "-n", NAME, "masquerade", "192.168.100.0/24")
    with rawnl.open() as here:
        assert here.nft.tables() == []


def test_flush_takes_rawnls_own_only(named: rawnl.Connection) -> None:
    load(named, "table inet filter { chain input { type filter hook input priority 0; } }")
    load(named, 'table ip6 rawnl { comment "not the one that it seems"; }')
    said("nft", "-n", NAME, "masquerade", "192.168.100.0/24")
    assert said("nft", "-n", NAME, "list", "tables").splitlines() == [
        "table inet filter",
        "table ip6 rawnl",
        "table ip rawnl",
    ]
    assert said("nft", "-n", NAME, "-6", "list", "tables") == "table ip6 rawnl\n"
    assert said("nft", "-n", NAME, "flush") == "table ip rawnl deleted\n"
    assert said("nft", "-n", NAME, "flush") == ""
    as_json = json.loads(said("nft", "-n", NAME, "list", "tables", "--json"))
    assert [entry["table"]["name"] for entry in as_json["nftables"]] == ["filter", "rawnl"]
    assert json.loads(said("nft", "-n", NAME, "flush", "-6", "--all", "--json")) == {"deleted": ["table ip6 rawnl"]}
    assert said("nft", "-n", NAME, "flush", "--all") == "table inet filter deleted\n"
    assert inside(named.netns, "nft", "list", "ruleset") == ""


FOREIGN = """
table inet filter {
    set lan { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }
    chain input { type filter hook input priority filter; policy accept; ip saddr @lan accept; tcp dport 22 accept; }
}
table ip nat { chain out { type nat hook postrouting priority srcnat; policy accept; oifname "eth0" masquerade; } }
table ip6 nat { chain out { type nat hook postrouting priority srcnat; policy accept; masquerade; } }
"""


def test_list_is_what_nft_prints(named: rawnl.Connection) -> None:
    load(named, FOREIGN)
    said("nft", "-n", NAME, "masquerade", "192.168.100.0/24")
    for ours, nfts in (
        (["list"], ["list", "ruleset"]),
        (["list", "ruleset"], ["list", "ruleset"]),
        (["list", "table", "nat"], ["list", "table", "nat"]),
        (["list", "table", "ip6", "nat"], ["list", "table", "ip6", "nat"]),
        (["list", "own"], ["list", "table", "ip", "rawnl"]),
        (["-4", "list"], ["list", "ruleset", "ip"]),
    ):
        assert said("nft", "-n", NAME, *ours) == inside(named.netns, "nft", *nfts)
    for ours, nfts in (
        (["list"], ["list", "ruleset"]),
        (["list", "table", "ip", "nat"], ["list", "table", "ip", "nat"]),
    ):
        objects = json.loads(said("nft", "-n", NAME, *ours, "--json"))["nftables"]
        witness = json.loads(inside(named.netns, "nft", "-j", *nfts))["nftables"]
        assert [each for each in objects if "metainfo" not in each] == [
            each for each in witness if "metainfo" not in each
        ]


def test_list_of_nothing(named: rawnl.Connection) -> None:
    for words in (["list"], ["list", "own"], ["list", "tables"]):
        assert said("nft", "-n", NAME, *words) == ""


def test_narrowed_leaves_out_all_that_is_elsewhere(named: rawnl.Connection) -> None:
    load(named, FOREIGN)
    whole = named.nft.ruleset()
    part = narrowed(whole, lambda table: table.name == "nat")
    assert {table.family for table in part.tables} == {2, 10}
    assert len(part.chains) == len(part.rules) == 2
    assert part.sets == [] == part.elements
    rest = narrowed(whole, lambda table: table.name == "filter")
    assert len(rest) + len(part) == len(whole)
    assert len(rest.sets) == len(rest.elements) == 1


@pytest.mark.parametrize(
    ("status", "words", "line"),
    [
        (2, ["nft"], "the following arguments are required: VERB"),
        (2, ["nft", "masqerade"], "invalid choice: 'masqerade'"),
        (2, ["nft", "masquerade"], "the following arguments are required: SOURCE"),
        (2, ["nft", "del"], "the following arguments are required: WHAT"),
        (2, ["nft", "list", "chains"], "'chains' is no ruleset, nat, own, tables, table NAME"),
        (1, ["nft", "masquerade", "10.0.0.1/8"], "source: '10.0.0.1/8' is no network"),
        (1, ["nft", "masquerade", "10.0.0.0/8", "-o", "a/b"], "no interface name"),
        (2, ["nft", "forward", "80"], "the following arguments are required: TO"),
        (2, ["nft", "forward", "80", "10.0.0.2", "-p", "sctp"], "invalid choice: 'sctp'"),
        (1, ["nft", "forward", "70000", "10.0.0.2"], "port: "),
        (1, ["nft", "snat", "10.0.0.0/8", "::1"], "to: '::1' is of IPv6"),
        (1, ["nft", "netmap", "10.0.0.0/8", "10.0.0.0/9"], "not of one size"),
        (1, ["nft", "list", "table", "ip", "nowhere"], "rawnl: there is no table ip nowhere"),
        (1, ["nft", "list", "table", "ipx", "nat"], "family: 'ipx' is none of inet, ip, "),
        (1, ["nft", "-n", "nowhere", "list"], "There is no /run/netns/nowhere"),
        (1, ["conntrack", "-n", "nowhere", "list"], "There is no /run/netns/nowhere"),
        (2, ["conntrack"], "the following arguments are required: VERB"),
        (2, ["conntrack", "delete"], "which flows?"),
        (2, ["conntrack", "list", "--sport", "http"], "invalid int value: 'http'"),
        (2, ["conntrack", "list", "-m", "seven"], "'seven' is no number"),
        (1, ["conntrack", "list", "-p", "tpc"], "did you mean 'tcp'?"),
        (1, ["conntrack", "list", "-4", "-s", "::1"], "no flow is of both families"),
        (1, ["conntrack", "flush", "--status", "asured"], "did you mean 'assured'?"),
    ],
)
def test_what_goes_wrong_is_one_line(status: int, words: list[str], line: str) -> None:
    assert line in fails(status, *words)


def test_a_strangers_table_is_one_line(named: rawnl.Connection) -> None:
    load(named, "table ip rawnl { }")
    assert "was not made by rawnl" in fails(1, "nft", "-n", NAME, "masquerade", "10.0.0.0/8")


# --- conntrack -------------------------------------------------------------------------------------------------------


@pytest.fixture
def flows(named: rawnl.Connection) -> rawnl.Connection:
    add = named.conntrack.add
    add(
        FlowTuple.of("192.0.2.1", "198.51.100.1", "tcp", 40000, 443),
        FlowTuple.of("198.51.100.1", "203.0.113.1", "tcp", 443, 40000),
        timeout=1000,
        state="established",
        status="seen_reply|assured",
        mark=7,
    )
    add(FlowTuple.of("2001:db8::1", "2001:db8::2", "udp", 5353, 53), timeout=1000)
    add(FlowTuple.of("192.0.2.1", "198.51.100.1", "icmp", icmp_id=9), timeout=1000)
    add(FlowTuple.of("192.0.2.1", "198.51.100.1", 99), timeout=1000, zone=3)
    inside(
        named.netns,
        *["conntrack", "-I", "-p", "udp", "-s", "192.0.2.1", "-d", "198.51.100.1", "-t", "1000"],
        *["--sport", "1", "--dport", "2", "--dst-nat", "10.0.0.2:99"],
    )
    inside(
        named.netns,
        *["conntrack", "-I", "-p", "udp", "-s", "192.0.2.1", "-d", "198.51.100.1", "-t", "1000"],
        *["--sport", "5", "--dport", "2", "--src-nat", "203.0.113.9"],
    )
    return named


def table(text: str) -> list[list[str]]:
    """The table's cells, apart by two blanks or more, without the seconds, which run on."""
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]
    return [[cell for cell in row if not (cell.endswith("s") and cell[:-1].isdecimal())] for row in rows]


def test_the_table_of_flows(flows: rawnl.Connection) -> None:
    assert table(said("conntrack", "-n", NAME, "list").replace("→", "->")) == [
        ["proto", "source", "destination", "seen as", "state", "left", "mark", "zone"],
        ["icmp", "192.0.2.1 id 9", "->", "198.51.100.1", "unreplied"],
        ["tcp", "192.0.2.1:40000", "->", "198.51.100.1:443", "established assured", "7"],
        ["udp", "192.0.2.1:1", "->", "198.51.100.1:2", "to 10.0.0.2:99", "unreplied"],
        ["udp", "192.0.2.1:5", "->", "198.51.100.1:2", "from 203.0.113.9:5", "unreplied"],
        ["udp", "[2001:db8::1]:5353", "->", "[2001:db8::2]:53", "unreplied"],
        ["99", "192.0.2.1", "->", "198.51.100.1", "unreplied", "3"],
    ]
    assert said("conntrack", "-n", NAME, "list", "-p", "sctp") == ""


def test_lines_and_json_of_flows(flows: rawnl.Connection) -> None:
    printed = inside(flows.netns, "conntrack", "-L", "-o", "extended")
    lines = said("conntrack", "-n", NAME, "list", "--lines")
    assert sorted(timeless(lines).splitlines()) == sorted(timeless(printed).splitlines())
    as_json: list[dict[str, Any]] = json.loads(said("conntrack", "-n", NAME, "list", "--json"))
    assert {entry["id"] for entry in as_json} == {flow.id for flow in flows.conntrack.list()}
    assert sum(entry["translated"] for entry in as_json) == 2
    assert json.loads(said("conntrack", "-n", NAME, "list", "--json", "-p", "sctp")) == []


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([], 6),
        (["-6"], 1),
        (["-4"], 5),
        (["-p", "udp"], 3),
        (["-p", "17", "-4"], 2),
        (["-s", "192.0.2.0/24"], 5),
        (["-d", "2001:db8::2"], 1),
        (["--dport", "443"], 1),
        (["--sport", "5353"], 1),
        (["--reply-source", "10.0.0.2"], 1),
        (["--reply-destination", "203.0.113.0/24"], 2),
        (["-m", "7"], 1),
        (["-m", "0x3/0x3"], 1),
        (["-z", "3"], 1),
        (["--status", "assured"], 1),
        (["--without", "seen_reply"], 5),
        (["--state", "established"], 1),
        (["--translated"], 2),
        (["--no-translated"], 4),
    ],
)
def test_filters_count_and_delete(flows: rawnl.Connection, filters: list[str], count: int) -> None:
    assert said("conntrack", "-n", NAME, "count", *filters) == f"{count}\n"
    assert json.loads(said("conntrack", "count", "-n", NAME, "--json", *filters)) == {"flows": count}
    verb = "delete" if filters else "flush"
    words = "flow" if count == 1 else "flows"
    assert said("conntrack", "-n", NAME, verb, *filters) == f"{count} {words} deleted\n"
    assert flows.conntrack.count() == 6 - count
    again = command("conntrack", "-n", NAME, verb, "--json", *filters)
    assert json.loads(again.stdout) == {"deleted": 0}
    # Nothing to delete is no success; nothing to flush is.
    assert again.returncode == (1 if filters else 0)
    assert said("conntrack", "-n", NAME, "flush", "--json") == f'{{"deleted": {6 - count}}}\n'


def test_statistics(flows: rawnl.Connection) -> None:
    rows = json.loads(said("conntrack", "-n", NAME, "stats", "--json"))
    assert sum(row["insert"] for row in rows) == 6
    head, *lines = said("conntrack", "-n", NAME, "stats").splitlines()
    assert head.split() == ["cpu", "insert"]
    assert len(lines) == len(rows) == len(flows.conntrack.stats())


def test_on_a_terminal_the_heading_is_faint(flows: rawnl.Connection) -> None:
    near, far = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rawnl", "conntrack", "-n", NAME, "list"],
        cwd=ROOT,
        stdout=far,
        env={**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | {"NO_COLOR": ""},
    ) as program:
        os.close(far)
        text = b""
        try:
            while chunk := os.read(near, 4096):
                text += chunk
        except OSError:
            pass  # EIO: the last writer is gone.
        os.close(near)
    assert program.returncode == 0
    assert text.startswith(b"\x1b[2mproto ")
    assert "→".encode() in text
