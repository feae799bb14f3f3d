"""Deleting many links at the price of one.

Strategy: the kernel waits for several RCU grace periods per deleted link, some 16 ms, but only once for a whole group
(IFLA_GROUP in RTM_DELLINK). So the links are first moved into a group that nobody uses, by one window of messages, and
the group is deleted. A link that was not named is never in that group.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from rawnl.bulk import Window
from rawnl.channel import Channel
from rawnl.errors import BatchError, KernelError
from rawnl.route.link import Flags, Link
from rawnl.template import Template

RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 17, 18, 19
EXT_MASK_SKIP_STATS = 8


def delete_all(channel: Channel) -> None:
    """Delete every link of the channel's namespace that has a kind, which spares loopback and hardware."""
    links = listing(channel)
    delete_indexes(
        channel, [link.index or 0 for link in links if link.kind and not int(link.flags or 0) & Flags.LOOPBACK], links
    )


def listing(channel: Channel) -> list[Link]:
    """All links, without their statistics, which are half of the work."""
    return channel.dump(Link(ext_mask=EXT_MASK_SKIP_STATS), RTM_GETLINK, Link, what="list links")


def delete_indexes(channel: Channel, indexes: Sequence[int], links: Sequence[Link] | None = None) -> None:
    """Delete the links with these indexes. One that is gone already is no error: it may be the far end of another.

    `links`: a listing that the caller has anyway. Raises BatchError with what could not be deleted.
    """
    if len(indexes) == 1:
        try:
            channel.request(Link(index=indexes[0]), RTM_DELLINK, 0, Link, what=f"delete link {indexes[0]}")
        except FileNotFoundError:
            pass
        return
    if not indexes:
        return
    group = _unused_group(listing(channel) if links is None else links)
    failures = _regroup(channel, indexes, group)
    moved = len(indexes) - len(failures)
    if moved:
        try:
            channel.request(Link(group=group), RTM_DELLINK, 0, Link, what=f"delete {moved} links as group {group}")
        except FileNotFoundError:
            pass
    gone = [(index, error) for index, error in failures if not isinstance(error, FileNotFoundError)]
    if gone:
        raise BatchError(gone, len(indexes))


def _unused_group(links: Sequence[Link]) -> int:
    used = {link.group for link in links}
    while True:
        group = int.from_bytes(os.urandom(4), "little") | 1 << 30
        if group not in used:
            return group


def _regroup(channel: Channel, indexes: Sequence[int], group: int) -> list[tuple[int, KernelError]]:
    window = Window(channel)
    example = Template(Link(index=1, group=group), ["index"], RTM_SETLINK, 0)
    for number, index in enumerate(indexes):
        window.add(example.pack, (index,), number, Link, f"delete link {index}")
        if window.full:
            window.send()
    window.send()
    return [(number, error) for number, _, error in window.failures]
