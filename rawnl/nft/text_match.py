"""Text of comparisons: what stands in a register against a value, a range or a set.

Strategy: a comparison of bytes is cut into the fields that it covers, since nft joins neighbouring ones; a mask becomes
a prefix, a set of flags, or the field that has just those bits. Source: nft(8), "Relational expressions".
"""

from __future__ import annotations

from typing import Any

from rawnl.nft import text_fields as headers
from rawnl.nft.expr_compare import Cmp, CmpOp, Lookup, LookupFlags, Range, RangeOp
from rawnl.nft.expr_load import MetaKey
from rawnl.nft.sets import SetFlags
from rawnl.nft.text_load import Field, Masked, joined, named_part, operation
from rawnl.nft.text_machine import (
    Known,
    Machine,
    Outside,
    Resolved,
    Term,
    integer,
    number,
    value_of,
    word_of,
    writes,
)
from rawnl.nft.text_sets import Part, SetView, in_place
from rawnl.nft.text_types import HEX, DataType, Shown, either, range_end, spanned

_SIGNS = {
    CmpOp.EQ: "==",
    CmpOp.NEQ: "!=",
    CmpOp.LT: "<",
    CmpOp.LTE: "<=",
    CmpOp.GT: ">",
    CmpOp.GTE: ">=",
}
_EQUALITY = (CmpOp.EQ, CmpOp.NEQ)


def _match(machine: Machine, sign: str, left: Shown, right: Shown, *, explicit: bool = False, json: str = "") -> None:
    written = "" if sign == "==" and not explicit else f" {sign}"
    machine.say(
        f"{left.text}{written} {right.text}",
        {"match": {"op": json or sign, "left": left.json, "right": right.json}},
        match=True,
    )


@writes(Cmp)
def _cmp(machine: Machine, cmp: Cmp) -> None:
    data = value_of(cmp.data)
    operator = CmpOp(int(cmp.op or 0))
    term = machine.peek(cmp.sreg)
    if operator == CmpOp.LTE and _closes_range(machine, term, data):
        return
    if isinstance(term, Masked):
        _masked(machine, term, operator, data)
    elif isinstance(term, Field) and 8 * len(data) > term.bits:
        _side_by_side(machine, machine.terms(cmp.sreg, 8 * len(data)), operator, data)
    elif operator in _EQUALITY and isinstance(term, Field):
        _fields(machine, term, operator, data)
    else:
        found = term.resolve(machine)
        big = term.big
        if found.type.prefix and big and 8 * len(data) < found.bits and operator in _EQUALITY:
            _shortened(machine, found, operator, data)
        else:
            if found.type.kind != "string" and len(data) != (found.bits + 7) // 8:
                raise Outside("a part of a value is compared")
            _plain(machine, found, operator, integer(data, big), machine.show(found.type, data, big))
    if operator == CmpOp.GTE:
        machine.lower = (len(machine.statements) - 1, term, data)
    if operator == CmpOp.EQ:
        _names_header(machine, term, data)


def _plain(machine: Machine, found: Resolved, operator: CmpOp, value: int, right: Shown) -> None:
    flags = found.type.kind == "bitmask"
    _match(machine, _SIGNS[operator], found.shown, either(right) if flags else right, explicit=flags)


def _shortened(machine: Machine, found: Resolved, operator: CmpOp, data: bytes) -> None:
    """A prefix of whole bytes, of which no more is compared."""
    shown = machine.show(found.type, data.ljust(found.bits // 8, b"\0"), True)
    right = Shown(f"{shown.text}/{8 * len(data)}", {"prefix": {"addr": shown.json, "len": 8 * len(data)}})
    _match(machine, _SIGNS[operator], found.shown, right)


def _side_by_side(machine: Machine, terms: list[Term], operator: CmpOp, data: bytes) -> None:
    """Several registers compared at once: `ip saddr . tcp dport 192.0.2.1 . 22`."""
    left = joined(machine, terms)
    right, at = [], 0
    for term in terms:
        size = (term.bits + 7) // 8
        right.append(machine.show(term.resolve(machine).type, data[at : at + size], term.big))
        at += (size + 3) // 4 * 4
    if operator not in _EQUALITY:
        raise Outside("an order of concatenations")
    shown = Shown(" . ".join(one.text for one in right), {"concat": [one.json for one in right]})
    _match(machine, _SIGNS[operator], left, shown)


def _fields(machine: Machine, field: Field, operator: CmpOp, data: bytes) -> None:
    """A place in the packet: one field, several, or a prefix of one."""
    value = int.from_bytes(data, "big")
    bits = 8 * len(data)
    if bits < field.bits:
        field = Field(field.base, field.offset, bits)
    parts = field.split(machine)
    for found, at in parts:
        if found.bits > bits:
            _shortened(machine, found, operator, data)
            continue
        part = value >> bits - at - found.bits & (1 << found.bits) - 1
        right = number(found.type, part, found.bits, machine.style)
        if found.type.kind == "bitmask" and part & (part - 1):
            # Several flags at once are written as a number here, and only here.
            right = HEX.show(part, found.bits)
        _plain(machine, found, operator, part, right)
        if operator == CmpOp.EQ:
            _field_names_header(machine, found, part)


def _masked(machine: Machine, term: Masked, operator: CmpOp, data: bytes) -> None:
    """`ip saddr 10.0.0.0/9`, `ip dscp cs1`, `ct state new`, `tcp flags syn / fin,syn`, `meta mark & 0xff == 5`."""
    if term.xor:
        found = term.resolve(machine)
        _match(
            machine,
            _SIGNS[operator],
            found.shown,
            machine.show(found.type, data, term.big),
            explicit=True,
        )
        return
    value, mask = integer(data, term.big), term.mask
    whole = term.inner.part(machine, 0, term.inner.bits)
    if whole is None or (whole.type.kind != "bitmask" and not whole.type.prefix):
        part = named_part(machine, term)
        if part is not None:
            found, shift = part
            right = number(found.type, value >> shift, found.bits, machine.style)
            _plain(machine, found, operator, value >> shift, right)
            if operator == CmpOp.EQ:
                _field_names_header(machine, found, value >> shift)
            return
    inner = term.inner.resolve(machine)
    kind, bits = inner.type, term.bits
    if kind.kind == "bitmask" and operator in _EQUALITY:
        _flags(machine, inner, operator, value, mask)
        return
    length = _prefix_length(mask, bits)
    if kind.prefix and operator in _EQUALITY and length and not value & ~mask:
        shown = machine.show(kind, data, term.big)
        right = Shown(f"{shown.text}/{length}", {"prefix": {"addr": shown.json, "len": length}})
        _match(machine, _SIGNS[operator], inner.shown, right)
        return
    left = operation(inner.shown, "&", kind.show(mask, bits))
    _match(machine, _SIGNS[operator], left, kind.show(value, bits), explicit=True)


def _prefix_length(mask: int, bits: int) -> int:
    """How many ones a mask begins with, if there are no others; else 0."""
    rest = ~mask & (1 << bits) - 1
    return 0 if rest & (rest + 1) else bits - rest.bit_length()


def _flags(machine: Machine, inner: Resolved, operator: CmpOp, value: int, mask: int) -> None:
    flags = inner.type.show(mask, inner.bits)
    if value == 0:
        # With any of these flags, or with none of them.
        none = operator == CmpOp.EQ
        _match(machine, "!" if none else "==", inner.shown, flags, json="!" if none else "in")
        return
    wanted = inner.type.show(value, inner.bits)
    sign = _SIGNS[operator]
    if value == mask and not value & (value - 1):
        _match(machine, sign, operation(inner.shown, "&", flags), wanted, explicit=True)
        return
    text = f"{inner.shown.text}{'' if sign == '==' else ' !='} {wanted.text} / {flags.text}"
    left = {"&": [inner.shown.json, flags.json]}
    machine.say(text, {"match": {"op": sign, "left": left, "right": wanted.json}}, match=True)


def _closes_range(machine: Machine, term: Term, data: bytes) -> bool:
    """Whether this is the upper bound to the lower one that came just before; then both are one statement."""
    lower = machine.lower
    machine.lower = None
    if lower is None or lower[0] != len(machine.statements) - 1 or lower[1] != term:
        return False
    machine.statements.pop()
    _range_match(machine, term, "==", lower[2], data)
    return True


@writes(Range)
def _range(machine: Machine, range: Range) -> None:
    term = machine.peek(range.sreg)
    sign = "!=" if RangeOp(int(range.op or 0)) == RangeOp.NEQ else "=="
    _range_match(machine, term, sign, value_of(range.from_data), value_of(range.to_data))


def _range_match(machine: Machine, term: Term, sign: str, low: bytes, high: bytes) -> None:
    explicit = False
    if isinstance(term, Masked):
        part = named_part(machine, term)
        if part is not None:
            found, shift = part
            values = [integer(end, True) >> shift for end in (low, high)]
            ends = [range_end(found.type, number(found.type, v, found.bits, machine.style), v) for v in values]
            _match(machine, sign, found.shown, spanned(*ends))
            return
    if isinstance(term, Masked):
        explicit = True
    found = term.resolve(machine)
    ends = [
        range_end(found.type, machine.show(found.type, end, term.big), integer(end, term.big)) for end in (low, high)
    ]
    _match(machine, sign, found.shown, spanned(*ends), explicit=explicit)


# --- sets ----------------------------------------------------------------------------------------------------------


def set_of(machine: Machine, name: str | None) -> SetView:
    """The set of that name. Outside where it is not known."""
    view = machine.sets.get(name or "")
    if view is None:
        raise Outside(f"a set that is not there: {name}")
    return view


def key_of(machine: Machine, register: Any, view: SetView) -> tuple[Shown, list[Part]]:
    """What is looked up in a set, from a register on, and the types of its parts."""
    terms = machine.terms(register, 8 * (view.set.key_len or 0))
    shown, parts = [], []
    for term in terms:
        found, shift = _looked_up(machine, term)
        shown.append(found.shown)
        parts.append(Part(found.type, term.bits, term.big or view.has(SetFlags.INTERVAL), shift))
    if len(shown) == 1:
        return shown[0], parts
    return Shown(" . ".join(one.text for one in shown), {"concat": [one.json for one in shown]}), parts


def _looked_up(machine: Machine, term: Term) -> tuple[Resolved, int]:
    part = named_part(machine, term)
    if part is not None:
        return part
    return term.resolve(machine), 0


@writes(Lookup)
def _lookup(machine: Machine, lookup: Lookup) -> None:
    view = set_of(machine, lookup.set)
    left, key = key_of(machine, lookup.sreg, view)
    if lookup.dreg is None:
        inverted = bool(int(lookup.flags or 0) & LookupFlags.INV)
        term = machine.peek(lookup.sreg)
        masked = isinstance(term, Masked) and named_part(machine, term) is None
        _match(machine, "!=" if inverted else "==", left, in_place(view, machine.style, key), explicit=masked)
        _icmp_types(machine, left, view, inverted)
        return
    found = in_place(view, machine.style, key)
    if view.verdicts:
        machine.say(f"{left.text} vmap {found.text}", {"vmap": {"key": left.json, "data": found.json}})
        return
    shown = Shown(f"{left.text} map {found.text}", {"map": {"key": left.json, "data": found.json}})
    parts = view.data
    bits = sum(8 * part.padded for part in parts) if len(parts) > 1 else parts[0].bits
    if view.data_interval:
        bits = 2 * 8 * parts[0].padded
    machine.load(lookup.dreg, Mapped(shown, parts[0].type, bits, parts[0].big, word_of(lookup.dreg), view))


class Mapped(Known):
    """What a map has for a key; `word` is the first of the registers that hold it."""

    def __init__(self, shown: Shown, kind: DataType, bits: int, big: bool, word: int, view: SetView) -> None:
        super().__init__(shown, kind, bits, big)
        self.word = word
        self.view = view


# --- which headers a comparison names ------------------------------------------------------------------------------


def _names_header(machine: Machine, term: Term, data: bytes) -> None:
    if not isinstance(term, Known) or term.key is None or term.key[0] != "meta":
        return
    value, key = integer(data, term.big), term.key[1]
    if key == MetaKey.NFPROTO and value in headers.NETWORKS:
        _named(machine, headers.NETWORK, headers.NETWORKS[value], "meta nfproto")
    elif key == MetaKey.PROTOCOL and value in headers.ETHER_PAYLOADS:
        _named(machine, headers.NETWORK, headers.ETHER_PAYLOADS[value], "meta protocol")
    elif key == MetaKey.L4PROTO:
        _named(machine, headers.TRANSPORT, headers.TRANSPORTS.get(value, ""), "meta l4proto")
    elif key == MetaKey.IFTYPE and value == 1:
        _named(machine, headers.LINK, "ether", "meta iiftype")


def _named(machine: Machine, base: int, protocol: str, what: str) -> None:
    machine.protocols[base] = protocol
    machine.depends(base, what)


def _field_names_header(machine: Machine, found: Resolved, value: int) -> None:
    header = found.header
    if header is None:
        return
    name = f"{header.protocol} {header.name}"
    if name in ("ip protocol", "ip6 nexthdr"):
        _named(machine, headers.TRANSPORT, headers.TRANSPORTS.get(value, ""), name)
    elif name in ("ether type", "vlan type"):
        protocol = headers.ETHER_PAYLOADS.get(value, "")
        if protocol == "vlan":
            _named(machine, headers.LINK, "vlan", name if value == headers.VLAN_TYPE else f"{name} {value}")
        else:
            _named(machine, headers.NETWORK, protocol, name)
    elif name in ("icmp type", "icmpv6 type"):
        machine.depends_on_icmp_type(value)


def _icmp_types(machine: Machine, left: Shown, view: SetView, inverted: bool) -> None:
    if left.text in ("icmp type", "icmpv6 type") and not inverted:
        keys = [value_of(element.key) for element in view.elements]
        machine.icmp_types = frozenset(key[0] for key in keys if key)
