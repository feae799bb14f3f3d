"""dummy: an interface that drops all that it is given."""

from __future__ import annotations

from rawnl.route.link import LinkKind


class Dummy(LinkKind, name="dummy"):
    """An interface that drops all that it is given; it has no settings of its own."""

    __slots__ = ()
