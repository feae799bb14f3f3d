"""Masquerade in one call: what nft sees of it, once and only once, and nobody else's rules touched."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from nft_witness import MASQUERADE, STRANGER, iptables, listed, load, run_in
from witness import find, require

import rawnl


def test_masquerade_is_what_nft_calls_so(nl: rawnl.Connection) -> None:
    rule = nl.nft.masquerade("192.168.100.0/24")
    assert rule.handle and rule.table == "rawnl" and rule.chain == "postrouting"
    assert MASQUERADE in [line.strip() for line in listed(nl).splitlines()]
    said = json.loads(run_in(nl, "nft", "-j", "list", "ruleset"))["nftables"]
    chain = next(item["chain"] for item in said if "chain" in item)
    assert {key: chain[key] for key in ("family", "table", "type", "hook", "prio", "policy")} == {
        "family": "ip", "table": "rawnl", "type": "nat", "hook": "postrouting", "prio": 100, "policy": "accept"
    }  # fmt: skip
    said_rule = next(item["rule"] for item in said if "rule" in item)
    assert said_rule["handle"] == rule.handle
    network = {"prefix": {"addr": "192.168.100.0", "len": 24}}
    saddr = {"payload": {"protocol": "ip", "field": "saddr"}}
    assert said_rule["expr"] == [
        {"match": {"op": "==", "left": saddr, "right": network}}, {"masquerade": None}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "interface", "text"),
    [
        ("10.1.2.0/23", None, "ip saddr 10.1.2.0/23 masquerade"),
        ("10.9.8.7", None, "ip saddr 10.9.8.7 masquerade"),
        ("192.168.0.0/16", "eth0", 'ip saddr 192.168.0.0/16 oifname "eth0" masquerade'),
        (None, None, "masquerade"),
        ("0.0.0.0/0", "wg0", 'oifname "wg0" masquerade'),
        ("2001:db8::/35", None, "ip6 saddr 2001:db8::/35 masquerade"),
        ("2001:db8::/32", "eth0.100", 'ip6 saddr 2001:db8::/32 oifname "eth0.100" masquerade'),
        ("::/0", None, "masquerade"),
    ],
)
def test_masquerades_of_all_sorts(nl: rawnl.Connection, source: str | None, interface: str | None, text: str) -> None:
    rule = nl.nft.masquerade(source, out_interface=interface)
    lines = [line.strip() for line in listed(nl).splitlines()]
    assert text in lines
    assert nl.nft.masquerade(source, out_interface=interface).handle == rule.handle
    [found] = nl.nft.masquerades()
    assert (found.handle, found.out_interface) == (rule.handle, interface)
    # nft's own bytes for the same words are understood, too.
    load(nl, f"flush chain {'ip6' if ':' in (source or '') else 'ip'} rawnl postrouting")
    load(nl, f"add rule {'ip6' if ':' in (source or '') else 'ip'} rawnl postrouting {text}")
    [again] = nl.nft.masquerades()
    assert again[:2] == found[:2]
    assert nl.nft.unmasquerade(source, out_interface=interface)
    assert listed(nl) == ""


def test_a_comment_is_shown_and_a_second_one_not_made(nl: rawnl.Connection) -> None:
    rule = nl.nft.masquerade("192.168.100.0/24", comment="the lab")
    assert f'{MASQUERADE} comment "the lab"' in listed(nl)
    assert nl.nft.masquerade("192.168.100.0/24").comment == "the lab" == rule.comment
    assert listed(nl).count("masquerade") == 1


def test_a_link_is_taken_for_an_interface(nl: rawnl.Connection) -> None:
    nl.nft.masquerade("192.168.100.0/24", out_interface=nl.links.get("lo"))
    assert 'oifname "lo" masquerade' in listed(nl)


def test_removal(nl: rawnl.Connection) -> None:
    nl.nft.masquerade("192.168.100.0/24")
    nl.nft.masquerade("192.168.101.0/24", out_interface="eth0")
    assert not nl.nft.unmasquerade("192.168.101.0/24")
    assert not nl.nft.unmasquerade("192.168.102.0/24")
    assert nl.nft.unmasquerade("192.168.100.0/24")
    assert not nl.nft.unmasquerade("192.168.100.0/24")
    assert 'ip saddr 192.168.101.0/24 oifname "eth0" masquerade' in listed(nl)
    assert nl.nft.unmasquerade("192.168.101.0/24", out_interface="eth0")
    assert listed(nl) == ""
    assert not nl.nft.unmasquerade("192.168.100.0/24")
    assert nl.nft.masquerades() == []


@pytest.mark.parametrize(
    ("guest", "left"),
    [
        ("add rule ip rawnl postrouting ip saddr 10.0.0.1 accept", "ip saddr 10.0.0.1 accept"),
        ("add chain ip rawnl guest", "chain guest"),
        ("add set ip rawnl guest { type ipv4_addr; }", "set guest"),
    ],
)
def test_what_others_put_into_our_table_stays(nl: rawnl.Connection, guest: str, left: str) -> None:
    nl.nft.masquerade("192.168.100.0/24")
    load(nl, guest)
    assert nl.nft.unmasquerade("192.168.100.0/24")
    text = listed(nl)
    assert left in text and "masquerade" not in text
    nl.nft.masquerade("192.168.100.0/24")
    assert left in listed(nl) and MASQUERADE in listed(nl)


@pytest.mark.parametrize(
    "stranger",
    [
        "table ip rawnl { }",
        'table ip rawnl { comment "mine"; }',
        "table ip rawnl { chain postrouting { type filter hook postrouting priority 0; } }",
        'table ip rawnl { comment "rawnl"; chain postrouting { type filter hook postrouting priority 100; } }',
        'table ip rawnl { comment "rawnl"; chain postrouting { type nat hook postrouting priority 99; } }',
        'table ip rawnl { comment "rawnl"; chain postrouting { type nat hook output priority 100; } }',
        'table ip rawnl { comment "rawnl"; chain postrouting { } }',
    ],
)
def test_a_strangers_table_is_refused(nl: rawnl.Connection, stranger: str) -> None:
    load(nl, stranger)
    before = listed(nl)
    with pytest.raises(FileExistsError, match=r"(table|chain) ip rawnl.* was not made by rawnl"):
        nl.nft.masquerade("192.168.100.0/24")
    with pytest.raises(FileExistsError, match="was not made by rawnl"):
        nl.nft.unmasquerade("192.168.100.0/24")
    assert listed(nl) == before
    # The other family is free.
    nl.nft.masquerade("2001:db8::/32")


def test_strangers_rulesets_are_untouched(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    before, generation = listed(nl), nl.nft.ruleset()
    nl.nft.masquerade("192.168.100.0/24")
    nl.nft.masquerade("2001:db8::/32", out_interface="eth0")
    assert listed(nl).startswith(before)
    nl.nft.unmasquerade("192.168.100.0/24")
    nl.nft.unmasquerade("2001:db8::/32", out_interface="eth0")
    assert listed(nl) == before
    after = nl.nft.ruleset()
    assert [rule.body()[4:] for rule in after.rules] == [rule.body()[4:] for rule in generation.rules]


def test_rules_of_iptables_are_untouched(nl: rawnl.Connection) -> None:
    require("iptables-nft")
    iptables(nl, "-t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE")
    run_in(
        nl,
        "iptables-nft",
        *["-A", "INPUT", "-p", "tcp", "--dport", "22", "-m", "comment", "--comment", "hi", "-j", "ACCEPT"],
    )
    before = run_in(nl, "iptables-nft-save") if find("iptables-nft-save") else listed(nl)
    nl.nft.masquerade("192.168.100.0/24")
    nl.nft.unmasquerade("192.168.100.0/24")
    after = run_in(nl, "iptables-nft-save") if find("iptables-nft-save") else listed(nl)
    assert [line for line in after.splitlines() if line[0] != "#"] == [
        line for line in before.splitlines() if line[0] != "#"
    ]


def _ask(path: str, barrier: Any, answers: Any) -> None:
    with rawnl.netns.open(path=path) as netns, rawnl.open(netns) as connection:
        barrier.wait()
        answers.put(connection.nft.masquerade("192.168.100.0/24").handle)


def _in_and_out(path: str, number: int, answers: Any) -> None:
    with rawnl.netns.open(path=path) as netns, rawnl.open(netns) as connection:
        for _ in range(20):
            connection.nft.masquerade(f"10.0.{number}.0/24")
            assert connection.nft.unmasquerade(f"10.0.{number}.0/24")
        connection.nft.masquerade(f"10.0.{number}.0/24")
        answers.put(number)


def _processes(work: Callable[..., None], each: list[tuple[Any, ...]]) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=work, args=arguments) for arguments in each]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0


def test_eight_processes_make_one(nl: rawnl.Connection) -> None:
    context = multiprocessing.get_context("fork")
    path = f"/proc/{os.getpid()}/fd/{nl.netns.fileno()}"
    for _ in range(5):
        barrier, answers = context.Barrier(8), context.SimpleQueue()
        _processes(_ask, [(path, barrier, answers)] * 8)
        assert len({answers.get() for _ in range(8)}) == 1
        assert listed(nl).count(MASQUERADE) == 1
        assert nl.nft.unmasquerade("192.168.100.0/24")
        assert listed(nl) == ""


def test_eight_processes_come_and_go(nl: rawnl.Connection) -> None:
    answers = multiprocessing.get_context("fork").SimpleQueue()
    path = f"/proc/{os.getpid()}/fd/{nl.netns.fileno()}"
    _processes(_in_and_out, [(path, number, answers) for number in range(8)])
    assert sorted(str(found.source) for found in nl.nft.masquerades()) == [f"10.0.{n}.0/24" for n in range(8)]
    assert listed(nl).count("masquerade") == 8


def test_threads_share_a_connection(nl: rawnl.Connection) -> None:
    handles: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: handles.append(nl.nft.masquerade("192.168.100.0/24").handle)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(handles) == 8 and len(set(handles)) == 1
