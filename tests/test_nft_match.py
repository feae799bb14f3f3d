"""The vocabulary of matches: what nft says of what rawnl writes, and what rawnl says of what nft writes."""

from __future__ import annotations

from typing import Any

import pytest
from nft_witness import STRANGER, listed, load

import rawnl
from rawnl import nft
from rawnl.errors import EncodeError
from rawnl.nft import (
    Interval,
    accept,
    concat,
    connections,
    counter,
    ct,
    dnat,
    drop,
    ether,
    fib,
    goto,
    icmp,
    icmpv6,
    iif,
    iifname,
    ip,
    ip6,
    jhash,
    jump,
    limit,
    log,
    mark,
    masquerade,
    meta,
    notrack,
    numgen,
    oifname,
    quota,
    redirect,
    reject,
    return_,
    rule,
    snat,
    tcp,
    th,
    udp,
)

# (what is written, what nft lists). Each group is one chain: family, type, hook.
CORPUS: dict[tuple[str, str, str], list[tuple[Any, str]]] = {
    ("ip", "filter", "input"): [
        ([ip.saddr == "10.0.0.0/8", tcp.dport == {80, 443}, accept],
         "ip saddr 10.0.0.0/8 tcp dport { 80, 443 } accept"),
        ([ip.daddr != "192.0.2.1", drop], "ip daddr != 192.0.2.1 drop"),
        ([ip.saddr != "10.0.0.0/9"], "ip saddr != 10.0.0.0/9"),
        ([ip.saddr == "10.0.0.1-10.0.0.9"], "ip saddr 10.0.0.1-10.0.0.9"),
        ([ip.saddr == {"10.0.0.0/8", "192.168.0.1"}], "ip saddr { 10.0.0.0/8, 192.168.0.1 }"),
        ([tcp.dport == range(1000, 2001)], "tcp dport 1000-2000"),
        ([tcp.dport == Interval(1000, 2000)], "tcp dport 1000-2000"),
        ([udp.dport != "1000-2000"], "udp dport != 1000-2000"),
        ([tcp.dport != {80, 443}], "tcp dport != { 80, 443 }"),
        ([tcp.dport == {80, Interval(1000, 2000)}], "tcp dport { 80, 1000-2000 }"),
        ([tcp.dport > 1024, tcp.sport <= 9], "tcp dport > 1024 tcp sport <= 9"),
        ([tcp.flags == "syn"], "tcp flags syn"),
        ([tcp.flags & ("syn", "ack") == "syn"], "tcp flags syn / syn,ack"),
        ([iifname == "eth0"], 'iifname "eth0"'),
        ([iifname == "eth*"], 'iifname "eth*"'),
        ([iifname == {"a", "b"}], 'iifname { "a", "b" }'),
        ([iif == 1], 'iif "lo"'),
        ([ct.state == "established"], "ct state established"),
        ([ct.state.established | ct.state.related, accept], "ct state established,related accept"),
        ([ct.state != "established"], "ct state != established"),
        ([ct.state == {"established", "related"}], "ct state { established, related }"),
        ([ct.status == "dnat"], "ct status dnat"),
        ([ct.original.ip_saddr == "10.0.0.1"], "ct original ip saddr 10.0.0.1"),
        ([mark == 5], "meta mark 0x00000005"),
        ([meta.mark & 0xFF == 5], "meta mark & 0x000000ff == 0x00000005"),
        ([mark == Interval(5, 10)], "meta mark 0x00000005-0x0000000a"),
        ([mark != Interval(5, 10)], "meta mark != 0x00000005-0x0000000a"),
        ([mark > 5], "meta mark > 0x00000005"),
        ([mark == {1, Interval(5, 10)}], "meta mark { 0x00000001, 0x00000005-0x0000000a }"),
        ([meta.l4proto == "tcp"], "meta l4proto tcp"),
        ([meta.l4proto == {"tcp", "udp"}, th.dport == 53], "meta l4proto { tcp, udp } th dport 53"),
        ([ip.protocol == "tcp"], "ip protocol tcp"),
        ([icmp.type == "echo-request"], "icmp type echo-request"),
        ([icmp.type == {"echo-request", "echo-reply"}], "icmp type { echo-reply, echo-request }"),
        ([ip.ttl < 5, ip.dscp == "ef"], "ip ttl < 5 ip dscp ef"),
        ([fib.daddr_type == "local"], "fib daddr type local"),
        ([ether.saddr == "02:00:00:00:00:01"], "ether saddr 02:00:00:00:00:01"),
        ([meta.skuid == 0, meta.pkttype == "broadcast"], "meta skuid 0 meta pkttype broadcast"),
        ([concat(ip.saddr, tcp.dport) == {("10.0.0.1", 80)}], "ip saddr . tcp dport { 10.0.0.1 . 80 }"),
        ([ip.saddr == "@lan"], "ip saddr @lan"),
        ([concat(ip.saddr, tcp.dport) == "@both"], "ip saddr . tcp dport @both"),
        ([counter], "counter packets 0 bytes 0"),
        ([limit("10/second")], "limit rate 10/second"),
        ([limit("10/minute", burst=20, over=True)], "limit rate over 10/minute burst 20 packets"),
        ([limit("10 mbytes/second")], "limit rate 10 mbytes/second"),
        ([quota("10 mbytes")], "quota 10 mbytes"),
        ([connections(5, over=True)], "ct count over 5"),
        ([log(), drop], "log drop"),
        ([log(prefix="x: ", level="info")], 'log prefix "x: " level info'),
        ([log(group=3)], "log group 3"),
        ([reject()], "reject"),
        ([reject("icmp host-unreachable")], "reject with icmp host-unreachable"),
        ([tcp.dport == 80, reject("tcp reset")], "tcp dport 80 reject with tcp reset"),
        ([meta.mark.set(7)], "meta mark set 0x00000007"),
        ([ct.mark.set(meta.mark)], "ct mark set meta mark"),
        ([meta.mark.set(ct.mark)], "meta mark set ct mark"),
        ([jump("other")], "jump other"),
        ([goto("other")], "goto other"),
        ([return_], "return"),
        ([notrack], "notrack"),
        ([tcp.dport.vmap({80: accept, 443: jump("other")})], "tcp dport vmap { 80 : accept, 443 : jump other }"),
        ([(ip.saddr == "10.0.0.1") & (tcp.dport == 22), counter("hits"), accept],
         'ip saddr 10.0.0.1 tcp dport 22 counter name "hits" accept'),
    ],
    ("ip", "nat", "postrouting"): [
        ([masquerade()], "masquerade"),
        ([oifname == "eth0", masquerade(random=True, persistent=True)], 'oifname "eth0" masquerade random,persistent'),
        ([tcp.dport == 80, masquerade("1000-2000")], "tcp dport 80 masquerade to :1000-2000"),
        ([ip.saddr == "10.0.0.0/8", snat("192.0.2.1")], "ip saddr 10.0.0.0/8 snat to 192.0.2.1"),
        ([snat("192.0.2.1-192.0.2.9", persistent=True)], "snat to 192.0.2.1-192.0.2.9 persistent"),
        ([meta.l4proto == "tcp", snat(("192.0.2.1", "100-200"))], "meta l4proto tcp snat to 192.0.2.1:100-200"),
        ([snat(ip.saddr.map({"10.0.0.1": "192.0.2.1"}))], "snat to ip saddr map { 10.0.0.1 : 192.0.2.1 }"),
        ([snat(ip.saddr.map({"10.0.0.0/24": "192.0.2.0/24"}))],
         "snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.0.2.0/24 }"),
    ],
    ("ip", "nat", "prerouting"): [
        ([tcp.dport == 80, dnat("10.0.0.2:8080")], "tcp dport 80 dnat to 10.0.0.2:8080"),
        ([tcp.dport == 80, redirect(8080)], "tcp dport 80 redirect to :8080"),
        ([redirect()], "redirect"),
        ([dnat(tcp.dport.map({80: "10.0.0.2"}))], "dnat to tcp dport map { 80 : 10.0.0.2 }"),
        ([dnat(tcp.dport.map({80: ("10.0.0.2", 8080)}))], "dnat ip to tcp dport map { 80 : 10.0.0.2 . 8080 }"),
        ([tcp.dport == 80, dnat(numgen(2).map({0: "10.0.0.2", 1: "10.0.0.3"}))],
         "tcp dport 80 dnat to numgen inc mod 2 map { 0 : 10.0.0.2, 1 : 10.0.0.3 }"),
        ([tcp.dport == 80, dnat(jhash(ip.saddr, 2).map({0: "10.0.0.2:1", 1: "10.0.0.3:2"}))],
         "tcp dport 80 dnat ip to jhash ip saddr mod 2 map { 0 : 10.0.0.2 . 1, 1 : 10.0.0.3 . 2 }"),
    ],
    ("inet", "filter", "input"): [
        ([ip.saddr == "10.0.0.0/8"], "ip saddr 10.0.0.0/8"),
        ([ip6.saddr == "2001:db8::/32", tcp.dport == 80], "ip6 saddr 2001:db8::/32 tcp dport 80"),
        ([ip6.saddr == "2001:db8::/33"], "ip6 saddr 2001:db8::/33"),
        ([icmpv6.type == "nd-neighbor-solicit"], "icmpv6 type nd-neighbor-solicit"),
        ([icmp.type == "echo-request"], "icmp type echo-request"),
        ([meta.nfproto == "ipv4"], "meta nfproto ipv4"),
        ([reject()], "reject"),
        ([reject("icmpv6 no-route")], "reject with icmpv6 no-route"),
        ([reject("icmpx admin-prohibited")], "reject with icmpx admin-prohibited"),
    ],
    ("ip6", "nat", "prerouting"): [
        ([tcp.dport == 80, dnat("[2001:db8::1]:80")], "tcp dport 80 dnat to [2001:db8::1]:80"),
        ([dnat(tcp.dport.map({80: ("2001:db8::1", 81)}))], "dnat ip6 to tcp dport map { 80 : 2001:db8::1 . 81 }"),
    ],
    ("bridge", "filter", "input"): [
        ([ip.saddr == "10.0.0.1"], "ip saddr 10.0.0.1"),
        ([ether.saddr == "02:00:00:00:00:01"], "ether saddr 02:00:00:00:00:01"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("place", CORPUS, ids=" ".join)
def test_both_ways(nl: rawnl.Connection, place: tuple[str, str, str]) -> None:
    family, kind, hook = place
    load(nl, f"table {family} t {{ counter hits {{ }} }}" if family == "ip" else f"table {family} t {{ }}")
    if family == "ip":
        load(nl, "add set ip t lan { type ipv4_addr; flags interval; }")
        load(nl, "add set ip t both { type ipv4_addr . inet_service; }")
    with nl.nft.transaction() as t:
        table = nft.Table("t", family=family)
        t.add(nft.Chain("other", table=table))
        ours = t.add(nft.Chain("ours", table=table, type=kind, hook=hook))
        theirs = t.add(nft.Chain("theirs", table=table, type=kind, hook=hook))
        for written, _ in CORPUS[place]:
            t.add(rule(ours, *written))
    texts = [text for _, text in CORPUS[place]]
    assert _listed_rules(nl, family, "ours") == texts
    load(nl, "".join(f"add rule {family} t theirs {text}\n" for text in texts))
    anonymous = {one.name: one for one in nl.nft.sets(table)}

    def elements(name: str) -> Any:
        return nl.nft.elements(anonymous[name]) if name.startswith("__") else None

    made, loaded = nl.nft.rules(table, ours), nl.nft.rules(table, theirs)
    for text, one, other in zip(texts, made, loaded, strict=True):
        assert _spelled(one) == _spelled(other), text
        for each in (one, other):
            said = nft.parts(each, elements)
            # nft looks the name of an index up; rawnl does not.
            assert " ".join(map(str, said)) == text.replace('iif "lo"', "iif 1")
            # What was read can be written again, and is the same.
            again = rule(ours, said)
            assert _spelled(nft.Rule.at(again.encode(), 0), filled_in=False) == _spelled(one, filled_in=False)


def _listed_rules(nl: rawnl.Connection, family: str, chain: str) -> list[str]:
    from nft_witness import run_in

    lines = run_in(nl, "nft", "list", "chain", family, "t", chain).splitlines()
    return [line.strip() for line in lines[3:-2]]


def _spelled(one: nft.Rule, *, filled_in: bool = True) -> list[str]:
    """The expressions, without the names that anonymous sets happen to have; or without what the kernel fills in."""
    found = []
    for expr in one.expressions or ():
        said = expr.present() if isinstance(expr, nft.Expr) else {"data": expr.data}
        left_out = ("set", "set_id") if isinstance(expr, nft.Lookup) else ()
        if not filled_in and isinstance(expr, (nft.Nat, nft.Masquerade, nft.Redirect)):
            left_out = ("flags", "reg_addr_max", "reg_proto_max")
        values = {name: value for name, value in said.items() if name not in left_out and not _is_nothing(value)}
        found.append(f"{expr.tag} {sorted(values.items(), key=str)}")
    return found


def _is_nothing(value: Any) -> bool:
    return isinstance(value, int) and value == 0


def test_what_a_stranger_wrote_is_read(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    said = [" ".join(map(str, nft.parts(one))) for one in nl.nft.rules()]
    assert "ct state established,related accept" in said
    assert 'iifname "lo" meta mark set 0x00000007 jump more' in said
    assert 'udp dport 1000-2000 log prefix "odd: " drop' in said
    assert "snat to 192.0.2.1" in said
    assert "ip6 saddr 2001:db8::/33 masquerade fully-random" in said


def test_ports_compared_at_once_are_read_apart(nl: rawnl.Connection) -> None:
    load(nl, "table ip t { chain c { tcp sport 1 tcp dport 2 } }")
    [one] = nl.nft.rules()
    assert list(nft.parts(one)) == [tcp.sport == 1, tcp.dport == 2]


def test_what_is_not_understood_stays_as_it_is(nl: rawnl.Connection) -> None:
    load(nl, "table ip t { chain c { ip saddr 10.0.0.1 tcp option maxseg size set 1400 accept } }")
    [one] = nl.nft.rules()
    said = nft.parts(one)
    assert str(said[-1]) == "accept" and any(isinstance(part, nft.Exthdr) for part in said)


def test_a_named_set_is_checked(nl: rawnl.Connection) -> None:
    with nl.nft.transaction() as t:
        table = t.add(nft.Table("t", family="inet"))
        chain = t.add(nft.Chain("c", table=table))
        lan = t.add(nft.Set("lan", table=table, key="ipv4_addr"))
        t.add(rule(chain, ip.saddr == lan, accept))
        with pytest.raises(EncodeError, match=r"^set lan holds ipv4_addr, and tcp dport is inet_service$"):
            rule(chain, tcp.dport == lan)
        with pytest.raises(EncodeError, match=r"^set inet u lan is of another table than the rule's, which is t$"):
            rule(chain, ip.saddr == nft.Set("lan", table="u", family="inet", key="ipv4_addr"))
    assert "ip saddr @lan accept" in listed(nl)


def test_conditions_are_values() -> None:
    assert (tcp.dport == 80) == (tcp.dport == "80") != (udp.dport == 80)
    assert len({tcp.dport == {1, 2}, tcp.dport == {2, 1}}) == 1
    assert (tcp.dport == {443, 80}).value == [80, 443]
    assert repr(ip.saddr == "10.0.0.0/8") == "<ip saddr 10.0.0.0/8>"
    with pytest.raises(TypeError, match="join conditions by & or in a list"):
        assert tcp.dport == 80


IP = nft.Table("t", family="ip")
INPUT = nft.Chain("c", table=IP, type="filter", hook="input")
POSTROUTING = nft.Chain("c", table=IP, type="nat", hook="postrouting")
PREROUTING = nft.Chain("c", table=IP, type="nat", hook="prerouting")
INET = nft.Chain("c", table=nft.Table("t", family="inet"), type="nat", hook="postrouting")
BAD: list[tuple[Any, str]] = [
    (lambda: rule(INPUT, ip6.saddr == "2001:db8::1"),
     "ip6 saddr is of IPv6, and a chain of family ip sees only IPv4"),
    (lambda: ip.saddr == "2001:db8::1", "ip saddr: '2001:db8::1' is no IPv4 address"),
    (lambda: ip.saddr == "10.0.0.1/8",
     "ip saddr: '10.0.0.1/8' is no IPv4 network (10.0.0.1/8 has host bits set)"),
    (lambda: ip.saddr == "somewhere", "ip saddr: 'somewhere' is no IPv4 address"),
    (lambda: ip.saddr == {"10.0.0.1", "2001:db8::1"}, "ip saddr: '2001:db8::1' is no IPv4 address"),
    (lambda: rule(INPUT, th.dport == 53),
     "th dport without a protocol: match tcp or udp, or write meta.l4proto == {'tcp', 'udp'} before it"),
    (lambda: rule(INPUT, udp.dport == 53, tcp.dport == 53), "tcp dport: the rule already wants the protocol udp"),
    (lambda: rule(INPUT, tcp.dport == 53, meta.l4proto == "udp"),
     "'meta l4proto udp' contradicts the protocol that the rule already wants"),
    (lambda: rule(INPUT, icmpv6.type == "echo-request"),
     "icmpv6 type is of IPv6, and a chain of family ip sees only IPv4"),
    (lambda: rule(INET, ip.saddr == "10.0.0.1", ip6.saddr == "::1"),
     "ip6 saddr is of IPv6, and this rule sees only IPv4"),
    (lambda: rule(INPUT, masquerade()),
     "masquerade: masquerade is possible in chains of type nat at postrouting; this one is of type filter at input"),
    (lambda: rule(PREROUTING, snat("192.0.2.1")),
     "snat: snat is possible in chains of type nat at postrouting or input; this one is of type nat at prerouting"),
    (lambda: rule(POSTROUTING, dnat("192.0.2.1")),
     "dnat: dnat is possible in chains of type nat at prerouting or output; this one is of type nat at postrouting"),
    (lambda: rule(POSTROUTING, snat("2001:db8::1")),
     "snat: an address of IPv6, and a chain of family ip sees only IPv4"),
    (lambda: rule(PREROUTING, dnat("10.0.0.1:80")),
     "dnat: a port without a protocol: match tcp or udp before it, or write meta.l4proto == {'tcp', 'udp'}"),
    (lambda: dnat("10.0.0.1:99999"), "dnat: 99999 does not fit a port (0 to 65535)"),
    (lambda: dnat(tcp.dport.map({1: "10.0.0.1", 2: "::1"})),
     "dnat: the targets of a map are of one kind: all IPv4 or all IPv6, all with a port or none"),
    (lambda: tcp.dport == 70000, "tcp dport: 70000 does not fit a port (0 to 65535)"),
    (lambda: tcp.dport == "20-10", "tcp dport: a range from 20 to 10 ends before it begins"),
    (lambda: tcp.dport == range(5, 5), "tcp dport: range(5, 5) is empty or has gaps; a range goes up by 1"),
    (lambda: tcp.dport == set(), "tcp dport: an empty set matches nothing"),
    (lambda: ct.state == "establishd",
     "ct state: 'establishd' is none of invalid, established, related, new, untracked; did you mean 'established'?"),
    (lambda: meta.l4proto == "tpc", "meta l4proto: 'tpc' is no protocol such as 'tcp'; did you mean 'tcp'?"),
    (lambda: iifname == "far too long a name",
     "iifname: 'far too long a name' is no interface name, which has 1 to 15 bytes, none of them '/' or white space"),
    (lambda: iif == "eth0",
     "iif: 'eth0' is a name: match names by iifname and oifname, or give a Link or an index"),
    (lambda: (tcp.dport == 80) | (udp.dport == 80),
     "'tcp dport 80' and 'udp dport 80' cannot be joined by |, which joins flags of one kind; "
     "write two rules, or a set"),
    (lambda: limit("10/fortnight"), "limit: '10/fortnight' is no rate such as '10/second' or '1 mbytes/minute'"),
    (lambda: reject("icmp such"), "reject: 'icmp such' is no reason to give; did you mean 'icmp host-unreachable'?"),
    (lambda: rule(INPUT, reject("icmpx no-route")),
     "reject: icmpx is for tables of both families; in ip give icmp"),
    (lambda: ip.saddr.set("10.0.0.1"), "ip saddr: this cannot be written"),
    (lambda: tcp.dport.vmap({80: "accept"}), "tcp dport: 'accept' is no verdict such as accept or jump('web')"),
    (lambda: rule("c", accept), "family: which family? Give a Chain, or family='ip'"),
]  # fmt: skip


@pytest.mark.parametrize(("attempt", "sentence"), BAD, ids=[sentence[:60] for _, sentence in BAD])
def test_bad_input(attempt: Any, sentence: str) -> None:
    with pytest.raises(EncodeError) as caught:
        attempt()
    assert str(caught.value) == sentence
