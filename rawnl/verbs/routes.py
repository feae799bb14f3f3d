"""routes.add, replace, append, delete, get, list: what `ip route` does, v4 and v6.

Strategy: the defaults are those of ip-route(8): table main, protocol boot, and for IPv4 the scope that follows from the
route's type and from whether it has a gateway. A deletion leaves open what was not said, so that it finds the route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from rawnl.attribute import IPAddress, enum_value, ip_bytes, nearest
from rawnl.bulk import OnError, Progress, load, undo_by_deleting
from rawnl.errors import EncodeError
from rawnl.route.address import Scope
from rawnl.route.family import Family
from rawnl.route.route import MAIN, NextHop, Route, RouteFlags, RouteMetrics, RouteProtocol, RouteType
from rawnl.template import Template
from rawnl.verbs.change import (
    ADD,
    APPEND,
    REPLACE,
    Change,
    LinkLike,
    Prefix,
    Session,
    address_bytes,
    check_options,
    families,
    family_of,
    index,
    split_prefix,
)
from rawnl.verbs.listing import Columns, Listing

if TYPE_CHECKING:
    from typing_extensions import Unpack

RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
TABLES = {"unspec": 0, "compat": 252, "default": 253, "main": MAIN, "local": 255}

R = TypeVar("R")


class RouteOptions(TypedDict, total=False):
    """What routes take beside the destination.

    - `via`: the gateway, of either family; `dev`: the link; `src`: the preferred source address.
    - `metric`: the priority, lower wins; `table`: a number or `"main"`, `"local"`, `"default"`.
    - `scope`: `"universe"`, `"link"`, `"host"`; `type`: `"unicast"`, `"blackhole"`, `"unreachable"` …
    - `protocol`: who made it, `"boot"` when not said, `"static"`, `"bgp"` …; `tos`: 0 to 255.
    - `family`: only needed for a default route that has no address to tell by (2 for IPv4, the default, or 10).
    - `onlink`: take the gateway as reachable on `dev` even when no address says so.
    - `mtu` in bytes, or all `metrics`; `multipath`: a list of `NextHop`; `nh_id`: a nexthop object.
    """

    via: IPAddress | None
    dev: LinkLike | None
    src: IPAddress | None
    metric: int | None
    table: int | str | None
    scope: Scope | int | str | None
    protocol: RouteProtocol | int | str | None
    type: RouteType | int | str | None
    tos: int | None
    family: Family | int | None
    onlink: bool
    mtu: int | None
    metrics: RouteMetrics | None
    multipath: Sequence[NextHop] | None
    nh_id: int | None


class RouteFilters(TypedDict, total=False):
    """What narrows a listing of routes; the kernel filters.

    - `family`: 2 for IPv4, 10 for IPv6, both when not said; `table`: `"main"` when not said, None for all tables.
    - `dev`: the link they lead to; `protocol`: who made them; `type`: `"unicast"`, `"local"` …
    """

    family: Family | int | None
    table: int | str | None
    dev: LinkLike | None
    protocol: RouteProtocol | int | str | None
    type: RouteType | int | str | None


class RouteChanges(Generic[R]):
    """The changes, in the same shape on a connection and on a batch."""

    def __init__(self, session: Session[Any]) -> None:
        self._session = session

    def _submit(self, change: Change) -> R:
        result: R = self._session.submit(change)
        return result

    def add(self, destination: Prefix, **options: Unpack[RouteOptions]) -> R:
        """Add a route, as `ip route add DESTINATION via … dev …`.

        `destination` is `"default"`, `"10.0.0.0/8"` or an `ip_network`; for the rest see `RouteOptions`. Raises
        AlreadyExists, NotFound (no such link), KernelError ENETUNREACH (the gateway is not reachable), EncodeError;
        needs CAP_NET_ADMIN.

        >>> nl.routes.add("default", via="192.168.100.1")                                     # doctest: +SKIP
        """
        return self._submit(Change(self._new(destination, options), RTM_NEWROUTE, ADD, _words("add", destination)))

    def replace(self, destination: Prefix, **options: Unpack[RouteOptions]) -> R:
        """Add a route, or put it in the place of the one with the same destination, table and metric; see `add`."""
        message = self._new(destination, options)
        return self._submit(Change(message, RTM_NEWROUTE, REPLACE, _words("replace", destination)))

    def append(self, destination: Prefix, **options: Unpack[RouteOptions]) -> R:
        """Add a route beside those with the same destination: for IPv6 another next hop; see `add`."""
        message = self._new(destination, options)
        return self._submit(Change(message, RTM_NEWROUTE, APPEND, _words("append", destination)))

    def delete(self, destination: Prefix, **options: Unpack[RouteOptions]) -> R:
        """Delete the first route that fits what is said, as `ip route del`; see `add`. Raises NotFound (ESRCH)."""
        message = self._message(destination, options, Scope.NOWHERE)
        return self._submit(Change(message, RTM_DELROUTE, 0, _words("delete", destination)))

    def _new(self, destination: Prefix, options: RouteOptions) -> Route:
        if options.get("protocol") is None:
            options["protocol"] = RouteProtocol.BOOT
        kind = enum_value(RouteType, options.get("type") or RouteType.UNICAST)
        options["type"] = kind
        scope = Scope.UNIVERSE
        if kind in (RouteType.LOCAL, RouteType.NAT):
            scope = Scope.HOST
        elif kind in (RouteType.BROADCAST, RouteType.MULTICAST, RouteType.ANYCAST) or (
            kind == RouteType.UNICAST and not any(options.get(key) for key in ("via", "multipath", "nh_id"))
        ):
            scope = Scope.LINK
        return self._message(destination, options, scope)

    def _message(self, destination: Prefix, options: RouteOptions, scope: Scope) -> Route:
        check_options("routes", options, RouteOptions)
        session = self._session
        via, source, dev, mtu = options.get("via"), options.get("src"), options.get("dev"), options.get("mtu")
        packed, length, family = _destination(destination, options.get("family"), via, source)
        if family is not Family.INET and scope is not Scope.NOWHERE:
            # IPv6 routes have no scope; the kernel makes every one of them universal.
            scope = Scope.UNIVERSE
        gateway = other = None
        if via is not None:
            try:
                hop = ip_bytes(via)
            except EncodeError as error:
                raise error.within("via") from None
            except TypeError:
                raise EncodeError(f"{via!r} is no IP address", attribute="via") from None
            gateway, other = (hop, None) if family_of(hop) is family else (None, hop)
        metrics = options.get("metrics")
        if mtu is not None:
            metrics = RouteMetrics(mtu=mtu) if metrics is None else metrics.replace(mtu=mtu)
        table = table_number(options.get("table"))
        chosen = options.get("scope")
        return Route(
            family=family,
            dst_len=length,
            tos=options.get("tos"),
            table8=table if table < 256 else None,
            protocol=options.get("protocol"),
            scope=scope if chosen is None else chosen,
            type=options.get("type"),
            flags=RouteFlags.ONLINK if options.get("onlink") else None,
            dst=packed,
            table=table if table > 255 else None,
            gateway=gateway,
            via=other,
            oif=None if dev is None else index(session, dev),
            prefsrc=None if source is None else address_bytes(source, family, "src"),
            priority=options.get("metric"),
            metrics=metrics,
            multipath=None if (hops := options.get("multipath")) is None else [*hops],
            nh_id=options.get("nh_id"),
        )


class Routes(RouteChanges[None]):
    """The routes of a connection's namespace."""

    def _submit(self, change: Change) -> None:
        self._session.submit(change)

    def add_many(
        self,
        destinations: Iterable[Prefix | tuple[Prefix, IPAddress]],
        *,
        on_error: OnError = "stop",
        progress: Progress | None = None,
        **options: Unpack[RouteOptions],
    ) -> int:
        """Add as many routes as there are destinations, streamed in bounded memory; returns how many.

        `destinations` may be a generator of prefixes that share all `options`, or of (prefix, gateway) pairs; both
        families may be mixed, but of each family either all have a gateway of their own or none. `on_error` is "stop",
        "continue" or "rollback", as for `Connection.batch`; `progress` is called with the number sent so far. Each
        route costs one pack of a precompiled struct here, so that the kernel's own work is what is left.

        Host bits beyond a prefix come back from the kernel as EINVAL, by item. Raises BatchError, EncodeError.

        >>> nl.routes.add_many((f"10.{i >> 8}.{i & 255}.0/24" for i in range(65536)), via="192.0.2.1")  # doctest: +SKIP
        """
        pack = _RoutePacker(self, options)
        return load(
            self._session.channel,
            pack,
            destinations,
            Route,
            "add a route",
            size=pack.size,
            on_error=on_error,
            undo=undo_by_deleting,
            progress=progress,
        )

    def list(self, **filters: Unpack[RouteFilters]) -> list[Route]:
        """The routes of a table, IPv4 first; see `RouteFilters`.

        >>> [route.destination for route in nl.routes.list(dev="eth0")]      # doctest: +SKIP
        """
        return self._listing(filters).list()

    def stream(self, **filters: Unpack[RouteFilters]) -> Iterator[Route]:
        """The same one after the other, in bounded memory; see `links.stream`."""
        return self._listing(filters).stream()

    def columns(self, *names: str, **filters: Unpack[RouteFilters]) -> Columns:
        """The chosen attributes of all routes at once, one list each: `columns("dst", "dst_len", "gateway")`."""
        return self._listing(filters).columns(names)

    def _listing(self, filters: RouteFilters) -> Listing[Route]:
        check_options("routes", filters, RouteFilters)
        session = self._session
        dev, family = filters.get("dev"), filters.get("family")
        table = filters.get("table", "main")
        requests = [
            Route(
                family=each,
                table=None if table is None else table_number(table),
                oif=None if dev is None else index(session, dev),
                protocol=filters.get("protocol"),
                type=filters.get("type"),
            )
            for each in families(family)
        ]
        return Listing(session.channel, session.netns.fileno(), Route, RTM_GETROUTE, requests, "list routes")

    def get(
        self,
        destination: IPAddress,
        *,
        src: IPAddress | None = None,
        dev: LinkLike | None = None,
        iif: LinkLike | None = None,
        mark: int | None = None,
        uid: int | None = None,
        fib_match: bool = False,
    ) -> Route:
        """Which route a packet to `destination` takes, as `ip route get`; with `fib_match` the table's own entry.

        Raises KernelError ENETUNREACH or EHOSTUNREACH when there is none.
        """
        packed, length = split_prefix(destination, "destination")
        family = family_of(packed)
        request = Route(
            family=family,
            dst_len=length,
            src_len=None if src is None else length,
            # IPv6 tells the table unasked, and refuses to be asked.
            flags=(RouteFlags.LOOKUP_TABLE if family is Family.INET else 0)
            | (RouteFlags.FIB_MATCH if fib_match else 0),
            dst=packed,
            src=None if src is None else address_bytes(src, family, "src"),
            oif=None if dev is None else index(self._session, dev),
            iif=None if iif is None else index(self._session, iif),
            mark=mark,
            uid=uid,
        )
        return self._session.channel.request(request, RTM_GETROUTE, 0, Route, what=_words("get", destination))[0]


_LENGTHS = {str(length): length for length in range(129)}


class _RoutePacker:
    """Packs one route after the other, through a template for each shape that turns up, made at its first."""

    size = 96

    def __init__(self, routes: Routes, options: RouteOptions) -> None:
        self._routes = routes
        self._options = options
        self._templates: dict[tuple[int, int], Callable[..., bytes]] = {}

    def __call__(self, sequence: int, destination: Any) -> bytes:
        gateway = None
        if type(destination) is tuple:
            destination, gateway = destination
        if type(destination) is str:
            text, _, tail = destination.partition("/")
            try:
                packed = inet_pton(AF_INET6 if ":" in text else AF_INET, text)
                length = _LENGTHS[tail] if tail else len(packed) * 8
            except (OSError, KeyError):
                packed, length = split_prefix(destination, "destination")
        else:
            packed, length = split_prefix(destination, "destination")
        if length > len(packed) * 8:
            raise EncodeError(f"{destination!r}: the prefix length is over {len(packed) * 8}", attribute="destination")
        if gateway is None:
            pack = self._templates.get((len(packed), 0)) or self._template(packed, None)
            return pack(sequence, length, packed)
        hop = ip_bytes(gateway)
        pack = self._templates.get((len(packed), len(hop))) or self._template(packed, hop)
        return pack(sequence, length, packed, hop)

    def _template(self, packed: bytes, hop: bytes | None) -> Callable[..., bytes]:
        options = self._options.copy()
        slots = ["dst_len", "dst"]
        if hop is not None:
            options["via"] = hop
            slots.append("gateway" if len(hop) == len(packed) else "via")
        example = self._routes._new(bytes(len(packed)), options)
        made = Template(example, slots, RTM_NEWROUTE, ADD).pack
        self._templates[len(packed), 0 if hop is None else len(hop)] = made
        return made


def table_number(table: int | str | None) -> int:
    """The number of a routing table; None is main. Raises EncodeError for a name that is not known."""
    if table is None:
        return MAIN
    if isinstance(table, str):
        if table not in TABLES:
            raise EncodeError(
                f"{table!r} is none of {', '.join(TABLES)}{nearest(table, list(TABLES))}; others go by number",
                attribute="table",
            )
        return TABLES[table]
    if not isinstance(table, int):
        raise EncodeError(f"{table!r} is neither the name of a table nor its number", attribute="table")
    return table


def _destination(
    destination: Prefix, family: Family | int | None, via: IPAddress | None, source: IPAddress | None
) -> tuple[bytes | None, int, Family]:
    if isinstance(destination, str) and destination == "default":
        if family:
            return None, 0, families(family)[0]
        for hint in (source, via):
            if hint is not None:
                packed, _ = split_prefix(hint, "via")
                return None, 0, family_of(packed)
        return None, 0, Family.INET
    packed, length = split_prefix(destination, "destination")
    if family and families(family)[0] is not family_of(packed):
        raise EncodeError(f"{destination!r} is not of the family {family!r}", attribute="family")
    host_bits = len(packed) * 8 - length
    if host_bits and int.from_bytes(packed, "big") & ((1 << host_bits) - 1):
        raise EncodeError(f"{destination} has bits set beyond its prefix length", attribute="destination")
    return (packed if length else None), length, family_of(packed)


def _words(verb: str, destination: Any) -> str:
    return f"{verb} route {destination}"
