"""NAT in one call: what nft sees of it, once and only once, listed and removed by what was asked."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import pytest
from nft_witness import STRANGER, listed, load

import rawnl
from rawnl.errors import EncodeError
from rawnl.nft.nat import Nft
from rawnl.nft.nat_entries import Balance, Dnat, Forward, ForwardMap, Hairpin, Netmap, Redirection, Snat

LOCAL = "fib daddr type local"
# (what is asked for, what it is listed as by `nats()`, the lines that nft shows).
VERBS: list[tuple[Callable[[Nft], Any], Any, list[str]]] = [
    (lambda n: n.snat("10.0.0.0/8", "192.0.2.1"), Snat("10.0.0.0/8", "192.0.2.1"),
     ["ip saddr 10.0.0.0/8 snat to 192.0.2.1"]),
    (lambda n: n.snat("10.0.0.1", "192.0.2.1-192.0.2.9", out_interface="eth0", persistent=True, fully_random=True),
     Snat("10.0.0.1", "192.0.2.1-192.0.2.9", out_interface="eth0", persistent=True, fully_random=True),
     ['ip saddr 10.0.0.1 oifname "eth0" snat to 192.0.2.1-192.0.2.9 fully-random,persistent']),
    (lambda n: n.snat("2001:db8::/32", "2001:db8:1::1"), Snat("2001:db8::/32", "2001:db8:1::1"),
     ["ip6 saddr 2001:db8::/32 snat to 2001:db8:1::1"]),
    (lambda n: n.snat(None, "192.0.2.0/28"), Snat("0.0.0.0/0", "192.0.2.0/28"), ["snat to 192.0.2.0/28"]),
    (lambda n: n.dnat("192.0.2.5", "10.0.0.5", local=True), Dnat("192.0.2.5", "10.0.0.5", local=True),
     ["ip daddr 192.0.2.5 dnat to 10.0.0.5"] * 2),
    (lambda n: n.forward(80, "10.0.0.2:8080"), Forward("80", "10.0.0.2:8080"),
     [f"{LOCAL} tcp dport 80 dnat to 10.0.0.2:8080"]),
    (lambda n: n.forward(80, "10.0.0.2"), Forward("80", "10.0.0.2"), [f"{LOCAL} tcp dport 80 dnat to 10.0.0.2:80"]),
    (lambda n: n.forward(53, ("2001:db8::2", 5353), protocol="udp", destination="2001:db8::1", in_interface="eth0"),
     Forward("53", "[2001:db8::2]:5353", protocol="udp", destination="2001:db8::1", in_interface="eth0"),
     ['iifname "eth0" ip6 daddr 2001:db8::1 udp dport 53 dnat to [2001:db8::2]:5353']),
    (lambda n: n.forward(range(8000, 8003), "10.0.0.2"), Forward("8000-8002", "10.0.0.2"),
     [f"{LOCAL} tcp dport 8000-8002 dnat to 10.0.0.2"]),
    (lambda n: n.forward("8000-8001", ("10.0.0.2", 9000)), Forward("8000-8001", "10.0.0.2:9000-9001"),
     [f"{LOCAL} tcp dport 8000-8001 dnat ip to tcp dport map {{ 8000 : 10.0.0.2 . 9000, 8001 : 10.0.0.2 . 9001 }}"]),
    (lambda n: n.redirect(80, 8080, local=True), Redirection("80", "8080", local=True),
     ["tcp dport 80 redirect to :8080"] * 2),
    (lambda n: n.redirect(80, 8080, version=6, protocol="udp"), Redirection("80", "8080", of_version=6, protocol="udp"),
     ["udp dport 80 redirect to :8080"]),
    (lambda n: n.netmap("203.0.113.0/24", "10.0.0.0/24"), Netmap("203.0.113.0/24", "10.0.0.0/24"),
     ["snat ip prefix to ip saddr map { 10.0.0.0/24 : 203.0.113.0/24 }",
      "dnat ip prefix to ip daddr map { 203.0.113.0/24 : 10.0.0.0/24 }"]),
    (lambda n: n.hairpin("10.0.0.0/24"), Hairpin("10.0.0.0/24"),
     ["ip saddr 10.0.0.0/24 ip daddr 10.0.0.0/24 ct status dnat masquerade"]),
    (lambda n: n.balance(80, ["10.0.0.2:80", "10.0.0.3:81"]), Balance("80", ("10.0.0.2:80", "10.0.0.3:81")),
     [f"{LOCAL} tcp dport 80 dnat ip to numgen inc mod 2 map {{ 0 : 10.0.0.2 . 80, 1 : 10.0.0.3 . 81 }}"]),
    (lambda n: n.balance(80, ["10.0.0.2", "10.0.0.3"], by="random"), Balance("80", ("10.0.0.2", "10.0.0.3"), "random"),
     [f"{LOCAL} tcp dport 80 dnat to numgen random mod 2 map {{ 0 : 10.0.0.2, 1 : 10.0.0.3 }}"]),
    (lambda n: n.balance(80, ["2001:db8::2", "2001:db8::3"], by="source"),
     Balance("80", ("2001:db8::2", "2001:db8::3"), "source"),
     [f"{LOCAL} tcp dport 80 dnat to jhash ip6 saddr mod 2 map {{ 0 : 2001:db8::2, 1 : 2001:db8::3 }}"]),
    (lambda n: n.forward_many({1: "10.0.0.2:80", 2: ("10.0.0.3", 81)}), ForwardMap(),
     ["elements = { 1 : 10.0.0.2 . 80, 2 : 10.0.0.3 . 81 }", f"{LOCAL} dnat ip to tcp dport map @tcp_forwards"]),
    (lambda n: n.forward_many({1: "[2001:db8::2]:80"}, protocol="udp", local=True),
     ForwardMap(protocol="udp", local=True, of_version=6), [f"{LOCAL} dnat ip6 to udp dport map @udp_forwards"] * 2),
]  # fmt: skip
NAMES = [f"{entry!r:.60}" for _, entry, _ in VERBS]


@pytest.mark.parametrize(("ask", "entry", "lines"), VERBS, ids=NAMES)
def test_each_verb(nl: rawnl.Connection, ask: Callable[[Nft], Any], entry: Any, lines: list[str]) -> None:
    load(nl, STRANGER)
    before = listed(nl)
    ask(nl.nft)
    text = listed(nl)
    assert text.startswith(before)
    shown = [line.strip() for line in text.removeprefix(before).splitlines()]
    assert sorted(line for line in shown if line in lines) == sorted(lines)
    generation = nl.nft.generation()
    ask(nl.nft)
    assert nl.nft.generation() == generation
    assert nl.nft.nats() == [entry]
    assert nl.nft.remove(entry) and not nl.nft.remove(entry)
    assert nl.nft.nats() == []
    assert listed(nl) == before


def test_all_of_them_side_by_side(nl: rawnl.Connection) -> None:
    """One after the other, listed, and taken away in another order."""
    chosen = [VERBS[index] for index in (0, 4, 5, 8, 10, 12, 13)]
    for ask, _, _ in chosen:
        ask(nl.nft)
    nl.nft.masquerade("10.1.0.0/16")
    found = nl.nft.nats()
    assert {repr(entry) for _, entry, _ in chosen} <= {repr(entry) for entry in found} and len(found) == 8
    for entry in found[::2] + found[1::2]:
        assert nl.nft.remove(entry)
    assert listed(nl) == ""


def test_what_nft_itself_wrote_counts(nl: rawnl.Connection) -> None:
    nl.nft.forward(80, "10.0.0.2:8080")
    nl.nft.netmap("203.0.113.0/24", "10.0.0.0/24")
    nl.nft.balance(81, ["10.0.0.2:80", "10.0.0.3:81"])
    text = listed(nl)
    before = nl.nft.nats()
    load(nl, "flush ruleset")
    load(nl, text)
    assert nl.nft.nats() == before and len(before) == 3
    nl.nft.forward(80, "10.0.0.2:8080")
    assert listed(nl) == text


def test_another_target_is_refused(nl: rawnl.Connection) -> None:
    nl.nft.forward(80, "10.0.0.2:8080")
    with pytest.raises(FileExistsError) as caught:
        nl.nft.forward(80, "10.0.0.3:8080")
    assert str(caught.value) == (
        "forward: A rule for 'fib daddr type local tcp dport 80' says 'dnat to 10.0.0.2:8080' already (EEXIST); "
        "remove that one first"
    )
    with pytest.raises(FileExistsError, match=r"says 'dnat to 10.0.0.2:8080' already"):
        nl.nft.balance(80, ["10.0.0.3", "10.0.0.4"])
    assert nl.nft.unforward(80) and not nl.nft.unforward(80)
    nl.nft.forward(80, "10.0.0.3:8080", comment="the web")
    assert 'dnat to 10.0.0.3:8080 comment "the web"' in listed(nl)
    assert getattr(nl.nft.nats()[0], "comment", None) == "the web"
    nl.nft.masquerade("10.0.0.0/8", fully_random=True)
    assert nl.nft.masquerades()[0].fully_random and "masquerade fully-random" in listed(nl)
    with pytest.raises(FileExistsError, match=r"says 'masquerade fully-random' already"):
        nl.nft.masquerade("10.0.0.0/8")


def test_a_map_changes_in_place(nl: rawnl.Connection) -> None:
    many = {port: (f"10.0.{port % 200}.2", port) for port in range(1, 5001)}
    assert nl.nft.forward_many(many) == 5000
    [handle] = [one.handle for one in nl.nft.rules()]
    assert nl.nft.forward_many({**many, 7: "10.0.0.9:7", 6000: "10.0.0.9"}) == 2
    assert [one.handle for one in nl.nft.rules()] == [handle]
    assert nl.nft.forwards_many() == {**many, 7: ("10.0.0.9", 7), 6000: ("10.0.0.9", 6000)}
    assert nl.nft.unforward_many(range(1, 5001)) == 5000
    assert nl.nft.forwards_many() == {6000: ("10.0.0.9", 6000)}
    assert nl.nft.unforward_many([6000, 1]) == 1
    assert listed(nl) == ""


@pytest.mark.parametrize(
    "stranger",
    ["table ip rawnl { }", 'table ip rawnl { comment "rawnl"; chain prerouting { } }'],
)
def test_a_strangers_table_is_refused(nl: rawnl.Connection, stranger: str) -> None:
    load(nl, stranger)
    before = listed(nl)
    for work in (
        lambda: nl.nft.forward(80, "10.0.0.2"),
        lambda: nl.nft.forward_many({80: "10.0.0.2"}),
        lambda: nl.nft.remove(Forward("80", "10.0.0.2")),
    ):
        with pytest.raises(FileExistsError, match="was not made by rawnl"):
            work()
    assert listed(nl) == before


def _ask(path: str, barrier: Any, answers: Any) -> None:
    with rawnl.netns.open(path=path) as netns, rawnl.open(netns) as connection:
        barrier.wait()
        connection.nft.forward(80, "10.0.0.2:8080", local=True)
        connection.nft.netmap("203.0.113.0/24", "10.0.0.0/24")
        connection.nft.forward_many({port: ("10.0.0.2", port) for port in range(100)[1:]})
        answers.put(1)


def test_four_processes_make_one(nl: rawnl.Connection) -> None:
    context = multiprocessing.get_context("fork")
    path = f"/proc/{os.getpid()}/fd/{nl.netns.fileno()}"
    barrier, answers = context.Barrier(4), context.SimpleQueue()
    processes = [context.Process(target=_ask, args=(path, barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    text = listed(nl)
    assert text.count("tcp dport 80 dnat to 10.0.0.2:8080") == 2
    assert text.count("prefix to") == 2 and text.count("map @tcp_forwards") == 1
    assert len(nl.nft.forwards_many()) == 99 and len(nl.nft.nats()) == 3


BAD: list[tuple[Callable[[Nft], Any], str]] = [
    (lambda n: n.snat("10.0.0.0/8", "2001:db8::1"),
     "to: '2001:db8::1' is of IPv6, and 10.0.0.0/8 is of IPv4"),
    (lambda n: n.snat("10.0.0.1/8", "192.0.2.1"),
     "source: '10.0.0.1/8' is no network such as '192.168.100.0/24' (10.0.0.1/8 has host bits set)"),
    (lambda n: n.snat("10.0.0.0/8", "192.0.2.1:80"),
     "to: the ports of a source are the kernel's to choose: give an address"),
    (lambda n: n.snat("10.0.0.0/8", "192.0.2.9-192.0.2.1"),
     "to: a range from 192.0.2.9 to 192.0.2.1 ends before it begins"),
    (lambda n: n.dnat("192.0.2.1", "10.0.0.2:80"), "to: '10.0.0.2:80' is no IPv4 address; for a port, use forward"),
    (lambda n: n.forward(70000, "10.0.0.2"), "port: 70000 does not fit a port (0 to 65535)"),
    (lambda n: n.forward(80, "10.0.0.2:http-alternative"),
     "to: 'http-alternative' is no port: give a number from 0 to 65535, or a service's name"),
    (lambda n: n.forward(80, "10.0.0.2-10.0.0.3"), "to: '10.0.0.2/31' is no single address, nor one with a port"),
    (lambda n: n.forward(80, ":8080"), "to: ':8080' is no single address, nor one with a port"),
    (lambda n: n.forward("80-82", "10.0.0.2:80-90"), "to: 80-82 and 80-90 are not as many ports"),
    (lambda n: n.forward("80-82", "10.0.0.2:65534"), "to: 3 ports from 65534 on go over 65535"),
    (lambda n: n.forward(80, "10.0.0.2", protocol="icmp"),  # type: ignore[arg-type]
     "protocol: 'icmp' is neither 'tcp' nor 'udp'"),
    (lambda n: n.forward(80, "10.0.0.2", destination="2001:db8::1"),
     "destination: 2001:db8::1 is of another family than where it is to go, which is IPv4"),
    (lambda n: n.forward(80, "10.0.0.2", in_interface="far too long a name"),
     "in_interface: 'far too long a name' is no interface name, which has 1 to 15 bytes, "
     "none of them '/' or white space"),
    (lambda n: n.netmap("203.0.113.0/24", "10.0.0.0/16"), "to: 203.0.113.0/24 and 10.0.0.0/16 are not of one size"),
    (lambda n: n.hairpin("somewhere"),
     "network: 'somewhere' is no network such as '10.0.0.0/24' "
     "('somewhere' does not appear to be an IPv4 or IPv6 network)"),
    (lambda n: n.balance(80, []), "targets: no target to go to"),
    (lambda n: n.balance(80, ["10.0.0.2", "2001:db8::2"]),
     "dnat: the targets of a map are of one kind: all IPv4 or all IPv6, all with a port or none"),
    (lambda n: n.balance(80, ["10.0.0.2"], by="weather"),  # type: ignore[arg-type]
     "by: 'weather' is none of numgen, random, source"),
    (lambda n: n.forward_many({80: "10.0.0.2", 81: "2001:db8::2"}),
     "targets: all of IPv4 or all of IPv6, not both at once"),
    (lambda n: n.forward_many({80: "10.0.0.0/24"}), "targets[80]: '10.0.0.0/24' is no address and port"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "sentence"), BAD, ids=[sentence[:60] for _, sentence in BAD])
def test_bad_input(nl: rawnl.Connection, ask: Callable[[Nft], Any], sentence: str) -> None:
    generation = nl.nft.generation()
    with pytest.raises(EncodeError) as caught:
        ask(nl.nft)
    assert str(caught.value) == sentence
    assert nl.nft.generation() == generation
