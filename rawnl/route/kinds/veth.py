"""veth: a virtual cable with two ends (`<linux/veth.h>`, veth(4))."""

from __future__ import annotations

from rawnl.nest import nest
from rawnl.route.link import Link, LinkKind


class Veth(LinkKind, name="veth", prefix="VETH_INFO_", uapi="linux/veth.h"):
    """A virtual cable. `peer` describes the far end, which may be made straight in another namespace.

    The kernel never sends this back: the far end is found by `links.peer(…)`.

    >>> Veth(peer=Link(name="veth-blue"))
    Veth(peer=Link(name='veth-blue'))
    """

    __slots__ = ()

    peer: Link | None = nest(1, Link, flagged=False)
