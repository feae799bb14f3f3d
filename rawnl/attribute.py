"""Attribute constructors: how one value stands on the wire, in both directions.

Strategy: a declaration such as `mtu: int | None = u32(4)` makes one `Attribute`, which holds three closures built
once: `encode` (value to the whole attribute, header and padding included), `decode` (bytes to value) and, for
integers, a `getter` that needs a single unpack. `wire.py` turns them into classes; nothing here knows of messages.

    0                   1                   2                   3
    +-------------------------------+-+-+---------------------------+
    | length, these 4 bytes included|N|B| type                      |   N: NLA_F_NESTED, B: NLA_F_NET_BYTEORDER
    +-------------------------------+-+-+---------------------------+
    | payload …                              zeros up to 4 bytes    |   the padding is not counted in the length
    +---------------------------------------------------------------+

Lengths and types are in host byte order (`<linux/netlink.h>`, struct nlattr).
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from enum import IntEnum, IntFlag
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING, Any, TypeAlias

from rawnl.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from rawnl.wire import Attrs

Getter: TypeAlias = "Callable[[Attrs], Any]"

NESTED = 0x8000
TYPE_MASK = 0x3FFF
HEADER = struct.Struct("=HH")
LENGTH = struct.Struct("=H")
MAX_LENGTH = 0xFFFF
PAD = (b"", b"\0\0\0", b"\0\0", b"\0")

_length_at = LENGTH.unpack_from


def attribute_bytes(number: int, payload: bytes) -> bytes:
    """One attribute: header, payload, padding. EncodeError when it is over 65,535 bytes."""
    length = len(payload) + 4
    if length > MAX_LENGTH:
        raise EncodeError(f"{length - 4} bytes are too many for one attribute, which holds 65531 at most")
    return HEADER.pack(length, number) + payload + PAD[length & 3]


class Attribute:
    """One attribute of a declaration: its number, its kernel name and how its value is written and read.

    `kernel` is the UAPI name without the class's prefix; by default the declared name in upper case.
    """

    __slots__ = ("kernel", "name", "number", "decode", "encode", "expects", "get", "sample")

    def __init__(
        self,
        number: int,
        encode: Callable[[Any], bytes],
        decode: Callable[[Any, int, int], Any],
        *,
        expects: str,
        kernel: str = "",
        get: Getter | None = None,
        sample: Any = None,
    ) -> None:
        self.number = number
        self.kernel = kernel
        self.name = ""
        self.expects = expects
        self.sample = sample
        self.get = get
        self.encode = encode
        self.decode = decode

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[tuple[str, type[Attrs], int, int]]:
        """What is nested in `buffer[start:end]`: (label, class, start, end) of each part; none in a plain value."""
        return []

    def getter(self) -> Getter:
        """The function behind the property."""
        if self.get is not None:
            return self.get
        name, number, decode = self.name, self.number, self.decode

        def get(self: Attrs) -> Any:
            buffer = self._buffer
            if buffer is None:
                return self._table.get(name)
            start = self._table[self._row + number]
            if not start:
                return None
            return decode(buffer, start, start - 4 + _length_at(buffer, start - 4)[0])

        return get


def nearest(word: str, words: Sequence[str]) -> str:
    """`, did you mean 'mtu'?` where a near one exists, else an empty string."""
    close = get_close_matches(word, words, 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


# --- integers -----------------------------------------------------------------------------------------------------


def enum_value(enum: type[IntEnum] | type[IntFlag], value: Any) -> int:
    """The number for a name (`"up"`, `"up|broadcast"`), a member or a plain integer."""
    if isinstance(value, str):
        total = 0
        for word in value.split("|"):
            member = enum.__members__.get(word.strip().upper().replace("-", "_"))
            if member is None:
                known = [name.lower() for name in enum.__members__]
                raise EncodeError(
                    f"{word!r} is none of {', '.join(known[:24])}{nearest(word.lower(), known)}"
                )
            total |= member
        return total
    return value  # type: ignore[no-any-return]


def to_enum(enum: type[IntEnum] | type[IntFlag], value: int) -> int:
    """The member for a number, or the plain number where there is none."""
    try:
        return enum(value)
    except ValueError:
        return value


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

    attribute = Attribute(
        number, encode, decode, expects=expects, kernel=kernel, sample=("integer", low, high, enum)
    )
    if not big:
        # One unpack reads the length and the value; the general way would take two.
        pair = struct.Struct("=Hxx" + code).unpack_from

        def get(self: Attrs) -> Any:
            buffer = self._buffer
            if buffer is None:
                return self._table.get(attribute.name)
            start = self._table[self._row + number]
            if not start:
                return None
            found, value = pair(buffer, start - 4)
            if found != length:
                return decode(buffer, start, start - 4 + found)
            return value if enum is None else to_enum(enum, value)

        attribute.get = get
    return attribute


Enum: TypeAlias = "type[IntEnum] | type[IntFlag] | None"


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


def u32_array(number: int, kernel: str = "") -> Any:
    """A tuple of unsigned 32-bit integers, one after the other, host byte order."""

    def encode(value: Any) -> bytes:
        return attribute_bytes(number, struct.pack(f"={len(value)}I", *value))

    def decode(buffer: Any, start: int, end: int) -> Any:
        if (end - start) % 4:
            raise DecodeError(f"{end - start} bytes are no whole number of 32-bit integers", offset=start)
        return struct.unpack_from(f"={(end - start) // 4}I", buffer, start)

    return Attribute(
        number, encode, decode, expects="a sequence of 32-bit integers", kernel=kernel, sample=("u32_array",)
    )


def flag(number: int, kernel: str = "") -> Any:
    """An attribute without payload: it is there (True) or not (None; False is not sent)."""
    whole = HEADER.pack(4, number)

    def encode(value: Any) -> bytes:
        if not isinstance(value, bool):
            raise EncodeError(f"{value!r} is not True or False")
        return whole if value else b""

    return Attribute(
        number,
        encode,
        lambda buffer, start, end: True,
        expects="True",
        kernel=kernel,
        sample=("flag",),
    )


# --- bytes and text ------------------------------------------------------------------------------------------------


def binary(number: int, kernel: str = "", *, size: int | None = None) -> Any:
    """Plain bytes; of exactly `size` where it is given."""

    def encode(value: Any) -> bytes:
        if isinstance(value, (str, int)):
            raise TypeError
        payload = bytes(value)
        if size is not None and len(payload) != size:
            raise EncodeError(f"{len(payload)} bytes where {size} are wanted")
        return attribute_bytes(number, payload)

    def decode(buffer: Any, start: int, end: int) -> Any:
        return bytes(buffer[start:end])

    return Attribute(number, encode, decode, expects="bytes", kernel=kernel, sample=("binary", size))


def _text_bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    data = value.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise EncodeError(f"{value!r} has a NUL byte")
    return data


def _read_text(buffer: Any, start: int, end: int) -> str:
    data = bytes(buffer[start:end])
    cut = data.find(b"\0")
    return (data if cut < 0 else data[:cut]).decode("utf-8", "surrogateescape")


def string(number: int, kernel: str = "", *, max_bytes: int | None = None, terminated: bool = True) -> Any:
    """Text in UTF-8 (bytes that are not stand as surrogates), with a NUL byte at its end unless told otherwise."""
    end_mark = b"\0" if terminated else b""

    def encode(value: Any) -> bytes:
        data = _text_bytes(value)
        if max_bytes is not None and len(data) > max_bytes:
            raise EncodeError(f"{value!r} has {len(data)} bytes; at most {max_bytes} are allowed")
        return attribute_bytes(number, data + end_mark)

    return Attribute(
        number, encode, _read_text, expects="a str", kernel=kernel, sample=("string", max_bytes)
    )


class NameTemplate(str):
    """An interface name in which the kernel puts the lowest free number for `%d`, as in `NameTemplate("veth%d")`.

    A plain `str` with a `%` is refused, since it is most often a mistake.
    """

    __slots__ = ()


_NOT_IN_NAMES = b"/:\0 \t\n\v\f\r\xa0%"


def interface_name_bytes(value: Any) -> bytes:
    """An interface name as the kernel's dev_valid_name() takes it: 1 to 15 bytes, no `/`, `:`, white space, NUL."""
    if not isinstance(value, str):
        raise TypeError
    data = value.encode("utf-8", "surrogateescape")
    # One pass that removes what is forbidden tells whether there was any; only then is it asked what.
    if 0 < len(data) < 16 and len(data.translate(None, _NOT_IN_NAMES)) == len(data) and data[0] != 46:
        return data
    return _doubtful_name(value, _text_bytes(value))


def _doubtful_name(value: str, data: bytes) -> bytes:
    if not data:
        raise EncodeError("an interface name cannot be empty")
    if len(data) > 15:
        raise EncodeError(f"{value!r} has {len(data)} bytes; an interface name has at most 15")
    if data in (b".", b"..") or len(data.translate(None, _NOT_IN_NAMES[:-1])) != len(data):
        raise EncodeError(
            f"{value!r} is no interface name: '/', ':', white space, '.' and '..' are not allowed"
        )
    if b"%" in data and not isinstance(value, NameTemplate):
        raise EncodeError(
            f"{value!r} has a '%', which the kernel takes as a template; "
            f"say rawnl.NameTemplate({value!r}) if you mean that"
        )
    return data


def ifname(number: int, kernel: str = "") -> Any:
    """An interface name: 1 to 15 bytes, any but `/`, `:`, white space and NUL (net/core/dev.c, dev_valid_name)."""

    def encode(value: Any) -> bytes:
        data = interface_name_bytes(value)
        length = len(data) + 5
        return HEADER.pack(length, number) + data + PAD[length & 3] + b"\0"

    # The terminating NUL and the padding are both zeros, so their order does not matter.

    def decode(buffer: Any, start: int, end: int) -> Any:
        text = _read_text(buffer, start, end)
        return NameTemplate(text) if "%" in text else text

    attribute = Attribute(
        number, encode, decode, expects="a str", kernel=kernel, sample=("ifname",)
    )

    def get(self: Attrs) -> Any:
        buffer = self._buffer
        if buffer is None:
            return self._table.get(attribute.name)
        start = self._table[self._row + number]
        if not start:
            return None
        end = start - 5 + _length_at(buffer, start - 4)[0]
        if end < start:
            return ""
        # The kernel ends names with exactly one NUL; anything else takes the careful way.
        data = buffer[start : end + 1]
        if data[-1] or b"\0" in data[:-1] or b"%" in data:
            return decode(buffer, start, end + 1)
        return data[:-1].decode("utf-8", "surrogateescape")

    attribute.get = get
    return attribute


# --- addresses ------------------------------------------------------------------------------------------------------


def link_address_bytes(value: Any) -> bytes:
    """`"02:00:00:00:00:01"` (also with `-`), or bytes, to bytes."""
    if isinstance(value, str):
        try:
            if len(value) == 17 and value[2::3] == ":::::":
                return bytes.fromhex(value.replace(":", ""))
            parts = value.replace("-", ":").split(":")
            if any(len(part) not in (1, 2) for part in parts):
                raise ValueError
            return bytes(int(part, 16) for part in parts)
        except ValueError:
            raise EncodeError(f"{value!r} is no link-layer address such as '02:00:00:00:00:01'") from None
    if isinstance(value, int):
        raise TypeError
    return bytes(value)


def lladdr(number: int, kernel: str = "") -> Any:
    """A link-layer address, as `"02:00:00:00:00:01"`; any number of bytes."""

    def encode(value: Any) -> bytes:
        return attribute_bytes(number, link_address_bytes(value))

    def decode(buffer: Any, start: int, end: int) -> Any:
        return bytes(buffer[start:end]).hex(":")

    attribute = Attribute(
        number, encode, decode, expects="a link-layer address", kernel=kernel, sample=("lladdr",)
    )

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
    "str | ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Interface | ipaddress.IPv6Interface"
)


def ip_bytes(value: Any) -> bytes:
    """An IPv4 or IPv6 address (`str`, an `ipaddress` object, or packed bytes) to 4 or 16 bytes in network order."""
    if isinstance(value, str):
        try:
            return inet_pton(AF_INET6 if ":" in value else AF_INET, value)
        except (OSError, ValueError):
            raise EncodeError(f"{value!r} is no IP address") from None
    packed = getattr(value, "packed", None)
    if packed is not None:
        return bytes(packed)
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
        return ip_text(bytes(buffer[start:end]))

    return Attribute(number, encode, decode, expects="an IP address", kernel=kernel, sample=("ip",))


def netns_fd(number: int, kernel: str = "") -> Any:
    """A network namespace: an open descriptor, or any object with `fileno()`. Reads back as the number."""
    whole = struct.Struct("=HHi").pack

    def encode(value: Any) -> bytes:
        if isinstance(value, str):
            raise EncodeError(f"{value!r} is a name; open it first, as in rawnl.netns.open({value!r})")
        descriptor = value if isinstance(value, int) else value.fileno()
        if descriptor < 0:
            raise EncodeError(f"{descriptor} is no open descriptor of a network namespace")
        return whole(8, number, descriptor)

    def decode(buffer: Any, start: int, end: int) -> Any:
        if end - start != 4:
            raise DecodeError(f"a descriptor has 4 bytes, not {end - start}", offset=start)
        return int(struct.unpack_from("=i", buffer, start)[0])

    return Attribute(
        number, encode, decode, expects="a network namespace", kernel=kernel, sample=("netns",)
    )
