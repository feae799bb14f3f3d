"""addresses.add, replace, delete, list: what `ip address` does, v4 and v6."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from rawnl.attribute import IPAddress, ip_text
from rawnl.bulk import OnError, Progress, load, undo_by_deleting
from rawnl.errors import EncodeError
from rawnl.route.address import Address, AddressCacheInfo, AddressFlags, Scope
from rawnl.route.family import Family
from rawnl.template import Template
from rawnl.verbs.change import (
    ADD,
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
    label,
    split_prefix,
)
from rawnl.verbs.listing import Columns, Listing

if TYPE_CHECKING:
    from typing_extensions import Unpack

RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
FOREVER = 0xFFFFFFFF

R = TypeVar("R")


class AddressOptions(TypedDict, total=False):
    """What addresses take beside the address and the link.

    - `peer`: the far end of a point-to-point link; `broadcast` and `label` (both IPv4); `scope` (`"link"` …).
    - `metric`: of the prefix route; `flags`: IFA_F_…, such as `"nodad"` or `"noprefixroute"`.
    - `valid`, `preferred`: lifetimes in seconds; not given means for ever.
    """

    peer: IPAddress | None
    broadcast: IPAddress | None
    label: str | None
    scope: Scope | int | str | None
    metric: int | None
    flags: AddressFlags | int | str | None
    valid: int | None
    preferred: int | None


class AddressChanges(Generic[R]):
    """The changes, in the same shape on a connection and on a batch."""

    def __init__(self, session: Session[Any]) -> None:
        self._session = session

    def _submit(self, change: Change) -> R:
        result: R = self._session.submit(change)
        return result

    def add(self, address: Prefix, link: LinkLike, **options: Unpack[AddressOptions]) -> R:
        """Give a link an address, as `ip address add 192.168.100.2/24 dev LINK`.

        `address` comes with its prefix length, `"192.168.100.2/24"` or an `ip_interface`; without one it is a single
        host. For the rest see `AddressOptions`. Raises AlreadyExists, NotFound (no such link), EncodeError; needs
        CAP_NET_ADMIN.

        >>> nl.addresses.add("192.168.100.2/24", "veth-red")                                  # doctest: +SKIP
        """
        message = self._message(address, link, options)
        return self._submit(Change(message, RTM_NEWADDR, ADD, _words("add", address, link)))

    def replace(self, address: Prefix, link: LinkLike, **options: Unpack[AddressOptions]) -> R:
        """`add`, or change what is there: lifetimes, metric, flags."""
        message = self._message(address, link, options)
        return self._submit(Change(message, RTM_NEWADDR, REPLACE, _words("replace", address, link)))

    def delete(self, address: Prefix, link: LinkLike, *, peer: IPAddress | None = None) -> R:
        """Take an address away, as `ip address del`; with the prefix length, and the `peer`, that it was given with.

        Raises NotFound (EADDRNOTAVAIL) when it is not there.
        """
        packed, length = split_prefix(address, "address")
        family = family_of(packed)
        message = Address(
            family=family,
            prefixlen=length,
            index=index(self._session, link),
            local=packed,
            address=packed if peer is None else address_bytes(peer, family, "peer"),
        )
        return self._submit(Change(message, RTM_DELADDR, 0, _words("delete", address, link)))

    def _message(self, address: Prefix, link: LinkLike, options: AddressOptions) -> Address:
        check_options("addresses", options, AddressOptions)
        packed, length = split_prefix(address, "address")
        family = family_of(packed)
        peer, broadcast, scope = options.get("peer"), options.get("broadcast"), options.get("scope")
        valid, preferred = options.get("valid"), options.get("preferred")
        lifetimes = None
        if valid is not None or preferred is not None:
            whole = FOREVER if valid is None else valid
            lifetimes = AddressCacheInfo(preferred=whole if preferred is None else preferred, valid=whole)
        if scope is None and family is Family.INET and packed[0] == 127:
            scope = Scope.HOST
        return Address(
            family=family,
            prefixlen=length,
            scope=scope,
            index=index(self._session, link),
            local=packed,
            address=packed if peer is None else address_bytes(peer, family, "peer"),
            broadcast=None if broadcast is None else address_bytes(broadcast, family, "broadcast"),
            label=options.get("label"),
            flags=options.get("flags"),
            rt_priority=options.get("metric"),
            cacheinfo=lifetimes,
        )


class Addresses(AddressChanges[None]):
    """The addresses of a connection's namespace."""

    def _submit(self, change: Change) -> None:
        self._session.submit(change)

    def add_many(
        self,
        addresses: Iterable[Prefix | tuple[Prefix, LinkLike]],
        link: LinkLike | None = None,
        *,
        on_error: OnError = "stop",
        progress: Progress | None = None,
        **options: Unpack[AddressOptions],
    ) -> int:
        """Give one link many addresses, or many links one each; streamed in bounded memory; returns how many.

        `addresses`: prefixes for `link`, or (prefix, link) pairs. They share all `options`; `on_error` and `progress`
        are those of `Connection.batch`. Raises BatchError, EncodeError.
        """
        check_options("addresses", options, AddressOptions)
        if options.get("peer") is not None:
            raise EncodeError("a far end belongs to one address; add such addresses one by one", attribute="peer")
        templates: dict[int, Template] = {}
        fixed = None if link is None else index(self._session, link)

        def pack(sequence: int, item: Prefix | tuple[Prefix, LinkLike]) -> bytes:
            where = fixed
            if isinstance(item, tuple):
                item, near = item
                where = near if type(near) is int else index(self._session, near)
            if where is None:
                raise EncodeError("no link was given for this address", attribute="link")
            packed, length = split_prefix(item, "address")
            template = templates.get(len(packed))
            if template is None:
                example = self._message(f"{ip_text(packed)}/{length}", where, options)
                template = Template(example, ["prefixlen", "index", "local", "address"], RTM_NEWADDR, ADD)
                templates[len(packed)] = template
            return template.pack(sequence, length, where, packed, packed)

        return load(
            self._session.channel,
            pack,
            addresses,
            Address,
            "add an address",
            size=96,
            on_error=on_error,
            undo=undo_by_deleting,
            progress=progress,
        )

    def list(self, link: LinkLike | None = None, *, family: Family | int | None = None) -> list[Address]:
        """All addresses, or those of a link, or of a family (2 for IPv4, 10 for IPv6). The kernel filters."""
        return self._listing(link, family).list()

    def stream(self, link: LinkLike | None = None, *, family: Family | int | None = None) -> Iterator[Address]:
        """The same one after the other, in bounded memory; see `links.stream`."""
        return self._listing(link, family).stream()

    def columns(self, *names: str, link: LinkLike | None = None, family: Family | int | None = None) -> Columns:
        """The chosen attributes of all addresses at once, one list each."""
        return self._listing(link, family).columns(names)

    def _listing(self, link: LinkLike | None, family: Family | int | None) -> Listing[Address]:
        session = self._session
        where = None if link is None else index(session, link)
        only = families(family)[0] if family else None
        request = Address(family=only, index=where)

        def keep(address: Address) -> bool:
            return where in (None, address.index) and only in (None, address.family)

        wanted = keep if where is not None or only else None
        return Listing(
            session.channel, session.netns.fileno(), Address, RTM_GETADDR, [request], "list addresses", wanted
        )


def _words(verb: str, address: Prefix, link: LinkLike) -> str:
    return f"{verb} address {address} {'on' if verb != 'delete' else 'of'} link {label(link)}"
