"""Text of expressions that load: each becomes a `Term` in a register, or a statement where it writes instead.

Source: nft(8), "Primary expressions", "Payload statement", "Meta statement", "Conntrack statement".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rawnl.nft import text_fields as headers
from rawnl.nft import text_keys as keys
from rawnl.nft.expr import Data
from rawnl.nft.expr_compare import Bitwise, BitwiseOp, Byteorder
from rawnl.nft.expr_load import (
    Ct,
    CtKey,
    Exthdr,
    Fib,
    FibFlags,
    FibResult,
    Hash,
    HashType,
    Immediate,
    Meta,
    MetaKey,
    Numgen,
    NumgenType,
    Osf,
    Payload,
    Rt,
    Socket,
    Xfrm,
)
from rawnl.nft.header import Family
from rawnl.nft.text_machine import (
    Constant,
    Known,
    Machine,
    Outside,
    Resolved,
    Term,
    integer,
    value_of,
    writes,
)
from rawnl.nft.text_types import BOOLEAN, HEX, STRING, TYPES, DataType, Shown
from rawnl.nft.text_verdict import verdict

# --- payload -------------------------------------------------------------------------------------------------------


@dataclass
class Field(Term):
    """A place in the packet, in bits; which field it is depends on what is known of the packet when it is used."""

    base: int
    offset: int
    bits: int

    def _protocol(self, machine: Machine) -> tuple[str, int]:
        """The header that this lies in, and where it begins, in bits."""
        protocol = machine.protocols.get(self.base, "")
        if self.base == headers.LINK and self.offset >= headers.VLAN_OFFSET and protocol == "vlan":
            return "vlan", headers.VLAN_OFFSET
        if protocol == "vlan":
            return "ether", 0
        if not protocol and self.base == headers.TRANSPORT:
            return "th", 0
        return protocol, 0

    def _named(self, machine: Machine, found: headers.HeaderField) -> Resolved:
        if found.protocol:
            if (found.protocol, found.name) != ("vlan", "type") or machine.family != Family.BRIDGE:
                machine.drop_dependency(self.base, found.protocol)
            if len(found.only) == 1:
                machine.drop_icmp_type()
            json: Any = {"payload": {"protocol": found.protocol, "field": found.name}}
            return Resolved(Shown(f"{found.protocol} {found.name}", json), found.type, found.bits, found)
        base = headers.BASES.get(self.base, "ll")
        json = {"payload": {"base": base, "offset": found.offset, "len": found.bits}}
        return Resolved(Shown(found.name, json), found.type, found.bits)

    def resolve(self, machine: Machine) -> Resolved:
        protocol, begin = self._protocol(machine)
        found = headers.at(protocol, self.offset - begin, self.bits, machine.icmp_types)
        return self._named(machine, found or headers.raw(self.base, self.offset, self.bits))

    def part(self, machine: Machine, offset: int, bits: int) -> Resolved | None:
        protocol, begin = self._protocol(machine)
        found = headers.at(protocol, self.offset + offset - begin, bits, machine.icmp_types)
        return None if found is None else self._named(machine, found)

    def split(self, machine: Machine) -> list[tuple[Resolved, int]]:
        protocol, begin = self._protocol(machine)
        if protocol == "th":
            # Ports of no known protocol are only told one by one.
            return [(self.resolve(machine), 0)]
        place, left = self.offset - begin, self.bits
        parts = []
        while left:
            found = headers.beginning(protocol, place, left, machine.icmp_types)
            if found is None:
                if left == self.bits and (whole := headers.covering(protocol, place, left)):
                    return [(self._named(machine, whole), 0)]
                return [(self._named(machine, headers.raw(self.base, self.offset, self.bits)), 0)]
            parts.append((found, place - self.offset + begin))
            place += found.bits
            left -= found.bits
        return [(self._named(machine, field), at) for field, at in parts]


@writes(Payload)
def _payload(machine: Machine, payload: Payload) -> None:
    if payload.base is None or payload.offset is None or not payload.len:
        raise Outside("a payload without a place")
    place = Field(int(payload.base), 8 * payload.offset, 8 * payload.len)
    if payload.sreg is None:
        machine.load(payload.dreg, place)
        return
    term = machine.peek(payload.sreg)
    if isinstance(term, Masked) and isinstance(term.inner, Field) and term.inner == place:
        keep = term.mask
        lead, width, shift = run_of_bits(~keep & (1 << place.bits) - 1, place.bits)
        target = place.part(machine, lead, width)
        if target is None:
            raise Outside("bits without a name are written")
        value = target.type.show(term.xor >> shift, width)
    else:
        target = place.resolve(machine)
        value = assigned(machine, term, target.type, True)
    mangle(machine, target.shown, value)


def mangle(machine: Machine, target: Shown, value: Shown) -> None:
    """The statement that writes something."""
    machine.say(f"{target.text} set {value.text}", {"mangle": {"key": target.json, "value": value.json}})


def assigned(machine: Machine, term: Term, kind: DataType, big: bool) -> Shown:
    """What is written into something of type `kind`."""
    if isinstance(term, Constant):
        return machine.show(kind, term.data, big)
    return term.resolve(machine).shown


def run_of_bits(mask: int, bits: int) -> tuple[int, int, int]:
    """A mask as the place of its ones from the left, their number, and from the right. Outside where they are split."""
    if not 0 < mask < 1 << bits:
        raise Outside("an empty mask")
    shift = (mask & -mask).bit_length() - 1
    width = (mask >> shift).bit_length()
    if mask >> shift != (1 << width) - 1:
        raise Outside("a mask with gaps")
    return bits - shift - width, width, shift


@dataclass
class Option(Term):
    """A field of an extension header or option."""

    kind: headers.Options
    number: int
    offset: int
    bits: int

    def _find(self, offset: int, bits: int) -> Resolved | None:
        name = self.kind.names.get(self.number)
        for field, start, width, kind in self.kind.fields.get(name or "", ()):
            if (start, width) == (offset, bits) and name:
                return Resolved(self._shown(name, field), kind, bits)
        return None

    def _shown(self, name: str, field: str) -> Shown:
        word = self.kind.word
        if " " in field:
            name, field = field.split(" ")
        return Shown(f"{word} {name} {field}".strip(), {word or "exthdr": {"name": name, "field": field}})

    def resolve(self, machine: Machine) -> Resolved:
        found = self._find(self.offset, self.bits)
        if found is None and self.kind is headers.TCP_OPTIONS:
            place = {"base": self.number, "offset": self.offset, "len": self.bits}
            text = f"tcp option @{self.number},{self.offset},{self.bits}"
            return Resolved(Shown(text, {"tcp option": place}), HEX, self.bits)
        if found is None:
            raise Outside("an option's bytes that have no name")
        return found

    def part(self, machine: Machine, offset: int, bits: int) -> Resolved | None:
        return self._find(self.offset + offset, bits)


@writes(Exthdr)
def _exthdr(machine: Machine, header: Exthdr) -> None:
    kind = headers.OPTIONS.get(int(header.op or 0))
    if kind in (headers.IPV6_HEADERS, headers.IPV4_OPTIONS):
        machine.drop_dependency(headers.NETWORK)
    if kind is None or header.type is None:
        raise Outside("an extension header of a kind without a name")
    if header.flags and header.sreg is None:
        name = kind.names.get(header.type)
        text = f"{kind.word or 'exthdr'} {header.type if name is None else name}"
        json: Any = {kind.word or "exthdr": {"name": name}}
        if name is None:
            if kind is not headers.TCP_OPTIONS:
                raise Outside("an option without a name")
            json = {"tcp option": {"base": header.type, "offset": 0, "len": 8}}
        machine.load(header.dreg, Known(Shown(text, json), BOOLEAN, 8, True))
        return
    option = Option(kind, header.type, 8 * (header.offset or 0), 8 * (header.len or 0))
    if header.sreg is not None:
        target = option.resolve(machine)
        mangle(machine, target.shown, assigned(machine, machine.peek(header.sreg), target.type, True))
    elif header.dreg is not None:
        machine.load(header.dreg, option)
    elif kind is headers.TCP_OPTIONS:
        name = kind.names.get(header.type, str(header.type))
        machine.say(f"reset tcp option {name}", {"reset": {"tcp option": {"name": name}}})
    else:
        raise Outside("an extension header neither read nor written")


# --- by key --------------------------------------------------------------------------------------------------------


def _known(key: keys.Key, shown: Shown, tag: tuple[str, int] | None = None) -> Known:
    return Known(shown, key.type, key.bits, key.type.big if key.big is None else key.big, tag)


def _row(table: dict[int, keys.Key], key: Any) -> keys.Key:
    found = table.get(-1 if key is None else int(key))
    if found is None:
        raise Outside("a key without a name")
    return found


@writes(Meta)
def _meta(machine: Machine, meta: Meta) -> None:
    key = _row(keys.META, meta.key)
    shown = Shown(key.name if key.bare else f"meta {key.name}", {"meta": {"key": key.name}})
    if meta.sreg is None:
        machine.load(meta.dreg, _known(key, shown, ("meta", int(meta.key or 0))))
        return
    if int(meta.key or 0) == MetaKey.SECMARK:
        raise Outside("a security mark")
    big = key.type.big if key.big is None else key.big
    shown = Shown(f"meta {key.name}", shown.json)
    mangle(machine, shown, assigned(machine, machine.peek(meta.sreg), key.type, big))


@writes(Ct)
def _ct(machine: Machine, ct: Ct) -> None:
    key = _row(keys.CT, ct.key)
    number = int(ct.key or 0)
    if number in (CtKey.SRC_IP, CtKey.SRC_IP6, CtKey.DST_IP, CtKey.DST_IP6) and ct.direction is None:
        raise Outside("an address of a connection without a direction")
    inside: dict[str, Any] = {"key": key.name}
    words = ["ct"]
    if ct.direction is not None:
        direction = TYPES["ct_dir"].show(int(ct.direction), 8).text
        words.append(direction)
        inside["dir"] = direction
    shown = Shown(" ".join([*words, key.name]), {"ct": inside})
    if ct.sreg is None:
        machine.load(ct.dreg, _known(key, shown, ("ct", number)))
        return
    big = key.type.big if key.big is None else key.big
    mangle(machine, shown, assigned(machine, machine.peek(ct.sreg), key.type, big))


@writes(Rt)
def _rt(machine: Machine, rt: Rt) -> None:
    key = _row(keys.RT, rt.key)
    family = keys.RT_FAMILIES.get(int(rt.key or 0))
    json: dict[str, Any] = {"key": key.name}
    if family:
        json["family"] = family
    text = " ".join(word for word in ("rt", family, key.name) if word)
    machine.load(rt.dreg, _known(key, Shown(text, {"rt": json})))


@writes(Socket)
def _socket(machine: Machine, socket: Socket) -> None:
    key = _row(keys.SOCKET, socket.key)
    machine.load(socket.dreg, _known(key, Shown(f"socket {key.name}", {"socket": {"key": key.name}})))


@writes(Xfrm)
def _xfrm(machine: Machine, xfrm: Xfrm) -> None:
    key = _row(keys.XFRM, xfrm.key)
    family = keys.XFRM_FAMILIES.get(int(xfrm.key or 0))
    direction = "out" if int(xfrm.dir or 0) else "in"
    number = xfrm.spnum or 0
    json: dict[str, Any] = {"key": key.name}
    if family:
        json["family"] = family
    json |= {"dir": direction, "spnum": number}
    words = ["ipsec", direction, f"spnum {number}" if number else "", family or "", key.name]
    machine.load(xfrm.dreg, _known(key, Shown(" ".join(word for word in words if word), {"ipsec": json})))


_FIB_RESULTS = {
    FibResult.OIF: ("oif", "iface_index"),
    FibResult.OIFNAME: ("oifname", "ifname"),
    FibResult.ADDRTYPE: ("type", "fib_addrtype"),
}


@writes(Fib)
def _fib(machine: Machine, fib: Fib) -> None:
    row = _FIB_RESULTS.get(FibResult(fib.result or 0)) if fib.result in list(FibResult) else None
    flags = int(fib.flags or 0)
    names = [flag.name.lower() for flag in FibFlags if flags & flag and flag is not FibFlags.PRESENT and flag.name]
    if row is None or not names:
        raise Outside("a route look-up for nothing")
    result, type_name = row
    kind = BOOLEAN if flags & FibFlags.PRESENT else TYPES[type_name]
    json = {"fib": {"result": result, "flags": names}}
    machine.load(
        fib.dreg, Known(Shown(f"fib {' . '.join(names)} {result}", json), kind, TYPES[type_name].bits, kind.big)
    )


@writes(Osf)
def _osf(machine: Machine, osf: Osf) -> None:
    ttl = {1: "loose", 2: "skip"}.get(osf.ttl or 0)
    key = "version" if osf.flags else "name"
    json: dict[str, Any] = {"ttl": ttl, "key": key} if ttl else {"key": key}
    text = f"osf ttl {ttl} {key}" if ttl else f"osf {key}"
    machine.load(osf.dreg, Known(Shown(text, {"osf": json}), STRING, 128, True))


@writes(Numgen)
def _numgen(machine: Machine, numgen: Numgen) -> None:
    mode = "random" if numgen.type == NumgenType.RANDOM else "inc"
    modulus, offset = numgen.modulus or 0, numgen.offset or 0
    text = f"numgen {mode} mod {modulus}" + (f" offset {offset}" if offset else "")
    json = {"numgen": {"mode": mode, "mod": modulus, "offset": offset}}
    machine.load(numgen.dreg, Known(Shown(text, json), TYPES["integer"], 32, False))


@writes(Hash)
def _hash(machine: Machine, hash: Hash) -> None:
    json: dict[str, Any] = {"mod": hash.modulus or 0}
    text = f" mod {hash.modulus or 0}"
    if hash.type == HashType.SYM:
        name = "symhash"
    else:
        name = "jhash"
        inside = joined(machine, machine.terms(hash.sreg, 8 * (hash.len or 0)))
        text = f" {inside.text}{text}"
        if hash.seed is not None:
            text += f" seed 0x{hash.seed:x}"
            json["seed"] = hash.seed
    if hash.offset:
        text += f" offset {hash.offset}"
        json["offset"] = hash.offset
    if name == "jhash":
        json["expr"] = inside.json
    machine.load(hash.dreg, Known(Shown(name + text, {name: json}), TYPES["integer"], 32, False))


def joined(machine: Machine, terms: list[Term]) -> Shown:
    """One term as it is, several side by side: `ip saddr . tcp dport`."""
    shown = [term.resolve(machine).shown for term in terms]
    if len(shown) == 1:
        return shown[0]
    return Shown(" . ".join(one.text for one in shown), {"concat": [one.json for one in shown]})


@writes(Immediate)
def _immediate(machine: Machine, immediate: Immediate) -> None:
    data = immediate.data
    if isinstance(data, Data) and data.verdict is not None:
        shown = verdict(data.verdict)
        block = machine.blocks.get(data.verdict.chain or "")
        # A chain without a name of its own stands where it is jumped to.
        text = shown.text if block is None else f"{shown.text.split(' ')[0]} {block}"
        machine.say(text, shown.json)
        return
    machine.load(immediate.dreg, Constant(value_of(data)))


# --- computed ------------------------------------------------------------------------------------------------------


@dataclass
class Masked(Term):
    """A term under a mask: `(inner & mask) ^ xor`, as values of the term's byte order."""

    inner: Term
    mask: int
    xor: int
    bits: int
    big: bool

    def resolve(self, machine: Machine) -> Resolved:
        """As people write it: bits that are cleared first and set then are an OR."""
        inner = self.inner.resolve(machine)
        full = (1 << self.bits) - 1
        either = self.xor & ~self.mask
        keep, flip = self.mask | either, self.xor & self.mask
        shown = inner.shown
        for sign, number, idle in (("&", keep, full), ("^", flip, 0), ("|", either, 0)):
            if number != idle:
                shown = operation(shown, sign, inner.type.show(number, self.bits))
        return Resolved(shown, inner.type, inner.bits)


def named_part(machine: Machine, term: Term) -> tuple[Resolved, int] | None:
    """The field that has just the bits that a mask leaves, and how far it stands from the right."""
    if not isinstance(term, Masked) or term.xor:
        return None
    try:
        lead, width, shift = run_of_bits(term.mask, term.bits)
    except Outside:
        return None
    found = term.inner.part(machine, lead, width)
    return None if found is None else (found, shift)


@dataclass
class Shifted(Term):
    """A term shifted to the left ("<<") or right."""

    inner: Term
    sign: str
    amount: int
    bits: int
    big: bool

    def resolve(self, machine: Machine) -> Resolved:
        part = named_part(machine, self.inner) if self.sign == ">>" else None
        if part is not None and part[1] == self.amount:
            return part[0]
        inner = self.inner.resolve(machine)
        shown = operation(inner.shown, self.sign, Shown(str(self.amount), self.amount))
        return Resolved(shown, inner.type, inner.bits)


def operation(left: Shown, sign: str, right: Shown) -> Shown:
    """Two things and an operator between them."""
    return Shown(f"{left.text} {sign} {right.text}", {sign: [left.json, right.json]})


@writes(Bitwise)
def _bitwise(machine: Machine, bitwise: Bitwise) -> None:
    bits = 8 * (bitwise.len or 0)
    inner = machine.peek(bitwise.sreg)
    operator = int(bitwise.op or 0)
    if operator in (BitwiseOp.LSHIFT, BitwiseOp.RSHIFT):
        amount = integer(value_of(bitwise.data), False)
        sign = "<<" if operator == BitwiseOp.LSHIFT else ">>"
        machine.load(bitwise.dreg, Shifted(inner, sign, amount, bits, inner.big))
    elif operator == BitwiseOp.MASK_XOR:
        mask, xor = value_of(bitwise.mask), value_of(bitwise.xor)
        machine.load(bitwise.dreg, Masked(inner, integer(mask, inner.big), integer(xor, inner.big), bits, inner.big))
    else:
        raise Outside("an operation on two registers")


@dataclass
class Swapped(Term):
    """A term in the other byte order."""

    inner: Term
    bits: int
    big: bool

    def resolve(self, machine: Machine) -> Resolved:
        return self.inner.resolve(machine)


@writes(Byteorder)
def _byteorder(machine: Machine, order: Byteorder) -> None:
    term = machine.peek(order.sreg)
    if isinstance(term, Known):
        machine.load(order.dreg, replace(term, big=not term.big))
    else:
        machine.load(order.dreg, Swapped(term, term.bits, not term.big))
