"""Expectations: flows that a helper foresees, such as the data connection of FTP, with the flow that they belong to.

A packet that fits the tuple under the mask begins a flow of status EXPECTED, whose master is known. Sources:
`<linux/netfilter/nfnetlink_conntrack.h>`, `<linux/netfilter/nf_conntrack_common.h>`.
"""

from __future__ import annotations

from rawnl.attribute import be16, be32, string
from rawnl.conntrack.header import UAPI, ConntrackMessage
from rawnl.conntrack.parts import FlowTuple
from rawnl.conntrack.status import ExpectationFlags
from rawnl.conntrack.text import expectation_text
from rawnl.nest import nest
from rawnl.wire import Attrs


class ExpectationNat(Attrs, prefix="CTA_EXPECT_NAT_", uapi=UAPI):
    """How the expected flow is to be translated."""

    __slots__ = ()

    dir: int | None = be32(1)
    tuple: FlowTuple | None = nest(2, FlowTuple)


class Expectation(
    ConntrackMessage,
    types={"IPCTNL_MSG_EXP_NEW": 0x200, "IPCTNL_MSG_EXP_GET": 0x201, "IPCTNL_MSG_EXP_DELETE": 0x202},
    prefix="CTA_EXPECT_",
):
    """A flow that is foreseen: `tuple` under `mask`, `timeout` seconds from now, on behalf of `master`."""

    __slots__ = ()

    master: FlowTuple | None = nest(1, FlowTuple)
    tuple: FlowTuple | None = nest(2, FlowTuple)
    mask: FlowTuple | None = nest(3, FlowTuple)
    timeout: int | None = be32(4)
    id: int | None = be32(5)
    help_name: str | None = string(6, max_bytes=15)
    zone: int | None = be16(7)
    flags: ExpectationFlags | int | str | None = be32(8, enum=ExpectationFlags)
    class_: int | None = be32(9, "CLASS")
    nat: ExpectationNat | None = nest(10, ExpectationNat)
    fn: str | None = string(11)

    def __str__(self) -> str:
        return expectation_text(self)


class ExpectationStatistics(ConntrackMessage, types={"IPCTNL_MSG_EXP_GET_STATS_CPU": 0x203}, prefix="CTA_STATS_EXP_"):
    """What one processor counted of expectations in a namespace.

    The kernel answers with a type of its own mistake, 0x103 (IPCTNL_MSG_CT_GET_CTRZERO), as of Linux 6.18.
    """

    __slots__ = ()

    new: int | None = be32(1)
    create: int | None = be32(2)
    delete: int | None = be32(3)

    @property
    def cpu(self) -> int:
        """The number of the processor."""
        return self.res_id or 0
