"""Named stateful objects: counters, quotas, limits and the like that rules share by name, as nf_tables messages.

Strategy: one message for all of them; what it holds is told apart by the type's number. A counter as an object has
the attributes of a counter as an expression, so the expression's class serves for both; what only an object can be (a
conntrack helper, a tunnel …) has a class of its own below.

    NFTA_OBJ_TABLE "t" | NFTA_OBJ_NAME "hits" | NFTA_OBJ_TYPE 1 | NFTA_OBJ_DATA | NFTA_COUNTER_BYTES … |

Sources: `<linux/netfilter/nf_tables.h>`; nft(8), "Stateful objects"; net/netfilter/nft_ct.c for what a conntrack
timeout holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from rawnl.attribute import Bits, IPAddress, attribute_bytes, be16, be32, be64, binary, ip, repeated, string, u8, u32
from rawnl.nest import nest
from rawnl.nft.expr import UAPI, Expr
from rawnl.nft.expr_action import Connlimit, Counter, Limit, ObjectType, Quota, Synproxy
from rawnl.nft.header import FamilyLike
from rawnl.nft.objects import Object, Table, comment_into_userdata, named, of_table
from rawnl.tagged import Opaque, Tagged, member_payload, tagged
from rawnl.wire import Attrs

if TYPE_CHECKING:
    from typing_extensions import Self


class State(Tagged, uapi=UAPI):
    """The base of what only a named object can hold. Its name is that of an `ObjectType`."""

    __slots__ = ()

    @classmethod
    def registered(cls, tag: Any) -> type[Attrs] | None:
        """The class for an object type, by number or by name; None where there is none."""
        if isinstance(tag, int) and tag in ObjectType.__members__.values():
            tag = ObjectType(tag).name.lower()
        found: type[Attrs] | None = cls._registry.get(tag)
        return found


StateLike: TypeAlias = "State | Expr | Opaque | bytes"


class CtHelper(State, name="ct_helper", prefix="NFTA_CT_HELPER_"):
    """A conntrack helper by the kernel's `name` for it ("ftp"), for a transport protocol (IPPROTO_…).

    `l3proto` is NFPROTO_… (2 for IPv4, 10 for IPv6), the table's own if it is not given.
    """

    __slots__ = ()

    name: str | None = string(1)
    l3proto: int | None = be16(2)
    l4proto: int | None = u8(3)


class Timeouts(Tagged, uapi="linux/netfilter/nfnetlink_cttimeout.h"):
    """The timeouts of a transport protocol's states, in seconds. Which states there are, the protocol says."""

    __slots__ = ()

    number: ClassVar[int] = 0
    """The protocol's number (IPPROTO_…)."""

    def __init_subclass__(cls, *, protocol: int = 0, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.number = protocol

    @classmethod
    def registered(cls, tag: Any) -> type[Attrs] | None:
        """The class for a protocol's number; None where there is none."""
        members: list[type[Timeouts]] = list(cls._registry.values())
        return next((member for member in members if member.number == tag), None)


class TcpTimeouts(Timeouts, name="tcp", protocol=6, prefix="CTA_TIMEOUT_TCP_"):
    """TCP."""

    __slots__ = ()

    syn_sent: int | None = be32(1)
    syn_recv: int | None = be32(2)
    established: int | None = be32(3)
    fin_wait: int | None = be32(4)
    close_wait: int | None = be32(5)
    last_ack: int | None = be32(6)
    time_wait: int | None = be32(7)
    close: int | None = be32(8)
    syn_sent2: int | None = be32(9)
    retrans: int | None = be32(10)
    unack: int | None = be32(11)


class UdpTimeouts(Timeouts, name="udp", protocol=17, prefix="CTA_TIMEOUT_UDP_"):
    """UDP."""

    __slots__ = ()

    unreplied: int | None = be32(1)
    replied: int | None = be32(2)


class UdpliteTimeouts(Timeouts, name="udplite", protocol=136, prefix="CTA_TIMEOUT_UDPLITE_"):
    """UDP-Lite."""

    __slots__ = ()

    unreplied: int | None = be32(1)
    replied: int | None = be32(2)


class IcmpTimeouts(Timeouts, name="icmp", protocol=1, prefix="CTA_TIMEOUT_ICMP_"):
    """ICMP."""

    __slots__ = ()

    timeout: int | None = be32(1)


class Icmpv6Timeouts(Timeouts, name="icmpv6", protocol=58, prefix="CTA_TIMEOUT_ICMPV6_"):
    """ICMPv6."""

    __slots__ = ()

    timeout: int | None = be32(1)


class GreTimeouts(Timeouts, name="gre", protocol=47, prefix="CTA_TIMEOUT_GRE_"):
    """GRE."""

    __slots__ = ()

    unreplied: int | None = be32(1)
    replied: int | None = be32(2)


class SctpTimeouts(Timeouts, name="sctp", protocol=132, prefix="CTA_TIMEOUT_SCTP_"):
    """SCTP."""

    __slots__ = ()

    closed: int | None = be32(1)
    cookie_wait: int | None = be32(2)
    cookie_echoed: int | None = be32(3)
    established: int | None = be32(4)
    shutdown_sent: int | None = be32(5)
    shutdown_recd: int | None = be32(6)
    shutdown_ack_sent: int | None = be32(7)
    heartbeat_sent: int | None = be32(8)
    heartbeat_acked: int | None = be32(9)


class CtTimeout(State, name="ct_timeout", prefix="NFTA_CT_TIMEOUT_"):
    """Timeouts of connections of one transport protocol.

    `l3proto` is NFPROTO_… (2 for IPv4, 10 for IPv6), `l4proto` IPPROTO_…, which says what `data` holds.

    >>> CtTimeout(l3proto=2, l4proto=6, data=TcpTimeouts(established=100, close=4))
    CtTimeout(l3proto=2, l4proto=6, data=TcpTimeouts(established=100, close=4))
    """

    __slots__ = ()

    l3proto: int | None = be16(1)
    l4proto: int | None = u8(2)
    data: Timeouts | Opaque | bytes | None = tagged(3, "l4proto", Timeouts)


class CtExpectation(State, name="ct_expect", prefix="NFTA_CT_EXPECT_"):
    """Connections to expect: to port `dport`, within `timeout` milliseconds, `size` of them at most."""

    __slots__ = ()

    l3proto: int | None = be16(1)
    l4proto: int | None = u8(2)
    dport: int | None = be16(3)
    timeout: int | None = u32(4)
    size: int | None = u8(5)


class Secmark(State, name="secmark", prefix="NFTA_SECMARK_"):
    """A security context, for `meta secmark set`."""

    __slots__ = ()

    ctx: str | None = string(1)


class TunnelIp(Attrs, prefix="NFTA_TUNNEL_KEY_IP_", uapi=UAPI):
    """The ends of an IPv4 tunnel."""

    __slots__ = ()

    src: IPAddress | None = ip(1)
    dst: IPAddress | None = ip(2)


class TunnelIp6(Attrs, prefix="NFTA_TUNNEL_KEY_IP6_", uapi=UAPI):
    """The ends of an IPv6 tunnel."""

    __slots__ = ()

    src: IPAddress | None = ip(1)
    dst: IPAddress | None = ip(2)
    flowlabel: int | None = be32(3)


class TunnelVxlan(Attrs, prefix="NFTA_TUNNEL_KEY_VXLAN_", uapi=UAPI):
    """Options of a VXLAN tunnel."""

    __slots__ = ()

    gbp: int | None = be32(1)


class TunnelErspan(Attrs, prefix="NFTA_TUNNEL_KEY_ERSPAN_", uapi=UAPI):
    """Options of an ERSPAN tunnel."""

    __slots__ = ()

    version: int | None = be32(1)
    v1_index: int | None = be32(2)
    v2_hwid: int | None = u8(3)
    v2_dir: int | None = u8(4)


class TunnelGeneve(Attrs, prefix="NFTA_TUNNEL_KEY_GENEVE_", uapi=UAPI):
    """One option of a Geneve tunnel."""

    __slots__ = ()

    class_: int | None = be16(1, "CLASS")
    type: int | None = u8(2)
    data: bytes | None = binary(3)


class TunnelOptions(Attrs, prefix="NFTA_TUNNEL_KEY_OPTS_", uapi=UAPI):
    """What is special to the kind of tunnel."""

    __slots__ = ()

    vxlan: TunnelVxlan | None = nest(1, TunnelVxlan, flagged=False)
    erspan: TunnelErspan | None = nest(2, TunnelErspan, flagged=False)
    geneve: list[TunnelGeneve] | TunnelGeneve | None = repeated(nest(3, TunnelGeneve))


class TunnelFlags(Bits, prefix="NFT_TUNNEL_F_", uapi=UAPI):
    """NFT_TUNNEL_F_…."""

    ZERO_CSUM_TX = 1
    DONT_FRAGMENT = 2
    SEQ_NUMBER = 4


class TunnelKey(State, name="tunnel", prefix="NFTA_TUNNEL_KEY_"):
    """Metadata that a packet takes along into a tunnel device: its id and its ends."""

    __slots__ = ()

    id: int | None = be32(1)
    ip: TunnelIp | None = nest(2, TunnelIp, flagged=False)
    ip6: TunnelIp6 | None = nest(3, TunnelIp6, flagged=False)
    flags: TunnelFlags | int | str | None = be32(4, enum=TunnelFlags)
    tos: int | None = u8(5)
    ttl: int | None = u8(6)
    sport: int | None = be16(7)
    dport: int | None = be16(8)
    opts: TunnelOptions | None = nest(9, TunnelOptions, flagged=False)

    def anew(self) -> TunnelKey:
        """The same, fit to be added: Geneve options are listed without NLA_F_NESTED, and refused without it."""
        found = self.opts.geneve if self.opts is not None else None
        return self if found is None else self.replace(opts=TunnelOptions(geneve=found))


STATES: tuple[type[Tagged], ...] = (Counter, Quota, Limit, Connlimit, Synproxy)
"""Expressions that can also stand by themselves, as named objects."""

State._registry.update({cls.tag: cls for cls in STATES})


def _state(number: int) -> Any:
    """NFTA_OBJ_DATA: what the object holds, of the class that its type says."""
    attribute: Any = tagged(number, "type", State, flagged=False)

    def encode(value: Any) -> bytes:
        payload = value.body() if isinstance(value, STATES) else member_payload(value, State)
        return attribute_bytes(number, payload)

    attribute.encode = encode
    attribute.expects = "what a named object holds, such as a Counter"
    return attribute


class Stateful(
    Object,
    types={
        "NFT_MSG_NEWOBJ": 0xA12,
        "NFT_MSG_GETOBJ": 0xA13,
        "NFT_MSG_DELOBJ": 0xA14,
        "NFT_MSG_GETOBJ_RESET": 0xA15,
        "NFT_MSG_DESTROYOBJ": 0xA1F,
    },
    prefix="NFTA_OBJ_",
):
    """A named object that keeps a state. `data` is what it holds, and tells its `type`; `table` may be a `Table`.

    >>> Stateful("hits", table=Table("t", family="ip"), data=Counter(packets=0, bytes=0))
    Stateful(family='ip', name='hits', table='t', type='counter', data=Counter(packets=0, bytes=0))
    """

    __slots__ = ()
    makes = ("table", "name", "type", "data", "userdata")
    key = ("table", "name", "type", "handle")
    new, get, delete = 0xA12, 0xA13, 0xA14

    table: str | None = string(1)
    name: str | None = string(2, max_bytes=255)
    type: ObjectType | int | str | None = be32(3, enum=ObjectType)
    data: StateLike | None = _state(4)
    use: int | None = be32(5)
    handle: int | None = be64(6)
    pad: bytes | None = binary(7)
    userdata: bytes | None = binary(8)

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str | None = None,
            *,
            table: Table | str | None = None,
            family: FamilyLike | None = None,
            type: ObjectType | int | str | None = None,
            data: StateLike | None = None,
            comment: str | None = None,
            userdata: bytes | None = None,
            handle: int | None = None,
            **others: Any,
        ) -> None: ...

    else:

        def __init__(self, *name: str, **values: Any) -> None:
            values = named("Stateful", name, values)
            of_table(values)
            comment_into_userdata(values)
            data = values.get("data")
            if isinstance(data, (State, *STATES)) and values.get("type") is None:
                # The type goes first, as it is needed to read what follows.
                values.pop("data")
                values.update(type=data.tag, data=data)
            super().__init__(**values)

    def like(self) -> Self:
        found = super().like()
        if found is not self and isinstance(found.data, TunnelKey):
            found = found.replace(data=found.data.anew())
        return found

    @property
    def noun(self) -> str:  # type: ignore[override]
        """What nft calls it."""
        return NOUNS.get(self.kind, self.kind or "object")

    @property
    def kind(self) -> str:
        """The name of its type: "counter"."""
        number = self.type
        if isinstance(number, int):
            return ObjectType(number).name.lower() if number in ObjectType.__members__.values() else str(number)
        return number or ""


NOUNS = {"ct_helper": "ct helper", "ct_timeout": "ct timeout", "ct_expect": "ct expectation", "connlimit": "ct count"}
"""What nft calls an object's type, where it is not the type's name."""
