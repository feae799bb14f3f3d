"""From expressions back to conditions: what registers hold, and what they are compared with.

Strategy: the expressions are gone through in their order, and it is kept in mind what each register holds: a source, a
source in the other byte order, a constant, what a map has for a source. A comparison then is a condition. What only
establishes what a later part needs anyway (that it is TCP) is left out, as nft does when it lists a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from rawnl.errors import EncodeError
from rawnl.nft.expr import Data, Expression
from rawnl.nft.expr_compare import Bitwise, Byteorder, Cmp, CmpOp, Range, RangeOp
from rawnl.nft.expr_load import Ct, Hash, HashType, Meta, Numgen, NumgenType, Payload
from rawnl.nft.header import Family
from rawnl.nft.match_selector import (
    Concat,
    Condition,
    Masked,
    Operator,
    Selector,
    Source,
    Statement,
    Write,
)
from rawnl.nft.match_types import Exact, Pattern, Prefix, Span
from rawnl.nft.translate import jhash, numgen

if TYPE_CHECKING:
    from rawnl.nft.elements import Elements

Part: TypeAlias = "Condition | Statement | Expression"
ElementsOf: TypeAlias = Callable[[str], "Elements | None"]
_OPERATORS: dict[int, Operator] = {
    CmpOp.EQ: "==",
    CmpOp.NEQ: "!=",
    CmpOp.LT: "<",
    CmpOp.LTE: "<=",
    CmpOp.GT: ">",
    CmpOp.GTE: ">=",
}


class Constant(NamedTuple):
    data: bytes


class Swapped(NamedTuple):
    source: Source


class Loaded(NamedTuple):
    """A payload, of which it shows only later which selectors it is."""

    expr: Payload


class Dependency(NamedTuple):
    """A dependency that was compared: its place among the parts, and what it establishes."""

    place: int
    kind: str
    value: int


def word_of(register: Any) -> int:
    """Where a register begins, counted in 4 bytes."""
    number = int(register)
    return 4 * (number - 1) if number < 8 else number - 8


def bytes_of(value: Any) -> bytes:
    found = value.value if isinstance(value, Data) else None
    if found is None:
        raise Unknown
    return bytes(found)


class Unknown(Exception):
    """An expression that the vocabulary has no word for."""


class Registers:
    """What a rule's expressions have loaded and compared so far, and what was made of that."""

    methods: ClassVar[dict[type, Any]] = {}
    """What is done with an expression, by its class."""

    def __init__(self, family: int, find: ElementsOf) -> None:
        self.family = family
        self.find = find
        self.found: list[Part | None] = []
        self.pending: list[Expression] = []
        self.registers: dict[int, Any] = {}
        self.version = {Family.IP: 4, Family.IP6: 6}.get(family)  # type: ignore[call-overload]
        self.transport: int | None = None
        self.words: list[Dependency] = []

    def finish(self) -> list[Part]:
        self.found += self.pending
        return [part for part in self.found if part is not None]

    def take(self, expr: Expression) -> None:
        self.pending.append(expr)
        method = self.methods.get(type(expr))
        try:
            if method is None:
                raise Unknown
            done = method(self, expr)
        except (Unknown, EncodeError, KeyError, StopIteration, TypeError):
            self.found += self.pending
            self.pending = []
            self.words = []
            return
        if done is not None:
            self.found += done
            self.pending = []
            if isinstance(done[-1], Statement):
                # A dependency is left out only where no statement stands between it and what needs it.
                self.words = []

    # --- loads

    def load(self, expr: Any) -> None:
        if expr.dreg is None:
            raise Unknown
        self.registers[word_of(expr.dreg)] = Loaded(expr) if isinstance(expr, Payload) else selector_of(expr)

    def load_hash(self, expr: Hash) -> None:
        if expr.type not in (None, HashType.JENKINS) or expr.offset:
            raise Unknown
        place = word_of(expr.sreg)
        size = 0
        sources: list[Selector[Any]] = []
        while size < (expr.len or 0):
            source = self.source(place + size // 4)
            sources += source.parts()
            size += 4 * source.words if len(sources) > 1 or source.types[0].size < (expr.len or 0) else 1 << 16
        hashed: Source = sources[0] if len(sources) == 1 else Concat(tuple(sources))
        self.registers[word_of(expr.dreg)] = jhash(hashed, expr.modulus or 0, seed=expr.seed or None)

    def load_numgen(self, expr: Numgen) -> None:
        if expr.offset:
            raise Unknown
        self.registers[word_of(expr.dreg)] = numgen(expr.modulus or 0, random=expr.type == NumgenType.RANDOM)

    def meta(self, expr: Meta) -> list[Part] | None:
        return self.load(expr) if expr.sreg is None else self._write(expr)  # type: ignore[func-returns-value]

    def ct(self, expr: Ct) -> list[Part] | None:
        return self.load(expr) if expr.sreg is None else self._write(expr)  # type: ignore[func-returns-value]

    def _write(self, expr: Meta | Ct) -> list[Part]:
        selector = selector_of(expr.replace(sreg=None))
        value = self.registers[word_of(expr.sreg)]
        if isinstance(value, Constant):
            written = Write(selector, selector.type.unpack(value.data))
        else:
            written = Write(selector, self.source(word_of(expr.sreg)))
        return [written]

    def bitwise(self, expr: Bitwise) -> None:
        place = word_of(expr.sreg)
        if expr.sreg != expr.dreg or expr.op or any(bytes_of(expr.xor)):
            raise Unknown
        held = self.registers[place]
        self.registers[place] = (held, bytes_of(expr.mask))

    def byteorder(self, expr: Byteorder) -> None:
        place = word_of(expr.sreg)
        if expr.sreg != expr.dreg:
            raise Unknown
        self.registers[place] = Swapped(self.source(place))

    def source(self, place: int) -> Source:
        """The source that a register holds, of a payload the whole selector."""
        held = self.registers[place]
        if isinstance(held, Loaded):
            return self.selector(held.expr, lambda one: _length(one) == held.expr.len and not one.mask)
        if isinstance(held, Swapped):
            return held.source
        if not isinstance(held, Source):
            raise Unknown
        return held

    def selector(self, expr: Payload, fits: Callable[[Selector[Any]], bool]) -> Selector[Any]:
        """The selector at a place in the packet, by what the rule has established."""
        for one in _vocabulary():
            load = one.expr
            if not isinstance(load, Payload) or (load.base, load.offset) != (expr.base, expr.offset) or not fits(one):
                continue
            if one.layer in self._layers():
                return one
        raise Unknown

    def _layers(self) -> set[str]:
        found = {"ether"}
        found |= {4: {"ip"}, 6: {"ip6"}}.get(self.version or 0, set())
        if self.family == Family.ARP:
            found.add("arp")
        name = {6: "tcp", 17: "udp", 132: "sctp", 1: "icmp", 58: "icmpv6"}.get(self.transport or 0)
        return found | {name if name is not None else "th"}

    # --- comparisons

    def cmp(self, expr: Cmp) -> list[Part]:
        held, data = self.registers[word_of(expr.sreg)], bytes_of(expr.data)
        operator = _OPERATORS[int(expr.op)]  # type: ignore[arg-type]
        last = self.found[-1] if self.found else None
        if operator == "<=" and len(self.pending) == 1 and isinstance(last, Condition) and last.operator == ">=":
            # The second half of a range: the first one has left the same register behind.
            source = self._ordered(held)
            if source is last.source and isinstance(last.operand, Exact):
                self.found.pop()
                first = source.types[0].ordered(last.operand.data)
                return [Condition(source, "==", Span(first, data))]
        if isinstance(held, tuple) and type(held) is tuple:
            return self._masked(held[0], held[1], operator, data)
        if isinstance(held, Loaded) and operator in ("==", "!="):
            return self._payload(held.expr, operator, data)
        if operator in ("==", "!="):
            source = self.source(word_of(expr.sreg))
            size = source.types[0].size
            if len(data) < size:
                pattern: Pattern = Prefix(data.ljust(size, b"\0"), 8 * len(data))
            else:
                pattern = Exact(data)
            return self.compared(Condition(source, operator, pattern))
        source = self._ordered(held)
        return self.compared(Condition(source, operator, Exact(source.types[0].ordered(data))))

    def _ordered(self, held: Any) -> Source:
        if isinstance(held, Swapped):
            return held.source
        if isinstance(held, Loaded):
            return self.selector(held.expr, lambda one: _length(one) == held.expr.len)
        if isinstance(held, Source) and (held.types[0].order == "big" or held.types[0].size == 1):
            return held
        raise Unknown

    def _payload(self, expr: Payload, operator: Operator, data: bytes) -> list[Part]:
        """A payload compared: a selector, the first bytes of an address, or several selectors in one load."""
        size = expr.len or 0
        if len(data) != size:
            raise Unknown
        try:
            return self.compared(
                Condition(self.selector(expr, lambda one: _length(one) == size), operator, Exact(data))
            )
        except Unknown:
            pass
        try:
            one = self.selector(expr, lambda one: one.type.size > size and one.type.name.startswith("ipv"))
            prefix = Prefix(data.ljust(one.type.size, b"\0"), 8 * size)
            return self.compared(Condition(one, operator, prefix))
        except Unknown:
            if operator != "==":
                raise
        found: list[Part] = []
        at = 0
        while at < size:
            rest = size - at
            place = expr.replace(offset=(expr.offset or 0) + at)
            one = self.selector(place, lambda one, rest=rest: one.type.size <= rest and not one.mask)  # type: ignore[misc]
            found += self.compared(Condition(one, "==", Exact(data[at : at + one.type.size])))
            at += one.type.size
        return found

    def _masked(self, held: Any, mask: bytes, operator: Operator, data: bytes) -> list[Part]:
        if operator not in ("==", "!="):
            raise Unknown
        if isinstance(held, Loaded):
            size = held.expr.len
            wanted = int.from_bytes(mask, "big")
            for one in _vocabulary():
                same = isinstance(one.expr, Payload) and one.mask == wanted and one.layer in self._layers()
                if same and one.expr.present() == held.expr.replace(dreg=None).present():
                    number = int.from_bytes(data, "big") >> one.shift
                    return self.compared(Condition(one, operator, Exact(number.to_bytes(one.type.size, "big"))))
            source: Selector[Any] = self.selector(held.expr, lambda one: _length(one) == size and not one.mask)
        elif isinstance(held, Selector):
            source = held
        else:
            raise Unknown
        kind = source.type
        if kind.bits and operator == "!=" and not any(data):
            return self.compared(Condition(source, "==", Exact(mask)))
        bits = int.from_bytes(mask, "big").bit_count()
        if kind.name.startswith("ipv") and int.from_bytes(mask, "big") == (1 << bits) - 1 << 8 * kind.size - bits:
            return self.compared(Condition(source, operator, Prefix(data, bits)))
        return self.compared(Condition(Masked(source, kind.unpack(mask)), operator, Exact(data)))

    def range(self, expr: Range) -> list[Part]:
        source = self._ordered(self.registers[word_of(expr.sreg)])
        operator: Operator = "!=" if expr.op == RangeOp.NEQ else "=="
        return self.compared(Condition(source, operator, Span(bytes_of(expr.from_data), bytes_of(expr.to_data))))

    def compared(self, condition: Condition) -> list[Part]:
        self.used(condition.source)
        if condition.operator == "==" and isinstance(condition.operand, Exact):
            text, data = condition.source.text, condition.operand.data
            versions = {"meta nfproto": {2: 4, 10: 6}, "meta protocol": {0x800: 4, 0x86DD: 6}}
            versions["ether type"] = versions["meta protocol"]
            number = int.from_bytes(data, "big")
            if text in versions and number in versions[text] and self.version in (None, versions[text][number]):
                self.version = versions[text][number]
                self.words.append(Dependency(len(self.found), "version", self.version))
            elif text in ("meta l4proto", "ip protocol", "ip6 nexthdr"):
                self.transport = number
                self.words.append(Dependency(len(self.found), "transport", number))
            elif text == "iiftype" and condition.value == "ether":
                self.words.append(Dependency(len(self.found), "ether", 0))
        elif condition.source.text in ("meta l4proto", "ip protocol", "ip6 nexthdr"):
            self.transport = None
        return [condition]

    def used(self, source: Source) -> None:
        """Leave out the dependencies that writing this source would bring along by itself."""
        for selector in source.parts():
            layer = selector.layer
            needs = {
                "version" if layer in ("ip", "ip6", "icmp", "icmpv6") else "",
                "transport" if layer in ("tcp", "udp", "sctp", "icmp", "icmpv6") else "",
                "ether" if layer == "ether" else "",
            }
            for word in self.words:
                if word.kind in needs:
                    self.found[word.place] = None
            self.words = [word for word in self.words if word.kind not in needs]


def _length(selector: Selector[Any]) -> int | None:
    """How many bytes of the packet a selector loads."""
    return selector.expr.len if isinstance(selector.expr, Payload) else None


def selector_of(expr: Any) -> Selector[Any]:
    """The selector that an expression loads, whichever register it loads."""
    _vocabulary()
    found = _by_expression.get(_said(expr))
    if found is None:
        raise Unknown
    return found


_known: list[Selector[Any]] = []
_by_expression: dict[Any, Selector[Any]] = {}


def _said(expr: Any) -> Any:
    """What an expression says, but for its register."""
    return expr.tag, frozenset((name, value) for name, value in expr.present().items() if name != "dreg")


def _vocabulary() -> list[Selector[Any]]:
    if not _known:
        from rawnl.nft.match import vocabulary

        found = vocabulary()
        _by_expression.update((_said(one.expr), one) for one in reversed(found))
        _known.extend(found)
    return _known
