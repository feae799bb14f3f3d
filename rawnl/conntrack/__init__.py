"""Connection tracking (ctnetlink): the flows that the kernel remembers, with what NAT made of them.

    flows = rawnl.open().conntrack.list(protocol="tcp", dport=443)
    flows[0].original.source, flows[0].reply.destination, flows[0].translated

Here are the declarations; what talks to the kernel is `rawnl.verbs.conntrack`. Sources:
`<linux/netfilter/nfnetlink_conntrack.h>`, `<linux/netfilter/nf_conntrack_common.h>`, conntrack(8).
"""

from __future__ import annotations

from rawnl.conntrack.expectation import Expectation, ExpectationNat, ExpectationStatistics
from rawnl.conntrack.flow import (
    Counters,
    Flow,
    Helper,
    Nat,
    NatPorts,
    SecurityContext,
    SequenceAdjustment,
    Synproxy,
    Timestamp,
)
from rawnl.conntrack.header import Family, Protocol
from rawnl.conntrack.parts import Addresses, Filter, FilterFlags, FlowTuple, Layer4
from rawnl.conntrack.state import Dccp, DccpState, ProtocolState, Sctp, SctpState, Tcp, TcpFlags, TcpState
from rawnl.conntrack.statistics import Statistics, TableStatistics
from rawnl.conntrack.status import ExpectationFlags, Status

__all__ = [
    "Addresses",
    "Counters",
    "Dccp",
    "DccpState",
    "Expectation",
    "ExpectationFlags",
    "ExpectationNat",
    "ExpectationStatistics",
    "Family",
    "Filter",
    "FilterFlags",
    "Flow",
    "FlowTuple",
    "Helper",
    "Layer4",
    "Nat",
    "NatPorts",
    "Protocol",
    "ProtocolState",
    "Sctp",
    "SctpState",
    "SecurityContext",
    "SequenceAdjustment",
    "Statistics",
    "Status",
    "Synproxy",
    "TableStatistics",
    "Tcp",
    "TcpFlags",
    "TcpState",
    "Timestamp",
]
