"""An element of a set: as the kernel's message has it, and as Python has it.

Strategy: `Element` and `ElementList` are the message, attribute by attribute; `Entry` is what people write and read.
How the one becomes the other is told in `element_packing.py` and `element_reading.py`.
Source: `<linux/netfilter/nf_tables.h>`; nft(8), "Sets", "Maps".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from rawnl.attribute import Bits, be32, be64, binary, string
from rawnl.errors import EncodeError
from rawnl.nest import nests
from rawnl.nft import expr as expr_module
from rawnl.nft.expr import UAPI, DataLike, Expression, expressions
from rawnl.nft.header import FamilyLike
from rawnl.nft.objects import Object, Table, of_table
from rawnl.nft.sets import Set
from rawnl.wire import Attrs

if TYPE_CHECKING:
    from typing_extensions import Self


class ElementFlags(Bits, prefix="NFT_SET_ELEM_", uapi=UAPI):
    """NFT_SET_ELEM_…: the end of an interval (the first value behind it), the element for all other keys."""

    INTERVAL_END = 1
    CATCHALL = 2


class Element(Attrs, prefix="NFTA_SET_ELEM_", uapi=UAPI):
    """One element as the kernel has it. `timeout` and `expiration` are in milliseconds."""

    __slots__ = ()

    key: DataLike | None = expr_module.data(1)
    data: DataLike | None = expr_module.data(2)
    flags: ElementFlags | int | str | None = be32(3, enum=ElementFlags)
    timeout: int | None = be64(4)
    expiration: int | None = be64(5)
    userdata: bytes | None = binary(6)
    expr: Expression | None = expr_module.expression(7)
    pad: bytes | None = binary(8)
    objref: str | None = string(9)
    key_end: DataLike | None = expr_module.data(10)
    expressions: list[Expression] | None = expressions(11)


class ElementList(
    Object,
    types={
        "NFT_MSG_NEWSETELEM": 0xA0C,
        "NFT_MSG_GETSETELEM": 0xA0D,
        "NFT_MSG_DELSETELEM": 0xA0E,
        "NFT_MSG_DESTROYSETELEM": 0xA1E,
        "NFT_MSG_GETSETELEM_RESET": 0xA21,
    },
    prefix="NFTA_SET_ELEM_LIST_",
):
    """One message of elements. `Elements` makes as many as it takes, and is what a transaction wants."""

    __slots__ = ()
    noun = "elements of set"
    makes = ("table", "set", "elements")
    new, get, delete = 0xA0C, 0xA0D, 0xA0E

    table: str | None = string(1)
    set: str | None = string(2)
    elements: list[Element] | None = nests(3, Element, flagged=False)
    set_id: int | None = be32(4)

    if TYPE_CHECKING:
        handle: int | None
        userdata: bytes | None

        def __init__(
            self,
            *,
            set: Set | str | None = None,
            table: Table | str | None = None,
            family: FamilyLike | None = None,
            elements: Sequence[Element] | None = None,
            set_id: int | None = None,
            **others: Any,
        ) -> None: ...

    else:
        userdata = handle = None

        def __init__(self, **values: Any) -> None:
            of_table(values)
            super().__init__(**values)

    @property
    def title(self) -> str:
        return f"{super().title} {self.set}"

    def address(self) -> Self:
        """A copy with only the first element's key, by which it can be asked whether it is there."""
        listed = self.elements or []
        first = [Element(key=one.key, flags=one.flags) for one in listed[:1]]
        return type(self)(family=self.family, table=self.table, set=self.set, elements=first)


class Catchall:
    """The key that stands for all keys that the set does not have: `CATCHALL`, in nft `*`."""

    def __repr__(self) -> str:
        return "CATCHALL"


CATCHALL = Catchall()


class Entry(NamedTuple):
    """One element in Python's terms.

    `key`: a value, a tuple of values for a concatenation, a network or an `Interval`, or `CATCHALL`; `data`: what a map
    has for it: a value, a tuple of them, a verdict ("accept", "jump more"), or the name of an object. `timeout` and
    `expires` are in seconds, `expressions` the element's own counter or limit.
    """

    key: Any
    data: Any = None
    timeout: float | None = None
    expires: float | None = None
    comment: str | None = None
    expressions: tuple[Expression, ...] = ()


Values: TypeAlias = "Iterable[Any] | Mapping[Any, Any]"


def as_entry(value: Any, set: Set) -> Entry:
    """An element as it was written, as an `Entry`."""
    if isinstance(value, Entry):
        return value
    if set.noun == "map":
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise EncodeError(f"{value!r} is no pair of a key and what it leads to")
        key, found = value
        # Of a dictionary, the value may be an Entry which says more; its key is the dictionary's.
        return found._replace(key=key) if isinstance(found, Entry) else Entry(key, found)
    return Entry(value)


# Types of the attributes, for those who put them together from bytes.
VALUE, ITEM, LIST = 1, 1, 3
KEY, DATA, FLAGS, TIMEOUT, EXPIRATION, USERDATA = 1, 2, 3, 4, 5, 6
OBJREF, KEY_END = 9, 10

MAX_LIST = 65528
"""Bytes of elements in one message: they all stand in one attribute."""

OPEN_END = b"\x01\x04" + struct.pack("=I", 1)
"""What nft notes beside an interval that goes up to the highest value, and so has no end."""
