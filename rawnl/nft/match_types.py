"""What matches compare: values as people write them, as bytes in a register, and as nft prints them.

Strategy: a `Type` knows one kind of value (an address, a port, a mark …), its size and its byte order. `pattern` turns
whatever was written into one of three shapes, and every comparison is made from these:

    Exact(b"\\x00\\x50")    Prefix(b"\\x0a\\0\\0\\0", bits=8)    Span(b"\\x03\\xe8", b"\\x07\\xd0")

Bytes are in the order in which they stand in the register: network byte order for what comes out of a packet, host
byte order for most of what the kernel knows by itself. The names of the types are those of nft's sets.
Source: nft(8), "Data types".
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal, NamedTuple, TypeAlias

from rawnl.attribute import link_address_bytes, nearest
from rawnl.errors import EncodeError

ByteOrder: TypeAlias = Literal["big", "little"]
HOST: ByteOrder = sys.byteorder
IFNAME_SIZE = 16


class Interval(NamedTuple):
    """From `first` to `last`, both included; what nft writes as `1000-2000`."""

    first: Any
    last: Any


class Exact(NamedTuple):
    """One value."""

    data: bytes


class Prefix(NamedTuple):
    """All values whose first `bits` are those of `data`."""

    data: bytes
    bits: int


class Span(NamedTuple):
    """All values from `first` to `last`, both included, in network byte order."""

    first: bytes
    last: bytes


Pattern: TypeAlias = "Exact | Prefix | Span"


def wrong(value: Any, wanted: str) -> EncodeError:
    """The error for a value that is not what a type wants."""
    return EncodeError(f"{value!r} is no {wanted}")


class Type:
    """A kind of value. `name` is nft's, `size` in bytes, `order` that of the register."""

    bits = False
    """Whether values are sets of flags."""

    def __init__(self, name: str, size: int, order: ByteOrder = "big", wanted: str = "") -> None:
        self.name = name
        self.size = size
        self.order: ByteOrder = order
        self.wanted = wanted or name

    def pack(self, value: Any) -> bytes:
        """One value as it stands in a register. EncodeError where it is none."""
        raise NotImplementedError

    def unpack(self, data: bytes) -> Any:
        """The value that these bytes mean."""
        raise NotImplementedError

    def spell(self, value: Any) -> str:
        """What `unpack` gave, in nft's words."""
        return str(value)

    def pattern(self, value: Any) -> Pattern:
        """A value, prefix or span as it was written. EncodeError where it is none of these."""
        if isinstance(value, range):
            if value.step != 1 or not len(value):
                raise EncodeError(f"{value!r} is empty or has gaps; a range goes up by 1")
            value = Interval(value[0], value[-1])
        if isinstance(value, Interval):
            return self.span(value.first, value.last)
        if isinstance(value, str) and "-" in value[1:] and self.ranged:
            first, _, last = value.partition("-")
            return self.span(first.strip(), last.strip())
        return Exact(self.pack(value))

    ranged = False
    """Whether text may be a span, `1000-2000`."""

    def ordered(self, data: bytes) -> bytes:
        """A register's bytes in network byte order, or back."""
        return data if self.order == "big" else data[::-1]

    def span(self, first: Any, last: Any) -> Span:
        """A span of values. EncodeError where it ends before it begins."""
        low, high = self.ordered(self.pack(first)), self.ordered(self.pack(last))
        if low > high:
            raise EncodeError(f"a range from {first} to {last} ends before it begins")
        return Span(low, high)

    def read(self, pattern: Pattern) -> Any:
        """What a pattern means: a value, a network, an `Interval`."""
        if isinstance(pattern, Span):
            return Interval(self.unpack(self.ordered(pattern.first)), self.unpack(self.ordered(pattern.last)))
        return self.unpack(pattern.data)

    def text(self, value: Any) -> str:
        """A value as `read` gives it, in nft's words."""
        if isinstance(value, Interval):
            return f"{self.spell(value.first)}-{self.spell(value.last)}"
        return self.spell(value)

    def __repr__(self) -> str:
        return f"<{self.name}, {self.size} bytes>"


class Number(Type):
    """An integer, with `names` for some values; nft prints a number as `form` says, and names where it has them."""

    ranged = True

    def __init__(
        self,
        name: str,
        size: int,
        order: ByteOrder = "big",
        wanted: str = "",
        *,
        names: Mapping[str, int] | None = None,
        form: str = "{}",
    ) -> None:
        super().__init__(name, size, order, wanted or f"integer of {8 * size} bits")
        self.names = names or {}
        self.spelled = {number: word for word, number in reversed(list(self.names.items()))}
        self.form = form

    def number(self, value: Any) -> int:
        """The number meant. EncodeError."""
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise wrong(value, self.wanted)
        if isinstance(value, str):
            if value in self.names:
                return self.names[value]
            try:
                value = int(value, 0)
            except ValueError:
                guess = nearest(value, list(self.names)) if self.names else ""
                raise EncodeError(f"{value!r} is no {self.wanted}{guess}") from None
        if not 0 <= value < 1 << 8 * self.size:
            raise EncodeError(f"{value} does not fit a {self.wanted} (0 to {(1 << 8 * self.size) - 1})")
        return int(value)

    def pack(self, value: Any) -> bytes:
        return self.number(value).to_bytes(self.size, self.order)

    def pattern(self, value: Any) -> Pattern:
        if isinstance(value, str) and value in self.names:
            return Exact(self.pack(value))
        return super().pattern(value)

    def unpack(self, data: bytes) -> int | str:
        number = int.from_bytes(data, self.order)
        found: int | str = self.spelled.get(number, number)
        return found

    def spell(self, value: Any) -> str:
        return value if isinstance(value, str) else self.form.format(value)


class Service(Number):
    """A port: a number, or a service's name as /etc/services has it."""

    def number(self, value: Any) -> int:
        if isinstance(value, str) and not value.isdecimal():
            try:
                return socket.getservbyname(value)
            except OSError:
                raise EncodeError(f"{value!r} is no port: give a number from 0 to 65535, or a service's name") from None
        return super().number(value)

    def pattern(self, value: Any) -> Pattern:
        first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
        if dash and not (first.isdecimal() and last.isdecimal()):
            # Names of services have dashes, too.
            return Exact(self.pack(value))
        return super().pattern(value)


class Flags(Number):
    """A set of flags: one name, several with commas, an iterable of names, or the number of all of them."""

    bits = True
    ranged = False

    def number(self, value: Any) -> int:
        if isinstance(value, str) and not value[:1].isdecimal():
            value = value.replace("|", ",").split(",")
        if isinstance(value, Iterable) and not isinstance(value, str):
            total = 0
            for word in value:
                if not isinstance(word, str) or word.strip() not in self.names:
                    guess = nearest(str(word).strip(), list(self.names))
                    raise EncodeError(f"{word!r} is none of {', '.join(self.names)}{guess}")
                total |= self.names[word.strip()]
            return total
        return super().number(value)

    def unpack(self, data: bytes) -> int | str:
        number = int.from_bytes(data, self.order)
        words = sorted((bit, word) for word, bit in self.names.items() if bit & number)
        if number == 0 or sum(bit for bit, _ in words) != number:
            return number
        return ",".join(word for _, word in words)

    def spell(self, value: Any) -> str:
        return value if isinstance(value, str) else f"0x{value:x}"


class Address(Type):
    """An IPv4 or IPv6 address; a network is a prefix."""

    ranged = True

    def __init__(self, version: Literal[4, 6]) -> None:
        super().__init__(f"ipv{version}_addr", 4 if version == 4 else 16, wanted=f"IPv{version} address")
        self.version = version

    def pack(self, value: Any) -> bytes:
        try:
            address = value if isinstance(value, (IPv4Address, IPv6Address)) else ip_address(value)
        except ValueError:
            raise wrong(value, self.wanted) from None
        if address.version != self.version or isinstance(value, int):
            raise wrong(str(value), self.wanted)
        return address.packed

    def pattern(self, value: Any) -> Pattern:
        if isinstance(value, (IPv4Network, IPv6Network)) or (isinstance(value, str) and "/" in value):
            try:
                network = ip_network(value)
            except ValueError as error:
                raise EncodeError(f"{value!r} is no IPv{self.version} network ({error})") from None
            if network.version != self.version:
                raise wrong(str(value), f"IPv{self.version} network")
            if network.prefixlen == network.max_prefixlen:
                return Exact(network.network_address.packed)
            return Prefix(network.network_address.packed, network.prefixlen)
        return super().pattern(value)

    def unpack(self, data: bytes) -> str:
        return socket.inet_ntop(socket.AF_INET if self.version == 4 else socket.AF_INET6, data)

    def read(self, pattern: Pattern) -> Any:
        if isinstance(pattern, Prefix):
            return f"{self.unpack(pattern.data)}/{pattern.bits}"
        if isinstance(pattern, Span):
            low, high = int.from_bytes(pattern.first, "big"), int.from_bytes(pattern.last, "big")
            size = high - low + 1
            if size > 1 and size.bit_count() == 1 and not low & size - 1:
                return f"{self.unpack(pattern.first)}/{8 * self.size - size.bit_length() + 1}"
        return super().read(pattern)


class LinkAddress(Type):
    """An Ethernet address."""

    def pack(self, value: Any) -> bytes:
        try:
            data = link_address_bytes(value)
        except TypeError:
            raise wrong(value, self.wanted) from None
        if len(data) != self.size:
            raise wrong(value, self.wanted)
        return data

    def unpack(self, data: bytes) -> str:
        return data.hex(":")


class InterfaceName(Type):
    """The name of an interface, or a Link; a `*` at its end stands for anything."""

    def pack(self, value: Any) -> bytes:
        return interface_name(value).ljust(IFNAME_SIZE, b"\0")

    def pattern(self, value: Any) -> Pattern:
        name = interface_name(value)
        if name.endswith(b"*"):
            if len(name) == 1:
                raise EncodeError("'*' matches every interface; leave the match away")
            return Prefix(name[:-1].ljust(IFNAME_SIZE, b"\0"), 8 * (len(name) - 1))
        return Exact(name.ljust(IFNAME_SIZE, b"\0"))

    def unpack(self, data: bytes) -> str:
        return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")

    def read(self, pattern: Pattern) -> Any:
        if isinstance(pattern, Prefix):
            return self.unpack(pattern.data) + "*"
        return super().read(pattern)

    def spell(self, value: Any) -> str:
        return f'"{value}"'


def interface_name(value: Any) -> bytes:
    """The bytes of an interface's name: a `str`, or what has a `name`. EncodeError."""
    name = value if isinstance(value, str) else getattr(value, "name", None)
    if not isinstance(name, str):
        raise EncodeError(f"{value!r} is no interface: give its name or a Link")
    data = name.encode("utf-8", "surrogateescape")
    if not 0 < len(data) < IFNAME_SIZE or any(letter in "/\0" or letter.isspace() for letter in name):
        raise EncodeError(f"{name!r} is no interface name, which has 1 to 15 bytes, none of them '/' or white space")
    return data


class InterfaceIndex(Number):
    """The index of an interface, or a Link that has one."""

    ranged = False

    def number(self, value: Any) -> int:
        if isinstance(value, str):
            raise EncodeError(f"{value!r} is a name: match names by iifname and oifname, or give a Link or an index")
        return super().number(getattr(value, "index", value))


class Text(Type):
    """Text of a fixed size, filled with NUL."""

    def pack(self, value: Any) -> bytes:
        if not isinstance(value, str) or not 0 < len(value.encode()) < self.size:
            raise wrong(value, f"text of 1 to {self.size - 1} bytes")
        return value.encode().ljust(self.size, b"\0")

    def unpack(self, data: bytes) -> str:
        return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")

    def spell(self, value: Any) -> str:
        return f'"{value}"'
