"""Tables, chains, rules, generations and the two ends of a batch, as nf_tables messages.

Strategy: attributes carry the kernel's names; a few keywords on top say what people mean (`table=nat` for the table's
name and family, `hook="postrouting"`, `comment="…"`). Three class attributes tell a transaction all it has to know of
a kind of object: `makes` what is sent to make one, `key` what is sent to delete one, `noun` what it is called.

A message type is the subsystem (10) in the high byte and NFT_MSG_… in the low one.
Sources: `<linux/netfilter/nf_tables.h>`, `<linux/netfilter/nfnetlink.h>`; nft(8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rawnl.attribute import Bits, Enumeration, be32, be64, binary, repeated, sbe32, string
from rawnl.errors import EncodeError
from rawnl.nest import nest
from rawnl.nft.expr import UAPI, Expr, Expression, expressions
from rawnl.nft.expr_action import Counter
from rawnl.nft.header import (
    FamilyLike,
    NetfilterMessage,
    family_name,
    hook_number,
    priority_number,
)
from rawnl.nft.userdata import comment_of, with_comment
from rawnl.wire import Attrs

if TYPE_CHECKING:
    from typing_extensions import Self


class Object(NetfilterMessage):
    """The base of what a transaction can add and delete."""

    __slots__ = ()

    noun: ClassVar[str] = ""
    """What nft calls it."""
    makes: ClassVar[tuple[str, ...]] = ()
    """What is sent to make one like it; all else the kernel gives out by itself."""
    key: ClassVar[tuple[str, ...]] = ()
    """What tells it from all others."""
    new: ClassVar[int] = 0
    """The message type that makes one, and that the kernel answers with."""
    get: ClassVar[int] = 0
    """The message type that lists them."""
    delete: ClassVar[int] = 0
    """The message type that deletes one."""

    if TYPE_CHECKING:
        handle: int | None
        userdata: bytes | None

    def like(self) -> Self:
        """A copy without what the kernel gave it (handle, position, counts of use), fit to be added anywhere.

        What a user built is given back as it is.
        """
        if self._buffer is None:
            return self
        given = {name: value for name in self.makes if (value := getattr(self, name)) is not None}
        return type(self)(family=self.family, **given)

    def address(self) -> Self:
        """A copy with only what tells it from all others, as deleting takes it. EncodeError where that is missing.

        What is missing would not be an error to the kernel: it takes "delete table" without a name for all tables.
        """
        given = {name: value for name in self.key if (value := getattr(self, name)) is not None}
        for name in self.key:
            if name not in given and not (name in ("name", "handle") and ("name" in given or "handle" in given)):
                raise EncodeError(f"{self.title}: which {name}?", attribute=name)
        return type(self)(family=self.family, **given)

    def companions(self) -> tuple[Any, ...]:
        """What must be made before it, in the same transaction: the sets that a rule brings along."""
        return ()

    @property
    def comment(self) -> str | None:
        """The comment, as nft keeps it in the user data."""
        return comment_of(self.userdata)

    @property
    def title(self) -> str:
        """What it is in words: `table ip nat`."""
        words = [self.noun, family_name(self.family)]
        words += [str(value) for name in ("table", "chain", "name") if (value := getattr(self, name, None)) is not None]
        return " ".join(words)


def comment_into_userdata(values: dict[str, Any]) -> None:
    """`comment=` into user data, at the place where the keyword stands. For the constructors of objects."""
    if "comment" not in values:
        return
    if values.get("userdata") is not None:
        raise TypeError("a comment is part of the user data: give one of the two")
    given = dict(values)
    values.clear()
    for name, value in given.items():
        if name == "comment":
            values["userdata"] = None if value is None else with_comment(value)
        elif name != "userdata":
            values[name] = value


def of_table(values: dict[str, Any]) -> None:
    """`table=` a `Table`: its name, and its family unless another is given. For the constructors of objects."""
    table = values.get("table")
    if isinstance(table, Table):
        values["table"] = table.name
        if values.get("family") is None:
            values["family"] = table.family


# --- tables ------------------------------------------------------------------------------------------------------


class TableFlags(Bits, prefix="NFT_TABLE_F_", uapi=UAPI):
    """NFT_TABLE_F_…: "dormant" tables see no packets, "owner" ones go with the socket that made them."""

    DORMANT = 1
    OWNER = 2
    PERSIST = 4


class Table(
    Object,
    types={
        "NFT_MSG_NEWTABLE": 0xA00,
        "NFT_MSG_GETTABLE": 0xA01,
        "NFT_MSG_DELTABLE": 0xA02,
        "NFT_MSG_DESTROYTABLE": 0xA1A,
    },
    prefix="NFTA_TABLE_",
):
    """A table: a family's chains, sets and objects under one name.

    >>> Table("nat", family="ip")
    Table(family='ip', name='nat')
    """

    __slots__ = ()
    noun = "table"
    makes = ("name", "flags", "userdata")
    key = ("name", "handle")
    new, get, delete = 0xA00, 0xA01, 0xA02

    name: str | None = string(1, max_bytes=255)
    flags: TableFlags | int | str | None = be32(2, enum=TableFlags)
    use: int | None = be32(3)
    handle: int | None = be64(4)
    pad: bytes | None = binary(5)
    userdata: bytes | None = binary(6)
    owner: int | None = be32(7)

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str | None = None,
            *,
            family: FamilyLike | None = None,
            flags: TableFlags | int | str | None = None,
            comment: str | None = None,
            userdata: bytes | None = None,
            handle: int | None = None,
            **others: Any,
        ) -> None: ...

    else:

        def __init__(self, *name: str, **values: Any) -> None:
            values = named("Table", name, values)
            comment_into_userdata(values)
            super().__init__(**values)


def named(cls: str, name: tuple[Any, ...], values: dict[str, Any]) -> dict[str, Any]:
    """The keywords, with a name that stands before them as one of them. For the constructors of objects."""
    if not name:
        return values
    if len(name) > 1 or "name" in values:
        raise TypeError(f"{cls} takes one name")
    return {"name": name[0], **values}


# --- chains ------------------------------------------------------------------------------------------------------


class Devices(Attrs, prefix="NFTA_DEVICE_", uapi=UAPI):
    """NFTA_HOOK_DEVS: the interfaces of a chain."""

    __slots__ = ()

    name: list[str] | str | None = repeated(string(1, max_bytes=15))
    prefix: list[str] | str | None = repeated(string(2, max_bytes=15))


class Hook(Attrs, prefix="NFTA_HOOK_", uapi=UAPI):
    """Where a base chain hangs: the hook's number, the priority (lower is earlier), for netdev the interface."""

    __slots__ = ()

    hooknum: int | None = be32(1)
    priority: int | None = sbe32(2)
    dev: str | None = string(3, max_bytes=15)
    devs: Devices | None = nest(4, Devices, flagged=False)


class ChainFlags(Bits, prefix="NFT_CHAIN_", uapi=UAPI):
    """NFT_CHAIN_…."""

    BASE = 1
    HW_OFFLOAD = 2
    BINDING = 4


class Policy(Enumeration, prefix="NF_", uapi="linux/netfilter.h"):
    """What becomes of a packet at the end of a base chain (NF_…)."""

    DROP = 0
    ACCEPT = 1


class Chain(
    Object,
    types={
        "NFT_MSG_NEWCHAIN": 0xA03,
        "NFT_MSG_GETCHAIN": 0xA04,
        "NFT_MSG_DELCHAIN": 0xA05,
        "NFT_MSG_DESTROYCHAIN": 0xA1B,
    },
    prefix="NFTA_CHAIN_",
):
    """A chain of rules; a base chain if it has a `hook`.

    Beside the kernel's attributes: `table` may be a `Table`, `hook` the name or number of a hook, with `priority` (a
    number or nft's name, 0 by default) and `device`.

    >>> Chain("postrouting", table=Table("nat", family="ip"), type="nat", hook="postrouting", priority="srcnat")
    ... # doctest: +NORMALIZE_WHITESPACE
    Chain(family='ip', name='postrouting', table='nat', type='nat', hook=Hook(hooknum=4, priority=100))
    """

    __slots__ = ()
    noun = "chain"
    makes = ("table", "name", "hook", "policy", "type", "flags", "userdata")
    key = ("table", "name", "handle")
    new, get, delete = 0xA03, 0xA04, 0xA05

    table: str | None = string(1)
    handle: int | None = be64(2)
    name: str | None = string(3, max_bytes=255)
    hook: Hook | None = nest(4, Hook, flagged=False)
    policy: Policy | int | str | None = be32(5, enum=Policy)
    use: int | None = be32(6)
    type: str | None = string(7)
    counters: Counter | None = nest(8, Counter, flagged=False)
    pad: bytes | None = binary(9)
    flags: ChainFlags | int | str | None = be32(10, enum=ChainFlags)
    id: int | None = be32(11)
    userdata: bytes | None = binary(12)

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str | None = None,
            *,
            table: Table | str | None = None,
            family: FamilyLike | None = None,
            type: str | None = None,
            hook: Hook | int | str | None = None,
            priority: int | str | None = None,
            device: str | None = None,
            policy: Policy | int | str | None = None,
            comment: str | None = None,
            flags: ChainFlags | int | str | None = None,
            userdata: bytes | None = None,
            handle: int | None = None,
            **others: Any,
        ) -> None: ...

    else:

        def __init__(self, *name: str, **values: Any) -> None:
            values = named("Chain", name, values)
            of_table(values)
            comment_into_userdata(values)
            priority, device = values.pop("priority", None), values.pop("device", None)
            hook = values.get("hook")
            if isinstance(hook, (str, int)):
                family = values.get("family") or 0
                values["hook"] = Hook(
                    hooknum=hook_number(hook, family), priority=priority_number(priority or 0, family), dev=device
                )
            elif priority is not None or device is not None:
                raise TypeError("a chain with a priority or a device needs its hook by name or number, as hook=…")
            super().__init__(**values)


# --- rules -------------------------------------------------------------------------------------------------------


class Compat(Attrs, prefix="NFTA_RULE_COMPAT_", uapi=UAPI):
    """What the kernel has to know of a rule that iptables made: the protocol that it matches."""

    __slots__ = ()

    proto: int | None = be32(1)
    flags: int | None = be32(2)


class Rule(
    Object,
    types={
        "NFT_MSG_NEWRULE": 0xA06,
        "NFT_MSG_GETRULE": 0xA07,
        "NFT_MSG_DELRULE": 0xA08,
        "NFT_MSG_GETRULE_RESET": 0xA19,
        "NFT_MSG_DESTROYRULE": 0xA1C,
    },
    prefix="NFTA_RULE_",
):
    """A rule: expressions carried out in order until one of them fails or gives a verdict.

    Beside the kernel's attributes: `table` may be a `Table`, `chain` a `Chain`, which tells the table too.

    >>> from rawnl.nft.expr_nat import Masquerade
    >>> Rule(table="nat", chain="postrouting", family="ip", expressions=[Masquerade()], comment="out")
    ... # doctest: +NORMALIZE_WHITESPACE
    Rule(family='ip', table='nat', chain='postrouting', expressions=[Masquerade()], userdata=b'\\x00\\x04out\\x00')
    """

    __slots__ = ()
    noun = "rule"
    makes = ("table", "chain", "expressions", "compat", "userdata")
    key = ("table", "chain", "handle")
    new, get, delete = 0xA06, 0xA07, 0xA08

    table: str | None = string(1)
    chain: str | None = string(2)
    handle: int | None = be64(3)
    expressions: list[Expression] | None = expressions(4)
    compat: Compat | None = nest(5, Compat, flagged=False)
    position: int | None = be64(6)
    userdata: bytes | None = binary(7)
    pad: bytes | None = binary(8)
    id: int | None = be32(9)
    position_id: int | None = be32(10)
    chain_id: int | None = be32(11)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            chain: Chain | str | None = None,
            table: Table | str | None = None,
            family: FamilyLike | None = None,
            expressions: Sequence[Expression] | None = None,
            comment: str | None = None,
            handle: int | None = None,
            position: int | None = None,
            userdata: bytes | None = None,
            compat: Compat | None = None,
            **others: Any,
        ) -> None: ...

    else:

        def __init__(self, **values: Any) -> None:
            chain = values.get("chain")
            if isinstance(chain, Chain):
                values["chain"] = chain.name
                for name in ("table", "family"):
                    if values.get(name) is None:
                        values[name] = getattr(chain, name)
            of_table(values)
            comment_into_userdata(values)
            super().__init__(**values)

    def like(self) -> Self:
        found = super().like()
        if found is self:
            return self
        items = found.expressions or []
        fit = [item.anew() if isinstance(item, Expr) else item for item in items]
        if all(new is old for new, old in zip(fit, items, strict=True)):
            return found
        return found.replace(expressions=fit)

    def address(self) -> Self:
        if self.handle is None:
            raise EncodeError(
                f"{self.title} has no handle that says which rule it is; read it back", attribute="handle"
            )
        return super().address()


# --- generations and batches ---------------------------------------------------------------------------------------


class Generation(NetfilterMessage, types={"NFT_MSG_NEWGEN": 0xA0F, "NFT_MSG_GETGEN": 0xA10}, prefix="NFTA_GEN_"):
    """The ruleset's generation, which every commit raises; beside it, whose commit or question it was."""

    __slots__ = ()

    id: int | None = be32(1)
    proc_pid: int | None = be32(2)
    proc_name: str | None = string(3)


class BatchBegin(
    NetfilterMessage,
    types={"NFNL_MSG_BATCH_BEGIN": 16},
    prefix="NFNL_BATCH_",
    uapi="linux/netfilter/nfnetlink.h",
):
    """Opens a transaction; with a `genid` the kernel refuses it (ERESTART) when the ruleset has moved on."""

    __slots__ = ()

    genid: int | None = be32(1)


class BatchEnd(NetfilterMessage, types={"NFNL_MSG_BATCH_END": 17}, uapi="linux/netfilter/nfnetlink.h"):
    """Closes a transaction, which is carried out only now."""

    __slots__ = ()
