"""The address families and message flags that all of rtnetlink shares (`<linux/socket.h>`, `<linux/netlink.h>`)."""

from __future__ import annotations

from rawnl.enumeration import Enumeration

NETLINK_ROUTE = 0

NLM_F_REQUEST = 0x001
NLM_F_MULTI = 0x002
NLM_F_ACK = 0x004
NLM_F_ECHO = 0x008
NLM_F_DUMP_INTR = 0x010
NLM_F_DUMP_FILTERED = 0x020
NLM_F_DUMP = 0x300
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800


class Family(
    Enumeration,
    prefix="AF_",
    uapi="sys/socket.h",
    kernel={"IPMR": "RTNL_FAMILY_IPMR", "IP6MR": "RTNL_FAMILY_IP6MR"},
):
    """Protocol families (AF_…)."""

    UNSPEC = 0
    INET = 2
    BRIDGE = 7
    INET6 = 10
    PACKET = 17
    MPLS = 28
    IPMR = 128
    IP6MR = 129
