"""Attributes as framing: type, length, value; no meaning yet.

Strategy: the one place that knows how an attribute is put together and taken apart. `Attribute` is what the
constructors of `attribute.py` make and what the classes of `wire.py` are made of: three closures, built once.

    0                   1                   2                   3
    +-------------------------------+-+-+---------------------------+
    | length, these 4 bytes included|N|B| type                      |   N: NLA_F_NESTED, B: NLA_F_NET_BYTEORDER
    +-------------------------------+-+-+---------------------------+
    | payload …                              zeros up to 4 bytes    |   the padding is not counted in the length
    +---------------------------------------------------------------+

Lengths and types are in host byte order (`<linux/netlink.h>`, struct nlattr).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from rawnl.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from rawnl.wire import Attrs

Getter: TypeAlias = "Callable[[Attrs], Any]"
Part: TypeAlias = "tuple[str, type[Attrs], int, int]"

NESTED = 0x8000
TYPE_MASK = 0x3FFF
HEADER = struct.Struct("=HH")
LENGTH = struct.Struct("=H")
MAX_LENGTH = 0xFFFF
PAD = (b"", b"\0\0\0", b"\0\0", b"\0")
# What Python itself raises for a value that does not fit; the encoders leave it to body() to say so in words.
VALUE_ERRORS = (struct.error, TypeError, ValueError, OverflowError, AttributeError)

_length_at = LENGTH.unpack_from


def attribute_bytes(number: int, payload: bytes) -> bytes:
    """One attribute: header, payload, padding. EncodeError when it is over 65,535 bytes."""
    length = len(payload) + 4
    if length > MAX_LENGTH:
        raise EncodeError(f"{length - 4} bytes are too many for one attribute, which holds 65531 at most")
    return HEADER.pack(length, number) + payload + PAD[length & 3]


def walk(buffer: Any, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each attribute in `buffer[start:end]` as (type with its flag bits, payload start, payload end)."""
    while end - start >= 4:
        length, kind = HEADER.unpack_from(buffer, start)
        if length < 4 or length > end - start:
            raise DecodeError(f"an attribute says it has {length} bytes, and {end - start} are left", offset=start)
        yield kind, start + 4, start + length
        start += (length + 3) & ~3


class Attribute:
    """One attribute of a declaration: its number, its kernel name and how its value is written and read.

    - `encode`: the value to the whole attribute, header and padding included; raises EncodeError, or what Python
      raises for a value of the wrong type, which is then reported with `expects`.
    - `decode`: (buffer, start, end) of the payload to the value; raises DecodeError and nothing else.
    - `get`: the function behind the property, where there is a faster one than the general.
    - `kernel`: the UAPI name without the class's prefix; by default the declared name in upper case.
    - `sample`: the shape of the values, for tools that make or describe some.
    """

    __slots__ = ("decode", "encode", "expects", "get", "kernel", "name", "number", "sample")

    repeats: ClassVar[bool] = False
    """Whether the value is a list, of which each element stands in an attribute of its own."""

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
        if not 0 < number <= TYPE_MASK:
            raise TypeError(f"attribute types go from 1 to {TYPE_MASK}, which leaves out {number}")
        self.number = number
        self.kernel = kernel
        self.name = ""
        self.expects = expects
        self.sample = sample
        self.get = get
        self.encode = encode
        self.decode = decode

    def inner(self, buffer: Any, start: int, end: int, owner: Attrs) -> list[Part]:
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


class _Repeated(Attribute):
    __slots__ = ()
    repeats = True

    def getter(self) -> Getter:
        name, number, decode = self.name, self.number, self.decode

        def get(self: Attrs) -> Any:
            buffer = self._buffer
            if buffer is None:
                value = self._table.get(name)
                return value if value is None or isinstance(value, list) else _elements(value)
            if not self._table[self._row + number]:
                return None
            return [decode(buffer, start, end) for kind, start, end in self._walk() if kind & TYPE_MASK == number]

        return get


def _elements(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def repeated(one: Any) -> Any:
    """A list, each element in an attribute of its own, declared by what one of them is: `repeated(string(53))`.

    Reads as a list; a single value is taken for a list of one.
    """
    encode_one = one.encode

    def encode(value: Any) -> bytes:
        parts = []
        for index, element in enumerate(_elements(value)):
            try:
                parts.append(encode_one(element))
            except EncodeError as error:
                raise error.within(f"[{index}]") from None
            except VALUE_ERRORS:
                raise EncodeError(f"{element!r} is not {one.expects}", attribute=f"[{index}]") from None
        return b"".join(parts)

    return _Repeated(
        one.number,
        encode,
        one.decode,
        expects=f"a list, each {one.expects}",
        kernel=one.kernel,
        sample=("repeated", one),
    )


def nearest(word: str, words: Sequence[str]) -> str:
    """`; did you mean 'mtu'?` where a near one exists, else an empty string."""
    from difflib import get_close_matches

    close = get_close_matches(word, words, 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
