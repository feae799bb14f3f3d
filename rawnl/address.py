"""Attributes that hold addresses: link-layer, IPv4 and IPv6; and the descriptors that stand for namespaces.

Strategy: addresses are text in Python, since that is what people print, compare and write; `ipaddress` objects and
packed bytes are taken as well.
"""

from __future__ import annotations

import struct
from binascii import unhexlify
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING, Any, TypeAlias

from rawnl.errors import ConnectionClosed, DecodeError, EncodeError
from rawnl.tlv import HEADER, LENGTH, Attribute, attribute_bytes

if TYPE_CHECKING:
    import ipaddress

    from rawnl.wire import Attrs

_length_at = LENGTH.unpack_from
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def link_address_bytes(value: Any) -> bytes:
    """`"02:00:00:00:00:01"` (also with `-`), or bytes, to bytes."""
    if isinstance(value, str):
        try:
            data = unhexlify(value.replace(":", ""))
            if data and data.hex(":") == value:
                return data
        except ValueError:
            pass
        parts = value.replace("-", ":").split(":")
        if not all(1 <= len(part) <= 2 and _HEXADECIMAL.issuperset(part) for part in parts):
            raise EncodeError(f"{value!r} is no link-layer address such as '02:00:00:00:00:01'")
        return bytes(int(part, 16) for part in parts)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError


def lladdr(number: int, kernel: str = "") -> Any:
    """A link-layer address, as `"02:00:00:00:00:01"`; any number of bytes."""
    ethernet = HEADER.pack(10, number)

    def encode(value: Any) -> bytes:
        data = link_address_bytes(value)
        return ethernet + data + b"\0\0" if len(data) == 6 else attribute_bytes(number, data)

    def decode(buffer: Any, start: int, end: int) -> Any:
        return bytes(buffer[start:end]).hex(":")

    attribute = Attribute(number, encode, decode, expects="a link-layer address", kernel=kernel, sample=("lladdr",))

    def get(self: Attrs) -> Any:
        buffer = self._buffer
        if buffer is None:
            return self._table.get(attribute.name)
        start = self._table[self._row + number]
        if not start:
            return None
        return buffer[start : start - 4 + _length_at(buffer, start - 4)[0]].hex(":")

    attribute.get = get
    return attribute


IPAddress: TypeAlias = (
    "str | bytes | ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Interface | ipaddress.IPv6Interface"
)


def ip_bytes(value: Any) -> bytes:
    """An IPv4 or IPv6 address (`str`, an `ipaddress` object, or packed bytes) to 4 or 16 bytes in network order."""
    if isinstance(value, str):
        try:
            return inet_pton(AF_INET6 if ":" in value else AF_INET, value)
        except (OSError, ValueError):
            raise EncodeError(f"{value!r} is no IP address") from None
    packed = getattr(value, "packed", None)
    if isinstance(packed, bytes):
        # An object of `ipaddress`, known by what it has: importing that module would cost every user a millisecond.
        return packed
    if isinstance(value, (bytes, bytearray, memoryview)) and len(value) in (4, 16):
        return bytes(value)
    raise TypeError


def ip_text(data: bytes) -> str:
    """4 or 16 bytes to an address in text."""
    return inet_ntop(AF_INET if len(data) == 4 else AF_INET6, data)


def ip(number: int, kernel: str = "") -> Any:
    """An IPv4 or IPv6 address, told apart by its length; reads as text, takes text or an `ipaddress` object."""

    def encode(value: Any) -> bytes:
        return attribute_bytes(number, ip_bytes(value))

    def decode(buffer: Any, start: int, end: int) -> Any:
        if end - start not in (4, 16):
            raise DecodeError(f"an IP address has 4 or 16 bytes, not {end - start}", offset=start)
        return ip_text(buffer[start:end])

    return Attribute(number, encode, decode, expects="an IP address", kernel=kernel, sample=("ip",))


def netns_fd(number: int, kernel: str = "") -> Any:
    """A network namespace: an open descriptor, or any object with `fileno()`. Reads back as the number."""
    whole = struct.Struct("=HHi").pack
    read = struct.Struct("=i").unpack_from

    def encode(value: Any) -> bytes:
        if isinstance(value, str):
            raise EncodeError(f"{value!r} is a name; open it first, as in rawnl.netns.open({value!r})")
        try:
            descriptor = value if isinstance(value, int) else value.fileno()
        except ConnectionClosed as error:
            raise EncodeError(str(error)) from None
        if descriptor < 0:
            raise EncodeError(f"{descriptor} is no open descriptor of a network namespace")
        return whole(8, number, descriptor)

    def decode(buffer: Any, start: int, end: int) -> Any:
        if end - start != 4:
            raise DecodeError(f"a descriptor has 4 bytes, not {end - start}", offset=start)
        return read(buffer, start)[0]

    return Attribute(number, encode, decode, expects="a network namespace", kernel=kernel, sample=("netns",))
