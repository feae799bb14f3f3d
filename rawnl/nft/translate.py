"""Statements that translate addresses: masquerade, snat, dnat, redirect; and what spreads packets over several targets.

    rule(out, ip.saddr == "192.168.100.0/24", masquerade())
    rule(inward, tcp.dport == 80, dnat("10.0.0.2:8080"))
    rule(inward, dnat(tcp.dport.map({80: ("10.0.0.2", 8080), 443: ("10.0.0.3", 8443)})))
    rule(inward, tcp.dport == 80, dnat(numgen(2).map({0: "10.0.0.2", 1: "10.0.0.3"})))

Strategy: where packets are to go is an `Endpoint`, addresses and ports from … to …, read from what people write. It
goes into registers by immediates, or comes out of a map. In which chains this is possible at all is checked here,
where the chain is known. Source: nft(8), "NAT statements", "Numgen expression", "Hash expressions".
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from rawnl.errors import EncodeError
from rawnl.nft.expr import Expr, Expression
from rawnl.nft.expr_load import Hash, Immediate, Numgen
from rawnl.nft.expr_nat import Masquerade, Nat, NatFlags, Redirect
from rawnl.nft.header import Family
from rawnl.nft.match_names import IPV4, IPV6, PORT, integer
from rawnl.nft.match_operand import Named, register_at
from rawnl.nft.match_selector import Mapped, Selector, Source, Statement, map_text
from rawnl.nft.match_types import Exact, Interval, Prefix, Span

if TYPE_CHECKING:
    from rawnl.nft.match_compile import Compiler

IPLike: TypeAlias = "str | IPv4Address | IPv6Address | IPv4Network | IPv6Network"
EndpointLike: TypeAlias = "IPLike | tuple[IPLike, int | str | range | Interval] | Interval | Endpoint"

_PLACES = {
    "masquerade": ("postrouting",),
    "snat": ("postrouting", "input"),
    "dnat": ("prerouting", "output"),
    "redirect": ("prerouting", "output"),
}


class Endpoint(NamedTuple):
    """Where packets are to come from or go to: addresses (packed) and ports, both from … to …; None: as they are."""

    first: bytes | None = None
    last: bytes | None = None
    port: int | None = None
    last_port: int | None = None

    @property
    def version(self) -> int | None:
        """4 or 6; None without an address."""
        return None if self.first is None else 4 if len(self.first) == 4 else 6

    @property
    def address(self) -> str | None:
        """The address in text, a range as a network or with a dash; None without one."""
        if self.first is None:
            return None
        kind = IPV4 if len(self.first) == 4 else IPV6
        if self.last is None or self.last == self.first:
            return kind.unpack(self.first)
        return kind.text(kind.read(Span(self.first, self.last)))

    @property
    def ports(self) -> str | None:
        """The port or ports in text; None without."""
        if self.port is None:
            return None
        return str(self.port) if self.last_port is None else f"{self.port}-{self.last_port}"

    def __str__(self) -> str:
        address = self.address or ""
        if self.port is None:
            return address
        return f"[{address}]:{self.ports}" if ":" in address else f"{address}:{self.ports}"


def endpoint(value: Any, what: str) -> Endpoint:
    """Where to: "10.0.0.2", "10.0.0.2:80", "[2001:db8::1]:80", ":8080", ("10.0.0.2", 80), ranges. EncodeError."""
    if isinstance(value, Endpoint):
        return value
    try:
        if isinstance(value, tuple) and type(value) is tuple:
            if len(value) != 2:
                raise EncodeError(f"{value!r} is no (address, port)")
            return _endpoint(value[0], value[1])
        if isinstance(value, int) and not isinstance(value, bool):
            return _endpoint(None, value)
        if isinstance(value, str):
            return _endpoint(*_split(value))
        return _endpoint(value, None)
    except EncodeError as error:
        raise EncodeError(error.reason, attribute=what) from None


def _split(text: str) -> tuple[str | None, str | None]:
    """Address and port of `10.0.0.2:80`, `[2001:db8::1]:80`, `:80`."""
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise EncodeError(f"{text!r} is no address and port such as '[2001:db8::1]:80'")
        return address, rest[1:] or None
    if text.startswith(":") and not text.startswith("::"):
        return None, text[1:]
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, port
    return text, None


def _endpoint(address: Any, ports: Any) -> Endpoint:
    first = last = None
    if address is not None:
        if isinstance(address, Interval):
            version = 6 if ":" in str(address.first) else 4
        elif isinstance(address, (str, IPv4Address, IPv6Address, IPv4Network, IPv6Network)):
            version = 6 if ":" in str(address) else 4
        else:
            raise EncodeError(f"{address!r} is no address such as '10.0.0.2'")
        found = (IPV4 if version == 4 else IPV6).pattern(address)
        if isinstance(found, Exact):
            first = found.data
        elif isinstance(found, Prefix):
            first = found.data
            size = 8 * len(first)
            last = (int.from_bytes(first, "big") | (1 << size - found.bits) - 1).to_bytes(len(first), "big")
        else:
            first, last = found.first, found.last
    if ports is None:
        return Endpoint(first, last)
    port = PORT.pattern(ports)
    if isinstance(port, Span):
        low, high = (int.from_bytes(data, "big") for data in port)
        return Endpoint(first, last, low, None if low == high else high)
    return Endpoint(first, last, int.from_bytes(port.data, "big"))


def port_bytes(port: int) -> bytes:
    """A port as it stands in a register."""
    return port.to_bytes(2, "big")


def check_place(compiler: Compiler, word: str) -> None:
    """EncodeError if the rule's chain is known to be of a kind in which this cannot be done."""
    if compiler.hook is None:
        return
    hooks = _PLACES[word]
    if compiler.type != "nat" or compiler.hook not in hooks:
        where = " or ".join(hooks)
        raise EncodeError(
            f"{word} is possible in chains of type nat at {where}; this one is of type {compiler.type} at "
            f"{compiler.hook}",
            attribute=word,
        )


def flag_words(flags: int) -> str:
    """Flags in nft's words, a space before them."""
    known = {
        NatFlags.PROTO_RANDOM: "random",
        NatFlags.PROTO_RANDOM_FULLY: "fully-random",
        NatFlags.PERSISTENT: "persistent",
    }
    words = [word for flag, word in known.items() if flags & flag]
    return " " + ",".join(words) if words else ""


def _flags(random: bool, fully_random: bool, persistent: bool) -> int:
    return (
        NatFlags.PROTO_RANDOM * random + NatFlags.PROTO_RANDOM_FULLY * fully_random + NatFlags.PERSISTENT * persistent
    )


def _need_ports(compiler: Compiler, word: str) -> None:
    if compiler.transport is None:
        raise EncodeError(
            "a port without a protocol: match tcp or udp before it, or write meta.l4proto == {'tcp', 'udp'}",
            attribute=word,
        )


class Local(Statement):
    """To this machine, or to the address of the interface: `redirect` and `masquerade`, with ports or without."""

    __slots__ = ("flags", "ports", "word")

    def __init__(self, word: Literal["masquerade", "redirect"], ports: Endpoint, flags: int) -> None:
        self.word, self.ports, self.flags = word, ports, flags

    def compile(self, compiler: Compiler) -> None:
        check_place(compiler, self.word)
        flags: int | None = self.flags or None
        low = high = None
        if self.ports.port is not None:
            _need_ports(compiler, self.word)
            low, flags = register_at(0), self.flags | NatFlags.PROTO_SPECIFIED
            compiler.expressions.append(Immediate(dreg=low, data=port_bytes(self.ports.port)))
            if self.ports.last_port is not None:
                high = register_at(4)
                compiler.expressions.append(Immediate(dreg=high, data=port_bytes(self.ports.last_port)))
        expr: type[Masquerade] | type[Redirect] = Masquerade if self.word == "masquerade" else Redirect
        compiler.expressions.append(expr(flags=flags, reg_proto_min=low, reg_proto_max=high))

    def __str__(self) -> str:
        to = f" to {self.ports}" if self.ports.port is not None else ""
        return f"{self.word}{to}{flag_words(self.flags)}"


def masquerade(
    to: int | str | range | Interval | None = None,
    *,
    random: bool = False,
    fully_random: bool = False,
    persistent: bool = False,
) -> Local:
    """Translate the source to the address of the interface that the packet leaves by; in postrouting.

    `to`: source ports to use (1024, "1024-2000"). `random`, `fully_random`: choose them at random. `persistent`: the
    same for the same client. Raises EncodeError.
    """
    return Local("masquerade", _ports(to, "masquerade"), _flags(random, fully_random, persistent))


def redirect(
    to: int | str | range | Interval | None = None,
    *,
    random: bool = False,
    fully_random: bool = False,
    persistent: bool = False,
) -> Local:
    """Translate the destination to this machine, to the port `to` if one is given; in prerouting or output."""
    return Local("redirect", _ports(to, "redirect"), _flags(random, fully_random, persistent))


def _ports(value: Any, what: str) -> Endpoint:
    if value is None:
        return Endpoint()
    if isinstance(value, str):
        value = value.removeprefix(":")
    try:
        return _endpoint(None, value)
    except EncodeError as error:
        raise EncodeError(error.reason, attribute=what) from None


class Translate(Statement):
    """To a given place, or to one out of a map: `snat` and `dnat`."""

    __slots__ = ("flags", "netmap", "to", "version", "with_port", "word")

    def __init__(
        self,
        word: Literal["snat", "dnat"],
        to: Endpoint | Mapped,
        flags: int,
        *,
        netmap: bool = False,
        version: int | None = None,
        with_port: bool = False,
    ) -> None:
        self.word, self.to, self.flags, self.netmap = word, to, flags, netmap
        self.version, self.with_port = version, with_port

    def compile(self, compiler: Compiler) -> None:
        check_place(compiler, self.word)
        if isinstance(self.to, Endpoint):
            self._fixed(compiler, self.to)
        else:
            self._mapped(compiler, self.to)

    def _family(self, compiler: Compiler, version: int | None) -> Family:
        """The family of the addresses. EncodeError where the chain or the rule is of the other one."""
        known = compiler.version
        if version is None:
            if known is None:
                raise EncodeError("addresses of which family? Match ip or ip6 before it", attribute=self.word)
            version = known
        elif known not in (None, version):
            where = (
                f"a chain of family {compiler.family_name}"
                if compiler.family in (Family.IP, Family.IP6)
                else "this rule"
            )
            raise EncodeError(f"an address of IPv{version}, and {where} sees only IPv{known}", attribute=self.word)
        return Family.IP if version == 4 else Family.IP6

    def _fixed(self, compiler: Compiler, to: Endpoint) -> None:
        family = self._family(compiler, to.version)
        flags = self.flags
        registers = iter(register_at(4 * place) for place in range(4))
        values = {
            "reg_addr_min": to.first,
            "reg_addr_max": to.last,
            "reg_proto_min": None if to.port is None else port_bytes(to.port),
            "reg_proto_max": None if to.last_port is None else port_bytes(to.last_port),
        }
        given: dict[str, Any] = {}
        for name, data in values.items():
            if data is not None:
                given[name] = next(registers)
                compiler.expressions.append(Immediate(dreg=given[name], data=data))
        if to.port is not None:
            _need_ports(compiler, self.word)
            flags |= NatFlags.PROTO_SPECIFIED
        if self.netmap:
            flags |= NatFlags.NETMAP
        compiler.expressions.append(Nat(type=self.word, family=family, flags=flags or None, **given))

    def _mapped(self, compiler: Compiler, to: Mapped) -> None:
        version, with_port, pairs = self.version, self.with_port, to.map
        if isinstance(pairs, dict):
            version, with_port, pairs = read_targets(to, self.word)
        compiler.need_all(to.source)
        family = self._family(compiler, version)
        address = "ipv4_addr" if family == Family.IP else "ipv6_addr"
        data = f"{address} . inet_service" if with_port else f"interval {address}" if self.netmap else address
        if with_port:
            _need_ports(compiler, self.word)
        compiler.map(to.source, pairs, data, 0)
        second = register_at(1 if family == Family.IP else 4)
        flags = self.flags | (NatFlags.NETMAP if self.netmap else 0)
        compiler.expressions.append(
            Nat(
                type=self.word,
                family=family,
                reg_addr_min=register_at(0),
                reg_addr_max=second if self.netmap else None,
                reg_proto_min=second if with_port else None,
                flags=flags or None,
            )
        )

    def __str__(self) -> str:
        words = flag_words(self.flags)
        if isinstance(self.to, Endpoint):
            return f"{self.word} to {self.to}{words}"
        source, pairs = self.to
        family = ""
        if self.with_port or self.netmap:
            family = " ip" if self.version == 4 else " ip6"
        prefix = " prefix" if self.netmap else ""
        return f"{self.word}{family}{prefix} to {source} map {map_text(source, _targets_text(pairs))}{words}"


def _targets_text(pairs: Any) -> Any:
    if isinstance(pairs, Named):
        return pairs
    return {key: _target_text(endpoint(value, "")) for key, value in pairs.items()}


def _target_text(to: Endpoint) -> str:
    return to.address or "" if to.port is None else f"{to.address} . {to.ports}"


def read_targets(to: Mapped, what: str) -> tuple[int, bool, dict[Any, Any]]:
    """The targets of a map written in place: their version, whether they have ports, and themselves. EncodeError."""
    assert isinstance(to.map, dict)
    found = {key: endpoint(value, what) for key, value in to.map.items()}
    shapes = {(one.version, one.port is not None, one.last is not None) for one in found.values()}
    if len(shapes) != 1:
        raise EncodeError(
            "the targets of a map are of one kind: all IPv4 or all IPv6, all with a port or none", attribute=what
        )
    version, with_port, _ = shapes.pop()
    if version is None or any(one.last_port is not None for one in found.values()):
        raise EncodeError("the targets of a map are addresses, or (address, port)", attribute=what)
    return version, with_port, {key: target_value(one) for key, one in found.items()}


def target_value(to: Endpoint) -> Any:
    """A target as a map's data has it: an address, or (address, port)."""
    return to.address if to.port is None else (to.address, to.port)


def _translate(word: Literal["snat", "dnat"], to: Any, flags: int, version: int | None, with_port: bool) -> Translate:
    if not isinstance(to, Mapped):
        return Translate(word, endpoint(to, word), flags)
    netmap = False
    if isinstance(to.map, dict):
        version, with_port, _ = read_targets(to, word)
        netmap = any(endpoint(value, word).last is not None for value in to.map.values())
    elif to.map.object is not None:
        found: Any = to.map.object
        kinds = str(found.data_name).split(" . ")
        if not kinds[0].startswith("ipv") or kinds[1:] not in ([], ["inet_service"]):
            raise EncodeError(f"{found.title} does not lead to addresses", attribute=word)
        version, with_port = (4 if kinds[0] == "ipv4_addr" else 6), len(kinds) == 2
    return Translate(word, to, flags, netmap=netmap, version=version, with_port=with_port)


def snat(
    to: EndpointLike | Mapped,
    *,
    random: bool = False,
    fully_random: bool = False,
    persistent: bool = False,
    version: Literal[4, 6] | None = None,
    with_port: bool = False,
) -> Translate:
    """Translate the source: to an address, a range of them, with ports or without; in postrouting or input.

    `to`: "192.0.2.1", "192.0.2.1-192.0.2.9", "192.0.2.1:1024-2000", or what a map has (`ip.saddr.map({…})`). `random`,
    `fully_random`: choose ports at random. `persistent`: the same address for the same client. `version`,
    `with_port`: what a map given by its name leads to. Raises EncodeError.
    """
    return _translate("snat", to, _flags(random, fully_random, persistent), version, with_port)


def dnat(
    to: EndpointLike | Mapped,
    *,
    random: bool = False,
    fully_random: bool = False,
    persistent: bool = False,
    version: Literal[4, 6] | None = None,
    with_port: bool = False,
) -> Translate:
    """Translate the destination; as `snat`, in prerouting or output.

    >>> from rawnl.nft import numgen
    >>> print(dnat("10.0.0.2:80"), "|", dnat(numgen(2).map({0: "10.0.0.2", 1: "10.0.0.3"})))
    dnat to 10.0.0.2:80 | dnat to numgen inc mod 2 map { 0 : 10.0.0.2, 1 : 10.0.0.3 }
    """
    return _translate("dnat", to, _flags(random, fully_random, persistent), version, with_port)


# --- spreading -----------------------------------------------------------------------------------------------------


class Spread(Source):
    """A number from 0 to `modulus - 1`: the next, a random one, or a hash of a source; for maps."""

    types = (integer(4, host=True),)

    def __init__(self, text: str, expr: Expr, hashed: Source | None = None) -> None:
        self.text = text
        self.expr = expr
        self.hashed = hashed

    def parts(self) -> tuple[Selector[Any], ...]:
        return () if self.hashed is None else self.hashed.parts()

    def load(self, word: int, swapped: bool = False) -> list[Expression]:
        before = [] if self.hashed is None else self.hashed.load(word + 4)
        return [*before, self.expr.replace(dreg=register_at(word))]


def _modulus(modulus: int) -> int:
    if not 1 <= modulus < 1 << 32:
        raise EncodeError(f"{modulus} is no modulus from 1 to 4294967295")
    return modulus


def numgen(modulus: int, *, random: bool = False) -> Spread:
    """The numbers from 0 to `modulus - 1`, one after the other from packet to packet, or at random."""
    kind = "random" if random else "incremental"
    word = "random" if random else "inc"
    return Spread(f"numgen {word} mod {modulus}", Numgen(modulus=_modulus(modulus), type=kind, offset=0))


def jhash(source: Source, modulus: int, *, seed: int | None = None) -> Spread:
    """A hash of a source, modulo `modulus`: the same for the same value. `seed` (32 bits): the kernel's if None."""
    text = f"jhash {source} mod {modulus}" + ("" if seed is None else f" seed 0x{seed:x}")
    size = 4 * source.words if len(source.types) > 1 else source.types[0].size
    expr = Hash(sreg=register_at(4), len=size, modulus=_modulus(modulus), seed=seed, offset=0, type="jenkins")
    return Spread(text, expr, source)


__all__ = [
    "Endpoint",
    "EndpointLike",
    "Translate",
    "dnat",
    "endpoint",
    "jhash",
    "masquerade",
    "numgen",
    "redirect",
    "snat",
]
