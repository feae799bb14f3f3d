"""Flowtables: where established connections take a path of their own, as nf_tables messages.

Source: `<linux/netfilter/nf_tables.h>`; nft(8), "Flowtables".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rawnl.attribute import Bits, be32, be64, binary, sbe32, string
from rawnl.nest import nest
from rawnl.nft.expr import UAPI
from rawnl.nft.header import FamilyLike, priority_number
from rawnl.nft.objects import Devices, Object, Table, named, of_table
from rawnl.wire import Attrs


class FlowtableHook(Attrs, prefix="NFTA_FLOWTABLE_HOOK_", uapi=UAPI):
    """Where a flowtable hangs: always on ingress (0), with a priority, on some interfaces."""

    __slots__ = ()

    num: int | None = be32(1)
    priority: int | None = sbe32(2)
    devs: Devices | None = nest(3, Devices, flagged=False)


class FlowtableFlags(Bits, prefix="NFT_FLOWTABLE_", uapi=UAPI):
    """NFT_FLOWTABLE_…."""

    HW_OFFLOAD = 1
    COUNTER = 2


class Flowtable(
    Object,
    types={
        "NFT_MSG_NEWFLOWTABLE": 0xA16,
        "NFT_MSG_GETFLOWTABLE": 0xA17,
        "NFT_MSG_DELFLOWTABLE": 0xA18,
        "NFT_MSG_DESTROYFLOWTABLE": 0xA20,
    },
    prefix="NFTA_FLOWTABLE_",
):
    """A flowtable on some `devices`, with a priority (a number or nft's name, 0 by default); `table` may be a `Table`.

    >>> Flowtable("f", table=Table("t", family="ip"), devices=["eth0"])  # doctest: +NORMALIZE_WHITESPACE
    Flowtable(family='ip', name='f', table='t',
        hook=FlowtableHook(num=0, priority=0, devs=Devices(name=['eth0'])))
    """

    __slots__ = ()
    noun = "flowtable"
    makes = ("table", "name", "hook", "flags")
    key = ("table", "name", "handle")
    new, get, delete = 0xA16, 0xA17, 0xA18

    table: str | None = string(1)
    name: str | None = string(2, max_bytes=255)
    hook: FlowtableHook | None = nest(3, FlowtableHook, flagged=False)
    use: int | None = be32(4)
    handle: int | None = be64(5)
    pad: bytes | None = binary(6)
    flags: FlowtableFlags | int | str | None = be32(7, enum=FlowtableFlags)

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str | None = None,
            *,
            table: Table | str | None = None,
            family: FamilyLike | None = None,
            devices: Sequence[str] | None = None,
            priority: int | str | None = None,
            flags: FlowtableFlags | int | str | None = None,
            hook: FlowtableHook | None = None,
            handle: int | None = None,
            **others: Any,
        ) -> None: ...

    else:

        def __init__(self, *name: str, **values: Any) -> None:
            values = named("Flowtable", name, values)
            of_table(values)
            devices, priority = values.pop("devices", None), values.pop("priority", None)
            if devices is not None:
                number = priority_number(priority or 0, values.get("family") or 0)
                values["hook"] = FlowtableHook(num=0, priority=number, devs=Devices(name=list(devices)))
            elif priority is not None:
                raise TypeError("a flowtable with a priority needs its devices, as devices=[…]")
            super().__init__(**values)

    if TYPE_CHECKING:
        userdata: bytes | None
    else:
        userdata = None
