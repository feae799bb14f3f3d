"""Rules, v4 and v6: what rawnl gives and takes is what `ip rule` shows, and what packets obey.

Strategy: rules that rawnl lists are put into the words of `ip -j -d rule` and compared whole, in order; each case is
also added by `ip` with the same words, and the two cannot be told apart.
"""

from __future__ import annotations

import errno
import ipaddress

import pytest
from lab import inside, ip, state

import rawnl
from rawnl import Link, Rule, Veth
from rawnl.route.rule import Action, PortRange, RuleFlags, UidRange

_TABLES = {253: "default", 254: "main", 255: "local"}
_PROTOCOLS = {6: "tcp", 17: "udp"}


def as_ip(rule: Rule) -> dict:
    """One of rawnl's rules, as `ip -j -d` prints it."""
    full = 32 if rule.family == 2 else 128
    found = {"priority": rule.priority or 0}
    if int(rule.flags or 0) & RuleFlags.INVERT:
        found["not"] = None
    for word, address, length in (("src", rule.src, rule.src_len), ("dst", rule.dst, rule.dst_len)):
        if address:
            found[word] = address
            if length != full:
                found[f"{word}len"] = length
        elif word == "src":
            found["src"] = "all"
    if rule.tos:
        found["tos"] = f"{rule.tos:#04x}"
    if rule.fwmark is not None or rule.fwmask is not None:
        found["fwmark"] = f"{rule.fwmark or 0:#x}"
        if rule.fwmask != 0xFFFFFFFF:
            found["fwmask"] = f"{rule.fwmask:#x}"
    if rule.iifname:
        found["iif"] = rule.iifname
    if rule.oifname:
        found["oif"] = rule.oifname
    for flag in (RuleFlags.IIF_DETACHED, RuleFlags.OIF_DETACHED):
        if int(rule.flags or 0) & flag:
            found[flag.name.lower()] = None
    if rule.uid_range:
        found.update(uid_start=rule.uid_range.start, uid_end=rule.uid_range.end)
    if rule.ip_proto:
        found["ipproto"] = _PROTOCOLS[rule.ip_proto]
    for word, ports in (("sport", rule.sport_range), ("dport", rule.dport_range)):
        if ports and ports.start == ports.end:
            found[word] = ports.start
        elif ports:
            found.update({f"{word}_start": ports.start, f"{word}_end": ports.end})
    if rule.action == Action.TO_TBL:
        found["table"] = _TABLES.get(rule.table, str(rule.table))
        if rule.suppress_prefixlen is not None and rule.suppress_prefixlen != -1:
            found["suppress_prefixlen"] = rule.suppress_prefixlen
    elif rule.action == Action.GOTO:
        found["goto"] = rule.goto
        if int(rule.flags or 0) & RuleFlags.UNRESOLVED:
            found["unresolved"] = None
    elif rule.action == Action.NOP:
        found["nop"] = None
    else:
        found["action"] = rule.action.name.lower()
    found["protocol"] = rule.protocol.name.lower() if hasattr(rule.protocol, "name") else str(rule.protocol)
    return found


def assert_same(nl: rawnl.Connection) -> None:
    for family, flag in ((2, "-4"), (10, "-6")):
        assert [as_ip(rule) for rule in nl.rules.list(family=family)] == ip(nl.netns, flag, "rule", "show")
    both = [as_ip(rule) for rule in nl.rules.list()]
    assert both == ip(nl.netns, "-4", "rule", "show") + ip(nl.netns, "-6", "rule", "show")


CASES = [
    ({"src": "10.0.0.0/8", "table": 1000}, "from 10.0.0.0/8 lookup 1000"),
    ({"src": "10.0.0.1", "table": 100, "priority": 50}, "from 10.0.0.1 lookup 100 priority 50"),
    ({"dst": "10.0.0.0/8", "table": "default"}, "to 10.0.0.0/8 lookup default"),
    ({"src": "10.0.0.0/8", "dst": "192.0.2.0/24", "table": 5}, "from 10.0.0.0/8 to 192.0.2.0/24 lookup 5"),
    ({"fwmark": 7, "table": 9}, "fwmark 7 lookup 9"),
    ({"fwmark": 0x70, "fwmask": 0xF0, "table": 9}, "fwmark 0x70/0xf0 lookup 9"),
    ({"iifname": "lo", "table": 9}, "iif lo lookup 9"),
    ({"oifname": "no.such.link", "table": 9}, "oif no.such.link lookup 9"),
    ({"src": "10.0.0.0/8", "invert": True, "table": 9}, "not from 10.0.0.0/8 lookup 9"),
    ({"dst": "10.0.0.0/8", "action": "blackhole"}, "to 10.0.0.0/8 blackhole"),
    ({"dst": "10.0.0.0/8", "action": "unreachable"}, "to 10.0.0.0/8 unreachable"),
    ({"dst": "10.0.0.0/8", "action": Action.PROHIBIT}, "to 10.0.0.0/8 prohibit"),
    ({"priority": 10, "action": "goto", "goto": 32766}, "priority 10 goto 32766"),
    ({"priority": 10, "action": "nop"}, "priority 10 nop"),
    ({"tos": 4, "table": 9}, "tos 4 lookup 9"),
    ({"ip_proto": 6, "dport_range": PortRange(start=80, end=90), "table": 9}, "ipproto tcp dport 80-90 lookup 9"),
    ({"ip_proto": 17, "sport_range": PortRange(start=53, end=53), "table": 9}, "ipproto udp sport 53 lookup 9"),
    ({"uid_range": UidRange(start=0, end=0), "table": 9}, "uidrange 0-0 lookup 9"),
    ({"table": "main", "suppress_prefixlen": 0}, "lookup main suppress_prefixlength 0"),
    ({"table": 9, "protocol": "static"}, "lookup 9 protocol static"),
    ({"table": 4294967295}, "lookup 4294967295"),
    ({"src": "2001:db8::/32", "table": 1000}, "from 2001:db8::/32 lookup 1000"),
    ({"dst": "2001:db8::1", "action": "blackhole"}, "to 2001:db8::1 blackhole"),
    ({"family": 10, "fwmark": 1, "table": 9}, "-6 fwmark 1 lookup 9"),
    ({"family": "inet6", "priority": 3, "table": 9}, "-6 priority 3 lookup 9"),
]


@pytest.mark.parametrize(("options", "words"), CASES, ids=[words for _, words in CASES])
def test_add_list_and_delete_as_ip_does(nl, options, words):
    before = state(nl.netns, "rule")
    assert_same(nl)
    nl.rules.add(**options)
    ours = state(nl.netns, "rule")
    assert ours != before
    assert_same(nl)
    if "priority" in options:
        with pytest.raises(FileExistsError):
            nl.rules.add(**options)
    nl.rules.delete(**options)
    assert state(nl.netns, "rule") == before
    with pytest.raises(FileNotFoundError) as caught:
        nl.rules.delete(**options)
    assert caught.value.errno == errno.ENOENT
    front = ["-6"] if "-6" in words or "2001" in words else []
    inside(nl.netns, "ip", *front, "rule", "add", *(word for word in words.split() if word != "-6"))
    assert state(nl.netns, "rule") == ours
    assert_same(nl)
    nl.rules.delete(**options)
    assert state(nl.netns, "rule") == before


def test_delete_by_part_of_it(nl):
    before = state(nl.netns, "rule")
    for told in ({"priority": 77}, {"src": "10.0.0.0/8"}, {"table": 1000}, {"fwmark": 5}):
        nl.rules.add(src="10.0.0.0/8", table=1000, priority=77, fwmark=5)
        nl.rules.delete(**told)
        assert state(nl.netns, "rule") == before


@pytest.mark.parametrize("arguments", [{}, {"family": 2}, {"family": 10}, {"src": None, "priority": None}])
def test_deleting_nothing_in_particular_is_refused(nl, arguments):
    before = state(nl.netns, "rule")
    with pytest.raises(TypeError, match="tell the rule by"):
        nl.rules.delete(**arguments)
    assert state(nl.netns, "rule") == before


def test_objects(nl):
    nl.rules.add(src=ipaddress.ip_network("10.0.0.0/8"), dst=ipaddress.ip_address("192.0.2.1"), table=9)
    nl.rules.add(dst=ipaddress.ip_network("2001:db8::/32"), table=9)
    assert_same(nl)
    assert [as_ip(rule)["dst"] for rule in nl.rules.list() if rule.dst] == ["192.0.2.1", "2001:db8::"]


@pytest.mark.parametrize(
    "options",
    [
        {"src": "10.0.0.0/8", "dst": "2001:db8::/32"},
        {"src": "10.0.0.0/8", "family": 10},
        {"family": 99, "priority": 4},
        {"src": "nonsense"},
        {"src": "10.0.0.0/33"},
        {"table": "nonsense"},
        {"table": 1 << 32},
        {"table": -1},
        {"priority": -1},
        {"priority": 1 << 32},
        {"fwmark": "seven"},
        {"iifname": "x" * 16},
        {"action": "nonsense"},
    ],
)
def test_values_that_cannot_be(nl, options):
    before = state(nl.netns, "rule")
    for verb in (nl.rules.add, nl.rules.delete):
        with pytest.raises(rawnl.EncodeError):
            verb(**options)
    assert state(nl.netns, "rule") == before


def test_packets_obey(nl):
    nl.links.add("eth0", Veth(peer=Link(name="far")), up=True)
    nl.links.set("lo", up=True)
    nl.addresses.add("192.0.2.1/24", "eth0")
    nl.routes.add("198.51.100.0/24", via="192.0.2.2", table=1000)
    with pytest.raises(rawnl.KernelError):
        nl.routes.get("198.51.100.1")
    nl.rules.add(dst="198.51.100.0/24", table=1000)
    assert nl.routes.get("198.51.100.1").gateway == "192.0.2.2"
    assert nl.routes.get("198.51.100.1").table == 1000
    nl.rules.add(dst="198.51.100.1", action="prohibit", priority=1)
    with pytest.raises(PermissionError):
        nl.routes.get("198.51.100.1")
    assert nl.routes.get("198.51.100.2").gateway == "192.0.2.2"
