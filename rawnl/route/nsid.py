"""Namespace ids: the small numbers by which one namespace knows others (`<linux/net_namespace.h>`, ip-netns(8))."""

from __future__ import annotations

from typing import Any

from rawnl.attribute import netns_fd, s32, u32
from rawnl.message import Message
from rawnl.route.family import Family
from rawnl.wire import field, padding


class NamespaceId(
    Message,
    types={"RTM_NEWNSID": 88, "RTM_DELNSID": 89, "RTM_GETNSID": 90},
    prefix="NETNSA_",
    uapi="linux/net_namespace.h",
    struct="rtgenmsg",
    members="rtgen_",
):
    """What number `nsid` stands for; -1 where none is assigned."""

    __slots__ = ()

    family: Family | int | str | None = field("B", enum=Family)
    _pad = padding(3)

    nsid: int | None = s32(1)
    pid: int | None = u32(2)
    fd: Any = netns_fd(3)
    target_nsid: int | None = s32(4)
    current_nsid: int | None = s32(5)
