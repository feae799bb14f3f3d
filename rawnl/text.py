"""Attributes that hold text: strings and interface names.

Strategy: text is UTF-8, and bytes that are not stand as surrogates, so that every name the kernel can have comes back
as it was. What a plain `str` cannot say about the wire is said by a subclass of it, which compares as the text does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawnl.errors import EncodeError
from rawnl.tlv import HEADER, LENGTH, PAD, Attribute, attribute_bytes

if TYPE_CHECKING:
    from rawnl.wire import Attrs

_length_at = LENGTH.unpack_from
_pack = HEADER.pack


class Unterminated(str):
    """Text that stands on the wire without the NUL byte that usually ends it, as some programs send it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Unterminated({str.__repr__(self)})"


class NameTemplate(str):
    """An interface name in which the kernel puts the lowest free number for `%d`, as in `NameTemplate("veth%d")`.

    A plain `str` with a `%` is refused, since it is most often a mistake.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"NameTemplate({str.__repr__(self)})"


def text_bytes(value: Any) -> bytes:
    """A `str` to bytes. TypeError for anything else, EncodeError for a NUL byte or a character with no bytes."""
    if not isinstance(value, str):
        raise TypeError
    try:
        data = value.encode()
    except UnicodeEncodeError:
        try:
            data = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise EncodeError(f"{value!r} has a character that UTF-8 cannot express") from None
    if 0 in data:
        raise EncodeError(f"{value!r} has a NUL byte")
    return data


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def read_text(buffer: Any, start: int, end: int) -> str:
    """The text in `buffer[start:end]` up to its first NUL byte; `Unterminated` where there is none."""
    data = bytes(buffer[start:end])
    cut = data.find(0)
    return _text(data[:cut]) if cut >= 0 else Unterminated(_text(data))


def _read_bare(buffer: Any, start: int, end: int) -> str:
    return _text(bytes(buffer[start:end]).split(b"\0", 1)[0])


def string(number: int, kernel: str = "", *, max_bytes: int | None = None, terminated: bool = True) -> Any:
    """Text in UTF-8 of at most `max_bytes`, with a NUL byte at its end unless told otherwise."""
    limit = 65530 if max_bytes is None else max_bytes
    extra = 5 if terminated else 4

    def encode(value: Any) -> bytes:
        data = text_bytes(value)
        length = len(data)
        if length > limit:
            raise EncodeError(f"{value!r} has {length} bytes; at most {limit} are allowed")
        if not terminated or (value.__class__ is not str and isinstance(value, Unterminated)):
            return attribute_bytes(number, data)
        # The terminating NUL and the padding are both zeros, so their order does not matter.
        length += extra
        return _pack(length, number) + data + PAD[length & 3] + b"\0"

    decode = read_text if terminated else _read_bare
    return Attribute(number, encode, decode, expects="a str", kernel=kernel, sample=("string", max_bytes))


# --- interface names ------------------------------------------------------------------------------------------------

_NOT_IN_NAMES = b"/:\0 \t\n\v\f\r\xa0%"


def interface_name_bytes(value: Any) -> bytes:
    """An interface name as the kernel's dev_valid_name() takes it: 1 to 15 bytes, no `/`, `:`, white space, NUL."""
    if not isinstance(value, str):
        raise TypeError
    try:
        data = value.encode()
    except UnicodeEncodeError:
        data = text_bytes(value)
    # One pass that removes what is forbidden tells whether there was any; only then is it asked what.
    if 0 < len(data) < 16 and len(data.translate(None, _NOT_IN_NAMES)) == len(data) and data[0] != 46:
        return data
    return _doubtful_name(value, text_bytes(value))


def _doubtful_name(value: str, data: bytes) -> bytes:
    if not data:
        raise EncodeError("an interface name cannot be empty")
    if len(data) > 15:
        raise EncodeError(f"{value!r} has {len(data)} bytes; an interface name has at most 15")
    if data in (b".", b"..") or len(data.translate(None, _NOT_IN_NAMES[:-1])) != len(data):
        raise EncodeError(f"{value!r} is no interface name: '/', ':', white space, '.' and '..' are not allowed")
    if b"%" in data and not isinstance(value, NameTemplate):
        raise EncodeError(
            f"{value!r} has a '%', which the kernel takes as a template; "
            f"say rawnl.NameTemplate({str(value)!r}) if you mean that"
        )
    return data


def _read_name(buffer: Any, start: int, end: int) -> str:
    text = read_text(buffer, start, end)
    return NameTemplate(text) if "%" in text else text


def ifname(number: int, kernel: str = "") -> Any:
    """An interface name: 1 to 15 bytes, any but `/`, `:`, white space and NUL (net/core/dev.c, dev_valid_name)."""
    heads = [_pack(length + 5, number) for length in range(16)]
    tails = [bytes(4 - length % 4) for length in range(16)]

    def encode(value: Any) -> bytes:
        data = interface_name_bytes(value)
        if isinstance(value, Unterminated):
            return attribute_bytes(number, data)
        length = len(data)
        return heads[length] + data + tails[length]

    attribute = Attribute(number, encode, _read_name, expects="a str", kernel=kernel, sample=("ifname",))

    def get(self: Attrs) -> Any:
        buffer = self._buffer
        if buffer is None:
            return self._table.get(attribute.name)
        start = self._table[self._row + number]
        if not start:
            return None
        length = _length_at(buffer, start - 4)[0] - 4
        # The kernel ends names with exactly one NUL; anything else takes the careful way.
        data = buffer[start : start + length]
        if data.find(0) != length - 1 or b"%" in data:
            return _read_name(buffer, start, start + length)
        return _text(data[:-1])

    attribute.get = get
    return attribute
