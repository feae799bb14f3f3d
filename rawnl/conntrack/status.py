"""What has become of a flow, and of what kind an expectation is, as bits.

Source: `<linux/netfilter/nf_conntrack_common.h>`.
"""

from __future__ import annotations

from rawnl.enumeration import Bits


class Status(Bits, prefix="IPS_", uapi="linux/netfilter/nf_conntrack_common.h"):
    """What has become of a flow (IPS_…)."""

    EXPECTED = 1 << 0
    SEEN_REPLY = 1 << 1
    ASSURED = 1 << 2
    CONFIRMED = 1 << 3
    SRC_NAT = 1 << 4
    DST_NAT = 1 << 5
    SEQ_ADJUST = 1 << 6
    SRC_NAT_DONE = 1 << 7
    DST_NAT_DONE = 1 << 8
    DYING = 1 << 9
    FIXED_TIMEOUT = 1 << 10
    TEMPLATE = 1 << 11
    UNTRACKED = 1 << 12
    HELPER = 1 << 13
    OFFLOAD = 1 << 14
    HW_OFFLOAD = 1 << 15


class ExpectationFlags(Bits, prefix="NF_CT_EXPECT_", uapi="linux/netfilter/nf_conntrack_common.h"):
    """NF_CT_EXPECT_…: it stays after the first flow that fits; it is not in force yet; a program made it."""

    PERMANENT = 1
    INACTIVE = 2
    USERSPACE = 4
