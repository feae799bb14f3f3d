"""Counts of the connection tracking itself: by processor, and of the whole table.

Source: `<linux/netfilter/nfnetlink_conntrack.h>`; conntrack(8), "-S" and "-C".
"""

from __future__ import annotations

from rawnl.attribute import be32
from rawnl.conntrack.header import ConntrackMessage


class Statistics(ConntrackMessage, types={"IPCTNL_MSG_CT_GET_STATS_CPU": 0x104}, prefix="CTA_STATS_"):
    """What one processor counted in a namespace since it began; those of all add up.

    The kernel no longer counts `searched`, `new`, `ignore`, `delete` and `delete_list`.
    """

    __slots__ = ()

    searched: int | None = be32(1)
    found: int | None = be32(2)
    new: int | None = be32(3)
    invalid: int | None = be32(4)
    ignore: int | None = be32(5)
    delete: int | None = be32(6)
    delete_list: int | None = be32(7)
    insert: int | None = be32(8)
    insert_failed: int | None = be32(9)
    drop: int | None = be32(10)
    early_drop: int | None = be32(11)
    error: int | None = be32(12)
    search_restart: int | None = be32(13)
    clash_resolve: int | None = be32(14)
    chain_toolong: int | None = be32(15)

    @property
    def cpu(self) -> int:
        """The number of the processor."""
        return self.res_id or 0


class TableStatistics(ConntrackMessage, types={"IPCTNL_MSG_CT_GET_STATS": 0x105}, prefix="CTA_STATS_GLOBAL_"):
    """How many flows there are in the namespace, and how many there may be."""

    __slots__ = ()

    entries: int | None = be32(1)
    max_entries: int | None = be32(2)
