"""What every nf_tables message begins with, and the hooks that chains may hang on.

    +----------------+----------------+---------------------------------+
    | family (8)     | version (8)    | res_id (16, network byte order) |   struct nfgenmsg
    +----------------+----------------+---------------------------------+

In a batch's begin and end, `res_id` names the subsystem; in what a listing brings it holds the low 16 bits of the
ruleset's generation. Sources: `<linux/netfilter/nfnetlink.h>`, `<linux/netfilter.h>`; nft(8), "Address families".
"""

from __future__ import annotations

from typing import TypeAlias

from rawnl.attribute import Enumeration, nearest
from rawnl.errors import EncodeError
from rawnl.message import Message
from rawnl.wire import field

NETLINK_NETFILTER = 12
SUBSYSTEM = 10
"""NFNL_SUBSYS_NFTABLES."""


class Family(
    Enumeration,
    prefix="NFPROTO_",
    uapi="linux/netfilter.h",
    kernel={"IP": "NFPROTO_IPV4", "IP6": "NFPROTO_IPV6"},
):
    """Families of tables (NFPROTO_…), under the names that nft gives them."""

    UNSPEC = 0
    INET = 1
    IP = 2
    ARP = 3
    NETDEV = 5
    BRIDGE = 7
    IP6 = 10


FamilyLike: TypeAlias = "Family | int | str"


class NetfilterMessage(Message, protocol="netfilter", uapi="linux/netfilter/nf_tables.h"):
    """The base of all nf_tables messages."""

    __slots__ = ()

    family: FamilyLike | None = field("B", enum=Family)
    version: int | None = field("B")
    res_id: int | None = field("H", big=True)


def family_number(family: FamilyLike) -> Family | int:
    """The number of a family. EncodeError names the known ones."""
    if not isinstance(family, str):
        return family
    found = Family.__members__.get(family.upper())
    if found is None:
        known = [name.lower() for name in Family.__members__][1:]
        raise EncodeError(f"{family!r} is none of {', '.join(known)}{nearest(family, known)}", attribute="family")
    return found


def family_name(family: FamilyLike | None) -> str:
    """The name of a family, as nft says it."""
    number = family_number(family or 0)
    return number.name.lower() if isinstance(number, Family) else str(number)


_IP_HOOKS = {"prerouting": 0, "input": 1, "forward": 2, "output": 3, "postrouting": 4}
HOOKS: dict[int, dict[str, int]] = {
    Family.INET: {**_IP_HOOKS, "ingress": 5},
    Family.IP: _IP_HOOKS,
    Family.IP6: _IP_HOOKS,
    Family.BRIDGE: _IP_HOOKS,
    Family.ARP: {"input": 0, "output": 1},
    Family.NETDEV: {"ingress": 0, "egress": 1},
}

_PRIORITIES = {
    "raw": -300,
    "mangle": -150,
    "dstnat": -100,
    "filter": 0,
    "security": 50,
    "srcnat": 100,
}
_BRIDGE_PRIORITIES = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}


def _numbered(value: int | str, known: dict[str, int], what: str) -> int:
    if not isinstance(value, str):
        return value
    if value not in known:
        raise EncodeError(f"{value!r} is none of {', '.join(known)}{nearest(value, list(known))}", attribute=what)
    return known[value]


def hook_number(hook: int | str, family: FamilyLike) -> int:
    """The number of a hook in a family: "postrouting" is 4 for "ip". EncodeError names the known ones."""
    return _numbered(hook, HOOKS.get(family_number(family), {}), "hook")


def priority_number(priority: int | str, family: FamilyLike) -> int:
    """A priority by number or by nft's name: "srcnat" is 100, for "bridge" 300. EncodeError names the known ones."""
    bridge = family_number(family) == Family.BRIDGE
    return _numbered(priority, _BRIDGE_PRIORITIES if bridge else _PRIORITIES, "priority")
