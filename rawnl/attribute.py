"""Attribute constructors: how one value stands on the wire, in both directions.

Strategy: a declaration such as `mtu: int | None = u32(4)` makes one `Attribute`, which holds three closures built
once: `encode` (value to the whole attribute, header and padding included), `decode` (bytes to value) and, for
integers, a `get` that needs a single unpack. `wire.py` turns them into classes; nothing here knows of messages.

Here are integers, flags and bytes; text is in `text.py` and addresses in `address.py`, and all can be imported from
here, so that a declaration has one place to take its words from.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

from rawnl.address import IPAddress, ip, ip_bytes, ip_text, link_address_bytes, lladdr, netns_fd
from rawnl.enumeration import Bits, Enum, Enumeration, enum_name, enum_value, to_enum
from rawnl.errors import DecodeError, EncodeError
from rawnl.text import NameTemplate, Unterminated, ifname, interface_name_bytes, read_text, string
from rawnl.tlv import (
    HEADER,
    LENGTH,
    MAX_LENGTH,
    NESTED,
    PAD,
    TYPE_MASK,
    Attribute,
    Getter,
    Part,
    attribute_bytes,
    nearest,
    repeated,
    walk,
)

if TYPE_CHECKING:
    from rawnl.wire import Attrs

__all__ = [
    "HEADER",
    "LENGTH",
    "MAX_LENGTH",
    "NESTED",
    "PAD",
    "TYPE_MASK",
    "Attribute",
    "Bits",
    "Enumeration",
    "Getter",
    "IPAddress",
    "NameTemplate",
    "Part",
    "Unterminated",
    "attribute_bytes",
    "be16",
    "be32",
    "be64",
    "binary",
    "enum_name",
    "enum_value",
    "flag",
    "ifname",
    "interface_name_bytes",
    "ip",
    "ip_bytes",
    "ip_text",
    "link_address_bytes",
    "lladdr",
    "nearest",
    "netns_fd",
    "read_text",
    "repeated",
    "s8",
    "s32",
    "sbe32",
    "string",
    "to_enum",
    "u8",
    "u16",
    "u32",
    "u32_array",
    "u64",
    "u64_array",
    "walk",
]


# --- integers -----------------------------------------------------------------------------------------------------


def _integer(
    number: int,
    code: str,
    enum: type[IntEnum] | type[IntFlag] | None,
    kernel: str,
    *,
    big: bool = False,
) -> Any:
    size = struct.calcsize("=" + code)
    bits = 8 * size
    signed = code.islower()
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    expects = f"an integer from {low} to {high}"
    length = size + 4
    head = HEADER.pack(length, number)
    pad = PAD[length & 3]
    read = struct.Struct((">" if big else "=") + code).unpack_from

    if enum is not None:
        expects += f" or a name of {enum.__name__}"
        just = struct.Struct((">" if big else "=") + code).pack

        def encode(value: Any) -> bytes:
            return head + just(enum_value(enum, value)) + pad

    elif big:
        just = struct.Struct(">" + code).pack

        def encode(value: Any) -> bytes:
            return head + just(value) + pad

    else:
        whole = struct.Struct(f"=HH{code}{len(pad)}x").pack

        def encode(value: Any) -> bytes:
            return whole(length, number, value)

    def decode(buffer: Any, start: int, end: int) -> Any:
        if end - start != size:
            raise DecodeError(f"an integer of {size} bytes has {end - start}", offset=start)
        value = read(buffer, start)[0]
        return value if enum is None else to_enum(enum, value)

    attribute = Attribute(number, encode, decode, expects=expects, kernel=kernel, sample=("integer", low, high, enum))
    if not big:
        # One unpack reads the length and the value; the general way would take two. Where the value is shorter than
        # declared and last in the buffer, the unpack could reach over the end, hence the check of its error.
        pair = struct.Struct("=Hxx" + code).unpack_from

        def get(self: Attrs) -> Any:
            buffer = self._buffer
            if buffer is None:
                return self._table.get(attribute.name)
            start = self._table[self._row + number]
            if not start:
                return None
            try:
                found, value = pair(buffer, start - 4)
            except struct.error:
                raise DecodeError(f"an integer of {size} bytes is cut short", offset=start) from None
            if found != length:
                return decode(buffer, start, start - 4 + found)
            return value if enum is None else to_enum(enum, value)

        attribute.get = get
    return attribute


def u8(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 8 bits."""
    return _integer(number, "B", enum, kernel)


def u16(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 16 bits, host byte order."""
    return _integer(number, "H", enum, kernel)


def u32(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 32 bits, host byte order."""
    return _integer(number, "I", enum, kernel)


def u64(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 64 bits, host byte order."""
    return _integer(number, "Q", enum, kernel)


def s8(number: int, kernel: str = "") -> Any:
    """A signed integer of 8 bits."""
    return _integer(number, "b", None, kernel)


def s32(number: int, kernel: str = "") -> Any:
    """A signed integer of 32 bits, host byte order."""
    return _integer(number, "i", None, kernel)


def be16(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 16 bits, network byte order on the wire, plain in Python."""
    return _integer(number, "H", enum, kernel, big=True)


def be32(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 32 bits, network byte order on the wire, plain in Python."""
    return _integer(number, "I", enum, kernel, big=True)


def be64(number: int, kernel: str = "", *, enum: Enum = None) -> Any:
    """An unsigned integer of 64 bits, network byte order on the wire, plain in Python."""
    return _integer(number, "Q", enum, kernel, big=True)


def sbe32(number: int, kernel: str = "") -> Any:
    """A signed integer of 32 bits, network byte order on the wire (nftables' priorities)."""
    return _integer(number, "i", None, kernel, big=True)


def _array(number: int, code: str, kernel: str) -> Any:
    size = struct.calcsize("=" + code)
    expects = f"a sequence of integers of {8 * size} bits"

    def encode(value: Any) -> bytes:
        return attribute_bytes(number, struct.pack(f"={len(value)}{code}", *value))

    def decode(buffer: Any, start: int, end: int) -> Any:
        if (end - start) % size:
            raise DecodeError(f"{end - start} bytes are no whole number of {8 * size}-bit integers", offset=start)
        return struct.unpack_from(f"={(end - start) // size}{code}", buffer, start)

    return Attribute(number, encode, decode, expects=expects, kernel=kernel, sample=("array", size))


def u32_array(number: int, kernel: str = "") -> Any:
    """A tuple of unsigned 32-bit integers, one after the other, host byte order."""
    return _array(number, "I", kernel)


def u64_array(number: int, kernel: str = "") -> Any:
    """A tuple of unsigned 64-bit integers, one after the other, host byte order."""
    return _array(number, "Q", kernel)


# --- flags and bytes ------------------------------------------------------------------------------------------------


def flag(number: int, kernel: str = "") -> Any:
    """An attribute without payload: it is there (True) or not (None; False is not sent)."""
    whole = HEADER.pack(4, number)

    def encode(value: Any) -> bytes:
        if not isinstance(value, bool):
            raise EncodeError(f"{value!r} is not True or False")
        return whole if value else b""

    def decode(buffer: Any, start: int, end: int) -> Any:
        return True

    return Attribute(number, encode, decode, expects="True", kernel=kernel, sample=("flag",))


def binary(number: int, kernel: str = "", *, size: int | None = None) -> Any:
    """Plain bytes; of exactly `size` where it is given."""

    def encode(value: Any) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError
        payload = bytes(value)
        if size is not None and len(payload) != size:
            raise EncodeError(f"{len(payload)} bytes where {size} are wanted")
        return attribute_bytes(number, payload)

    def decode(buffer: Any, start: int, end: int) -> Any:
        return bytes(buffer[start:end])

    return Attribute(number, encode, decode, expects="bytes", kernel=kernel, sample=("binary", size))
