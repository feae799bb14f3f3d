"""A tracked flow: its two directions, its state, and what else conntrack keeps of it.

Strategy: attributes carry the kernel's names, but for the two tuples, which are called `original` and `reply`; a few
properties on top say what people ask for (`protocol`, `state`, `translated`). Times are in seconds, counters in packets
and bytes, time stamps in nanoseconds since 1970.

    original   192.168.1.2:40000 -> 203.0.113.9:443      as the first packet had it
    reply      203.0.113.9:443 -> 198.51.100.1:40000     as answers are expected; another destination: NAT of the source

Sources: `<linux/netfilter/nfnetlink_conntrack.h>`, `<linux/netfilter/nf_conntrack_common.h>`.
"""

from __future__ import annotations

from rawnl.attribute import IPAddress, be16, be32, be64, binary, ip, sbe32, string
from rawnl.conntrack.header import UAPI, ConntrackMessage, Protocol
from rawnl.conntrack.parts import Filter, FlowTuple
from rawnl.conntrack.state import DccpState, ProtocolState, SctpState, TcpState
from rawnl.conntrack.status import Status
from rawnl.conntrack.text import flow_json, flow_text
from rawnl.enumeration import enum_value
from rawnl.errors import EncodeError
from rawnl.nest import nest
from rawnl.wire import Attrs


class Counters(Attrs, prefix="CTA_COUNTERS", uapi=UAPI):
    """Packets and bytes of one direction; only kept where net.netfilter.nf_conntrack_acct is on."""

    __slots__ = ()

    packets: int | None = be64(1, "_PACKETS")
    bytes: int | None = be64(2, "_BYTES")
    packets32: int | None = be32(3, "32_PACKETS")
    bytes32: int | None = be32(4, "32_BYTES")
    pad: bytes | None = binary(5, "_PAD")  # type: ignore[valid-type]


class Timestamp(Attrs, prefix="CTA_TIMESTAMP_", uapi=UAPI):
    """Nanoseconds since 1970; only kept where net.netfilter.nf_conntrack_timestamp is on."""

    __slots__ = ()

    start: int | None = be64(1)
    stop: int | None = be64(2)
    pad: bytes | None = binary(3)


class SequenceAdjustment(Attrs, prefix="CTA_SEQADJ_", uapi=UAPI):
    """By how many bytes TCP sequence numbers are shifted, before and after a position."""

    __slots__ = ()

    correction_pos: int | None = be32(1)
    offset_before: int | None = sbe32(2)
    offset_after: int | None = sbe32(3)


class Helper(Attrs, prefix="CTA_HELP_", uapi=UAPI):
    """The helper that looks into the flow, such as "ftp"."""

    __slots__ = ()

    name: str | None = string(1, max_bytes=15)
    info: bytes | None = binary(2)


class NatPorts(Attrs, prefix="CTA_PROTONAT_", uapi=UAPI):
    """The range of ports to translate to."""

    __slots__ = ()

    port_min: int | None = be16(1)
    port_max: int | None = be16(2)


class Nat(Attrs, prefix="CTA_NAT_", uapi=UAPI):
    """What a flow is to be translated to; only sent, never listed."""

    __slots__ = ()

    v4_minip: IPAddress | None = ip(1)
    v4_maxip: IPAddress | None = ip(2)
    proto: NatPorts | None = nest(3, NatPorts)
    v6_minip: IPAddress | None = ip(4)
    v6_maxip: IPAddress | None = ip(5)


class SecurityContext(Attrs, prefix="CTA_SECCTX_", uapi=UAPI):
    """The flow's SELinux context."""

    __slots__ = ()

    name: str | None = string(1)


class Synproxy(Attrs, prefix="CTA_SYNPROXY_", uapi=UAPI):
    """What the SYN proxy remembers: initial sequence number, initial time stamp, offset of time stamps."""

    __slots__ = ()

    isn: int | None = be32(1)
    its: int | None = be32(2)
    tsoff: int | None = be32(3)


class Flow(
    ConntrackMessage,
    types={
        "IPCTNL_MSG_CT_NEW": 0x100,
        "IPCTNL_MSG_CT_GET": 0x101,
        "IPCTNL_MSG_CT_DELETE": 0x102,
        "IPCTNL_MSG_CT_GET_CTRZERO": 0x103,
        "IPCTNL_MSG_CT_GET_DYING": 0x106,
        "IPCTNL_MSG_CT_GET_UNCONFIRMED": 0x107,
    },
    prefix="CTA_",
):
    """A tracked flow. `str()` of it is the line that `conntrack -L` prints."""

    __slots__ = ()

    original: FlowTuple | None = nest(1, FlowTuple, "TUPLE_ORIG")
    reply: FlowTuple | None = nest(2, FlowTuple, "TUPLE_REPLY")
    status: Status | int | str | None = be32(3, enum=Status)
    protoinfo: ProtocolState | None = nest(4, ProtocolState)
    help: Helper | None = nest(5, Helper)
    nat_src: Nat | None = nest(6, Nat)
    timeout: int | None = be32(7)
    mark: int | None = be32(8)
    counters_orig: Counters | None = nest(9, Counters)
    counters_reply: Counters | None = nest(10, Counters)
    use: int | None = be32(11)
    id: int | None = be32(12)
    nat_dst: Nat | None = nest(13, Nat)
    tuple_master: FlowTuple | None = nest(14, FlowTuple)
    seq_adj_orig: SequenceAdjustment | None = nest(15, SequenceAdjustment)
    seq_adj_reply: SequenceAdjustment | None = nest(16, SequenceAdjustment)
    secmark: int | None = be32(17)
    zone: int | None = be16(18)
    secctx: SecurityContext | None = nest(19, SecurityContext)
    timestamp: Timestamp | None = nest(20, Timestamp)
    mark_mask: int | None = be32(21)
    labels: bytes | None = binary(22)
    labels_mask: bytes | None = binary(23)
    synproxy: Synproxy | None = nest(24, Synproxy)
    filter: Filter | None = nest(25, Filter)
    status_mask: Status | int | str | None = be32(26, enum=Status)

    @property
    def protocol(self) -> Protocol | int | None:
        """The protocol: a member of `Protocol` where it has a name there, else its number."""
        tuple_ = self.original if self.original is not None else self.reply
        return None if tuple_ is None else tuple_.protocol

    @property
    def state(self) -> TcpState | SctpState | DccpState | int | str | None:
        """The state of TCP, SCTP or DCCP; None for any other protocol."""
        info = self.protoinfo
        kept = None if info is None else info.tcp or info.sctp or info.dccp
        return None if kept is None else kept.state

    @property
    def helper(self) -> str | None:
        """The name of the helper that looks into the flow."""
        return None if self.help is None else self.help.name

    @property
    def source_translated(self) -> bool:
        """Whether NAT gave the packets of the original direction another source (SNAT, masquerade)."""
        return self._translated(Status.SRC_NAT, "source", "destination", "sport", "dport")

    @property
    def destination_translated(self) -> bool:
        """Whether NAT gave them another destination (DNAT, port forwarding, redirect)."""
        return self._translated(Status.DST_NAT, "destination", "source", "dport", "sport")

    @property
    def translated(self) -> bool:
        """Whether NAT changed anything."""
        return self.source_translated or self.destination_translated

    def _translated(self, bit: Status, address: str, back: str, port: str, port_back: str) -> bool:
        """By the status where there is one, which says it for ICMP ids too; else by comparing the directions."""
        status = self.status
        if status is not None:
            return bool(enum_value(Status, status) & bit)
        there, answer = self.original, self.reply
        if there is None or answer is None:
            return False
        return (getattr(there, address), getattr(there, port)) != (getattr(answer, back), getattr(answer, port_back))

    def key(self) -> Flow:
        """A copy with only what tells it from all others: one direction, the zone, and the id where it has one.

        With the id, a later flow between the same ports is not taken for this one. EncodeError where both directions
        are missing.
        """
        tuples = {"original": self.original} if self.original is not None else {"reply": self.reply}
        if tuples.get("reply", self.original) is None:
            raise EncodeError("this flow has neither direction, which tell it from all others", attribute="original")
        return Flow(family=self.family, zone=self.zone, id=self.id, **tuples)

    def as_json(self) -> dict[str, object]:
        """The flow in plain types and short words, for reading; `as_dict` has every attribute as it is."""
        return flow_json(self)

    def __str__(self) -> str:
        return flow_text(self)
