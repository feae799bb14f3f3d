"""The heart: classes whose attributes are declared once and travel both ways.

Strategy: a class body of `name: type = constructor(number)` lines is turned into properties. An object lives in
one of two forms, and both answer to the same names:

- *built* by the user for sending: `_buffer` is None and `_table` is the dict of the given keywords, in their order.
  Present in the dict = present on the wire; None is never sent.
- *read* from bytes: `_buffer` holds them, `_table` the offsets that a scan found, `_row` where this object's offsets
  begin. `_table[_row]` is where the body starts and `_table[_row + n]` the payload of attribute n, 0 where it is
  absent. A property looks its offset up and decodes on the spot; nothing is decoded that nobody asked for, and what
  nobody declared keeps its bytes.

Objects are equal when they hold the same values, in whichever form and spelling: comparing, printing and converting a
built object goes by what would be read back. Objects do not change; `replace` makes another.

Messages, nests and tagged unions build on this in `message.py`, `nest.py` and `tagged.py`. No I/O and no family here.
"""

from __future__ import annotations

import copy
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any, ClassVar

from rawnl.enumeration import enum_name, enum_value, to_enum
from rawnl.errors import DecodeError, EncodeError
from rawnl.exact import assemble, number_of, refusal, spell
from rawnl.scan import attributes
from rawnl.tlv import HEADER, LENGTH, MAX_LENGTH, TYPE_MASK, VALUE_ERRORS, Attribute, Getter, nearest, walk

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**options: Any) -> Any:
        """PEP 681 for type checkers; at run time nothing."""
        return lambda decorated: decorated


__all__ = ["MAX_DEPTH", "Attrs", "Field", "field", "padding", "walk"]

_length_at = LENGTH.unpack_from
# The kernel itself nests some ten deep at most; bytes that nest deeper are shown no further, or refused.
MAX_DEPTH = 32


class _Depth(threading.local):
    """How deep this thread is in printing, comparing or converting nested objects."""

    level = 0


_depth = _Depth()


class Field:
    """One member of the fixed header that stands before the attributes (`struct ifinfomsg` and its like)."""

    __slots__ = ("code", "enum", "kernel", "name", "offset", "order", "packer", "unused")

    def __init__(self, code: str, kernel: str, order: str, enum: type[IntEnum] | type[IntFlag] | None) -> None:
        self.code = code
        self.kernel = kernel
        self.order = order
        self.enum = enum
        self.name = ""
        self.offset = 0
        self.unused = code[-1] == "x"
        self.packer = struct.Struct(order + code.replace("x", "s"))


def field(code: str, kernel: str = "", *, big: bool = False, enum: type[IntEnum] | type[IntFlag] | None = None) -> Any:
    """A header member of `struct` code `code`; `big` for network byte order. Not given means zero."""
    return Field(code, kernel, ">" if big else "=", enum)


def padding(size: int) -> Any:
    """Unused bytes of a header."""
    return Field(f"{size}x", "", "=", None)


@dataclass_transform(kw_only_default=True)
class Attrs:
    """A body: an optional fixed header, then attributes. See the module's comment for the two forms.

    Class keywords, which serve documentation and the check of the numbers: `prefix`, what the kernel puts before each
    attribute's name (`"IFLA_"`); `uapi`, the header that defines them (`"linux/if_link.h"`); `struct`, the C struct of
    the fixed header, and `members`, what its members' names begin with (`"ifinfomsg"`, `"ifi_"`); a field's kernel name
    in small letters is the whole of it.
    """

    __slots__ = ("_buffer", "_row", "_table")

    _fields: ClassVar[dict[str, Field]] = {}
    _attributes: ClassVar[dict[str, Attribute]] = {}
    _by_number: ClassVar[dict[int, Attribute]] = {}
    _encoders: ClassVar[dict[str, Any]] = {}
    _members: ClassVar[tuple[str, ...]] = ()
    _pack_head: ClassVar[Any] = None
    _header_length: ClassVar[int] = 0
    _width: ClassVar[int] = 1
    _aligned: ClassVar[bool] = True
    _prefix: ClassVar[str] = ""
    _uapi: ClassVar[str] = ""
    _struct: ClassVar[tuple[str, str]] = ("", "")

    if TYPE_CHECKING:
        _buffer: Any
        _table: Any
        _row: int
        # Of messages only; named here, since a name annotated in a subclass would count as a keyword.
        _origin: Any

    def __init_subclass__(
        cls, *, prefix: str = "", uapi: str = "", struct: str = "", members: str = "", **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        cls._prefix = prefix or cls._prefix
        cls._uapi = uapi or cls._uapi
        cls._struct = (struct, members) if struct else cls._struct
        cls._fields = dict(cls._fields)
        cls._attributes = dict(cls._attributes)
        declared = [(name, value) for name, value in vars(cls).items() if isinstance(value, (Field, Attribute))]
        offset = max((member.offset + member.packer.size for member in cls._fields.values()), default=0)
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
        cls._lay_out(offset)
        cls._encoders = {name: no_bytes for name in cls._members}
        cls._encoders.update((name, attribute.encode) for name, attribute in cls._attributes.items())

    @classmethod
    def _lay_out(cls, size: int) -> None:
        """Prepare the packing of a fixed header whose members take `size` bytes."""
        cls._header_length = (size + 3) & ~3
        if size % 4 and cls._aligned:
            rest = padding(cls._header_length - size)
            rest.name, rest.offset = "_rest", size
            cls._fields["_rest"] = rest
            cls._rest = property(cls._field_getter(rest))  # type: ignore[attr-defined]
        cls._members = tuple(name for name, member in cls._fields.items() if not member.unused)
        if all(member.order == "=" for member in cls._fields.values()):
            cls._pack_head = staticmethod(_head_packer(cls._fields.values(), cls._members))
        else:
            cls._pack_head = staticmethod(_no_head_packer)

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
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        self._buffer = None
        self._table = values
        self._row = 0
        if not self._encoders.keys() >= values.keys():
            self._check_keywords(values)
            self._become(self._of_body(self._assemble()))

    @classmethod
    def _check_keywords(cls, names: Iterable[str]) -> None:
        """TypeError for a keyword that is none; those that only say how the bytes stand are let through."""
        for name in names:
            if name not in cls._encoders and number_of(name) is None and not cls._is_unused(name):
                known = [known for known in cls._encoders if not known.startswith("_")]
                raise TypeError(
                    f"{cls.__name__} has no {name!r}{nearest(name, known)} (an attribute that rawnl does not know "
                    f"can be given as attr_NUMBER=bytes)"
                )

    @classmethod
    def _is_unused(cls, name: str) -> bool:
        return name in cls._fields and cls._fields[name].unused

    def _become(self, other: Attrs) -> None:
        self._buffer, self._table, self._row = other._buffer, other._table, other._row

    # --- reading

    @classmethod
    def _view(cls, buffer: Any, start: int, end: int) -> Self:
        """The object that lies in `buffer[start:end]`, the payload of an attribute whose header stands before it."""
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

    @classmethod
    def _parse(cls, data: bytes) -> Self:
        """The object of which `data` is all, as `_whole` gives it."""
        length = len(data) + 4
        if length > MAX_LENGTH:
            raise EncodeError(f"{len(data)} bytes are too many for one attribute, which holds 65531 at most")
        return cls._view(HEADER.pack(length, 0) + data, 4, length)

    def _whole(self) -> bytes:
        return self.body()

    def _of_body(self, body: bytes) -> Self:
        """An object like this one, read from `body`."""
        try:
            return self._parse(body)
        except DecodeError as error:
            raise EncodeError(f"the given parts make no {type(self).__name__}: {error.reason}") from None

    def _end(self) -> int:
        start = self._table[self._row]
        return int(start - 4 + _length_at(self._buffer, start - 4)[0])

    def _walk(self) -> Iterator[tuple[int, int, int]]:
        start = self._table[self._row]
        return walk(self._buffer, start + self._header_length, self._end())

    def present(self) -> dict[str, Any]:
        """What the object holds, by name and in wire order; `type(self)(**self.present())` has the same bytes.

        Header members that are zero count as absent. An attribute that is not declared, or not as it is declared, is
        given as `attr_NUMBER` (see `exact.py`). A built object gives what would be read back, and what it was made with
        if that cannot be encoded.
        """
        if self._buffer is None:
            try:
                return self._of_body(self.body()).present()
            except EncodeError:
                return {name: value for name, value in self._table.items() if name not in self._fields or value}
        found = {}
        for name, member in self._fields.items():
            value = getattr(self, name)
            if value.strip(b"\0") if member.unused else value:
                found[name] = value
        found.update(spell(self))
        return found

    def given(self) -> dict[str, Any]:
        """What a built object was made with, just as it was given: a namespace as the object that stands for it.

        Of one that was read the same as `present`. Costs next to nothing, where `present` encodes and reads back.
        """
        return dict(self._table) if self._buffer is None else self.present()

    def raw(self, number: int) -> bytes | None:
        """The payload of attribute `number`, declared or not, the last if there are more; None where it is absent."""
        if self._buffer is None:
            return self._of_body(self.body()).raw(number)
        found = None
        for kind, start, end in self._walk():
            if kind & TYPE_MASK == number & TYPE_MASK:
                found = bytes(self._buffer[start:end])
        return found

    def as_dict(self) -> dict[str, Any]:
        """The same as `present`, in plain types that `json.dumps` takes: enums by name, bytes in hexadecimal.

        Raises: DecodeError for what is nested more than 32 deep, which the kernel never does.
        """
        _deeper(self)
        try:
            return {name: _plain(value) for name, value in self.present().items()}
        finally:
            _depth.level -= 1

    # --- writing

    def _head(self) -> bytes:
        """The fixed header of a built object."""
        try:
            # Numbers as they are; a flag or state given by name takes the careful way below.
            head: bytes = self._pack_head(self._table.get)
            return head
        except VALUE_ERRORS:
            return self._careful_head()

    def _careful_head(self) -> bytes:
        values = self._table
        parts = []
        for name, member in self._fields.items():
            value = values.get(name, b"" if member.unused else 0)
            try:
                if member.unused and len(value) > member.packer.size:
                    raise EncodeError(f"{len(value)} bytes where {member.packer.size} are unused")
                parts.append(member.packer.pack(value if member.enum is None else enum_value(member.enum, value)))
            except EncodeError as error:
                raise error.within(name) from None
            except VALUE_ERRORS:
                bits = 8 * member.packer.size
                wanted = "bytes" if member.unused else f"an integer that fits {bits} bits"
                raise EncodeError(f"{value!r} is not {wanted}", attribute=name) from None
        return b"".join(parts)

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
                parts.append(encoders[name](value))
        except EncodeError as error:
            raise error.within(name) from None
        except VALUE_ERRORS:
            raise refusal(self, name, value) from None
        return b"".join(parts)

    def _assemble(self) -> bytes:
        """The same for an object that was given keywords which say how the bytes stand."""
        return self._careful_head() + assemble(self)

    def replace(self, **changes: Any) -> Self:
        """A copy with some attributes changed (None takes one away); all others keep their bytes and their places."""
        if not self._encoders.keys() >= changes.keys():
            self._check_keywords(changes)
        if self._buffer is None:
            return type(self)(**{**self._table, **changes})
        numbers = {number_of(name): name for name in changes if name not in self._encoders}
        by_number = {number & TYPE_MASK: name for number, name in numbers.items() if number is not None}
        by_number.update((a.number, a.name) for a in self._by_number.values() if a.name in changes)
        values: dict[str, Any] = {}
        for name, value in self.present().items():
            number = number_of(name)
            declared = self._attributes.get(name)
            target = by_number.get(declared.number if declared else -1 if number is None else number & TYPE_MASK)
            if target is None or number == -1:
                values[name] = value
            else:
                values[target] = changes[target]
        return self._like({**values, **changes})

    def _like(self, values: dict[str, Any]) -> Self:
        """A new object of these values that keeps what is no value of its own (a message's envelope)."""
        built = type(self)(**values)
        return built if built._buffer is not None else self._of_body(built.body())

    # --- the usual

    def _identity(self) -> Any:
        return self.body()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attrs) or type(other) is not type(self):
            return NotImplemented
        if self._buffer is not None and other._buffer is not None and self._identity() == other._identity():
            return True
        _deeper(self)
        try:
            return self.present() == other.present()
        finally:
            _depth.level -= 1

    def __hash__(self) -> int:
        return hash((type(self), frozenset(self.present())))

    def __repr__(self) -> str:
        if _depth.level >= MAX_DEPTH:
            return f"{type(self).__name__}(...)"
        _deeper(self)
        try:
            inside = ", ".join(f"{name}={_show(value)}" for name, value in self.present().items())
        finally:
            _depth.level -= 1
        return f"{type(self).__name__}({inside})"

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin._become(self)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = self.__copy__()
        if self._buffer is None:
            twin._table = copy.deepcopy(self._table, memo)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        if self._buffer is None:
            return _rebuild, (type(self), self._table)
        return _reread, (type(self), self._whole())


def _rebuild(cls: type[Attrs], values: dict[str, Any]) -> Attrs:
    return cls(**values)


def _reread(cls: type[Attrs], data: bytes) -> Attrs:
    return cls._parse(data)


def _deeper(what: Attrs) -> None:
    if _depth.level >= MAX_DEPTH:
        raise DecodeError(f"{type(what).__name__} is nested more than {MAX_DEPTH} deep")
    _depth.level += 1


def _head_packer(fields: Iterable[Field], names: Iterable[str]) -> Callable[[Any], bytes]:
    """A function that packs a whole header of which `get(name, 0)` gives the members.

    Written out as source and compiled, as dataclasses do, since a call for each member in a row takes a third of the
    time of a loop; this is in the way of every message that is sent.
    """
    pack = struct.Struct("=" + "".join(member.code for member in fields)).pack
    arguments = ", ".join(f"get({name!r}, 0)" for name in names)
    packer: Callable[[Any], bytes] = eval(f"lambda get: pack({arguments})", {"pack": pack})
    return packer


def _no_head_packer(get: Any) -> bytes:
    raise TypeError


def no_bytes(value: Any) -> bytes:
    """A header member adds nothing to the attributes."""
    return b""


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
