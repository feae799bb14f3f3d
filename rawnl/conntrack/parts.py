"""The two directions of a flow: addresses, protocol and ports; and which of these a filter looks at.

    CTA_TUPLE_ORIG | CTA_TUPLE_IP    | CTA_IP_V4_SRC, CTA_IP_V4_DST …
                   | CTA_TUPLE_PROTO | CTA_PROTO_NUM, CTA_PROTO_SRC_PORT …

Strategy: the kernel's nests as they are, and on top of them the words that people use: `source`, `destination`,
`protocol`, `sport`, `dport`. `FlowTuple.of` makes the nests from such words. Ports are plain integers in Python and in
network byte order on the wire. Source: `<linux/netfilter/nfnetlink_conntrack.h>`.
"""

from __future__ import annotations

from enum import IntFlag

from rawnl.address import IPAddress, ip_bytes, ip_text
from rawnl.attribute import be16, ip, u8, u32
from rawnl.conntrack.header import UAPI, Family, Protocol, ProtocolLike, protocol_name, protocol_number
from rawnl.errors import EncodeError
from rawnl.nest import nest
from rawnl.wire import Attrs

# What answers to an ICMP message, by type: linux/icmp.h, linux/icmpv6.h; the pairs that conntrack knows.
_ICMP_ANSWERS = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}
_ICMPV6_ANSWERS = {128: 129, 129: 128, 139: 140, 140: 139}
_WITH_PORTS = (Protocol.TCP, Protocol.UDP, Protocol.SCTP, Protocol.UDPLITE)


class Addresses(Attrs, prefix="CTA_IP_", uapi=UAPI):
    """CTA_TUPLE_IP: where a direction comes from and goes to."""

    __slots__ = ()

    v4_src: IPAddress | None = ip(1)
    v4_dst: IPAddress | None = ip(2)
    v6_src: IPAddress | None = ip(3)
    v6_dst: IPAddress | None = ip(4)


class Layer4(Attrs, prefix="CTA_PROTO_", uapi=UAPI):
    """CTA_TUPLE_PROTO: the protocol, with its ports or its ICMP type, code and id."""

    __slots__ = ()

    num: Protocol | int | str | None = u8(1, enum=Protocol)
    src_port: int | None = be16(2)
    dst_port: int | None = be16(3)
    icmp_id: int | None = be16(4)
    icmp_type: int | None = u8(5)
    icmp_code: int | None = u8(6)
    icmpv6_id: int | None = be16(7)
    icmpv6_type: int | None = u8(8)
    icmpv6_code: int | None = u8(9)


class FlowTuple(Attrs, prefix="CTA_TUPLE_", uapi=UAPI):
    """One direction of a flow: what its packets have as source, destination, protocol and ports.

    >>> FlowTuple.of("192.0.2.1", "198.51.100.7", "udp", 5353, 53).inverted().source
    '198.51.100.7'
    """

    __slots__ = ()

    ip: Addresses | None = nest(1, Addresses)
    proto: Layer4 | None = nest(2, Layer4)
    zone: int | None = be16(3)

    @classmethod
    def of(
        cls,
        source: IPAddress,
        destination: IPAddress,
        protocol: ProtocolLike,
        sport: int | None = None,
        dport: int | None = None,
        *,
        icmp_type: int | None = None,
        icmp_code: int | None = None,
        icmp_id: int | None = None,
        zone: int | None = None,
    ) -> FlowTuple:
        """A direction in words. ICMP has a type (echo request when not said), a code (0) and an id instead of ports.

        `zone`: of this direction alone. Raises EncodeError for addresses of two families, and where the protocol has
        ports or an id and they are missing or out of range, since the kernel knows no flow without them.
        """
        first, second = address(source, "source"), address(destination, "destination")
        if len(first) != len(second):
            raise EncodeError(f"{source!r} and {destination!r} are of two families", attribute="destination")
        number = protocol_number(protocol)
        if number in _WITH_PORTS and None in (sport, dport):
            raise EncodeError(f"{protocol_name(number)} has two ports: give both", attribute="sport")
        if number not in (Protocol.ICMP, Protocol.ICMPV6):
            layer4 = Layer4(num=number, src_port=sport, dst_port=dport)
        elif sport is not None or dport is not None:
            raise EncodeError("ICMP has no ports: give icmp_id, and icmp_type and icmp_code", attribute="sport")
        elif icmp_id is None:
            raise EncodeError("ICMP has an id by which its flows are told apart: give it", attribute="icmp_id")
        elif number == Protocol.ICMP:
            kind = 8 if icmp_type is None else icmp_type
            layer4 = Layer4(num=number, icmp_id=icmp_id, icmp_type=kind, icmp_code=icmp_code or 0)
        else:
            kind = 128 if icmp_type is None else icmp_type
            layer4 = Layer4(num=number, icmpv6_id=icmp_id, icmpv6_type=kind, icmpv6_code=icmp_code or 0)
        layer4.body()
        if len(first) == 4:
            return cls(ip=Addresses(v4_src=first, v4_dst=second), proto=layer4, zone=zone)
        return cls(ip=Addresses(v6_src=first, v6_dst=second), proto=layer4, zone=zone)

    @property
    def family(self) -> Family:
        """The family of the addresses; UNSPEC where there are none."""
        where = self.ip
        if where is None:
            return Family.UNSPEC
        if where.v4_src is not None or where.v4_dst is not None:
            return Family.IPV4
        return Family.IPV6 if where.v6_src is not None or where.v6_dst is not None else Family.UNSPEC

    @property
    def source(self) -> str | None:
        """Where the packets of this direction come from."""
        where = self.ip
        return None if where is None else _text(where.v4_src if where.v4_src is not None else where.v6_src)

    @property
    def destination(self) -> str | None:
        """Where they go."""
        where = self.ip
        return None if where is None else _text(where.v4_dst if where.v4_dst is not None else where.v6_dst)

    @property
    def protocol(self) -> Protocol | int | None:
        """The protocol: a member of `Protocol` where it has a name there, else its number."""
        number = None if self.proto is None else self.proto.num
        if number is None or isinstance(number, Protocol):
            return number
        value = protocol_number(number)
        return Protocol(value) if value in Protocol.__members__.values() else value

    @property
    def sport(self) -> int | None:
        """The source port (TCP, UDP, SCTP …; the key of GRE); None where the protocol has none."""
        return None if self.proto is None else self.proto.src_port

    @property
    def dport(self) -> int | None:
        """The destination port."""
        return None if self.proto is None else self.proto.dst_port

    @property
    def icmp_type(self) -> int | None:
        """The type of ICMP or ICMPv6: 8 or 128 for an echo request."""
        four = self.proto
        if four is None:
            return None
        return four.icmp_type if four.icmp_type is not None else four.icmpv6_type

    @property
    def icmp_code(self) -> int | None:
        """The code of ICMP or ICMPv6."""
        four = self.proto
        if four is None:
            return None
        return four.icmp_code if four.icmp_code is not None else four.icmpv6_code

    @property
    def icmp_id(self) -> int | None:
        """The id of ICMP or ICMPv6 by which echo requests are told apart."""
        four = self.proto
        if four is None:
            return None
        return four.icmp_id if four.icmp_id is not None else four.icmpv6_id

    def inverted(self) -> FlowTuple:
        """The direction in which answers come when nothing is translated; the zone of the direction is left out."""
        source, destination, four = self.source, self.destination, self.proto
        if source is None or destination is None or four is None:
            raise EncodeError("a direction without addresses or protocol has no answer")
        kind = self.icmp_type
        answers = _ICMPV6_ANSWERS if self.protocol == Protocol.ICMPV6 else _ICMP_ANSWERS
        return FlowTuple.of(
            destination,
            source,
            self.protocol or 0,
            self.dport,
            self.sport,
            icmp_type=None if kind is None else answers.get(kind, kind),
            icmp_code=self.icmp_code,
            icmp_id=self.icmp_id,
        )


class FilterFlags(IntFlag):
    """Which parts of a tuple a filter compares: CTA_FILTER_F_… of net/netfilter/nf_internals.h, in no public header."""

    IP_SRC = 1 << 0
    IP_DST = 1 << 1
    TUPLE_ZONE = 1 << 2
    PROTO_NUM = 1 << 3
    PROTO_SRC_PORT = 1 << 4
    PROTO_DST_PORT = 1 << 5
    PROTO_ICMP_TYPE = 1 << 6
    PROTO_ICMP_CODE = 1 << 7
    PROTO_ICMP_ID = 1 << 8
    PROTO_ICMPV6_TYPE = 1 << 9
    PROTO_ICMPV6_CODE = 1 << 10
    PROTO_ICMPV6_ID = 1 << 11


class Filter(Attrs, prefix="CTA_FILTER_", uapi=UAPI):
    """CTA_FILTER: what of the given tuples a listing is narrowed by; in host byte order. Linux 5.8 and later."""

    __slots__ = ()

    orig_flags: FilterFlags | int | str | None = u32(1, enum=FilterFlags)
    reply_flags: FilterFlags | int | str | None = u32(2, enum=FilterFlags)


def address(value: IPAddress, attribute: str) -> bytes:
    """An address to 4 or 16 bytes. EncodeError, which names `attribute`."""
    try:
        return ip_bytes(value)
    except EncodeError as error:
        raise error.within(attribute) from None
    except TypeError:
        raise EncodeError(f"{value!r} is no IP address", attribute=attribute) from None


def _text(value: IPAddress | None) -> str | None:
    return value if value is None or isinstance(value, str) else ip_text(ip_bytes(value))
