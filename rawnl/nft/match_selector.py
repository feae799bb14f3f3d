"""What a rule looks at, and what it compares that with, before either is turned into expressions.

Strategy: a `Source` is anything that can be loaded into registers: a `Selector` (a header field, a piece of metadata),
one under a mask, several side by side. Comparing a source gives a `Condition`, a plain value object that knows its
source, its operator and its operand; values are checked where they are written. How it becomes expressions stands in
`match_compile`, and how expressions become conditions again in `match_read`. `str()` of each is nft's own syntax.

`==` of a source is a condition and not a comparison of sources; those are the same if they have the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, NoReturn, TypeAlias, TypeVar

from rawnl.errors import EncodeError
from rawnl.nft.expr import Expr, Expression
from rawnl.nft.expr_compare import Bitwise, Byteorder
from rawnl.nft.expr_load import Ct, Immediate, Meta
from rawnl.nft.match_operand import Literals, Named, Operand, SetLike, named, order_of, register_at
from rawnl.nft.match_types import Exact, Interval, Pattern, Prefix, Type
from rawnl.nft.objects import Object

if TYPE_CHECKING:
    from rawnl.nft.match_compile import Compiler

V = TypeVar("V")
Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]

Layer: TypeAlias = Literal["", "ip", "ip6", "arp", "ether", "vlan", "tcp", "udp", "sctp", "th", "icmp", "icmpv6"]
"""Which header a source is in, and so what must be known of a packet before it can be looked at."""


class Source:
    """What can be loaded into registers and compared. `text` is nft's name of it."""

    text: str
    types: tuple[Type, ...]

    def parts(self) -> tuple[Selector[Any], ...]:
        """The selectors in it, which say what must be known of a packet."""
        raise NotImplementedError

    def load(self, word: int, swapped: bool = False) -> list[Expression]:
        """The expressions that load it, at `word` and on; `swapped` from host into network byte order."""
        raise NotImplementedError

    def pattern(self, value: Any) -> Pattern | tuple[Pattern, ...]:
        """A value as it is written, as a pattern. EncodeError, with the name of the source."""
        try:
            return self.types[0].pattern(value)
        except EncodeError as error:
            raise EncodeError(error.reason, attribute=self.text) from None

    def spell(self, pattern: Pattern | tuple[Pattern, ...]) -> str:
        """A pattern in nft's words."""
        several = pattern if type(pattern) is tuple else (pattern,)
        return " . ".join(t.text(t.read(one)) for t, one in zip(self.types, several, strict=True))  # type: ignore[arg-type]

    @property
    def words(self) -> int:
        """How many registers of 4 bytes it fills."""
        return sum((t.size + 3) // 4 for t in self.types)

    @property
    def key(self) -> str:
        """The type of a set whose keys it can be: `ipv4_addr . inet_service`."""
        return " . ".join(t.name for t in self.types)

    def _compare(self, operator: Operator, value: Any) -> Condition:
        found = named(value)
        if found is not None:
            return Condition(self, operator, found)
        if isinstance(value, (set, frozenset, list, AbstractSet)) and not (self.types[0].bits and type(value) is list):
            return Condition(self, operator, literals(self, value))
        return Condition(self, operator, self.pattern(value))

    def vmap(self, verdicts: Mapping[Any, Any] | SetLike) -> Any:
        """A statement: the verdict that a map has for it.

        >>> from rawnl.nft import accept, drop, tcp
        >>> print(tcp.dport.vmap({22: accept, 23: drop}))
        tcp dport vmap { 22 : accept, 23 : drop }
        """
        found = named(verdicts)
        return VerdictMapped(self, mapped(self, verdicts) if found is None else found)

    def map(self, values: Mapping[Any, Any] | SetLike) -> Mapped:
        """The value that a map has for it, for `snat`, `dnat` and `redirect`: addresses, or (address, port).

        >>> from rawnl.nft import dnat, tcp
        >>> print(dnat(tcp.dport.map({80: "10.0.0.2", 443: "10.0.0.3"})))
        dnat to tcp dport map { 80 : 10.0.0.2, 443 : 10.0.0.3 }
        """
        found = named(values)
        return Mapped(self, mapped(self, values) if found is None else found)

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{self.text}>"


def literals(source: Source, values: Iterable[Any]) -> Literals:
    """A set written in place, sorted. EncodeError where it is empty or one of its values is none."""
    patterns = sorted({source.pattern(value) for value in values}, key=lambda one: order_of(source.types, one))
    if not patterns:
        raise EncodeError("an empty set matches nothing", attribute=source.text)
    return Literals(tuple(patterns))


def mapped(source: Source, values: Any) -> dict[Any, Any]:
    """A map written in place: values by the patterns of their keys."""
    if not isinstance(values, Mapping):
        raise EncodeError(f"{values!r} is no map: give a dict, a Map, or '@name'", attribute=source.text)
    if not values:
        raise EncodeError("an empty map leads nowhere", attribute=source.text)
    pairs = {source.pattern(key): value for key, value in values.items()}
    return {key: pairs[key] for key in sorted(pairs, key=lambda one: order_of(source.types, one))}


class Mapped(NamedTuple):
    """What a map has for a source: a dict of values by pattern, or a named map."""

    source: Source
    map: dict[Any, Any] | Named


class Selector(Source, Generic[V]):
    """A field of a header, or a piece of metadata; `V` is what it may be compared with.

    `expr` loads it. Of a field that does not fill its bytes, `mask` tells the bits and `shift` how far they are from
    the right.
    """

    def __init__(
        self,
        text: str,
        type: Type,
        expr: Expr,
        *,
        layer: Layer = "",
        mask: int = 0,
        shift: int = 0,
        writable: bool = False,
    ) -> None:
        self.text = text
        self.types = (type,)
        self.expr = expr
        self.layer: Layer = layer
        self.mask = mask
        self.shift = shift
        self.writable = writable

    @property
    def type(self) -> Type:
        """The type of its values."""
        return self.types[0]

    def parts(self) -> tuple[Selector[Any], ...]:
        return (self,)

    def load(self, word: int, swapped: bool = False) -> list[Expression]:
        register = register_at(word)
        found: list[Expression] = [self.expr.replace(dreg=register)]
        if swapped and self.type.order != "big" and self.type.size > 1:
            size = self.type.size
            found.append(Byteorder(sreg=register, dreg=register, op="hton", len=size, size=size))
        return found

    def __eq__(self, value: V | Interval | range | AbstractSet[V] | list[V] | SetLike) -> Condition:  # type: ignore[override]
        return self._compare("==", value)

    def __ne__(self, value: V | Interval | range | AbstractSet[V] | list[V] | SetLike) -> Condition:  # type: ignore[override]
        return self._compare("!=", value)

    def __lt__(self, value: V) -> Condition:
        return self._compare("<", value)

    def __le__(self, value: V) -> Condition:
        return self._compare("<=", value)

    def __gt__(self, value: V) -> Condition:
        return self._compare(">", value)

    def __ge__(self, value: V) -> Condition:
        return self._compare(">=", value)

    def __and__(self, mask: V | list[V] | tuple[V, ...]) -> Masked:
        return Masked(self, mask)

    def set(self, value: V | Source) -> Any:
        """A statement that writes it: a value, or what another source says. EncodeError where it cannot be written.

        >>> from rawnl.nft import meta
        >>> print(meta.mark.set(7))
        meta mark set 0x00000007
        """
        return Write(self, value)

    __hash__ = Source.__hash__


class Masked(Source):
    """A selector under a mask: `meta.mark & 0xff`, `tcp.flags & ("syn", "ack")`."""

    def __init__(self, selector: Selector[Any], mask: Any) -> None:
        self.selector = selector
        pattern = selector.pattern(mask)
        if not isinstance(pattern, Exact) or selector.mask:
            raise EncodeError(f"{mask!r} is no mask", attribute=selector.text)
        self.mask = pattern.data
        self.types = selector.types
        self.text = f"{selector.text} & {selector.type.text(selector.type.unpack(self.mask))}"

    def parts(self) -> tuple[Selector[Any], ...]:
        return (self.selector,)

    def load(self, word: int, swapped: bool = False) -> list[Expression]:
        if swapped:
            raise EncodeError("a masked value has no order", attribute=self.text)
        register = register_at(word)
        size = len(self.mask)
        return [
            *self.selector.load(word),
            Bitwise(sreg=register, dreg=register, len=size, op="mask_xor", mask=self.mask, xor=bytes(size)),
        ]

    def __eq__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("==", value)

    def __ne__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("!=", value)

    __hash__ = Source.__hash__


class Concat(Source):
    """Several selectors side by side, to be looked up together in a set of tuples."""

    def __init__(self, selectors: tuple[Selector[Any], ...]) -> None:
        self.selectors = selectors
        self.types = tuple(selector.type for selector in selectors)
        self.text = " . ".join(selector.text for selector in selectors)
        if self.words > 16:
            raise EncodeError(f"{self.text} takes {4 * self.words} bytes; a key has at most 64")

    def parts(self) -> tuple[Selector[Any], ...]:
        return self.selectors

    def load(self, word: int, swapped: bool = False) -> list[Expression]:
        found: list[Expression] = []
        for selector in self.selectors:
            found += selector.load(word, swapped)
            word += selector.words
        return found

    def pattern(self, value: Any) -> Pattern | tuple[Pattern, ...]:
        if not isinstance(value, (tuple, list)) or len(value) != len(self.selectors):
            raise EncodeError(f"{value!r} is no tuple of {len(self.selectors)} values", attribute=self.text)
        return tuple(s.pattern(v) for s, v in zip(self.selectors, value, strict=True))  # type: ignore[misc]

    def __eq__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("==", value if isinstance(value, (AbstractSet, list, str, Object)) else [value])

    def __ne__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("!=", value if isinstance(value, (AbstractSet, list, str, Object)) else [value])

    __hash__ = Source.__hash__


def concat(*selectors: Selector[Any]) -> Concat:
    """Several selectors side by side, compared with a set of tuples.

    >>> from rawnl.nft import concat, ip, tcp
    >>> print(concat(ip.daddr, tcp.dport) == {("192.0.2.1", 80), ("192.0.2.2", 443)})
    ip daddr . tcp dport { 192.0.2.1 . 80, 192.0.2.2 . 443 }
    """
    if len(selectors) < 2:
        raise TypeError("concat takes two selectors or more")
    return Concat(selectors)


class Condition:
    """A comparison that a packet must pass. `&` joins conditions; `|` joins flags of the same source."""

    __slots__ = ("operand", "operator", "source")

    def __init__(self, source: Source, operator: Operator, operand: Operand) -> None:
        if operator not in ("==", "!="):
            if not isinstance(operand, Exact):
                raise EncodeError(f"{operator} takes one value", attribute=source.text)
            if source.types[0].bits:
                raise EncodeError("flags have no order", attribute=source.text)
        if isinstance(operand, Literals) and len(operand.elements) == 1 and not isinstance(source, Concat):
            # As nft does: a set of one is no set.
            operand = operand.elements[0]
        self.source = source
        self.operator: Operator = operator
        self.operand = operand

    @property
    def value(self) -> Any:
        """What it is compared with: a value, an `Interval`, a list for a set, `"@name"`."""
        if isinstance(self.operand, Named):
            return str(self.operand)
        types = self.source.types
        if isinstance(self.operand, Literals):
            return [_read(types, element) for element in self.operand.elements]
        return _read(types, self.operand)

    def __and__(self, other: Condition | All) -> All:
        return All((self,)) & other

    def __or__(self, other: Condition) -> Condition:
        """Any of these flags: `ct.state.established | ct.state.related`."""
        source = self.source
        joined = isinstance(other, Condition) and other.source.text == source.text and source.types[0].bits
        if not joined or {self.operator, other.operator} != {"=="} or isinstance(source, Masked):
            raise EncodeError(
                f"'{self}' and '{other}' cannot be joined by |, which joins flags of one kind; "
                "write two rules, or a set"
            )
        assert isinstance(self.operand, Exact) and isinstance(other.operand, Exact)
        data = bytes(a | b for a, b in zip(self.operand.data, other.operand.data, strict=True))
        return Condition(source, "==", Exact(data))

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a condition is neither true nor false before a packet comes; join conditions by & or in a list"
        )

    def _identity(self) -> Any:
        return self.source.text, self.operator, self.operand[:1] if isinstance(self.operand, Named) else self.operand

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and bool(self._identity() == other._identity())

    def __hash__(self) -> int:
        return hash((self.source.text, self.operator))

    def __str__(self) -> str:
        source, operand = self.source, self.operand
        if isinstance(source, Masked) and source.types[0].bits and isinstance(operand, Exact):
            flags, mask = (source.types[0].unpack(data) for data in (operand.data, source.mask))
            if flags:
                sign = "" if self.operator == "==" else "!= "
                return f"{source.selector.text} {sign}{flags} / {mask}"
        if isinstance(operand, Named):
            value = str(operand)
        elif isinstance(operand, Literals):
            value = "{ " + ", ".join(source.spell(element) for element in operand.elements) + " }"
        else:
            value = source.spell(operand)
        implied = self.operator == "==" and not isinstance(source, Masked)
        return f"{source.text} {value}" if implied else f"{source.text} {self.operator} {value}"

    def __repr__(self) -> str:
        return f"<{self}>"


def _read(types: tuple[Type, ...], pattern: Any) -> Any:
    if isinstance(pattern, (Exact, Prefix)) or type(pattern) is not tuple:
        return types[0].read(pattern)
    return tuple(t.read(one) for t, one in zip(types, pattern, strict=True))


class All:
    """Conditions that a packet must pass all together, in their order."""

    __slots__ = ("conditions",)

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions = conditions

    def __and__(self, other: Condition | All) -> All:
        if not isinstance(other, (Condition, All)):
            return NotImplemented
        return All((*self.conditions, *(other.conditions if isinstance(other, All) else (other,))))

    def __iter__(self) -> Iterator[Condition]:
        return iter(self.conditions)

    def __bool__(self) -> NoReturn:
        raise TypeError("conditions are neither true nor false before a packet comes; join them by & or in a list")

    def __str__(self) -> str:
        return " ".join(map(str, self.conditions))

    def __repr__(self) -> str:
        return f"<{self}>"


# --- statements that are made of a source ---------------------------------------------------------------------------


class Statement:
    """The base of all statements. Two are equal if they have the same text."""

    __slots__ = ()

    def compile(self, compiler: Compiler) -> None:
        """Add its expressions to a rule in the making. EncodeError where the rule's chain does not allow it."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"<{self}>"


class VerdictMapped(Statement):
    """The verdict that a map has for a source; made by `Source.vmap`."""

    __slots__ = ("map", "source")

    def __init__(self, source: Source, verdicts: dict[Any, Any] | Named) -> None:
        if isinstance(verdicts, dict):
            for value in verdicts.values():
                if not hasattr(value, "verdict"):
                    raise EncodeError(f"{value!r} is no verdict such as accept or jump('web')", attribute=source.text)
        self.source = source
        self.map = verdicts

    def compile(self, compiler: Compiler) -> None:
        pairs = self.map if isinstance(self.map, Named) else {key: str(value) for key, value in self.map.items()}
        compiler.map(self.source, pairs, "verdict", None)

    def __str__(self) -> str:
        return f"{self.source} vmap {map_text(self.source, self.map)}"


def map_text(source: Source, pairs: dict[Any, Any] | Named) -> str:
    """A map in nft's words."""
    if isinstance(pairs, Named):
        return str(pairs)

    def spell(value: Any) -> str:
        return " . ".join(map(str, value)) if isinstance(value, tuple) else str(value)

    return "{ " + ", ".join(f"{source.spell(key)} : {spell(value)}" for key, value in pairs.items()) + " }"


class Write(Statement):
    """A value written into metadata of the packet or its connection; made by `Selector.set`."""

    __slots__ = ("selector", "value")

    def __init__(self, selector: Selector[Any], value: Any) -> None:
        if not selector.writable:
            raise EncodeError("this cannot be written", attribute=selector.text)
        if isinstance(value, Source):
            if value.types[0].size != selector.type.size or len(value.types) > 1:
                raise EncodeError(f"'{value}' has another size", attribute=selector.text)
            self.value: Source | bytes = value
        else:
            pattern = selector.pattern(value)
            if not isinstance(pattern, Exact):
                raise EncodeError(f"{value!r} is no single value", attribute=selector.text)
            self.value = pattern.data
        self.selector = selector

    def compile(self, compiler: Compiler) -> None:
        if isinstance(self.value, Source):
            compiler.need_all(self.value)
            compiler.expressions += self.value.load(0)
        else:
            compiler.expressions.append(Immediate(dreg="reg_1", data=self.value))
        expr = self.selector.expr
        key = expr.key  # type: ignore[attr-defined]
        compiler.expressions.append(
            Meta(key=key, sreg="reg_1") if isinstance(expr, Meta) else Ct(key=key, sreg="reg_1")
        )

    def __str__(self) -> str:
        kind = self.selector.type
        value = str(self.value) if isinstance(self.value, Source) else kind.text(kind.unpack(self.value))
        return f"{self.selector} set {value}"
