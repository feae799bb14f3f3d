"""links.add, set, delete, get, list, peer, stats: what `ip link` and `ethtool -S` do.

Strategy: the kernel does the looking up wherever it can (by name, by kind, by master), and the answer to a creation is
the link itself (NLM_F_ECHO), so that its index is known without another question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from rawnl.bulk import OnError, Pack, Progress, load
from rawnl.channel import Channel
from rawnl.errors import EncodeError
from rawnl.interface import index_of, statistics
from rawnl.message import Message
from rawnl.netns import NamedNetNS, NetNS, NetNSLike, adopt, nsid_of
from rawnl.netns import list as list_netns
from rawnl.netns import open as open_netns
from rawnl.route.family import NLM_F_ECHO
from rawnl.route.link import Flags, Link, LinkInfo, LinkKind, PortKind
from rawnl.teardown import delete_indexes
from rawnl.template import NAME, Template, name_slot
from rawnl.text import text_bytes
from rawnl.verbs.change import (
    ADD,
    RTEXT_FILTER_SKIP_STATS,
    RTM_GETLINK,
    Change,
    LinkLike,
    Session,
    check_options,
    index,
    label,
    opened,
)
from rawnl.verbs.listing import Columns, Listing

if TYPE_CHECKING:
    from typing_extensions import Unpack

RTM_NEWLINK, RTM_DELLINK, RTM_SETLINK = 16, 17, 19

A = TypeVar("A")
R = TypeVar("R")

# What has two ends. Of other kinds `link` is the link that they lie upon.
_CABLES = ("veth", "vxcan", "netkit")
_FLAG_WORDS = {
    "up": Flags.UP,
    "promisc": Flags.PROMISC,
    "allmulticast": Flags.ALLMULTI,
    "multicast": Flags.MULTICAST,
    "dynamic": Flags.DYNAMIC,
}


class LinkFilters(TypedDict, total=False):
    """What narrows a listing of links.

    - `kind`: `"veth"` or `Veth`; `master`: the ports of a bridge. The kernel filters by these two.
    - `up`: True or False; `group`: a number.
    - `stats`: False leaves IPv6's own counters out, which are a quarter of a listing's bytes.
    """

    kind: str | type[LinkKind] | None
    master: LinkLike | None
    up: bool | None
    group: int | None
    stats: bool


class LinkChanges(Generic[A, R]):
    """The changes, in the same shape on a connection and on a batch."""

    def __init__(self, session: Session[Any]) -> None:
        self._session = session

    def _submit(self, change: Change) -> R:
        result: R = self._session.submit(change)
        return result

    def _added(self, change: Change, name: str, netns: NetNSLike | None) -> A:
        result: A = self._session.submit(change)
        return result

    def add(
        self,
        name: str | None,
        kind: LinkKind | type[LinkKind] | str,
        *,
        up: bool = False,
        mtu: int | None = None,
        address: str | bytes | None = None,
        master: LinkLike | None = None,
        link: LinkLike | None = None,
        group: int | None = None,
        netns: NetNSLike | None = None,
        index: int | None = None,
        txqlen: int | None = None,
        num_tx_queues: int | None = None,
        num_rx_queues: int | None = None,
        **attributes: Any,
    ) -> A:
        """Create a link, as `ip link add NAME type KIND …`; on a connection, returns it as the kernel made it.

        - `name`: 1 to 15 bytes; None lets the kernel choose (`veth0` …).
        - `kind`: `Veth(peer=Link(name=…, netns=…))`, `Bridge()`, `"dummy"` …
        - `up`: bring it up at once. `mtu` in bytes; `address` as `"02:00:00:00:00:01"`; `group` any number.
        - `master`: the bridge (or other) that it becomes a port of; `link`: the link that it is made upon.
        - `netns`: where it shall live, when not in the connection's own namespace.
        - `index`: a wished-for index; `num_tx_queues=1` with `num_rx_queues=1` makes a veth cheaper.
        - `attributes`: any other of `Link`'s.

        Creation is one message, so nothing half-made stays behind when it fails. Raises AlreadyExists, NotPermitted,
        EncodeError …; needs CAP_NET_ADMIN.

        >>> nl.links.add("veth-red", Veth(peer=Link(name="veth-blue", netns=blue)))           # doctest: +SKIP
        """
        session = self._session
        _yes_or_no("up", up)
        message = Link(
            index=index,
            flags=Flags.UP if up else None,
            change=Flags.UP if up else None,
            name=name,
            mtu=mtu,
            address=address,
            group=group,
            txqlen=txqlen,
            num_tx_queues=num_tx_queues,
            num_rx_queues=num_rx_queues,
            master=None if master is None else _index(session, master),
            link=None if link is None else _index(session, link),
            netns=opened(netns),
            **attributes,
            linkinfo=LinkInfo.of(_with_open_peers(kind)),
        )
        what = f"add link {name!r}" if name else "add a link"
        return self._added(Change(message, RTM_NEWLINK, ADD, what), name or "", netns)

    def set(
        self,
        link: LinkLike,
        *,
        up: bool | None = None,
        name: str | None = None,
        mtu: int | None = None,
        address: str | bytes | None = None,
        master: LinkLike | None = None,
        group: int | None = None,
        netns: NetNSLike | None = None,
        pid: int | None = None,
        txqlen: int | None = None,
        ifalias: str | None = None,
        arp: bool | None = None,
        promisc: bool | None = None,
        allmulticast: bool | None = None,
        multicast: bool | None = None,
        info: LinkKind | None = None,
        port: PortKind | None = None,
        **attributes: Any,
    ) -> R:
        """Change a link, as `ip link set`; what is not given stays as it is.

        - `up`: True or False. `name`: the new name. `mtu` in bytes. `address`, `group`, `txqlen`, `ifalias`.
        - `master`: the new master; 0 for none.
        - `netns`: the namespace to move to, by NetNS, name or descriptor; or `pid`, that of a process.
        - `info`: what the kind can change, such as `Bridge(stp_state=1)`; `port`: likewise as a port,
          `BridgePort(isolated=1)`.

        Raises NotFound when there is no such link; needs CAP_NET_ADMIN.
        """
        session = self._session
        flags = change = Flags(0)
        words = {"up": up, "promisc": promisc, "allmulticast": allmulticast, "multicast": multicast}
        for word, wanted in words.items():
            if wanted is not None:
                _yes_or_no(word, wanted)
                change |= _FLAG_WORDS[word]
                flags |= _FLAG_WORDS[word] if wanted else 0
        if arp is not None:
            _yes_or_no("arp", arp)
            change |= Flags.NOARP
            flags |= 0 if arp else Flags.NOARP
        linkinfo = None
        if info is not None:
            linkinfo = LinkInfo(kind=info.tag, data=info)
        if port is not None:
            linkinfo = (linkinfo or LinkInfo()).replace(slave_kind=port.tag, slave_data=port)
        message = Link(
            index=_index(session, link),
            flags=flags or None,
            change=change or None,
            name=name,
            mtu=mtu,
            address=address,
            master=None if master is None else 0 if master == 0 else _index(session, master),
            group=group,
            netns=opened(netns),
            net_ns_pid=pid,
            txqlen=txqlen,
            ifalias=ifalias,
            **attributes,
            linkinfo=linkinfo,
        )
        # RTM_SETLINK ignores what belongs to the kind; RTM_NEWLINK without NLM_F_CREATE changes that too.
        return self._submit(Change(message, RTM_NEWLINK, 0, f"set link {label(link)}"))

    def delete(self, link: LinkLike | None = None, *, group: int | None = None) -> R:
        """Delete a link by name, index or `Link`; or every link of a group, at the price of one.

        The far end of a veth goes with it. Raises NotFound when there is none; EncodeError for group 0, in which all
        links are that were never put elsewhere.
        """
        if link is not None and group is None:
            message = Link(index=_index(self._session, link))
            return self._submit(Change(message, RTM_DELLINK, 0, f"delete link {label(link)}"))
        if group is not None and link is None:
            if group == 0:
                raise EncodeError("group 0 is where all links are; deleting it is refused", attribute="group")
            return self._submit(Change(Link(group=group), RTM_DELLINK, 0, f"delete links of group {group}"))
        raise TypeError("links.delete() takes either a link or group=")


class Links(LinkChanges[Link, None]):
    """The links of a connection's namespace."""

    def _submit(self, change: Change) -> None:
        self._session.submit(change)

    def _added(self, change: Change, name: str, netns: NetNSLike | None) -> Link:
        if netns is not None and (not name or "%" in name):
            raise EncodeError("a link made in another namespace needs a name, to be found again", attribute="name")
        answer: list[Message] = self._session.submit(change._replace(flags=change.flags | NLM_F_ECHO))
        made = next((link for link in answer if isinstance(link, Link)), None)
        if netns is None and made is not None and not change.message.given().get("master"):
            return made
        # The echo was sent before the link got its master or moved away; an older kernel sends none.
        wanted = name or (made.name if made is not None else None) or ""
        if netns is None:
            return self.get(made.index if made is not None and made.index else wanted)
        with adopt(netns) as where:
            channel = Channel(0, where.fileno(), origin=where.inode)
            try:
                return channel.request(Link(name=wanted), RTM_GETLINK, 0, Link, what=f"get link {wanted!r}")[0]
            finally:
                channel.close()

    def add_many(
        self,
        names: Iterable[str | tuple[str, str] | tuple[str, str, NetNS | int]],
        kind: LinkKind | type[LinkKind] | str,
        *,
        queues: int | None = 1,
        on_error: OnError = "stop",
        progress: Progress | None = None,
        **attributes: Any,
    ) -> int:
        """Create links that differ by name only, streamed in bounded memory; returns how many.

        - `names`: an iterable of names; for a kind with a far end (veth) of (name, far name) or (name, far name,
          namespace of the far end as a NetNS or descriptor) tuples, all of one form. The far end is otherwise as
          `kind`'s `peer` says.
        - `queues`: transmit and receive queues of each end. The default of 1 makes creation about half as dear, since
          the kernel then makes no queues per CPU and, for veth, does not wait for an RCU grace period per end; None
          leaves it to the kernel.
        - `on_error`, `progress`: as for `Connection.batch`; `attributes`: as for `add` (up, master, mtu, group …).

        Raises BatchError, EncodeError.

        >>> nl.links.add_many(((f"veth{i}", f"eth{i}") for i in range(5000)), Veth, up=True)    # doctest: +SKIP
        """
        rows = iter(names)
        first = next(rows, None)
        if first is None:
            return 0
        pack = self._packer(first, kind, queues, attributes)
        return load(
            self._session.channel,
            pack,
            chain((first,), rows),
            Link,
            "add a link",
            size=160,
            on_error=on_error,
            undo=_undo_links,
            progress=progress,
        )

    def _packer(
        self, first: Any, kind: LinkKind | type[LinkKind] | str, queues: int | None, attributes: dict[str, Any]
    ) -> Pack:
        """What packs one link after the other, through the template that all share."""
        if attributes.get("netns") is not None:
            raise EncodeError("links made elsewhere cannot be added in bulk; open that namespace", attribute="netns")
        if queues is not None:
            attributes = {"num_tx_queues": queues, "num_rx_queues": queues, **attributes}
        paths = ["name"]
        if not isinstance(first, str):
            far: dict[str, Any] = {"name": NAME} if len(first) == 2 else {"name": NAME, "netns": 0}
            if queues is not None:
                far.update(num_tx_queues=queues, num_rx_queues=queues)
            kind = _with_far_end(kind, far)
            paths += [f"linkinfo.data.peer.{name}" for name in ("name", "netns")[: len(first) - 1]]
        changes: list[Change] = []
        _Example(self._session, changes).add(NAME, kind, **attributes)
        pack = Template(changes[0].message, paths, RTM_NEWLINK, ADD).pack

        def name_only(sequence: int, item: str) -> bytes:
            return pack(sequence, name_slot(item))

        def pair(sequence: int, item: tuple[str, str]) -> bytes:
            near, far = item
            return pack(sequence, name_slot(near), name_slot(far))

        def pair_in(sequence: int, item: tuple[str, str, NetNS | int]) -> bytes:
            near, far, where = item
            descriptor = where if isinstance(where, int) else where.fileno()
            return pack(sequence, name_slot(near), name_slot(far), descriptor)

        return name_only if isinstance(first, str) else pair if len(first) == 2 else pair_in

    def get(self, link: LinkLike) -> Link:
        """One link, by name (alternative names too), index or `Link`. Raises NotFound (ENODEV)."""
        if isinstance(link, str):
            short = len(text_bytes(link)) <= 15
            request = Link(name=link) if short else Link(alt_ifname=link)
        else:
            request = Link(index=_index(self._session, link))
        return self._session.channel.request(request, RTM_GETLINK, 0, Link, what=f"get link {label(link)}")[0]

    def list(self, **filters: Unpack[LinkFilters]) -> list[Link]:
        """All links, or those that fit the `LinkFilters`, in the kernel's order.

        Nothing of a link is decoded before it is looked at.

        >>> nl.links.list(kind="veth", up=True)                              # doctest: +SKIP
        """
        return self._listing(filters).list()

    def stream(self, **filters: Unpack[LinkFilters]) -> Iterator[Link]:
        """The same one after the other, in bounded memory; the connection may be used inside the loop.

        Raises DumpInterrupted at the end when links came or went meanwhile.
        """
        return self._listing(filters).stream()

    def columns(self, *names: str, **filters: Unpack[LinkFilters]) -> Columns:
        """The chosen attributes of all links at once, one list each: `columns("index", "name")["name"]`."""
        return self._listing(filters).columns(names)

    def _listing(self, filters: LinkFilters) -> Listing[Link]:
        check_options("links", filters, LinkFilters)
        kind, master, up, group = filters.get("kind"), filters.get("master"), filters.get("up"), filters.get("group")
        tag = kind if isinstance(kind, str) or kind is None else kind.tag
        request = Link(
            master=None if master is None else _index(self._session, master),
            ext_mask=None if filters.get("stats", True) else RTEXT_FILTER_SKIP_STATS,
            linkinfo=None if tag is None else LinkInfo(kind=tag),
        )

        def keep(link: Link) -> bool:
            # The kind again: a kernel that does not have it at all does not filter by it either.
            return (
                (tag is None or link.kind == tag)
                and (up is None or link.up is up)
                and (group is None or (link.group or 0) == group)
            )

        wanted = None if tag is None and up is None and group is None else keep
        session = self._session
        return Listing(session.channel, session.netns.fileno(), Link, RTM_GETLINK, [request], "list links", wanted)

    def delete_many(self, links: Iterable[LinkLike]) -> None:
        """Delete thousands of links at the price of one, whatever their groups were; a link that was not named is never
        touched. One that is gone already, such as the far end of another, is no error.

        Raises NotFound for a name that is not there at the start, BatchError with what could not be deleted.
        """
        delete_indexes(self._session.channel, [_index(self._session, link) for link in links])

    def peer(self, link: LinkLike) -> tuple[NetNS | int, Link]:
        """The other end of a veth: where it is, and the link itself, read without entering its namespace.

        Where: this connection's own namespace as a `NetNS`, another as a `NetNS` when it has a name under /run/netns,
        otherwise its namespace id (as `link-netnsid` of `ip link`). Raises EncodeError for a link that is no cable, and
        NotPermitted without CAP_NET_ADMIN over the other namespace.
        """
        near = self.get(link)
        if not near.link or near.kind not in _CABLES:
            raise EncodeError(f"link {near.name!r} has no other end")
        channel = self._session.channel
        if near.link_netnsid is None:
            return self._session.netns, self.get(near.link)
        nsid = near.link_netnsid
        request = Link(index=near.link, target_netnsid=nsid)
        far = channel.request(request, RTM_GETLINK, 0, Link, what=f"get the other end of link {near.name!r}")[0]
        far._origin = ("nsid", channel.origin, nsid)
        return _named(channel, nsid), far

    def stats(self, link: LinkLike) -> dict[str, int]:
        """What `ethtool -S` prints: the driver's own counters by name; for a veth `peer_ifindex` is among them."""
        name = link if isinstance(link, str) and len(text_bytes(link)) <= 15 else self.get(link).name or ""
        return statistics(self._session.channel.fileno(), name)


class _Example(LinkChanges[None, None]):
    """Makes the change and does not send it: the example for a template."""

    def __init__(self, session: Session[Any], changes: list[Change]) -> None:
        super().__init__(session)
        self._changes = changes

    def _added(self, change: Change, name: str, netns: NetNSLike | None) -> None:
        self._changes.append(change)


def _with_far_end(kind: LinkKind | type[LinkKind] | str, far: dict[str, Any]) -> LinkKind:
    """The kind with what its far end is to have beside what was said of it."""
    cls = LinkKind.registered(kind) if isinstance(kind, str) else kind if isinstance(kind, type) else type(kind)
    if cls is None or "peer" not in cls._attributes:
        raise EncodeError(f"{kind!r} has no far end: give names, not tuples")
    made: LinkKind = kind if isinstance(kind, LinkKind) else cls()  # type: ignore[assignment]
    given = made.given().get("peer")
    peer = given.replace(**far) if isinstance(given, Link) else Link(**far)
    # The order of the slots is that of the attributes: the name first.
    ordered = {name: peer.given()[name] for name in far}
    return made.replace(peer=Link(**ordered, **{k: v for k, v in peer.given().items() if k not in far}))


def _undo_links(channel: Channel, messages: list[bytes]) -> None:
    indexes = []
    for message in messages:
        try:
            indexes.append(index_of(channel.fileno(), Link.at(message, 0).name or ""))
        except FileNotFoundError:
            continue  # Never made, if nobody knew how far the kernel came.
    delete_indexes(channel, indexes)


def _yes_or_no(word: str, wanted: object) -> None:
    """Refuse what only looks like an answer: `up="no"` would be taken for yes."""
    if wanted not in (True, False):
        raise EncodeError(f"{wanted!r} is neither True nor False", attribute=word)


def _index(session: Session[Any], link: LinkLike) -> int:
    return index(session, link)


def _with_open_peers(kind: LinkKind | type[LinkKind] | str) -> LinkKind | type[LinkKind] | str:
    """The same kind, a namespace that a peer in it names being opened."""
    if isinstance(kind, LinkKind):
        for name, value in kind.given().items():
            if isinstance(value, Link) and isinstance(value.netns, str):
                kind = kind.replace(**{name: value.replace(netns=opened(value.netns))})
    return kind


def _named(channel: Channel, nsid: int) -> NetNS | int:
    entries: list[NamedNetNS] = list_netns()
    for entry in entries:
        try:
            netns = open_netns(entry.name)
        except OSError:
            continue  # Deleted meanwhile, or a leftover file.
        if nsid_of(channel, netns) == nsid:
            return netns
        netns.close()
    return nsid
