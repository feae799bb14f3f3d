"""The heart: classes whose attributes are declared once and travel both ways.

Strategy: a class body of `name: type = constructor(number)` lines is turned into properties. An object lives in
one of two forms, and both answer to the same names:

- *built* by the user for sending: `_buffer` is None and `_table` is the dict of the given keywords, in their order.
  Present in the dict = present on the wire; None is never sent.
- *read* from bytes: `_buffer` holds them, `_table` the offsets that a scan found, `_row` where this object's offsets
  begin. `_table[_row]` is where the body starts and `_table[_row + n]` the payload of attribute n, 0 where it is
  absent. A property looks its offset up and decodes on the spot; nothing is decoded that nobody asked for, and what
  nobody declared keeps its bytes.

Messages, nests and tagged unions build on this in `message.py`, `nest.py` and `tagged.py`. No I/O and no family here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, KeysView
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any, ClassVar

from rawnl.attribute import (
    HEADER,
    LENGTH,
    MAX_LENGTH,
    PAD,
    TYPE_MASK,
    Attribute,
    Getter,
    attribute_bytes,
    enum_value,
    nearest,
    to_enum,
)
from rawnl.errors import DecodeError, EncodeError
from rawnl.scan import attributes

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**options: Any) -> Any:
        """PEP 681 for type checkers; at run time nothing."""
        return lambda decorated: decorated


_length_at = LENGTH.unpack_from
_VALUE_ERRORS = (struct.error, TypeError, ValueError, OverflowError)


class Field:
    """One member of the fixed header that stands before the attributes (`struct ifinfomsg` and its like)."""

    __slots__ = ("code", "enum", "kernel", "name", "offset", "order", "packer")

    def __init__(self, code: str, kernel: str, order: str, enum: type[IntEnum] | type[IntFlag] | None) -> None:
        self.code = code
        self.kernel = kernel
        self.order = order
        self.enum = enum
        self.name = ""
        self.offset = 0
        self.packer = struct.Struct(order + code)


def field(
    code: str, kernel: str = "", *, big: bool = False, enum: type[IntEnum] | type[IntFlag] | None = None
) -> Any:
    """A header member of `struct` code `code`; `big` for network byte order. Not given means zero."""
    return Field(code, kernel, ">" if big else "=", enum)


def padding(size: int) -> Any:
    """Unused bytes of a header."""
    return Field(f"{size}x", "", "=", None)


@dataclass_transform(kw_only_default=True)
class Attrs:
    """A body: an optional fixed header, then attributes. See the module's comment for the two forms.

    Class keywords: `prefix`, what the kernel puts before each attribute's name (`"IFLA_"`), and `uapi`, the header
    that defines them (`"linux/if_link.h"`); both serve documentation and the check of the numbers.
    """

    __slots__ = ("_buffer", "_row", "_table")

    _fields: ClassVar[dict[str, Field]] = {}
    _attributes: ClassVar[dict[str, Attribute]] = {}
    _by_number: ClassVar[dict[int, Attribute]] = {}
    _encoders: ClassVar[dict[str, Any]] = {}
    _header: ClassVar[struct.Struct | None] = None
    _members: ClassVar[KeysView[str]] = {}.keys()
    _zeros: ClassVar[tuple[int, ...]] = ()
    _blank: ClassVar[bytes] = b""
    _header_length: ClassVar[int] = 0
    _width: ClassVar[int] = 1
    _prefix: ClassVar[str] = ""
    _uapi: ClassVar[str] = ""

    if TYPE_CHECKING:
        _buffer: Any
        _table: Any
        _row: int

    def __init_subclass__(cls, *, prefix: str = "", uapi: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._prefix = prefix or cls._prefix
        cls._uapi = uapi or cls._uapi
        cls._fields = dict(cls._fields)
        cls._attributes = dict(cls._attributes)
        declared = [(name, value) for name, value in vars(cls).items() if isinstance(value, (Field, Attribute))]
        offset = max((f.offset + f.packer.size for f in cls._fields.values()), default=0)
        for name, value in declared:
            value.name = name
            value.kernel = value.kernel or name.upper()
            if isinstance(value, Field):
                value.offset = offset
                offset += value.packer.size
                cls._fields[name] = value
                setattr(cls, name, property(cls._field_getter(value)))
            else:
                cls._attributes[name] = value
                setattr(cls, name, property(value.getter(), doc=f"{cls._prefix}{value.kernel}: {value.expects}."))
        cls._by_number = {attribute.number: attribute for attribute in cls._attributes.values()}
        cls._width = max(cls._by_number, default=0) + 1
        cls._header_length = (offset + 3) & ~3
        cls._header = None
        cls._members = {name: 0 for name, member in cls._fields.items() if member.code[-1] != "x"}.keys()
        cls._zeros = (0,) * len(cls._members)
        cls._blank = bytes(cls._header_length)
        if cls._fields and all(member.order == "=" for member in cls._fields.values()):
            codes = "".join(member.code for member in cls._fields.values())
            cls._header = struct.Struct(f"={codes}{cls._header_length - offset}x")
        cls._encoders = {name: no_bytes for name in cls._fields}
        cls._encoders.update((name, attribute.encode) for name, attribute in cls._attributes.items())

    @classmethod
    def _field_getter(cls, member: Field) -> Getter:
        name, offset, read, enum = member.name, member.offset, member.packer.unpack_from, member.enum

        def get(self: Attrs) -> Any:
            buffer = self._buffer
            if buffer is None:
                return self._table.get(name)
            value = read(buffer, self._table[self._row] + offset)[0]
            return value if enum is None else to_enum(enum, value)

        return get

    def __init__(self, **values: Any) -> None:
        if not self._encoders.keys() >= values.keys():
            self._check_keywords(values)
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        self._buffer = None
        self._table = values
        self._row = 0

    @classmethod
    def _check_keywords(cls, names: Any) -> None:
        for name in names:
            if name not in cls._encoders and _unknown_number(name) is None:
                known = [known for known in cls._encoders if not known.startswith("_")]
                raise TypeError(
                    f"{cls.__name__} has no {name!r}{nearest(name, known)} (an attribute that rawnl does not know "
                    f"can be given as attr_NUMBER=bytes)"
                )

    # --- reading

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        """The object that lies in `buffer[start:end]`, a nest or a message's body."""
        view = cls.__new__(cls)
        view._buffer = buffer
        view._row = 0
        if end - start < cls._header_length:
            raise DecodeError(
                f"{cls.__name__} begins with {cls._header_length} bytes, and {end - start} are left", offset=start
            )
        table = attributes(buffer, start + cls._header_length, end, cls._width)
        table[0] = start
        view._table = table
        return view

    def _end(self) -> int:
        start = self._table[self._row]
        return int(start - 4 + _length_at(self._buffer, start - 4)[0])

    def _walk(self) -> Iterator[tuple[int, int, int]]:
        start = self._table[self._row]
        return walk(self._buffer, start + self._header_length, self._end())

    def present(self) -> dict[str, Any]:
        """What the object holds, by name and in wire order; an undeclared attribute as `attr_NUMBER`: its bytes.

        Header members that are zero count as absent.
        """
        if self._buffer is None:
            return {name: value for name, value in self._table.items() if name not in self._fields or value}
        found = {name: value for name in self._fields if name[0] != "_" and (value := getattr(self, name))}
        for kind, start, end in self._walk():
            attribute = self._by_number.get(kind & TYPE_MASK)
            if attribute is not None:
                try:
                    found[attribute.name] = getattr(self, attribute.name)
                    continue
                except DecodeError:
                    # A kernel that sends another width than declared: the bytes are still shown, and kept.
                    pass
            found[f"attr_{kind}"] = bytes(self._buffer[start:end])
        return found

    def raw(self, number: int) -> bytes | None:
        """The payload of attribute `number` as it came, declared or not; None where it is absent (read objects)."""
        found = None
        if self._buffer is not None:
            for kind, start, end in self._walk():
                if kind & TYPE_MASK == number & TYPE_MASK:
                    found = bytes(self._buffer[start:end])
        return found

    def as_dict(self) -> dict[str, Any]:
        """The same as `present`, in plain types that `json.dumps` takes: enums by name, bytes in hexadecimal."""
        return {name: _plain(value) for name, value in self.present().items()}

    # --- writing

    def _head(self) -> bytes:
        """The fixed header of a built object."""
        values = self._table
        if self._members.isdisjoint(values):
            return self._blank
        if self._header is not None:
            try:
                # Numbers as they are; a flag or state given by name takes the careful way below.
                return self._header.pack(*map(values.get, self._members, self._zeros))
            except struct.error:
                pass
        parts = []
        for name, member in self._fields.items():
            if member.code[-1] == "x":
                parts.append(member.packer.pack())
                continue
            value = values.get(name, 0)
            try:
                parts.append(member.packer.pack(value if member.enum is None else enum_value(member.enum, value)))
            except EncodeError as error:
                raise error.within(name) from None
            except _VALUE_ERRORS:
                bits = 8 * member.packer.size
                raise EncodeError(f"{value!r} is not an integer that fits {bits} bits", attribute=name) from None
        head = b"".join(parts)
        return head + bytes(self._header_length - len(head))

    def body(self) -> bytes:
        """The fixed header and the attributes, as they stand on the wire. EncodeError names the value at fault."""
        if self._buffer is not None:
            start = self._table[self._row]
            return bytes(self._buffer[start : self._end()])
        encoders = self._encoders
        parts = [self._head()] if self._header_length else []
        name, value = "", None
        try:
            for name, value in self._table.items():
                encode = encoders.get(name)
                if encode is not None:
                    parts.append(encode(value))
                else:
                    parts.append(attribute_bytes(_unknown_number(name) or 0, bytes(value)))
        except EncodeError as error:
            raise error.within(name) from None
        except _VALUE_ERRORS:
            attribute = self._attributes.get(name)
            expects = attribute.expects if attribute else "bytes"
            raise EncodeError(f"{value!r} is not {expects}", attribute=name) from None
        return b"".join(parts)

    def replace(self, **changes: Any) -> Self:
        """A copy with some attributes changed (None takes one away); all others keep their bytes and their places."""
        if not self._encoders.keys() >= changes.keys():
            self._check_keywords(changes)
        if self._buffer is None:
            return type(self)(**{**self._table, **changes})
        members = {name: getattr(self, name) for name in self._fields if name[0] != "_"}
        members.update((name, changes.pop(name) or 0) for name in list(changes) if name in members)
        parts = [type(self)(**members).body()]
        for kind, start, end in self._walk():
            attribute = self._by_number.get(kind & TYPE_MASK)
            name = attribute.name if attribute else f"attr_{kind}"
            if name in changes:
                parts.append(type(self)(**{name: changes.pop(name)}).body()[self._header_length :])
            else:
                parts.append(self._buffer[start - 4 : end] + PAD[(end - start) & 3])
        parts.append(type(self)(**changes).body()[self._header_length :])
        return self._of_body(b"".join(parts))

    def _of_body(self, body: bytes) -> Self:
        return type(self)._view(HEADER.pack(len(body) + 4, 0) + body, 4, len(body) + 4)

    # --- the usual

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.present() == other.present()

    def __hash__(self) -> int:
        return hash((type(self), frozenset(self.present())))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={_show(value)}" for name, value in self.present().items())
        return f"{type(self).__name__}({inside})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.present())


def _rebuild(cls: type[Attrs], values: dict[str, Any]) -> Attrs:
    return cls(**values)


def no_bytes(value: Any) -> bytes:
    """A header member adds nothing to the attributes."""
    return b""


def _unknown_number(name: str) -> int | None:
    number = name[5:] if name.startswith("attr_") else ""
    return int(number) if number.isdecimal() and int(number) <= MAX_LENGTH else None


def enum_name(value: IntEnum | IntFlag) -> str:
    """`UP` as `up`, `BROADCAST|UP` as `broadcast|up`: a form that the encoder takes back."""
    if value.name is not None and "|" not in value.name:
        return value.name.lower()
    if isinstance(value, IntFlag):
        known = [member for member in type(value) if member.value and member in value]
        if known and sum(set(member.value for member in known)) == value.value:
            return "|".join(str(member.name).lower() for member in known)
    return str(int(value))


def _show(value: Any) -> str:
    if isinstance(value, (IntEnum, IntFlag)):
        name = enum_name(value)
        return name if name.isdecimal() else repr(name)
    if isinstance(value, (list, tuple)):
        inside = ", ".join(_show(item) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    return repr(value)


def _plain(value: Any) -> Any:
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, (IntEnum, IntFlag)):
        name = enum_name(value)
        return int(value) if name.isdecimal() else name
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return value if isinstance(value, (int, float, str, bool)) else str(value)


def walk(buffer: Any, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each attribute in `buffer[start:end]` as (type with its flag bits, payload start, payload end)."""
    while end - start >= 4:
        length, kind = HEADER.unpack_from(buffer, start)
        if length < 4 or length > end - start:
            raise DecodeError(f"an attribute says it has {length} bytes, and {end - start} are left", offset=start)
        yield kind, start + 4, start + length
        start += (length + 3) & ~3
