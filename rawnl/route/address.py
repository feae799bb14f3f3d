"""Addresses of links (`struct ifaddrmsg`, `<linux/if_addr.h>`, rtnetlink(7)).

+--------+-----------+--------+--------+
| family | prefixlen | flags8 | scope  |
+--------+-----------+--------+--------+
| index                                |
+--------------------------------------+
"""

from __future__ import annotations

from rawnl.attribute import Bits, Enumeration, IPAddress, ip, s32, string, u8, u32
from rawnl.message import Message
from rawnl.nest import Struct, structure
from rawnl.route.family import Family
from rawnl.wire import field


class Scope(Enumeration, prefix="RT_SCOPE_", uapi="linux/rtnetlink.h"):
    """How far an address or a route reaches (RT_SCOPE_…, `<linux/rtnetlink.h>`)."""

    UNIVERSE = 0
    SITE = 200
    LINK = 253
    HOST = 254
    NOWHERE = 255


class AddressFlags(Bits, prefix="IFA_F_", uapi="linux/if_addr.h"):
    """IFA_F_…; for IPv4 SECONDARY, for IPv6 the same bit is called TEMPORARY."""

    SECONDARY = 0x01
    NODAD = 0x02
    OPTIMISTIC = 0x04
    DADFAILED = 0x08
    HOMEADDRESS = 0x10
    DEPRECATED = 0x20
    TENTATIVE = 0x40
    PERMANENT = 0x80
    MANAGETEMPADDR = 0x100
    NOPREFIXROUTE = 0x200
    MCAUTOJOIN = 0x400
    STABLE_PRIVACY = 0x800


class AddressProtocol(Enumeration, prefix="IFAPROT_", uapi="linux/if_addr.h"):
    """Who gave the address (IFAPROT_…)."""

    UNSPEC = 0
    KERNEL_LO = 1
    KERNEL_RA = 2
    KERNEL_LL = 3


class AddressCacheInfo(Struct, struct="ifa_cacheinfo", members="ifa_", uapi="linux/if_addr.h"):
    """`struct ifa_cacheinfo`: lifetimes in seconds (0xFFFFFFFF is for ever), time stamps in hundredths of a second."""

    preferred: int | None = field("I", "PREFERED")
    valid: int | None = field("I")
    cstamp: int | None = field("I", "cstamp")
    tstamp: int | None = field("I", "tstamp")


class Address(
    Message,
    types={"RTM_NEWADDR": 20, "RTM_DELADDR": 21, "RTM_GETADDR": 22},
    prefix="IFA_",
    uapi="linux/if_addr.h",
    struct="ifaddrmsg",
    members="ifa_",
):
    """An IPv4 or IPv6 address of a link.

    `local` is the link's own address and `address` that of the prefix: the same but on point-to-point links, where
    `address` is the far end's. IPv6 mostly sends `address` only. `ip` gives the link's own in either case.
    `flags8` is the older field of 8 bits that `flags` extends.
    """

    __slots__ = ()

    family: Family | int | str | None = field("B", enum=Family)
    prefixlen: int | None = field("B")
    flags8: int | None = field("B", "FLAGS")
    scope: Scope | int | str | None = field("B", enum=Scope)
    index: int | None = field("I")

    address: IPAddress | None = ip(1)
    local: IPAddress | None = ip(2)
    label: str | None = string(3, max_bytes=15)
    broadcast: IPAddress | None = ip(4)
    anycast: IPAddress | None = ip(5)
    cacheinfo: AddressCacheInfo | None = structure(6, AddressCacheInfo)
    multicast: IPAddress | None = ip(7)
    flags: AddressFlags | int | str | None = u32(8, enum=AddressFlags)
    rt_priority: int | None = u32(9)
    target_netnsid: int | None = s32(10)
    proto: AddressProtocol | int | str | None = u8(11, enum=AddressProtocol)

    @property
    def ip(self) -> str:
        """The link's own address, without the prefix length."""
        return str(self.local or self.address or "")

    def __str__(self) -> str:
        """`192.168.100.2/24`, as `ip address` prints it."""
        return f"{self.ip}/{self.prefixlen or 0}"
