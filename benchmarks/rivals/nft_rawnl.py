"""rawnl's nftables as a contender: `python -m benchmarks.rivals.nft_rawnl WORK COUNT …` prints its outcome in JSON.

Strategy: what a user would write, the values made and the connection open before the clock starts. A load is one
transaction. The floor of a load is the very datagrams of that transaction, made beforehand, sent, and the answers to
them received and not looked at: what is left is the kernel's own time, which no program gets below with these messages.
A listing is timed some times in a row, the best time counts, and what it read is summed up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import rawnl
from benchmarks.rivals.nft_values import TABLE, addresses, rules, targets
from benchmarks.rivals.rawnl_side import repeated
from rawnl.channel import Channel
from rawnl.nft import (
    Chain,
    Cmp,
    Counter,
    Elements,
    Immediate,
    Map,
    Meta,
    Payload,
    Rule,
    Set,
    Table,
    Transaction,
    Verdict,
    accept,
    counter,
    dnat,
    ip,
    rule,
    tcp,
)

Fill = Callable[[Transaction], None]


def _words(count: int) -> Fill:
    """Rules in the vocabulary of matches."""
    values = rules(count)

    def fill(transaction: Transaction) -> None:
        table = transaction.add(Table(TABLE, family="ip"))
        chain = transaction.add(Chain("input", table=table, type="filter", hook="input", priority=0))
        for address, port in values:
            transaction.add(rule(chain, ip.saddr == address, tcp.dport == port, counter, accept))

    return fill


def _expressions(count: int) -> Fill:
    """The same rules, their expressions spelled out."""
    values = [(bytes(map(int, address.split("."))), port.to_bytes(2, "big")) for address, port in rules(count)]

    def fill(transaction: Transaction) -> None:
        table = transaction.add(Table(TABLE, family="ip"))
        chain = transaction.add(Chain("input", table=table, type="filter", hook="input", priority=0))
        for address, port in values:
            expressions = [
                Payload(dreg="reg_1", base="network_header", offset=12, len=4),
                Cmp(sreg="reg_1", op="eq", data=address),
                Meta(key="l4proto", dreg="reg_1"),
                Cmp(sreg="reg_1", op="eq", data=b"\x06"),
                Payload(dreg="reg_1", base="transport_header", offset=2, len=2),
                Cmp(sreg="reg_1", op="eq", data=port),
                Counter(),
                Immediate(dreg="verdict", data=Verdict(code="accept")),
            ]
            transaction.add(Rule(chain=chain, expressions=expressions))

    return fill


def _elements(count: int) -> Fill:
    values = addresses(count)

    def fill(transaction: Transaction) -> None:
        table = transaction.add(Table(TABLE, family="ip"))
        many = transaction.add(Set("many", table=table, key="ipv4_addr"))
        transaction.add(Elements(many, values))

    return fill


def _map(count: int) -> Fill:
    values = targets(count)

    def fill(transaction: Transaction) -> None:
        table = transaction.add(Table(TABLE, family="ip"))
        forwards = Map("forwards", table=table, key="inet_service", data="ipv4_addr . inet_service")
        chain = Chain("prerouting", table=table, type="nat", hook="prerouting", priority="dstnat")
        transaction.add(forwards)
        transaction.add(chain)
        transaction.add(Elements(forwards, values))
        transaction.add(rule(chain, dnat(tcp.dport.map(forwards))))

    return fill


FILLS: dict[str, Callable[[int], Fill]] = {
    "rules": _words,
    "expressions": _expressions,
    "elements": _elements,
    "map": _map,
}


def load(count: int, what: str) -> dict[str, Any]:
    """All of it in one transaction."""
    fill = FILLS[what](count)
    with rawnl.open() as nl:
        start = perf_counter()
        with nl.nft.transaction() as transaction:
            fill(transaction)
        return {"seconds": perf_counter() - start}


class _Caught(Exception):
    """The datagrams of a transaction, which were not sent."""


def floor(count: int, what: str) -> dict[str, Any]:
    """Only sending what `load` sends, and receiving what comes."""
    fill = FILLS[what](count)
    caught: list[tuple[Channel, Any, int]] = []
    collect = Channel.collect

    def catch(channel: Channel, datagrams: Any, stop: int, *, timeout: float | None = None) -> Any:
        caught.append((channel, datagrams, stop))
        raise _Caught

    with rawnl.open() as nl:
        Channel.collect = catch  # type: ignore[assignment, method-assign]
        try:
            with nl.nft.transaction() as transaction:
                fill(transaction)
        except _Caught:
            pass
        finally:
            Channel.collect = collect  # type: ignore[method-assign]
        channel, datagrams, stop = caught[0]
        start = perf_counter()
        collect(channel, datagrams, stop)
        return {"seconds": perf_counter() - start, "bytes": sum(map(len, datagrams))}


def forward_many(count: int) -> dict[str, Any]:
    """The map by the one call that there is for it: it looks first at what is there, and guards against others."""
    values = targets(count)
    with rawnl.open() as nl:
        start = perf_counter()
        nl.nft.forward_many(values)
        return {"seconds": perf_counter() - start}


def listing(repeats: int, what: str, form: str) -> dict[str, Any]:
    """The whole ruleset: as objects that are read, as JSON, as text."""
    with rawnl.open() as nl:
        read: dict[str, Callable[[], Any]] = {
            "rules": lambda: [[expression for expression in one.expressions or ()] for one in nl.nft.ruleset().rules],
            "elements": lambda: nl.nft.ruleset().elements[0].keys(),
            "map": lambda: nl.nft.ruleset().elements[0].as_dict(),
        }
        forms: dict[str, Callable[[], Any]] = {
            "read": read[what],
            "entries": lambda: [(one.key, one.data) for one in nl.nft.ruleset().elements[0]],
            "json": lambda: nl.nft.ruleset().json(),
            "text": lambda: nl.nft.ruleset().text(),
        }
        seconds, found = repeated(repeats, forms[form])
        if form == "json":
            counts = [len(one.get("set", one.get("map", {})).get("elem", ())) for one in json.loads(found)["nftables"]]
            items = sum(counts) if what != "rules" else sum("rule" in one for one in json.loads(found)["nftables"])
        elif form == "text":
            items = found.count("accept\n" if what == "rules" else ",") + (what != "rules")
        else:
            items = len(found)
        return {"seconds": seconds, "items": items}


WORKS: dict[str, Callable[..., dict[str, Any]]] = {
    "load": load,
    "floor": floor,
    "forward-many": forward_many,
    "list": listing,
}

if __name__ == "__main__":
    work, number, *rest = sys.argv[1:]
    print(json.dumps(WORKS[work](int(number), *rest)))
