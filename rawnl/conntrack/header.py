"""What every ctnetlink message begins with, the families of flows, and the protocols by name.

    +----------------+----------------+---------------------------------+
    | family (8)     | version (8)    | res_id (16, network byte order) |   struct nfgenmsg
    +----------------+----------------+---------------------------------+

In the statistics of a processor `res_id` is its number. A message type is the subsystem in the high byte (1 for flows,
2 for expectations) and IPCTNL_MSG_… in the low one. Sources: `<linux/netfilter/nfnetlink.h>`,
`<linux/netfilter/nfnetlink_conntrack.h>`.
"""

from __future__ import annotations

from typing import TypeAlias

from rawnl.enumeration import Enumeration
from rawnl.errors import EncodeError
from rawnl.message import Message
from rawnl.tlv import nearest
from rawnl.wire import field

UAPI = "linux/netfilter/nfnetlink_conntrack.h"


class Family(Enumeration, prefix="NFPROTO_", uapi="linux/netfilter.h"):
    """Families of flows (NFPROTO_…), under the names that conntrack(8) gives them."""

    UNSPEC = 0
    IPV4 = 2
    IPV6 = 10


class Protocol(Enumeration, prefix="IPPROTO_", uapi="linux/in.h"):
    """The protocols over IP that conntrack tells apart, and some of those that it only counts (IPPROTO_…)."""

    ICMP = 1
    IGMP = 2
    TCP = 6
    UDP = 17
    DCCP = 33
    GRE = 47
    ESP = 50
    AH = 51
    ICMPV6 = 58
    SCTP = 132
    UDPLITE = 136


FamilyLike: TypeAlias = "Family | int | str"
ProtocolLike: TypeAlias = "Protocol | int | str"

_FAMILY_NAMES = {
    "ipv4": Family.IPV4,
    "ipv6": Family.IPV6,
    "ip": Family.IPV4,
    "ip6": Family.IPV6,
    "inet": Family.IPV4,
    "inet6": Family.IPV6,
}


class ConntrackMessage(Message, protocol="netfilter", uapi=UAPI, struct="nfgenmsg"):
    """The base of all ctnetlink messages."""

    __slots__ = ()

    family: FamilyLike | None = field("B", "nfgen_family", enum=Family)
    version: int | None = field("B")
    res_id: int | None = field("H", big=True)


def family_number(family: FamilyLike) -> Family:
    """A family by name ("ipv4", also "ip" or "inet", as nft and `ip` say; likewise for 6) or number. EncodeError."""
    found = _FAMILY_NAMES.get(family) if isinstance(family, str) else Family.__members__.get(_name(family))
    if found is None or found is Family.UNSPEC:
        known = list(_FAMILY_NAMES)
        hint = nearest(family, known) if isinstance(family, str) else ""
        raise EncodeError(f"{family!r} is none of {', '.join(known)}{hint}", attribute="family")
    return found


def _name(number: int) -> str:
    return next((name for name, member in Family.__members__.items() if member == number), "")


def protocol_number(protocol: ProtocolLike) -> int:
    """A protocol by name ("tcp") or number, 0 to 255. EncodeError names the known ones."""
    if isinstance(protocol, str):
        found = Protocol.__members__.get(protocol.upper().replace("-", ""))
        if found is None:
            known = [name.lower() for name in Protocol.__members__]
            hint = nearest(protocol.lower(), known)
            raise EncodeError(f"{protocol!r} is none of {', '.join(known)}{hint}", attribute="protocol")
        return found
    if not isinstance(protocol, int) or not 0 <= protocol <= 255:
        raise EncodeError(f"{protocol!r} is no protocol: a name, or a number from 0 to 255", attribute="protocol")
    return protocol


def protocol_name(number: int | str | None) -> str:
    """The name of a protocol in lower case, "unknown" for one that has none here, as conntrack(8) prints it."""
    try:
        return Protocol(protocol_number(number or 0)).name.lower()
    except ValueError:
        return "unknown"
