"""Sets and maps as nf_tables messages, and the short forms in which people ask for them.

Strategy: to the kernel there is one thing, a set, which is a map if it also has data, verdicts or objects. `Set` is
that message; `Map`, `VerdictMap` and `ObjectMap` make one with the right flags and types. Their elements are messages
of their own, see `elements.py`.

    Set("web", table=t, key="ipv4_addr . inet_service", flags="interval")
    Map("ports", table=t, key="inet_service", data="ipv4_addr . inet_service")
    VerdictMap("doors", table=t, key="inet_service")
    ObjectMap("meters", table=t, key="ipv4_addr", object="counter")

What nft needs for printing a set and the kernel does not keep (byte orders, auto-merge, a comment) goes into the user
data, in the items that nft writes. Sources: `<linux/netfilter/nf_tables.h>`; nft(8), "Sets", "Maps"; what nft sends.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rawnl.attribute import Bits, Enumeration, be32, be64, binary, string
from rawnl.enumeration import enum_value
from rawnl.errors import EncodeError
from rawnl.nest import nest, nests
from rawnl.nft.datatype import (
    VERDICT,
    DataType,
    TypesLike,
    datatypes,
    type_length,
    type_number,
    types_of,
)
from rawnl.nft.expr import UAPI, Expression, expression, expressions
from rawnl.nft.expr_action import ObjectType
from rawnl.nft.header import FamilyLike
from rawnl.nft.objects import Object, Table, named, of_table
from rawnl.nft.userdata import comment_of, items, with_comment
from rawnl.wire import Attrs

if TYPE_CHECKING:
    pass


class SetFlags(Bits, prefix="NFT_SET_", uapi=UAPI):
    """NFT_SET_…; nft says "dynamic" where the kernel says "eval"."""

    ANONYMOUS = 0x1
    CONSTANT = 0x2
    INTERVAL = 0x4
    MAP = 0x8
    TIMEOUT = 0x10
    EVAL = 0x20
    OBJECT = 0x40
    CONCAT = 0x80
    EXPR = 0x100


class SetPolicy(Enumeration, prefix="NFT_SET_POL_", uapi=UAPI):
    """What to favour when the kernel chooses how to keep a set (NFT_SET_POL_…)."""

    PERFORMANCE = 0
    MEMORY = 1


class SetField(Attrs, prefix="NFTA_SET_FIELD_", uapi=UAPI):
    """One part of a concatenation: its length in bytes."""

    __slots__ = ()

    len: int | None = be32(1)


class SetDesc(Attrs, prefix="NFTA_SET_DESC_", uapi=UAPI):
    """How many elements there can be, and the parts of the key where these are intervals."""

    __slots__ = ()

    size: int | None = be32(1)
    concat: list[SetField] | None = nests(2, SetField, flagged=False)


# Items of a set's user data (see userdata.py); numbers in them are in host byte order.
KEY_ORDER, DATA_ORDER, MERGE, KEY_TYPEOF, DATA_TYPEOF, EXPRESSION, DATA_INTERVAL, COMMENT = range(8)

_NUMBER = struct.Struct("=I")
# What nft keeps of a concatenation: that the expression it stands for is one (13), and nothing more.
_A_CONCATENATION = b"\x00\x04" + _NUMBER.pack(13) + b"\x01\x00"


def _item(kind: int, value: int | bytes) -> bytes:
    data = _NUMBER.pack(value) if isinstance(value, int) else value
    return bytes((kind, len(data))) + data


def _order(kinds: Sequence[DataType]) -> int:
    return kinds[0].order if len(kinds) == 1 else 0


def set_userdata(
    key: Sequence[DataType],
    data: Sequence[DataType] | None = None,
    *,
    a_map: bool = False,
    data_interval: bool = False,
    auto_merge: bool = False,
    comment: str | None = None,
) -> bytes:
    """The user data that nft gives a set. `data`: the types of a map's data; () for verdicts, None for objects.

    >>> set_userdata(datatypes("inet_service")).hex()
    '000402000000'
    """
    found = _item(KEY_ORDER, _order(key))
    if data is not None:
        found += _item(DATA_ORDER, _order(data))
    if auto_merge:
        found += _item(MERGE, 1)
    if len(key) > 1:
        found += _item(KEY_TYPEOF, _A_CONCATENATION)
    if data is not None and len(data) > 1:
        found += _item(DATA_TYPEOF, _A_CONCATENATION)
    if a_map:
        found += _item(DATA_INTERVAL, int(data_interval))
    if comment is not None:
        found += with_comment(comment, COMMENT)
    return found


_numbers = itertools.count(1)


def new_id() -> int:
    """A number for a set that is to be made: one that no other has in the same transaction."""
    return next(_numbers) & 0x7FFFFFFF


class Set(
    Object,
    types={
        "NFT_MSG_NEWSET": 0xA09,
        "NFT_MSG_GETSET": 0xA0A,
        "NFT_MSG_DELSET": 0xA0B,
        "NFT_MSG_DESTROYSET": 0xA1D,
    },
    prefix="NFTA_SET_",
):
    """A set or a map.

    Beside the kernel's attributes: `table` may be a `Table`; `key` names the type of the keys ("ipv4_addr",
    "ipv4_addr . inet_service"); for a map, `data` that of what they lead to ("mark", "interval ipv4_addr", "verdict")
    or `object` that of the objects ("counter"). `size` is how many elements there can be, `auto_merge` whether nft
    joins neighbouring intervals, `comment` what nft shows. `timeout` and `gc_interval` are in milliseconds. Without a
    name it is an anonymous set, for a rule of the same transaction to refer to by its `id`.

    >>> Set("web", table=Table("t", family="ip"), key="inet_service")  # doctest: +NORMALIZE_WHITESPACE
    Set(family='ip', table='t', name='web', flags=0, key_type=13, key_len=2,
        userdata=b'\\x00\\x04\\x02\\x00\\x00\\x00')
    """

    __slots__ = ()
    makes = (
        *("table", "name", "flags", "key_type", "key_len", "data_type", "data_len", "obj_type"),
        *("policy", "desc", "timeout", "gc_interval", "userdata", "expr", "expressions"),
    )
    key = ("table", "name", "handle")
    new, get, delete = 0xA09, 0xA0A, 0xA0B

    table: str | None = string(1)
    name: str | None = string(2, max_bytes=255)
    flags: SetFlags | int | str | None = be32(3, enum=SetFlags)
    key_type: int | None = be32(4)
    key_len: int | None = be32(5)
    data_type: int | None = be32(6)
    data_len: int | None = be32(7)
    policy: SetPolicy | int | str | None = be32(8, enum=SetPolicy)
    desc: SetDesc | None = nest(9, SetDesc, flagged=False)
    id: int | None = be32(10)
    timeout: int | None = be64(11)
    gc_interval: int | None = be32(12)
    userdata: bytes | None = binary(13)
    pad: bytes | None = binary(14)
    obj_type: ObjectType | int | str | None = be32(15, enum=ObjectType)
    handle: int | None = be64(16)
    expr: Expression | None = expression(17)
    expressions: list[Expression] | None = expressions(18)
    type: str | None = string(19)
    count: int | None = be32(20)

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str | None = None,
            *,
            table: Table | str | None = None,
            family: FamilyLike | None = None,
            key: TypesLike | None = None,
            data: TypesLike | None = None,
            object: ObjectType | int | str | None = None,
            flags: SetFlags | int | str | None = None,
            timeout: int | None = None,
            gc_interval: int | None = None,
            size: int | None = None,
            policy: SetPolicy | int | str | None = None,
            auto_merge: bool = False,
            comment: str | None = None,
            expressions: Sequence[Expression] | None = None,
            id: int | None = None,
            handle: int | None = None,
            userdata: bytes | None = None,
            **others: Any,
        ) -> None: ...

    else:

        def __init__(self, *name: str, **values: Any) -> None:
            values = named("Set", name, values)
            of_table(values)
            if "key" in values:
                values = _spelled_out(values)
            super().__init__(**values)

    # --- what it is, for whoever packs, reads or prints its elements

    def has(self, flag: SetFlags) -> bool:
        """Whether it has a flag."""
        return bool(enum_value(SetFlags, self.flags or 0) & flag)

    @property
    def noun(self) -> str:  # type: ignore[override]
        """What nft calls it."""
        return "map" if self.has(SetFlags.MAP) or self.has(SetFlags.OBJECT) else "set"

    @property
    def comment(self) -> str | None:
        """The comment, as nft keeps it in the user data."""
        return comment_of(self.userdata, COMMENT)

    @property
    def auto_merge(self) -> bool:
        """Whether nft is to join neighbouring intervals. The kernel does not look at it, nor does rawnl change what
        is there already: only what is added together is joined."""
        return bool(self._item(MERGE))

    @property
    def data_interval(self) -> bool:
        """Whether the data of a map are intervals, two values each."""
        return bool(self._item(DATA_INTERVAL))

    def _item(self, kind: int) -> int:
        for found, value in items(self.userdata or b""):
            if found == kind and len(value) == 4:
                return int(_NUMBER.unpack(value)[0])
        return 0

    @property
    def key_types(self) -> tuple[DataType, ...] | None:
        """The parts of its key; None where they are not to tell."""
        fields = (self.desc and self.desc.concat) or ()
        sizes = [field.len or 0 for field in fields]
        return types_of(self.key_type or 0, self.key_len or 0, self._item(KEY_ORDER), sizes)

    @property
    def data_types(self) -> tuple[DataType, ...] | None:
        """The parts of a map's data; None for verdicts, for objects, for a set, and where they are not to tell."""
        if not self.has(SetFlags.MAP) or self.data_type in (None, VERDICT):
            return None
        length = (self.data_len or 0) // (2 if self.data_interval else 1)
        return types_of(self.data_type or 0, length, self._item(DATA_ORDER))

    @property
    def is_verdict_map(self) -> bool:
        """Whether its keys lead to verdicts."""
        return self.has(SetFlags.MAP) and self.data_type == VERDICT

    @property
    def key_name(self) -> str:
        """The type of its keys in nft's words: "ipv4_addr . inet_service"."""
        return " . ".join(kind.name for kind in self.key_types or ())

    @property
    def data_name(self) -> str:
        """The type of a map's data in nft's words; "verdict" and the kind of object included."""
        if self.is_verdict_map:
            return "verdict"
        if self.has(SetFlags.OBJECT):
            number = enum_value(ObjectType, self.obj_type or 0)
            return ObjectType(number).name.lower() if number in ObjectType.__members__.values() else str(number)
        return " . ".join(kind.name for kind in self.data_types or ())


def _spelled_out(values: dict[str, Any]) -> dict[str, Any]:
    """The kernel's attributes for what people say, in the order in which nft sends them."""
    given = dict(values)
    key = _types(given.pop("key"), "key")
    data, kind = given.pop("data", None), given.pop("object", None)
    size, auto_merge, comment = given.pop("size", None), given.pop("auto_merge", False), given.pop("comment", None)
    flags = _flag_number(given.pop("flags", None) or 0)
    if given.get("name") is None:
        flags |= SetFlags.ANONYMOUS | SetFlags.CONSTANT
    data_interval = isinstance(data, str) and data.startswith("interval ")
    verdicts = data == "verdict"
    data_types = None if data is None or verdicts else _types(data[9:] if data_interval else data, "data")
    if data is not None and kind is not None:
        raise EncodeError("a map leads to data or to objects, not to both", attribute="data")
    flags |= SetFlags.MAP if data is not None else SetFlags.OBJECT if kind is not None else 0
    if given.get("timeout") is not None:
        flags |= SetFlags.TIMEOUT
    intervals = bool(flags & SetFlags.INTERVAL)
    if intervals and len(key) > 1:
        flags |= SetFlags.CONCAT
    if auto_merge and (not intervals or len(key) > 1):
        raise EncodeError("only intervals of a single type can be merged", attribute="auto_merge")
    found: dict[str, Any] = {name: given.pop(name) for name in ("family", "table") if name in given}
    a_map = data is not None or kind is not None
    found["name"] = given.pop("name", None) or ("__map%d" if a_map else "__set%d")
    found.update(flags=int(flags), key_type=type_number(key), key_len=type_length(key))
    if data is not None:
        number = VERDICT if data_types is None else type_number(data_types)
        length = 0 if data_types is None else type_length(data_types) * (2 if data_interval else 1)
        found.update(data_type=number, data_len=length)
    if kind is not None:
        found["obj_type"] = kind
    for name in ("id", "policy"):
        found[name] = given.pop(name, None)
    if found["id"] is None and flags & SetFlags.ANONYMOUS:
        found["id"] = new_id()
    desc = given.pop("desc", None)
    fields = [SetField(len=part.size) for part in key] if flags & SetFlags.CONCAT else None
    if desc is None and (size is not None or fields):
        desc = SetDesc(size=size, concat=fields)
    found.update(desc=desc, timeout=given.pop("timeout", None), gc_interval=given.pop("gc_interval", None))
    userdata = given.pop("userdata", None)
    if userdata is not None and comment is not None:
        raise TypeError("a comment is part of the user data: give one of the two")
    if userdata is None:
        userdata = set_userdata(
            key,
            () if verdicts else data_types,
            a_map=a_map,
            data_interval=data_interval,
            auto_merge=auto_merge,
            comment=comment,
        )
    found["userdata"] = userdata
    expressions = given.pop("expressions", None)
    if expressions is not None and len(expressions) == 1:
        found["expr"] = expressions[0]
    elif expressions:
        found["expressions"] = list(expressions)
    return {**found, **given}


def _types(kinds: TypesLike, attribute: str) -> tuple[DataType, ...]:
    try:
        return datatypes(kinds)
    except EncodeError as error:
        raise error.within(attribute) from None


def _flag_number(flags: SetFlags | int | str) -> int:
    if isinstance(flags, str):
        flags = "|".join("eval" if word.strip() == "dynamic" else word for word in flags.replace(",", "|").split("|"))
    try:
        return enum_value(SetFlags, flags)
    except EncodeError as error:
        raise error.within("flags") from None


def Map(name: str | None = None, *, key: TypesLike, data: TypesLike, **options: Any) -> Set:
    """A map from keys to values. `data` "interval ipv4_addr" leads to ranges; the other options are those of `Set`."""
    return Set(name, key=key, data=data, **options)


def VerdictMap(name: str | None = None, *, key: TypesLike, **options: Any) -> Set:
    """A map from keys to verdicts: "accept", "drop", "jump more" …; the options are those of `Set`."""
    return Set(name, key=key, data="verdict", **options)


def ObjectMap(name: str | None = None, *, key: TypesLike, object: ObjectType | int | str, **options: Any) -> Set:
    """A map from keys to named objects of one type ("counter", "quota", "limit" …); the options are those of `Set`."""
    return Set(name, key=key, object=object, **options)
