"""What conntrack knows of a protocol's own state: TCP, SCTP, DCCP (CTA_PROTOINFO).

Sources: `<linux/netfilter/nfnetlink_conntrack.h>`, `<linux/netfilter/nf_conntrack_tcp.h>`,
`<linux/netfilter/nf_conntrack_sctp.h>`.
"""

from __future__ import annotations

from enum import IntEnum

from rawnl.attribute import be32, be64, binary, u8
from rawnl.conntrack.header import UAPI
from rawnl.enumeration import Bits, Enumeration
from rawnl.nest import Struct, nest, structure
from rawnl.wire import Attrs, field


class TcpState(Enumeration, prefix="TCP_CONNTRACK_", uapi="linux/netfilter/nf_conntrack_tcp.h"):
    """TCP_CONNTRACK_…: how far a TCP connection has come, seen from in between."""

    NONE = 0
    SYN_SENT = 1
    SYN_RECV = 2
    ESTABLISHED = 3
    FIN_WAIT = 4
    CLOSE_WAIT = 5
    LAST_ACK = 6
    TIME_WAIT = 7
    CLOSE = 8
    SYN_SENT2 = 9


class TcpStateFlags(
    Bits,
    prefix="IP_CT_TCP_FLAG_",
    uapi="linux/netfilter/nf_conntrack_tcp.h",
    kernel={"EXP_CHALLENGE_ACK": "IP_CT_EXP_CHALLENGE_ACK", "SIMULTANEOUS_OPEN": "IP_CT_TCP_SIMULTANEOUS_OPEN"},
):
    """IP_CT_TCP_FLAG_…: what one end of a TCP connection has said or is granted."""

    WINDOW_SCALE = 0x01
    SACK_PERM = 0x02
    CLOSE_INIT = 0x04
    BE_LIBERAL = 0x08
    DATA_UNACKNOWLEDGED = 0x10
    MAXACK_SET = 0x20
    EXP_CHALLENGE_ACK = 0x40
    SIMULTANEOUS_OPEN = 0x80


class TcpFlags(Struct, struct="nf_ct_tcp_flags", uapi="linux/netfilter/nf_conntrack_tcp.h"):
    """`struct nf_ct_tcp_flags`: flags, and which of them are meant."""

    flags: TcpStateFlags | int | str | None = field("B", enum=TcpStateFlags)
    mask: TcpStateFlags | int | str | None = field("B", enum=TcpStateFlags)


class Tcp(Attrs, prefix="CTA_PROTOINFO_TCP_", uapi=UAPI):
    """CTA_PROTOINFO_TCP: the state, and of each end the window scale and flags."""

    __slots__ = ()

    state: TcpState | int | str | None = u8(1, enum=TcpState)
    wscale_original: int | None = u8(2)
    wscale_reply: int | None = u8(3)
    flags_original: TcpFlags | None = structure(4, TcpFlags)
    flags_reply: TcpFlags | None = structure(5, TcpFlags)


class DccpState(IntEnum):
    """States of DCCP (CT_DCCP_…, in no public header); Linux 6.16 and later have no DCCP any more."""

    NONE = 0
    REQUEST = 1
    RESPOND = 2
    PARTOPEN = 3
    OPEN = 4
    CLOSEREQ = 5
    CLOSING = 6
    TIMEWAIT = 7


class Dccp(Attrs, prefix="CTA_PROTOINFO_DCCP_", uapi=UAPI):
    """CTA_PROTOINFO_DCCP."""

    __slots__ = ()

    state: DccpState | int | str | None = u8(1, enum=DccpState)
    role: int | None = u8(2)
    handshake_seq: int | None = be64(3)
    pad: bytes | None = binary(4)


class SctpState(Enumeration, prefix="SCTP_CONNTRACK_", uapi="linux/netfilter/nf_conntrack_sctp.h"):
    """SCTP_CONNTRACK_…: how far an SCTP association has come."""

    NONE = 0
    CLOSED = 1
    COOKIE_WAIT = 2
    COOKIE_ECHOED = 3
    ESTABLISHED = 4
    SHUTDOWN_SENT = 5
    SHUTDOWN_RECD = 6
    SHUTDOWN_ACK_SENT = 7
    HEARTBEAT_SENT = 8
    HEARTBEAT_ACKED = 9


class Sctp(Attrs, prefix="CTA_PROTOINFO_SCTP_", uapi=UAPI):
    """CTA_PROTOINFO_SCTP: the state and each end's verification tag."""

    __slots__ = ()

    state: SctpState | int | str | None = u8(1, enum=SctpState)
    vtag_original: int | None = be32(2)
    vtag_reply: int | None = be32(3)


class ProtocolState(Attrs, prefix="CTA_PROTOINFO_", uapi=UAPI):
    """CTA_PROTOINFO: the one of these that the flow's protocol has."""

    __slots__ = ()

    tcp: Tcp | None = nest(1, Tcp)
    dccp: Dccp | None = nest(2, Dccp)
    sctp: Sctp | None = nest(3, Sctp)
