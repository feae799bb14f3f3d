"""neighbours.add, replace, delete, list: what `ip neighbour` does, v4 and v6."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from rawnl.attribute import IPAddress, link_address_bytes
from rawnl.bulk import OnError, Progress, load, undo_by_deleting
from rawnl.route.family import Family
from rawnl.route.neighbour import Neighbour, NeighbourFlags, NeighbourState
from rawnl.template import Template
from rawnl.verbs.change import (
    ADD,
    REPLACE,
    Change,
    LinkLike,
    Session,
    families,
    family_of,
    host_bytes,
    index,
    label,
)
from rawnl.verbs.listing import Columns, Listing

RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30

R = TypeVar("R")


class NeighbourChanges(Generic[R]):
    """The changes, in the same shape on a connection and on a batch."""

    def __init__(self, session: Session[Any]) -> None:
        self._session = session

    def _submit(self, change: Change) -> R:
        result: R = self._session.submit(change)
        return result

    def add(
        self,
        dst: IPAddress,
        link: LinkLike,
        *,
        lladdr: str | bytes | None = None,
        state: NeighbourState | int | str = NeighbourState.PERMANENT,
        flags: NeighbourFlags | int | str | None = None,
    ) -> R:
        """Say which link-layer address answers for `dst`, as `ip neighbour add … lladdr … dev …`.

        `state` is `"permanent"` when not said, or `"reachable"`, `"stale"`, `"noarp"`; `flags` such as `"proxy"` (no
        `lladdr` then). Raises AlreadyExists, NotFound, EncodeError; needs CAP_NET_ADMIN.
        """
        return self._submit(self._change("add", ADD, dst, link, lladdr, state, flags))

    def replace(
        self,
        dst: IPAddress,
        link: LinkLike,
        *,
        lladdr: str | bytes | None = None,
        state: NeighbourState | int | str = NeighbourState.PERMANENT,
        flags: NeighbourFlags | int | str | None = None,
    ) -> R:
        """`add`, or change what is there."""
        return self._submit(self._change("replace", REPLACE, dst, link, lladdr, state, flags))

    def delete(self, dst: IPAddress, link: LinkLike, *, proxy: bool = False) -> R:
        """Take an entry away, as `ip neighbour del`; `proxy`: one that is answered for others.

        Raises NotFound (ENOENT) when it is not there.
        """
        packed = host_bytes(dst, "dst")
        message = Neighbour(
            family=family_of(packed),
            index=index(self._session, link),
            flags=NeighbourFlags.PROXY if proxy else None,
            dst=packed,
        )
        return self._submit(Change(message, RTM_DELNEIGH, 0, f"delete neighbour {dst!r} of link {label(link)}"))

    def _change(
        self,
        verb: str,
        how: int,
        dst: IPAddress,
        link: LinkLike,
        lladdr: str | bytes | None,
        state: NeighbourState | int | str,
        flags: NeighbourFlags | int | str | None,
    ) -> Change:
        packed = host_bytes(dst, "dst")
        message = Neighbour(
            family=family_of(packed),
            index=index(self._session, link),
            state=state,
            flags=flags,
            dst=packed,
            lladdr=lladdr,
        )
        return Change(message, RTM_NEWNEIGH, how, f"{verb} neighbour {dst!r} on link {label(link)}")


class Neighbours(NeighbourChanges[None]):
    """The neighbours of a connection's namespace."""

    def _submit(self, change: Change) -> None:
        self._session.submit(change)

    def add_many(
        self,
        entries: Iterable[tuple[IPAddress, str | bytes]],
        link: LinkLike,
        *,
        state: NeighbourState | int | str = NeighbourState.PERMANENT,
        on_error: OnError = "stop",
        progress: Progress | None = None,
    ) -> int:
        """Add (address, link-layer address) pairs to a link, streamed in bounded memory; returns how many.

        `on_error` and `progress` are those of `Connection.batch`. Raises BatchError, EncodeError.
        """
        templates: dict[tuple[int, int], Template] = {}
        where = index(self._session, link)

        def pack(sequence: int, entry: tuple[IPAddress, str | bytes]) -> bytes:
            dst, lladdr = entry
            packed = host_bytes(dst, "dst")
            hardware = link_address_bytes(lladdr)
            template = templates.get((len(packed), len(hardware)))
            if template is None:
                example = Neighbour(family=family_of(packed), index=where, state=state, dst=packed, lladdr=hardware)
                template = Template(example, ["dst", "lladdr"], RTM_NEWNEIGH, ADD)
                templates[len(packed), len(hardware)] = template
            return template.pack(sequence, packed, hardware)

        return load(
            self._session.channel,
            pack,
            entries,
            Neighbour,
            "add a neighbour",
            size=64,
            on_error=on_error,
            undo=undo_by_deleting,
            progress=progress,
        )

    def list(
        self, link: LinkLike | None = None, *, family: Family | int | None = None, proxy: bool = False
    ) -> list[Neighbour]:
        """All IPv4 and IPv6 neighbours, or those of a link; with `proxy` the entries answered for others instead."""
        return self._listing(link, family, proxy).list()

    def stream(
        self, link: LinkLike | None = None, *, family: Family | int | None = None, proxy: bool = False
    ) -> Iterator[Neighbour]:
        """The same one after the other, in bounded memory; see `links.stream`."""
        return self._listing(link, family, proxy).stream()

    def columns(
        self, *names: str, link: LinkLike | None = None, family: Family | int | None = None, proxy: bool = False
    ) -> Columns:
        """The chosen attributes of all neighbours at once, one list each."""
        return self._listing(link, family, proxy).columns(names)

    def _listing(self, link: LinkLike | None, family: Family | int | None, proxy: bool) -> Listing[Neighbour]:
        session = self._session
        where = None if link is None else index(session, link)
        requests = [
            Neighbour(family=each, ifindex=where, flags=NeighbourFlags.PROXY if proxy else None)
            for each in families(family)
        ]
        return Listing(session.channel, session.netns.fileno(), Neighbour, RTM_GETNEIGH, requests, "list neighbours")
