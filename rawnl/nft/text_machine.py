"""The symbolic machine that turns a rule's expressions back into the statements that somebody wrote.

Strategy: expressions are walked in order, as the kernel does, but registers hold `Term`s that say where a value comes
from instead of the value. An expression that loads puts a term into a register; one that compares or acts takes terms
out and makes a statement, in both of its forms. Each class of expressions has one function, registered by
`@writes(Class)` in `text_load`, `text_match` and `text_action`: what is not registered, or does not fit, is `Outside`
of the vocabulary, and the rule is written in the debug form instead.

Dependencies: `tcp dport 22` needs to know that the packet is TCP, so nft puts `meta l4proto tcp` before it, and leaves
that out again when it lists the rule. So a comparison that names a header is remembered, and dropped from the text as
soon as a field of that header is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rawnl.nft import text_fields as headers
from rawnl.nft.expr import Data, Expr, Register
from rawnl.nft.header import Family
from rawnl.nft.text_types import DataType, Shown, quoted

if TYPE_CHECKING:
    from rawnl.nft.text_sets import SetView

ICMP_NETWORKS = {"icmp": "ip", "icmpv6": "ip6"}
LOOPBACK_INDEX = 1
"""The index of "lo" in every namespace."""
WORD = 4


class Outside(Exception):
    """What an expression does is not in the vocabulary."""


@dataclass(frozen=True)
class Style:
    """How to write: with `handles` (`nft -a`), `stateless` (`nft -s`), and the names of `interfaces` by index."""

    handles: bool = False
    stateless: bool = False
    interfaces: Mapping[int, str] = field(default_factory=lambda: {LOOPBACK_INDEX: "lo"})


class Statement(NamedTuple):
    """A statement in both forms; `plain` if it is a comparison that others may make redundant."""

    shown: Shown
    match: bool = False


class Resolved(NamedTuple):
    """A term as it is written, and the type and width of its value."""

    shown: Shown
    type: DataType
    bits: int
    header: headers.HeaderField | None = None


class Term:
    """What stands in a register: `bits` of it, in network byte order if `big`."""

    bits: int = 0
    big: bool = True

    def resolve(self, machine: Machine) -> Resolved:
        """How it is written."""
        raise NotImplementedError

    def part(self, machine: Machine, offset: int, bits: int) -> Resolved | None:
        """How some bits of it are written, if they have a name of their own."""
        return None

    def split(self, machine: Machine) -> list[tuple[Resolved, int]]:
        """The fields that it covers one after the other, each with its place from the left in bits."""
        return [(self.resolve(machine), 0)]


@dataclass
class Known(Term):
    """A term that is written the same wherever it is used. `key` says what it is, for those that name headers."""

    shown: Shown
    type: DataType
    bits: int
    big: bool
    key: tuple[str, int] | None = None

    def resolve(self, machine: Machine) -> Resolved:
        return Resolved(self.shown, self.type, self.bits)


@dataclass
class Constant(Term):
    """Bytes, whose type is that of whatever they are put into."""

    data: bytes

    @property
    def bits(self) -> int:  # type: ignore[override]
        return 8 * len(self.data)

    def resolve(self, machine: Machine) -> Resolved:
        raise Outside("a constant has no type of its own")


def integer(data: bytes, big: bool) -> int:
    """The value that bytes of a register stand for."""
    return int.from_bytes(data, "big" if big else sys.byteorder)


def value_of(data: Any) -> bytes:
    """The bytes of an expression's data, which is `Data` as it is read. Outside where there are none."""
    value = data.value if isinstance(data, Data) else None
    if value is None:
        raise Outside("no value")
    return value


def word_of(register: Any) -> int:
    """The place of a register, counted in words of 4 bytes from the first."""
    number = int(register)
    if Register.REG_1 <= number <= Register.REG_4:
        return WORD * (number - 1)
    if Register.REG32_00 <= number <= Register.REG32_15:
        return number - Register.REG32_00
    raise Outside(f"register {number}")


class Machine:
    """The state of one walk through a rule."""

    def __init__(
        self, family: int, sets: Mapping[str, SetView], style: Style, blocks: Mapping[str, str] | None = None
    ) -> None:
        self.family = int(family)
        self.sets = sets
        self.style = style
        self.blocks = blocks or {}
        self.statements: list[Statement | None] = []
        self.protocols: dict[int, str] = {}
        self.icmp_types: frozenset[int] = frozenset()
        self.lower: tuple[int, Term, bytes] | None = None
        self._registers: dict[int, Term] = {}
        self._unused: set[int] = set()
        self._dependencies: dict[int, tuple[int, str]] = {}
        self._icmp_type: int | None = None
        if self.family in headers.NETWORKS:
            self.protocols[headers.NETWORK] = headers.NETWORKS[self.family]
        elif self.family == Family.BRIDGE:
            self.protocols[headers.LINK] = "ether"

    def run(self, expressions: Sequence[Any]) -> list[Shown]:
        """The statements of a rule. Raises Outside."""
        for expression in expressions:
            writer = WRITERS.get(type(expression))
            if writer is None:
                raise Outside(f"no text for {type(expression).__name__}")
            writer(self, expression)
        if self._unused:
            raise Outside("a register is loaded and never used")
        return [statement.shown for statement in self.statements if statement is not None]

    # --- registers

    def load(self, register: Any, term: Term) -> None:
        """Put a term into a register."""
        word = word_of(register)
        self._registers[word] = term
        self._unused.add(word)

    def peek(self, register: Any) -> Term:
        """What stands in a register, which counts as used from now on. Raises Outside where nothing does."""
        word = word_of(register)
        term = self._registers.get(word)
        if term is None:
            raise Outside("a register is used before it is loaded")
        self._unused.discard(word)
        return term

    def terms(self, register: Any, bits: int) -> list[Term]:
        """The terms that stand side by side from a register on, until they fill `bits`."""
        word = word_of(register)
        found: list[Term] = []
        while bits > 0:
            term = self._registers.get(word)
            if term is None or term.bits <= 0:
                raise Outside("a register is used before it is loaded")
            self._unused.discard(word)
            found.append(term)
            space = (term.bits + 31) // 32
            word += space
            bits -= 32 * space
        return found

    # --- statements and what they depend on

    def say(self, text: str, json: Any, *, match: bool = False) -> None:
        """Add a statement."""
        self.statements.append(Statement(Shown(text, json), match))
        if not match:
            # nft leaves a comparison alone that stands before any action.
            self._dependencies.clear()
            self._icmp_type = None

    def depends(self, base: int, what: str) -> None:
        """Remember that the last statement names the header at `base`."""
        self._dependencies[base] = len(self.statements) - 1, what

    def depends_on_icmp_type(self, value: int) -> None:
        """Remember that the last statement names the type of an ICMP message."""
        self.icmp_types = frozenset((value,))
        self._icmp_type = len(self.statements) - 1

    def drop_icmp_type(self) -> None:
        """A field that only one type of ICMP messages has is written: drop the statement that names that type."""
        if self._icmp_type is not None:
            self.statements[self._icmp_type] = None
            self._icmp_type = None

    def drop_dependency(self, base: int, protocol: str = "") -> None:
        """A field of the header at `base` is written: drop the statement that names that header."""
        found = self._dependencies.get(base)
        if found is not None and self._droppable(base, found[1]):
            del self._dependencies[base]
            self.statements[found[0]] = None
        if protocol in ICMP_NETWORKS and self.protocols.get(headers.NETWORK) == ICMP_NETWORKS[protocol]:
            # ICMP is of one family only, so that its name tells the family too.
            self.drop_dependency(headers.NETWORK)

    def _droppable(self, base: int, what: str) -> bool:
        mixed = self.family in (Family.INET, Family.BRIDGE, Family.NETDEV)
        if base == headers.TRANSPORT and mixed and what in ("ip protocol", "ip6 nexthdr"):
            # It tells IPv4 from IPv6 too.
            return False
        # A VLAN of another than the usual type.
        return not what.startswith("ether type ")

    def show(self, kind: DataType, data: bytes, big: bool) -> Shown:
        """A constant of a type."""
        return constant(kind, data, big, self.style)


def constant(kind: DataType, data: bytes, big: bool, style: Style) -> Shown:
    """A constant of a type, in both forms."""
    if kind.kind == "string":
        text = data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        if b"\0" not in data and len(data) < 16:
            text += "*"
        elif text.endswith("*"):
            text = text[:-1] + "\\*"
        return Shown(quoted(text), text)
    return number(kind, integer(data, big), 8 * len(data), style)


def number(kind: DataType, value: int, bits: int, style: Style) -> Shown:
    """A number of a type, in both forms."""
    if kind.kind == "interface" and value in style.interfaces:
        name = style.interfaces[value]
        return Shown(quoted(name), name)
    return kind.show(value, bits)


E = TypeVar("E", bound=Expr)
Writer = Callable[[Machine, Any], None]
WRITERS: dict[type, Writer] = {}


def writes(cls: type[E]) -> Callable[[Callable[[Machine, E], None]], Callable[[Machine, E], None]]:
    """Register the function that writes a class of expressions."""

    def register(function: Callable[[Machine, E], None]) -> Callable[[Machine, E], None]:
        WRITERS[cls] = function
        return function

    return register
