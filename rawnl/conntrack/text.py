"""Flows and expectations as text, as conntrack(8) prints them, and as JSON of short words.

Strategy: written after what `conntrack -L -o extended,id` prints for every protocol, so that lines can be compared and
what reads the one can read the other. The one word left out is the age of a flow (`delta-time`), which is another at
every look. The tests hold both against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawnl.conntrack.header import Family, Protocol, protocol_name
from rawnl.conntrack.status import ExpectationFlags, Status
from rawnl.enumeration import enum_value, to_enum

if TYPE_CHECKING:
    from rawnl.conntrack.expectation import Expectation
    from rawnl.conntrack.flow import Counters, Flow
    from rawnl.conntrack.parts import FlowTuple

# Those that conntrack(8) has a name for.
_PROTOCOLS = {
    int(protocol): protocol.name.lower()
    for protocol in Protocol
    if protocol not in (Protocol.IGMP, Protocol.ESP, Protocol.AH)
}


def flow_text(flow: Flow, *, extended: bool = False, id: bool = False) -> str:
    """The line of `conntrack -L`, with `extended` that of `-o extended`, with `id` that of `-o id`."""
    words: list[str] = []
    number = int(flow.protocol or 0)
    if extended:
        family = _family(flow)
        words.append(f"{family.name.lower():<8} {int(family)}")
    words.append(f"{_PROTOCOLS.get(number, 'unknown'):<8} {number}")
    if flow.timeout is not None:
        words.append(str(flow.timeout))
    if flow.state is not None:
        words.append(_name(flow.state).upper())
    status = None if flow.status is None else Status(enum_value(Status, flow.status))
    if flow.original is not None:
        words += _direction(flow.original, "zone-orig")
    words += _counters(flow.counters_orig)
    if status is not None and not status & Status.SEEN_REPLY:
        words.append("[UNREPLIED]")
    if flow.reply is not None:
        words += _direction(flow.reply, "zone-reply")
    words += _counters(flow.counters_reply)
    if status is not None:
        words += [f"[{bit.name}]" for bit in (Status.HW_OFFLOAD, Status.OFFLOAD, Status.ASSURED) if bit & status][:1]
    for word, value in (
        ("mark", flow.mark),
        ("secctx", flow.secctx and flow.secctx.name),
        ("zone", flow.zone),
        ("delta-time", _lifetime(flow)),
        ("helper", flow.helper),
        ("use", flow.use),
        ("id", flow.id if id else None),
    ):
        if value is not None:
            words.append(f"{word}={value}")
    return " ".join(words)


def _family(flow: Flow) -> Family:
    """The family, also of a flow that was built without saying it."""
    tuple_ = flow.original if flow.original is not None else flow.reply
    number = enum_value(Family, flow.family or 0)
    found = to_enum(Family, number)
    if isinstance(found, Family) and found:
        return found
    return Family.UNSPEC if tuple_ is None else tuple_.family


def _direction(tuple_: FlowTuple, zone: str) -> list[str]:
    words = [f"src={tuple_.source}", f"dst={tuple_.destination}"]
    if tuple_.icmp_type is not None:
        words += [f"type={tuple_.icmp_type}", f"code={tuple_.icmp_code}", f"id={tuple_.icmp_id}"]
    elif tuple_.protocol == Protocol.GRE:
        words += [f"srckey={tuple_.sport or 0:#x}", f"dstkey={tuple_.dport or 0:#x}"]
    elif tuple_.sport is not None:
        words += [f"sport={tuple_.sport}", f"dport={tuple_.dport}"]
    if tuple_.zone is not None:
        words.append(f"{zone}={tuple_.zone}")
    return words


def _counters(counters: Counters | None) -> list[str]:
    return [] if counters is None else [f"packets={counters.packets}", f"bytes={counters.bytes}"]


def _lifetime(flow: Flow) -> int | None:
    """How many seconds a flow lived that is over; the age of a living one would be another at every look."""
    times = flow.timestamp
    if times is None or times.start is None or times.stop is None:
        return None
    return (times.stop - times.start) // 1_000_000_000


def _name(state: Any) -> str:
    return str(getattr(state, "name", state))


def expectation_text(expectation: Expectation) -> str:
    """The line of `conntrack -L expect`."""
    number = int((expectation.tuple and expectation.tuple.protocol) or 0)
    words = [f"{expectation.timeout or 0}", f"proto={number}"]
    for tuple_, prefix in ((expectation.tuple, ""), (expectation.mask, "mask-"), (expectation.master, "master-")):
        if tuple_ is not None:
            source, destination, *others = _direction(tuple_, "zone")
            words += [prefix + source, prefix + destination, *others]
    flags = ExpectationFlags(enum_value(ExpectationFlags, expectation.flags or 0))
    words += [str(bit.name) for bit in ExpectationFlags if bit & flags]
    words.append(f"class={expectation.class_ or 0}")
    if expectation.help_name:
        words.append(f"helper={expectation.help_name}")
    return " ".join(words)


def flow_json(flow: Flow) -> dict[str, object]:
    """The flow in plain types: what is absent is left out."""
    status = Status(enum_value(Status, flow.status or 0))
    found: dict[str, object | None] = {
        "family": _family(flow).name.lower(),
        "protocol": protocol_name(flow.protocol) if isinstance(flow.protocol, Protocol) else flow.protocol,
        "timeout": flow.timeout,
        "state": None if flow.state is None else _name(flow.state).lower(),
        "original": _direction_json(flow.original, flow.counters_orig),
        "reply": _direction_json(flow.reply, flow.counters_reply),
        "status": [str(bit.name).lower() for bit in Status if bit & status],
        "translated": flow.translated,
        "mark": flow.mark,
        "zone": flow.zone,
        "helper": flow.helper,
        "secctx": flow.secctx and flow.secctx.name,
        "labels": flow.labels and flow.labels.hex(),
        "start": flow.timestamp and flow.timestamp.start,
        "stop": flow.timestamp and flow.timestamp.stop,
        "use": flow.use,
        "id": flow.id,
    }
    return {name: value for name, value in found.items() if value is not None}


def _direction_json(tuple_: FlowTuple | None, counters: Counters | None) -> dict[str, object] | None:
    if tuple_ is None:
        return None
    found = {
        "source": tuple_.source,
        "destination": tuple_.destination,
        "sport": tuple_.sport,
        "dport": tuple_.dport,
        "icmp_type": tuple_.icmp_type,
        "icmp_code": tuple_.icmp_code,
        "icmp_id": tuple_.icmp_id,
        "zone": tuple_.zone,
        "packets": counters and counters.packets,
        "bytes": counters and counters.bytes,
    }
    return {name: value for name, value in found.items() if value is not None}
