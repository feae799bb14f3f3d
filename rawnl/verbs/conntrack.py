"""conntrack.list, get, add, set, delete, flush, count, stats: what conntrack(8) does, v4 and v6.

Strategy: the kernel narrows a listing by all that it can (family, mark, status, zone, protocol, ports, and whole
addresses of IPv4), and a predicate in Python has the last word, since older kernels pass over filters that they do not
know. What is to go is deleted flow by flow, by tuple and id, so that nothing goes that was not asked for.

A namespace tracks no flows before something in it asks for that: a NAT rule, a rule that matches `ct state`, or the
like. Until then listings are empty. Bytes and packets are counted only while net.netfilter.nf_conntrack_acct is on,
times while net.netfilter.nf_conntrack_timestamp is. Source: `<linux/netfilter/nfnetlink_conntrack.h>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from errno import ENOENT
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from rawnl.address import IPAddress, ip_bytes
from rawnl.channel import NLM_F_REQUEST, Channel
from rawnl.conntrack.expectation import Expectation, ExpectationStatistics
from rawnl.conntrack.flow import Flow, Helper
from rawnl.conntrack.header import Family, FamilyLike, ProtocolLike, family_number, protocol_number
from rawnl.conntrack.parts import Addresses, Filter, FilterFlags, FlowTuple, Layer4
from rawnl.conntrack.state import ProtocolState, Sctp, SctpState, Tcp, TcpState
from rawnl.conntrack.statistics import Statistics, TableStatistics
from rawnl.conntrack.status import Status
from rawnl.enumeration import enum_value
from rawnl.errors import EncodeError, KernelError
from rawnl.message import message_bytes
from rawnl.netns import NetNS
from rawnl.proto import failure
from rawnl.verbs.change import ADD, Prefix, check_options, split_prefix
from rawnl.verbs.listing import Columns, Listing

if TYPE_CHECKING:
    from typing_extensions import Unpack

CT_NEW, CT_GET, CT_DELETE, CT_GET_CTRZERO, CT_GET_STATS_CPU, CT_GET_STATS = range(0x100, 0x106)
EXP_GET, EXP_DELETE, EXP_GET_STATS_CPU = 0x201, 0x202, 0x203
MAX_PORT = 0xFFFF

# Named here, since within the class `list` is a verb.
Flows: TypeAlias = "list[Flow]"
Expectations: TypeAlias = "list[Expectation]"
CpuStatistics: TypeAlias = "list[Statistics]"
CpuExpectationStatistics: TypeAlias = "list[ExpectationStatistics]"
Tests: TypeAlias = "list[Callable[[Flow], bool]]"


class FlowFilters(TypedDict, total=False):
    """What narrows a listing of flows; what is not given (or None) narrows nothing.

    - `family`: "ipv4" or "ipv6"; `protocol`: a name ("tcp") or number.
    - `source`, `destination`, `sport`, `dport`: of the original direction, as the first packet had them; addresses or
      prefixes.
    - `reply_source`, `reply_destination`, `reply_sport`, `reply_dport`: of the answers; behind a masquerade
      `reply_destination` is the address that the far end sees.
    - `mark`: the number, or a pair (number, mask); `zone`: the number of the conntrack zone, 0 for none.
    - `status`: what must be on ("assured", "seen_reply|assured"); `without`: what must be off ("seen_reply").
    - `state`: of TCP or SCTP ("established"); `translated`: whether NAT changed the flow.
    """

    family: FamilyLike | None
    protocol: ProtocolLike | None
    source: Prefix | None
    destination: Prefix | None
    sport: int | None
    dport: int | None
    reply_source: Prefix | None
    reply_destination: Prefix | None
    reply_sport: int | None
    reply_dport: int | None
    mark: int | tuple[int, int] | None
    zone: int | None
    status: Status | int | str | None
    without: Status | int | str | None
    state: TcpState | SctpState | str | None
    translated: bool | None


class Conntrack:
    """The flows that a namespace tracks. Needs CAP_NET_ADMIN over it, also for looking."""

    def __init__(self, channel: Callable[[], Channel], netns: NetNS) -> None:
        self._channel = channel
        self._netns = netns

    # --- looking

    def list(self, **filters: Unpack[FlowFilters]) -> Flows:
        """The flows, all or those that `FlowFilters` let through, in no particular order.

        Raises KernelError (PermissionError), EncodeError for a filter that makes no sense.
        """
        return self._listing(filters).list()

    def stream(self, **filters: Unpack[FlowFilters]) -> Iterator[Flow]:
        """The same one after the other, in bounded memory; see `links.stream`."""
        return self._listing(filters).stream()

    def columns(self, *names: str, **filters: Unpack[FlowFilters]) -> Columns:
        """The chosen attributes of all flows at once, one list each."""
        return self._listing(filters).columns(names)

    def read_and_reset(self, **filters: Unpack[FlowFilters]) -> Flows:
        """The same as `list`, and the counters of these flows are set to zero in the same moment.

        With a filter that is not the kernel's (prefixes, addresses of IPv6, ports without a protocol, `state`,
        `translated`) the counters of flows that are not given back are reset too.
        """
        return self._listing(filters, CT_GET_CTRZERO).list()

    def count(self, **filters: Unpack[FlowFilters]) -> int:
        """How many flows there are: the kernel's own count, or, with filters, of those that are listed."""
        if any(value is not None for value in filters.values()):
            return len(self.list(**filters))
        check_options("flows", filters, FlowFilters)
        return self.table_stats().entries or 0

    def get(self, flow: Flow | FlowTuple, *, zone: int | None = None) -> Flow:
        """The flow as it is now: by a `Flow` that was read, or by one direction of it and its zone.

        Raises NotFound (ENOENT) when it is over, also where another one has taken its place.
        """
        asked = _key(flow, zone)
        found = self._channel().request(asked, CT_GET, 0, Flow, what=f"find flow {_words(asked)}")
        if not found or (asked.id is not None and found[0].id != asked.id):
            raise KernelError.of(ENOENT, request=f"find flow {_words(asked)}")
        return found[0]

    def stats(self) -> CpuStatistics:
        """What each processor counted, as `conntrack -S`."""
        return self._channel().dump(Statistics(), CT_GET_STATS_CPU, Statistics, what="read conntrack statistics")

    def table_stats(self) -> TableStatistics:
        """How many flows there are, and how many there may be."""
        found = self._channel().request(
            TableStatistics(), CT_GET_STATS, 0, TableStatistics, what="count the flows of conntrack"
        )
        return found[0]

    # --- changing

    def delete(self, flow: Flow | FlowTuple, *, zone: int | None = None) -> None:
        """Forget a flow: its next packet begins another, which NAT looks at anew.

        A `Flow` that was read is deleted only if it is still that very one. Raises NotFound (ENOENT) when it is over.
        """
        asked = _key(flow, zone)
        self._channel().request(asked, CT_DELETE, 0, Flow, what=f"delete flow {_words(asked)}")

    def flush(self, **filters: Unpack[FlowFilters]) -> int:
        """Forget all flows, or those that `FlowFilters` let through; returns how many.

        Without filters that is one request, and the number is the kernel's count just before it. Raises KernelError.
        """
        if any(value is not None for value in filters.values()):
            return self._delete_all(self.list(**filters))
        number = self.count(**filters)
        self._channel().request(Flow(), CT_DELETE, 0, Flow, what="flush the flows of conntrack")
        return number

    def add(
        self,
        original: FlowTuple,
        reply: FlowTuple | None = None,
        *,
        timeout: int,
        state: TcpState | SctpState | int | str | None = None,
        status: Status | int | str | None = None,
        mark: int | None = None,
        zone: int | None = None,
        helper: str | None = None,
        labels: bytes | None = None,
    ) -> None:
        """Make a flow that no packet began, as `conntrack -I`: `timeout` in seconds from now.

        `reply` is the original direction turned round when not said; a translation of it is only remembered, not
        carried out. `state` is for TCP and SCTP; `status` such as "seen_reply|assured"; `helper` such as "ftp".
        Raises AlreadyExists, EncodeError.
        """
        answer = original.inverted() if reply is None else reply
        flow = Flow(
            family=original.family,
            original=original,
            reply=answer,
            timeout=timeout,
            status=enum_value(Status, status or 0) | Status.CONFIRMED,
            protoinfo=_protocol_state(original, state),
            mark=mark,
            zone=zone,
            help=None if helper is None else Helper(name=helper),
            labels=labels,
        )
        self._channel().request(flow, CT_NEW, ADD, Flow, what=f"add flow {_words(flow)}")

    def set(
        self,
        flow: Flow | FlowTuple,
        *,
        timeout: int | None = None,
        mark: int | tuple[int, int] | None = None,
        status: Status | int | str | None = None,
        state: TcpState | SctpState | int | str | None = None,
        labels: bytes | None = None,
        zone: int | None = None,
    ) -> None:
        """Change a flow: `timeout` in seconds from now, `mark` (or a pair of number and mask), `status` bits to put on.

        The kernel lets "seen_reply" and "assured" be put on, and nothing be taken off. Raises NotFound (ENOENT) when
        it is over, KernelError EBUSY for a status that cannot be changed.
        """
        asked = _key(flow, zone)
        tuple_ = asked.original if asked.original is not None else asked.reply
        if not isinstance(mark, (int, type(None))):
            mark, mask = mark
        else:
            mask = None
        bits: int | None = None
        if status is not None:
            # What is on must be said again, or the kernel takes it for an attempt to take it off.
            bits = enum_value(Status, status) | enum_value(Status, self.get(flow, zone=zone).status or 0)
        change = asked.replace(
            id=None,
            timeout=timeout,
            mark=mark,
            mark_mask=mask,
            status=bits,
            protoinfo=None if tuple_ is None else _protocol_state(tuple_, state),
            labels=labels,
        )
        self._channel().request(change, CT_NEW, 0, Flow, what=f"change flow {_words(asked)}")

    # --- expectations

    def expectations(self) -> Expectations:
        """The flows that helpers foresee, as `conntrack -L expect`."""
        return self._channel().dump(Expectation(), EXP_GET, Expectation, what="list expectations")

    def flush_expectations(self) -> None:
        """Forget them all, as `conntrack -F expect`."""
        self._channel().request(Expectation(), EXP_DELETE, 0, Expectation, what="flush expectations")

    def expectation_stats(self) -> CpuExpectationStatistics:
        """What each processor counted of them, as `conntrack -S expect`."""
        return self._channel().dump(
            ExpectationStatistics(), EXP_GET_STATS_CPU, ExpectationStatistics, what="read expectation statistics"
        )

    # --- behind it

    def _listing(self, filters: FlowFilters, kind: int = CT_GET) -> Listing[Flow]:
        requests, keep = narrowed(filters)
        return Listing(self._channel(), self._netns.fileno(), Flow, kind, requests, "list flows", keep)

    def _delete_all(self, flows: Iterable[Flow]) -> int:
        """Delete these very flows, many a send; returns how many were still there."""
        channel = self._channel()
        waiting = [flow.key().body() for flow in flows]
        deleted = 0
        while waiting:
            chunk, waiting = waiting[: channel.window_items], waiting[channel.window_items :]
            first = channel.sequences(len(chunk))
            messages = [
                message_bytes(CT_DELETE, NLM_F_REQUEST, first + number, body) for number, body in enumerate(chunk)
            ]
            refused, _, interruption = channel.window(messages, first)
            for position, answer in refused.items():
                if answer.errno != ENOENT:
                    raise failure(answer, "delete a flow", messages[position], Flow)
            deleted += len(chunk) - len(refused)
            if interruption is not None:
                raise interruption
        return deleted


# --- filters ---------------------------------------------------------------------------------------------------------


def narrowed(filters: FlowFilters) -> tuple[list[Flow], Callable[[Flow], bool] | None]:
    """What the kernel is asked for, and the predicate that has the last word; None where there is nothing to decide.

    Raises EncodeError, TypeError for an unknown filter.
    """
    check_options("flows", filters, FlowFilters)
    given: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    if not given:
        return [Flow()], None
    tests: Tests = []
    sides = [_Direction(side, prefix, given, tests) for side, prefix in (("original", ""), ("reply", "reply_"))]
    families = {side.family for side in sides if side.family}
    if "family" in given:
        families.add(family_number(given["family"]))
    if len(families) > 1:
        raise EncodeError("no flow is of both families", attribute="family")
    family = families.pop() if families else None
    if family is not None:
        tests.append(lambda flow: flow.family == family)
    values = _plain_filters(given, tests)
    used = {side.side: side for side in sides if side.flags}
    if used:
        values |= {name: side.tuple for name, side in used.items()}
        flags = {name: side.flags for name, side in used.items()}
        values["filter"] = Filter(orig_flags=flags.get("original"), reply_flags=flags.get("reply"))
    # Which parts of a tuple are meant can only be said together with a family.
    asked = [family] if family is not None or not used else [Family.IPV4, Family.IPV6]
    return [Flow(family=each, **values) for each in asked], lambda flow: all(test(flow) for test in tests)


def _plain_filters(given: dict[str, Any], tests: Tests) -> dict[str, Any]:
    """The filters that are no part of a direction: what to ask of the kernel; the tests are added."""
    values: dict[str, Any] = {}
    if "mark" in given:
        mark, mask = given["mark"] if isinstance(given["mark"], tuple) else (given["mark"], 0xFFFFFFFF)
        values |= {"mark": mark, "mark_mask": mask}
        tests.append(lambda flow: (flow.mark or 0) & mask == mark & mask)
    if "zone" in given:
        zone = given["zone"]
        values["zone"] = zone
        tests.append(lambda flow: (flow.zone or 0) == zone)
    on, off = _bits(given, "status"), _bits(given, "without")
    if on or off:
        values |= {"status": on, "status_mask": on | off}
        tests.append(lambda flow: int(flow.status or 0) & (on | off) == on)
    if "state" in given:
        wanted = given["state"].upper() if isinstance(given["state"], str) else given["state"].name
        if wanted not in {*TcpState.__members__, *SctpState.__members__}:
            raise EncodeError(f"{given['state']!r} is no state of TCP or SCTP", attribute="state")
        tests.append(lambda flow: getattr(flow.state, "name", None) == wanted)
    if "translated" in given:
        translated = given["translated"]
        tests.append(lambda flow: flow.translated is translated)
    return values


def _bits(given: dict[str, Any], name: str) -> int:
    try:
        return enum_value(Status, given.get(name, 0))
    except EncodeError as error:
        raise error.within(name) from None


class _Direction:
    """The filters of one direction, as a tuple with the flags that say which parts of it count."""

    def __init__(self, side: str, prefix: str, given: dict[str, Any], tests: Tests) -> None:
        self.side = side
        self.flags = FilterFlags(0)
        self.family: Family | None = None
        addresses: dict[str, bytes] = {}
        ports: dict[str, int] = {}
        for name, attribute, flag in (
            ("source", "src", FilterFlags.IP_SRC),
            ("destination", "dst", FilterFlags.IP_DST),
        ):
            if prefix + name in given:
                packed, length = split_prefix(given[prefix + name], prefix + name)
                family = Family.IPV4 if len(packed) == 4 else Family.IPV6
                if self.family not in (None, family):
                    raise EncodeError("no flow is of both families", attribute=prefix + name)
                self.family = family
                tests.append(_within(side, name, packed, length))
                # Addresses of IPv6 the kernel compares the wrong way round, as seen on Linux 6.18: equal ones do not
                # match (ctnetlink_filter_match_tuple() in nf_conntrack_netlink.c). So it is not asked for them.
                if length == 32 and family is Family.IPV4:
                    addresses[f"v4_{attribute}"] = packed
                    self.flags |= flag
        protocol = given.get("protocol")
        number = None if protocol is None else protocol_number(protocol)
        if number is not None and not prefix:
            self.flags |= FilterFlags.PROTO_NUM
            tests.append(lambda flow: flow.protocol == number)
        for name, attribute, flag in (
            ("sport", "src_port", FilterFlags.PROTO_SRC_PORT),
            ("dport", "dst_port", FilterFlags.PROTO_DST_PORT),
        ):
            if prefix + name in given:
                port = given[prefix + name]
                if not isinstance(port, int) or not 0 <= port <= MAX_PORT:
                    raise EncodeError(f"{port!r} is no port from 0 to {MAX_PORT}", attribute=prefix + name)
                tests.append(_has_port(side, name, port))
                # The kernel does not look at ports without being told of which protocol.
                if number is not None:
                    ports[attribute] = port
                    self.flags |= flag | FilterFlags.PROTO_NUM
        self.tuple = FlowTuple(
            ip=Addresses(**addresses) if addresses else None,
            proto=None if number is None else Layer4(num=number, **ports),
        )


def _within(side: str, name: str, packed: bytes, length: int) -> Callable[[Flow], bool]:
    network: IPv4Network | IPv6Network = ip_network((packed, length), strict=False)
    first, mask = int(network.network_address), int(network.netmask)

    def test(flow: Flow) -> bool:
        direction = getattr(flow, side)
        text = None if direction is None else getattr(direction, name)
        if text is None:
            return False
        data = ip_bytes(text)
        return len(data) == len(packed) and int.from_bytes(data, "big") & mask == first

    return test


def _has_port(side: str, name: str, port: int) -> Callable[[Flow], bool]:
    def test(flow: Flow) -> bool:
        direction = getattr(flow, side)
        return direction is not None and getattr(direction, name) == port

    return test


# --- what is meant ---------------------------------------------------------------------------------------------------


def _key(flow: Flow | FlowTuple, zone: int | None) -> Flow:
    """A request that names the flow that is meant."""
    if isinstance(flow, FlowTuple):
        return Flow(family=flow.family, original=flow, zone=zone)
    if not isinstance(flow, Flow):
        raise TypeError(f"a flow is given as a Flow or as a FlowTuple, not as {type(flow).__name__}")
    found = flow.key()
    tuple_ = found.original if found.original is not None else found.reply
    changes: dict[str, Any] = {} if zone is None else {"zone": zone}
    if not found.family and tuple_ is not None:
        changes["family"] = tuple_.family
    return found.replace(**changes) if changes else found


def _protocol_state(tuple_: FlowTuple, state: TcpState | SctpState | int | str | None) -> ProtocolState | None:
    if state is None:
        return None
    number = tuple_.protocol
    if number == 6:
        return ProtocolState(tcp=Tcp(state=enum_value(TcpState, state)))
    if number == 132:
        # The kernel takes it only together with both tags.
        return ProtocolState(sctp=Sctp(state=enum_value(SctpState, state), vtag_original=0, vtag_reply=0))
    raise EncodeError("only TCP and SCTP have a state", attribute="state")


def _words(flow: Flow) -> str:
    """A flow in words, for an error."""
    tuple_ = flow.original if flow.original is not None else flow.reply
    return "" if tuple_ is None else describe(tuple_)


def describe(tuple_: FlowTuple) -> str:
    """A direction in words: `tcp 192.0.2.1:40000 > 198.51.100.7:80`."""
    from rawnl.conntrack.header import protocol_name

    number = tuple_.protocol
    name = protocol_name(number)
    return (
        f"{str(number) if name == 'unknown' else name} "
        f"{_endpoint(tuple_.source, tuple_.sport)} > {_endpoint(tuple_.destination, tuple_.dport)}"
    )


def _endpoint(address: IPAddress | None, port: int | None) -> str:
    if port is None:
        return str(address)
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
