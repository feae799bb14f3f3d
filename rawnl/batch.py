"""A batch: the same verbs, many requests, one send a window, errors by item.

Strategy: each verb hands its change to `submit`, which encodes it at once (so a bad value is refused where it is
written) and keeps it for the next window. A batch that rolls back takes only what it can take back: it knows the
opposite of an addition, and reads what a link was like before it changes it.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from rawnl.bulk import OnError, Progress, Window, checked_policy, packed
from rawnl.channel import Channel
from rawnl.errors import BatchError, EncodeError, KernelError
from rawnl.interface import index_of
from rawnl.netns import NetNS, NetNSLike, adopt
from rawnl.route.link import Link
from rawnl.teardown import delete_indexes
from rawnl.verbs.addresses import AddressChanges
from rawnl.verbs.change import ADD, APPEND, RTM_GETLINK, Change
from rawnl.verbs.links import RTM_NEWLINK, LinkChanges
from rawnl.verbs.neighbours import NeighbourChanges
from rawnl.verbs.routes import RouteChanges
from rawnl.verbs.rules import RuleChanges

if TYPE_CHECKING:
    from typing_extensions import Self

# What links.set changes and a listing tells, so that it can be set back.
_RESTORABLE = frozenset({"index", "flags", "change", "name", "mtu", "address", "master", "group", "txqlen", "ifalias"})


class Item:
    """A request of a batch: its number, what it is in words, whether it is done, and its error, if it has failed."""

    __slots__ = ("done", "error", "number", "what")

    def __init__(self, number: int, what: str) -> None:
        self.number = number
        self.what = what
        self.done = False
        self.error: KernelError | None = None

    def __repr__(self) -> str:
        state = "done" if self.done else "failed" if self.error else "waiting"
        return f"<Item {self.number}: {self.what}, {state}>"


class _Items:
    """The verbs' answer inside a batch: what `submit` gives, an `Item`."""

    def _added(self, change: Change, name: str, netns: NetNSLike | None) -> Item:
        session: Batch = self._session  # type: ignore[attr-defined]
        return session.submit_link(change, name, netns)


class BatchLinks(_Items, LinkChanges[Item, Item]):
    """links.add, set, delete of a batch."""


class Batch:
    """Requests to be sent together. Use it in a `with` block: what still waits is sent on leaving.

    - `links`, `addresses`, `routes`, `neighbours`, `rules`: the verbs that change something, as on a connection; each
      returns an `Item`.
    - `failures`: (number, `KernelError`) of the requests that failed so far.
    """

    def __init__(
        self, channel: Channel, netns: NetNS, on_error: OnError = "stop", progress: Progress | None = None
    ) -> None:
        self.on_error = checked_policy(on_error)
        self.channel = channel
        self.netns = netns
        self._progress = progress
        self._window = Window(channel)
        self._waiting: list[tuple[Item, Change, Any]] = []
        self._names: set[str] = set()
        self._undo: list[Any] = []
        self._count = 0
        self.failures: list[tuple[int, KernelError]] = []
        self.links = BatchLinks(self)
        self.addresses: AddressChanges[Item] = AddressChanges(self)
        self.routes: RouteChanges[Item] = RouteChanges(self)
        self.neighbours: NeighbourChanges[Item] = NeighbourChanges(self)
        self.rules: RuleChanges[Item] = RuleChanges(self)

    def __len__(self) -> int:
        return self._count

    # --- what verbs need

    def submit(self, change: Change) -> Item:
        """Take a change in. Sends a window when it is full; raises EncodeError at once for a bad value."""
        return self._take(change, self._opposite(change) if self.on_error == "rollback" else None)

    def submit_link(self, change: Change, name: str, netns: NetNSLike | None) -> Item:
        """Take the creation of a link in."""
        opposite = None
        if self.on_error == "rollback":
            if not name or "%" in name:
                raise EncodeError(
                    "in a batch that rolls back a new link needs a name, to be found again", attribute="name"
                )
            opposite = _NewLink(name, None if netns is None else adopt(netns))
        item = self._take(change, opposite)
        if netns is None:
            self._names.add(name)
        return item

    def index_of(self, name: str) -> int:
        """The index of a link by name; one that this batch is still to make, or to rename, is made now."""
        if name in self._names and self._waiting:
            self.flush()
        try:
            return index_of(self.channel.fileno(), name)
        except FileNotFoundError:
            if not self._waiting:
                raise
        # A far end, or a new name: what still waits may bring it.
        self.flush()
        return index_of(self.channel.fileno(), name)

    def _take(self, change: Change, opposite: Any) -> Item:
        body = change.message.body()
        item = Item(self._count, change.what)
        self._count += 1
        self._waiting.append((item, change, opposite))
        self._window.add(
            packed,
            (change.kind, change.flags | 1, body),
            item.number,
            type(change.message),
            change.what,
            len(body) + 16,
        )
        if self._window.full:
            self.flush()
        return item

    def flush(self) -> None:
        """Send what waits. Raises BatchError on a failure, unless the batch is to continue."""
        waiting, self._waiting = self._waiting, []
        self._names.clear()
        before = len(self._window.failures)
        interruption: BaseException | None = None
        try:
            self._window.send()
        except BaseException as error:
            interruption = error
        failed = {number: error for number, _, error in self._window.failures[before:]}
        for item, _, opposite in waiting:
            item.error = failed.get(item.number)
            # Only what is known to be done is ever taken back: what was refused may be a stranger's.
            item.done = item.error is None and self._window.answered
            if item.error is not None:
                self.failures.append((item.number, item.error))
            elif opposite is not None and item.done:
                self._undo.append(opposite)
        if interruption is not None:
            raise interruption
        if self._progress is not None:
            self._progress(self._window.sent)
        if failed and self.on_error != "continue":
            raise BatchError(self.failures, self._window.sent)

    # --- taking back

    def _opposite(self, change: Change) -> Any:
        message = change.message
        if isinstance(message, Link):
            given = message.given()
            if change.kind != RTM_NEWLINK or not _RESTORABLE.issuperset(given):
                raise EncodeError(f"a batch that rolls back cannot take this back: {change.what}")
            now = self.channel.request(Link(index=message.index), RTM_GETLINK, 0, Link, what=change.what)[0]
            old = {name: getattr(now, name) for name in given if name not in ("flags", "change")}
            if "master" in given:
                old["master"] = now.master or 0
            if "ifalias" in given:
                old["ifalias"] = now.ifalias or ""
            if "change" in given:
                old.update(flags=int(now.flags or 0) & int(given["change"]), change=given["change"])
            return Change(Link(**old), RTM_NEWLINK, 0, f"undo: {change.what}")
        if change.flags not in (ADD, APPEND):
            raise EncodeError(f"a batch that rolls back cannot take this back: {change.what}")
        return Change(message, change.kind + 1, 0, f"undo: {change.what}")

    def rollback(self) -> None:
        """Take back all that was done, last first. Raises BatchError with what could not be taken back."""
        undo, self._undo = self._undo[::-1], []
        links = [entry for entry in undo if isinstance(entry, _NewLink)]
        window = Window(self.channel)
        for number, entry in enumerate(undo):
            if isinstance(entry, Change):
                window.add(packed, (entry.kind, 1, entry.message.body()), number, type(entry.message), entry.what, 256)
                if window.full:
                    window.send()
        window.send()
        failures = [(number, error) for number, _, error in window.failures if not isinstance(error, FileNotFoundError)]
        _delete_new(self.channel, links)
        if failures:
            raise BatchError(failures, len(undo))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
                if self.failures:
                    raise BatchError(self.failures, self._count)
        except BaseException:
            if self.on_error == "rollback":
                self.rollback()
            raise
        if kind is not None and self.on_error == "rollback":
            self.rollback()


class _NewLink:
    """A link that the batch made: where it is found again. `netns` is held open, None for the batch's own."""

    __slots__ = ("name", "netns")

    def __init__(self, name: str, netns: NetNS | None) -> None:
        self.name = name
        self.netns = netns


def _delete_new(channel: Channel, links: list[_NewLink]) -> None:
    _delete_names(channel, [link.name for link in links if link.netns is None])
    for link in links:
        if link.netns is not None:
            with link.netns:
                inside = Channel(0, link.netns.fileno())
                try:
                    _delete_names(inside, [link.name])
                finally:
                    inside.close()


def _delete_names(channel: Channel, names: list[str]) -> None:
    indexes = []
    for name in names:
        try:
            indexes.append(index_of(channel.fileno(), name))
        except FileNotFoundError:
            continue  # Gone with its far end, or never made.
    delete_indexes(channel, indexes)
