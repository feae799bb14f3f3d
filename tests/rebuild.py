"""The honest test of losslessness: an object made anew from its values, all the way down.

A read object's `encode` only slices the bytes it came from. What is asked here is whether the values alone, as
`present` tells them, give the same bytes.
"""

from __future__ import annotations

from typing import Any

from rawnl.message import Message
from rawnl.wire import Attrs

ENVELOPE = ("nlmsg_type", "nlmsg_flags", "nlmsg_seq", "nlmsg_pid")


def rebuilt(value: Any) -> Any:
    """The same value with every object in it built from its values; lists too."""
    if isinstance(value, Attrs):
        envelope = {name: getattr(value, name) for name in ENVELOPE} if isinstance(value, Message) else {}
        return type(value)(**{**{name: rebuilt(inner) for name, inner in value.present().items()}, **envelope})
    return [rebuilt(item) for item in value] if isinstance(value, list) else value
