"""Deleting many links at the price of one.

Strategy: the kernel waits for several RCU grace periods per deleted link, some 16 ms, but only once for a whole group
(IFLA_GROUP in RTM_DELLINK). So the links are first moved into a group that nobody uses, by one window of messages, and
the group is deleted. A link that was not named is never in that group.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from errno import EOPNOTSUPP

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
    failures: list[tuple[int, KernelError]] = []
    numbered = list(enumerate(indexes))
    if len(numbered) > 1:
        known = {link.index or 0: link for link in (listing(channel) if links is None else links)}
        # What has no kind cannot be deleted, and one such in a group would keep all others of it alive.
        whole = [item for item in numbered if item[1] not in known or known[item[1]].kind]
        numbered = [item for item in numbered if item[1] in known and not known[item[1]].kind]
        failures += _delete_group(channel, whole, known) if len(whole) > 1 else _delete_each(channel, whole)
    failures += _delete_each(channel, numbered)
    if failures:
        raise BatchError(sorted(failures, key=lambda failure: failure[0]), len(indexes))


def _delete_each(channel: Channel, numbered: Sequence[tuple[int, int]]) -> list[tuple[int, KernelError]]:
    failures = []
    for number, index in numbered:
        try:
            channel.request(Link(index=index), RTM_DELLINK, 0, Link, what=f"delete link {index}")
        except FileNotFoundError:
            pass
        except KernelError as error:
            failures.append((number, error))
    return failures


def _delete_group(
    channel: Channel, numbered: Sequence[tuple[int, int]], known: Mapping[int, Link]
) -> list[tuple[int, KernelError]]:
    group = _unused_group(known.values())
    failures = dict(_regroup(channel, numbered, group))
    moved = [(number, index) for number, index in numbered if number not in failures]
    if moved:
        try:
            channel.request(Link(group=group), RTM_DELLINK, 0, Link, what=f"delete {len(moved)} links as group {group}")
        except FileNotFoundError:
            pass
        except KernelError as error:
            if error.errno != EOPNOTSUPP:
                raise
            # One of them keeps the others alive: each on its own then, and what stays goes back where it was.
            kept = _delete_each(channel, moved)
            failures.update(kept)
            for number, _ in kept:
                index = dict(numbered)[number]
                old = known[index].group if index in known else 0
                channel.request(Link(index=index, group=old or 0), RTM_SETLINK, 0, Link, what=f"set link {index} back")
    return [(number, error) for number, error in failures.items() if not isinstance(error, FileNotFoundError)]


def _unused_group(links: Iterable[Link]) -> int:
    used = {link.group for link in links}
    while True:
        group = int.from_bytes(os.urandom(4), "little") | 1 << 30
        if group not in used:
            return group


def _regroup(channel: Channel, numbered: Sequence[tuple[int, int]], group: int) -> list[tuple[int, KernelError]]:
    window = Window(channel)
    example = Template(Link(index=1, group=group), ["index"], RTM_SETLINK, 0)
    for number, index in numbered:
        window.add(example.pack, (index,), number, Link, f"delete link {index}")
        if window.full:
            window.send()
    window.send()
    return [(number, error) for number, _, error in window.failures]
