"""Text of statements that act: count, log, refuse, add to a set, use a named object.

Source: nft(8), "Statements"; libnftables-json(5).
"""

from __future__ import annotations

from typing import Any

from rawnl.nft import text_fields as headers
from rawnl.nft import text_symbols as symbols
from rawnl.nft.expr_action import (
    Connlimit,
    Counter,
    FlowOffload,
    Last,
    Limit,
    Log,
    LogLevel,
    Notrack,
    ObjectType,
    Objref,
    Queue,
    QueueFlags,
    Quota,
    Reject,
    RejectType,
    Synproxy,
)
from rawnl.nft.expr_compare import Dynset, DynsetOp
from rawnl.nft.header import Family
from rawnl.nft.text_load import joined
from rawnl.nft.text_machine import Constant, Machine, Outside, Style, writes
from rawnl.nft.text_match import key_of, set_of
from rawnl.nft.text_sets import in_place
from rawnl.nft.text_stateful import STATEFUL, stateful
from rawnl.nft.text_types import TYPES, Shown, duration, quoted


def _stateful(machine: Machine, expression: Any) -> None:
    shown = stateful(expression, machine.style)
    machine.say(shown.text, shown.json)


for _cls in (Counter, Limit, Quota, Connlimit, Last):
    assert _cls in STATEFUL
    writes(_cls)(_stateful)

# --- log -----------------------------------------------------------------------------------------------------------

_LOG_FLAGS = {1: "tcp sequence", 2: "tcp options", 4: "ip options", 8: "skuid", 32: "ether"}
_ALL_LOG_FLAGS = sum(_LOG_FLAGS)


def _log_flags(flags: int) -> Shown:
    if flags & _ALL_LOG_FLAGS == _ALL_LOG_FLAGS:
        return Shown("flags all", "all")
    names = [name for bit, name in _LOG_FLAGS.items() if flags & bit]
    words = []
    if flags & 3:
        words.append("flags tcp " + ",".join(name.split(" ")[1] for name in names if name.startswith("tcp")))
    words += [f"flags {name}" for name in names if not name.startswith("tcp")]
    return Shown(" ".join(words), names if len(names) > 1 else names[0] if names else [])


@writes(Log)
def _log(machine: Machine, log: Log) -> None:
    words = ["log"]
    json: dict[str, Any] = {}
    if log.prefix:
        words.append(f"prefix {quoted(log.prefix)}")
        json["prefix"] = str(log.prefix)
    for word, value in (("group", log.group), ("snaplen", log.snaplen), ("queue-threshold", log.qthreshold)):
        if value or (word == "group" and value is not None):
            words.append(f"{word} {value}")
            json[word] = value
    level = log.level
    if level is not None and int(level) != LogLevel.WARNING and log.group is None:
        name = symbols.LOG_LEVEL.get(int(level))
        if name is None:
            raise Outside("a log level without a name")
        words.append(f"level {name}")
        json["level"] = name
    if log.flags:
        flags = _log_flags(log.flags)
        words.append(flags.text)
        json["flags"] = flags.json
    machine.say(" ".join(words), {"log": json or None})


# --- refuse --------------------------------------------------------------------------------------------------------

_UNREACHABLE = {
    int(Family.IP): ("icmp", "icmp_code"),
    int(Family.IP6): ("icmpv6", "icmpv6_code"),
}
_PORT_UNREACHABLE = {"icmp": 3, "icmpv6": 4, "icmpx": 1}
_NETWORK_FAMILIES = {"ip": int(Family.IP), "ip6": int(Family.IP6)}


@writes(Reject)
def _reject(machine: Machine, reject: Reject) -> None:
    kind, code = reject.type, reject.icmp_code or 0
    if kind == RejectType.TCP_RST:
        if machine.family in _UNREACHABLE:
            machine.drop_dependency(headers.TRANSPORT)
        machine.say("reject with tcp reset", {"reject": {"type": "tcp reset"}})
        return
    if kind == RejectType.ICMPX_UNREACH:
        word, type_name = "icmpx", "icmpx_code"
    elif kind == RejectType.ICMP_UNREACH:
        family = machine.family
        if family not in _UNREACHABLE:
            family = _NETWORK_FAMILIES.get(machine.protocols.get(headers.NETWORK, ""), 0)
        if family not in _UNREACHABLE:
            raise Outside("an ICMP code of an unknown family")
        word, type_name = _UNREACHABLE[family]
        if family != machine.family:
            machine.drop_dependency(headers.NETWORK)
    else:
        raise Outside("a refusal without a name")
    shown = TYPES[type_name].show(code, 8)
    usual = code == _PORT_UNREACHABLE[word] and (word == "icmpx" or machine.family in _UNREACHABLE)
    text = "reject" if usual else f"reject with {word} {shown.text}"
    machine.say(text, {"reject": {"type": word, "expr": shown.json}})


# --- plain ---------------------------------------------------------------------------------------------------------


@writes(Notrack)
def _notrack(machine: Machine, notrack: Notrack) -> None:
    machine.say("notrack", {"notrack": None})


@writes(FlowOffload)
def _flow(machine: Machine, flow: FlowOffload) -> None:
    name = flow.table_name or ""
    machine.say(f"flow add @{name}", {"flow": {"op": "add", "flowtable": f"@{name}"}})


_SYNPROXY_FLAGS = {8: "timestamp", 4: "sack-perm"}


def synproxy(proxy: Synproxy) -> Shown:
    """`mss 1460 wscale 7 timestamp sack-perm`, after whatever word."""
    words: list[str] = []
    json: dict[str, Any] = {}
    flags = proxy.flags or 0
    if flags & 3:
        words += [f"mss {proxy.mss or 0}", f"wscale {proxy.wscale or 0}"]
        if flags & 1:
            json["mss"] = proxy.mss or 0
        if flags & 2:
            json["wscale"] = proxy.wscale or 0
    names = [name for bit, name in _SYNPROXY_FLAGS.items() if flags & bit]
    if names:
        json["flags"] = names if len(names) > 1 else names[0]
    return Shown(" ".join([*words, *names]), json)


@writes(Synproxy)
def _synproxy(machine: Machine, proxy: Synproxy) -> None:
    shown = synproxy(proxy)
    machine.say(f"synproxy {shown.text}".rstrip(), {"synproxy": shown.json or None})


@writes(Queue)
def _queue(machine: Machine, queue: Queue) -> None:
    flags = int(queue.flags or 0)
    names = [name for bit, name in ((QueueFlags.BYPASS, "bypass"), (QueueFlags.CPU_FANOUT, "fanout")) if flags & bit]
    json: dict[str, Any] = {}
    if queue.sreg_qnum is not None:
        found = joined(machine, [machine.peek(queue.sreg_qnum)])
        number = found.text
        json["num"] = found.json
    else:
        first, total = queue.num or 0, queue.total or 1
        number = str(first) if total <= 1 else f"{first}-{first + total - 1}"
        json["num"] = first if total <= 1 else {"range": [first, first + total - 1]}
    if names:
        json["flags"] = names if len(names) > 1 else names[0]
    words = ["queue", f"flags {','.join(names)}" if names else "", f"to {number}"]
    machine.say(" ".join(word for word in words if word), {"queue": json})


# --- named objects -------------------------------------------------------------------------------------------------

_OBJECTS = {
    ObjectType.COUNTER: ("counter", "name"),
    ObjectType.QUOTA: ("quota", "name"),
    ObjectType.LIMIT: ("limit", "name"),
    ObjectType.CT_HELPER: ("ct helper", "set"),
    ObjectType.CT_TIMEOUT: ("ct timeout", "set"),
    ObjectType.CT_EXPECT: ("ct expectation", "set"),
    ObjectType.SYNPROXY: ("synproxy", "name"),
    ObjectType.SECMARK: ("meta secmark", "set"),
}


@writes(Objref)
def _objref(machine: Machine, reference: Objref) -> None:
    if reference.imm_name is not None:
        row = _OBJECTS.get(reference.imm_type)  # type: ignore[call-overload]
        inside = Shown(quoted(reference.imm_name), reference.imm_name)
    else:
        view = set_of(machine, reference.set_name)
        key, parts = key_of(machine, reference.set_sreg, view)
        row = _OBJECTS.get(view.set.obj_type)  # type: ignore[call-overload]
        found = in_place(view, machine.style, parts)
        inside = Shown(f"{key.text} map {found.text}", {"map": {"key": key.json, "data": found.json}})
    if row is None:
        raise Outside("an object of a kind without a name")
    word, verb = row
    machine.say(f"{word} {verb} {inside.text}", {word: inside.json})


# --- sets from the path of a packet --------------------------------------------------------------------------------


@writes(Dynset)
def _dynset(machine: Machine, dynset: Dynset) -> None:
    view = set_of(machine, dynset.set_name)
    operator = DynsetOp(int(dynset.op or 0)).name.lower()
    key, _ = key_of(machine, dynset.sreg_key, view)
    words: list[str] = [key.text]
    elem: Any = key.json
    if dynset.timeout:
        words.append(f"timeout {duration(dynset.timeout)}")
        elem = {"elem": {"val": elem, "timeout": dynset.timeout // 1000}}
    expressions = dynset.expressions or ([dynset.expr] if dynset.expr is not None else [])
    shown = [stateful(expression, Style(stateless=True)) for expression in expressions]
    words += [one.text for one in shown]
    if view.meter:
        size = (view.set.desc and view.set.desc.size) or 0
        text = f"meter {view.name}" + (f" size {size}" if size else "")
        json: dict[str, Any] = {"key": elem, "stmt": shown[0].json if shown else None, "size": size, "name": view.name}
        machine.say(f"{text} {{ {' '.join(words)} }}", {"meter": json})
        return
    kind = "set"
    json = {"op": operator, "elem": elem}
    if dynset.sreg_data is not None:
        kind = "map"
        value = _mapped(machine, dynset)
        words.append(f": {value.text}")
        json["data"] = value.json
    json[kind] = f"@{view.name}"
    if shown:
        json["stmt"] = [one.json for one in shown]
    machine.say(f"{operator} @{view.name} {{ {' '.join(words)} }}", {kind: json})


def _mapped(machine: Machine, dynset: Dynset) -> Shown:
    view = set_of(machine, dynset.set_name)
    parts = view.data
    first = machine.peek(dynset.sreg_data)
    if isinstance(first, Constant):
        return machine.show(parts[0].type, first.data, parts[0].big)
    bits = sum(8 * part.padded for part in parts)
    return joined(machine, machine.terms(dynset.sreg_data, bits))
