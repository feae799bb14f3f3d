"""nsids.list, get, set: the ids by which a namespace knows others, as `ip netns list-id` and `ip netns set`."""

from __future__ import annotations

from typing import Any

from rawnl.netns import NetNSLike, adopt, nsid_of
from rawnl.route.nsid import NamespaceId
from rawnl.verbs.change import Change, Session

RTM_NEWNSID, RTM_GETNSID = 88, 90


class Nsids:
    """The namespace ids of a connection's namespace."""

    def __init__(self, session: Session[Any]) -> None:
        self._session = session

    def list(self) -> list[NamespaceId]:
        """All ids that are assigned."""
        return self._session.channel.dump(NamespaceId(), RTM_GETNSID, NamespaceId, what="list namespace ids")

    def get(self, netns: NetNSLike) -> int | None:
        """The id of a namespace (a NetNS, a name, a descriptor); None when it has none here."""
        with adopt(netns) as opened:
            return nsid_of(self._session.channel, opened)

    def set(self, netns: NetNSLike, nsid: int | None = None) -> int:
        """Give a namespace an id here, the next free one unless said, and return it. Raises AlreadyExists."""
        with adopt(netns) as opened:
            message = NamespaceId(nsid=-1 if nsid is None else nsid, fd=opened)
            self._session.submit(Change(message, RTM_NEWNSID, 0, f"give {opened!r} an id"))
            found = nsid_of(self._session.channel, opened)
        return -1 if found is None else found
