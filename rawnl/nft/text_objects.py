"""Text of declarations beside chains: named objects, flowtables, sets and maps.

Strategy: each gives its lines, which stand between the braces, and its JSON object. Source: nft(8), "Stateful objects",
"Flowtables", "Sets", "Maps"; libnftables-json(5).
"""

from __future__ import annotations

from typing import Any

from rawnl.nft import text_symbols as symbols
from rawnl.nft.expr_action import Counter, Limit, Quota, QuotaFlags, Synproxy
from rawnl.nft.flowtable import Flowtable, FlowtableFlags
from rawnl.nft.sets import SetFlags, SetPolicy
from rawnl.nft.stateful import CtExpectation, CtHelper, CtTimeout, Secmark, Stateful
from rawnl.nft.text_action import synproxy
from rawnl.nft.text_machine import Outside, Style
from rawnl.nft.text_sets import Part, SetView, elements
from rawnl.nft.text_stateful import amount, limit, stateful
from rawnl.nft.text_types import duration, quoted

Declared = tuple[list[str], dict[str, Any]]
_FAMILIES = {2: "ip", 10: "ip6", 1: "inet"}


def _protocol(number: int | None) -> str:
    return symbols.INET_PROTOCOL.get(number or 0, str(number or 0))


# --- named objects -------------------------------------------------------------------------------------------------


def stateful_object(item: Stateful, style: Style) -> Declared:
    """The lines of a named object, and what is special to it in JSON. Raises Outside."""
    data: Any = item.data
    if isinstance(data, Counter):
        json: dict[str, Any] = {"packets": data.packets or 0, "bytes": data.bytes or 0}
        if style.stateless:
            return [], {}
        return [f"packets {json['packets']} bytes {json['bytes']}"], json
    if isinstance(data, Quota):
        return _quota(data, style)
    if isinstance(data, Limit):
        shown = limit(data, style)
        json = dict(shown.json["limit"])
        return [shown.text.removeprefix("limit ")], json
    if isinstance(data, CtHelper):
        protocol, family = _protocol(data.l4proto), _FAMILIES.get(data.l3proto or 0, "")
        name = data.name or ""
        return (
            [f"type {quoted(name)} protocol {protocol}", f"l3proto {family}"],
            {"type": name, "protocol": protocol, "l3proto": family},
        )
    if isinstance(data, CtTimeout):
        return _timeout(data)
    if isinstance(data, CtExpectation):
        return _expectation(data)
    if isinstance(data, Synproxy):
        return _synproxy(data)
    if isinstance(data, Secmark):
        return [quoted(data.ctx or "")], {"context": data.ctx or ""}
    raise Outside("a kind of object without a text")


def _quota(data: Quota, style: Style) -> Declared:
    value, unit = amount(data.bytes or 0)
    over = bool(int(data.flags or 0) & QuotaFlags.INV)
    text = f"{'over ' if over else ''}{value} {unit}"
    used = 0 if style.stateless else data.consumed or 0
    if used:
        text += " used {} {}".format(*amount(used))
    return [text], {"bytes": data.bytes or 0, "used": used, "inv": over}


def _timeout(data: CtTimeout) -> Declared:
    protocol, family = _protocol(data.l4proto), _FAMILIES.get(data.l3proto or 0, "")
    given: Any = data.data
    values = {name: value for name, value in given.present().items() if isinstance(value, int)} if given else {}
    usual = _USUAL_TIMEOUTS.get(protocol, {})
    policy = {name: value for name, value in values.items() if usual.get(name) != value}
    inside = ", ".join(f"{name} : {value}" for name, value in policy.items())
    lines = [f"protocol {protocol}", f"l3proto {family}", f"policy = {{ {inside} }}"]
    return lines, {"protocol": protocol, "l3proto": family, "policy": policy}


_USUAL_TIMEOUTS: dict[str, dict[str, int]] = {
    "tcp": {
        "syn_sent": 120,
        "syn_recv": 60,
        "established": 432000,
        "fin_wait": 120,
        "close_wait": 60,
        "last_ack": 30,
        "time_wait": 120,
        "close": 10,
        "syn_sent2": 120,
        "retrans": 300,
        "unack": 300,
    },
    "udp": {"unreplied": 30, "replied": 120},
}
"""What nft leaves out, as it is so anyway."""


def _expectation(data: CtExpectation) -> Declared:
    protocol, family = _protocol(data.l4proto), _FAMILIES.get(data.l3proto or 0, "")
    timeout = data.timeout or 0
    lines = [
        f"protocol {protocol}",
        f"dport {data.dport or 0}",
        f"timeout {duration(timeout)}",
        f"size {data.size or 0}",
        f"l3proto {family}",
    ]
    json = {
        "protocol": protocol,
        "dport": data.dport or 0,
        "timeout": timeout,
        "size": data.size or 0,
        "l3proto": family,
    }
    return lines, json


def _synproxy(data: Synproxy) -> Declared:
    shown = synproxy(data)
    lines = [f"mss {data.mss or 0}", f"wscale {data.wscale or 0}"]
    flags = shown.json.get("flags", [])
    names = [flags] if isinstance(flags, str) else flags
    if names:
        lines.append(" ".join(names))
    return lines, {"mss": data.mss or 0, "wscale": data.wscale or 0, **({"flags": flags} if names else {})}


# --- flowtables ----------------------------------------------------------------------------------------------------


def flowtable(item: Flowtable, priority: str) -> Declared:
    """The lines of a flowtable; `priority` as text."""
    hook = item.hook
    number = (hook.priority if hook else 0) or 0
    found: Any = hook.devs.name if hook and hook.devs else None
    devices = [found] if isinstance(found, str) else list(found or [])
    lines = [f"hook ingress priority {priority}"]
    if devices:
        lines.append(f"devices = {{ {', '.join(devices)} }}")
    flags = int(item.flags or 0)
    names = [name for bit, name in ((FlowtableFlags.HW_OFFLOAD, "offload"),) if flags & bit]
    if names:
        lines.append(f"flags {','.join(names)}")
    if flags & FlowtableFlags.COUNTER:
        lines.append("counter")
    json: dict[str, Any] = {"hook": "ingress", "prio": number}
    if devices:
        json["dev"] = devices if len(devices) > 1 else devices[0]
    return lines, json


# --- sets ----------------------------------------------------------------------------------------------------------

_CONTINUATION = ",\n\t\t\t     "
_FLAGS = (
    (SetFlags.CONSTANT, "constant"),
    (SetFlags.EVAL, "dynamic"),
    (SetFlags.INTERVAL, "interval"),
    (SetFlags.TIMEOUT, "timeout"),
)


def _type_name(parts: list[Part]) -> str:
    return " . ".join(part.type.name for part in parts)


def set_declaration(view: SetView, style: Style) -> Declared:
    """The lines of a set or map, its elements included, and its JSON. Raises Outside."""
    item = view.set
    key = view.key
    names = [part.type.name for part in key]
    json: dict[str, Any] = {"type": names if len(names) > 1 else names[0]}
    text = _key_line(view, key, json)
    lines = [text]
    # The kernel counts what is in a constant set by itself.
    size = item.desc.size if item.desc and not view.has(SetFlags.CONSTANT) else None
    if item.policy == SetPolicy.MEMORY:
        lines.append("policy memory")
        json["policy"] = "memory"
    if size:
        lines.append(f"size {size}")
        json["size"] = size
    flags = [name for bit, name in _FLAGS if view.has(bit)]
    if flags and not (flags == ["timeout"] and item.timeout):
        lines.append(f"flags {','.join(flags)}")
    if flags_json := [name for name in flags if name != "dynamic"]:
        json["flags"] = flags_json
    expressions = item.expressions or ([item.expr] if item.expr is not None else [])
    if expressions:
        shown = [stateful(expression, Style(stateless=True)) for expression in expressions]
        lines.append(" ".join(one.text for one in shown))
        json["stmt"] = [one.json for one in shown]
    if item.auto_merge:
        lines.append("auto-merge")
    if item.timeout:
        lines.append(f"timeout {duration(item.timeout)}")
        json["timeout"] = item.timeout // 1000
    if item.gc_interval:
        lines.append(f"gc-interval {duration(item.gc_interval)}")
        json["gc-interval"] = item.gc_interval // 1000
    comment = item.comment
    if comment is not None:
        lines.append(f"comment {quoted(comment)}")
        json["comment"] = comment
    found = elements(view, style)
    if found:
        per_line = 1 if len(key) > 1 else key[0].type.per_line
        rows = [found[at : at + per_line] for at in range(0, len(found), per_line)]
        inside = _CONTINUATION.join(", ".join(one.text for one in row) for row in rows)
        lines.append(f"elements = {{ {inside} }}")
        json["elem"] = [one.json for one in found]
    return lines, json


def _key_line(view: SetView, key: list[Part], json: dict[str, Any]) -> str:
    """`type ipv4_addr : verdict`, or `typeof ip saddr`."""
    plain = _type_name(key)
    if view.has(SetFlags.OBJECT):
        json["map"] = view.object_name
        return f"type {plain} : {view.object_name}"
    if not view.has(SetFlags.MAP):
        return f"typeof {view.key_typeof.text}" if view.key_typeof else f"type {plain}"
    interval = "interval " if view.data_interval else ""
    if view.verdicts:
        json["map"] = "verdict"
        return f"typeof {view.key_typeof.text} : verdict" if view.key_typeof else f"type {plain} : verdict"
    data = _type_name(view.data)
    json["map"] = data
    if view.key_typeof and view.data_typeof:
        return f"typeof {view.key_typeof.text} : {interval}{view.data_typeof.text}"
    return f"type {plain} : {interval}{data}"
