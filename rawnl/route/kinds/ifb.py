"""ifb: the intermediate functional block, to shape what comes in."""

from __future__ import annotations

from rawnl.route.link import LinkKind


class Ifb(LinkKind, name="ifb"):
    """An interface to which arriving packets are redirected for shaping; it has no settings of its own."""

    __slots__ = ()
