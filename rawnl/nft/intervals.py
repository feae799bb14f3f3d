"""Intervals in sets: sorted, merged, and refused where they overlap, before anything is sent.

Strategy: bounds are numbers, or bytes in network byte order, which compare as the values do. The kernel refuses an
overlap with a bare EEXIST for the whole transaction; here it is found by one sweep, and said in a sentence that names
both. Only what is added together is looked at: what the set holds already, only the kernel knows.

Over a single type, intervals are sorted and neighbours compared. Over a concatenation they are boxes; the kernel
refuses one whose lowest or highest corner lies in another, so those are what is looked for: by a sweep over the part
that tells most of them apart.

Source: nft(8), "Sets"; net/netfilter/nft_set_rbtree.c, nft_set_pipapo.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from rawnl.errors import EncodeError

Box: TypeAlias = "Sequence[tuple[bytes, bytes]]"

MAX_COMPARED = 4_000_000
"""How many pairs of boxes are compared at most; beyond, an overlap is left for the kernel to find."""


Piece: TypeAlias = "tuple[int, int, bytes, Any]"
"""One interval: both bounds included; what else its element has; how it was written."""


def arranged(pieces: list[Piece], *, merge: bool = False) -> list[Piece]:
    """The pieces in rising order. EncodeError where two overlap, unless they may be merged and have nothing to lose."""
    pieces.sort(key=itemgetter(0))
    if not merge:
        last = -1
        for index, piece in enumerate(pieces):
            if piece[0] <= last:
                advice = "; make one of them, or add them to a set with auto_merge=True"
                raise _conflict(pieces[index - 1][3], piece[3], advice)
            last = piece[1]
        return pieces
    found: list[Piece] = []
    for piece in pieces:
        if found and piece[0] <= found[-1][1] + 1:
            low, high, rest, said = found[-1]
            if rest != piece[2]:
                raise _conflict(said, piece[3], "and have not the same to say, so they cannot be merged")
            found[-1] = (low, max(high, piece[1]), rest, said)
        else:
            found.append(piece)
    return found


def _conflict(first: Any, second: Any, advice: str) -> EncodeError:
    return EncodeError(f"{_say(first)} and {_say(second)} overlap{' ' if advice[0] != ';' else ''}{advice}")


def _say(value: Any) -> str:
    if isinstance(value, (list, tuple)) and not hasattr(value, "first"):
        return "(" + ", ".join(_say(part) for part in value) + ")"
    if hasattr(value, "first"):
        return f"{value.first}-{value.last}"
    return str(value)


def check_boxes(boxes: Sequence[Box], said: Sequence[Any]) -> None:
    """EncodeError where the kernel would refuse a box because of an earlier one."""
    if len(boxes) < 2:
        return
    parts = range(len(boxes[0]))
    # The part with the most different bounds leaves the fewest to compare.
    by = max(parts, key=lambda part: len({box[part] for box in boxes}))
    order = sorted(range(len(boxes)), key=lambda index: boxes[index][by][0])
    open_now: list[int] = []
    compared = 0
    for index in order:
        box = boxes[index]
        low = box[by][0]
        open_now = [other for other in open_now if boxes[other][by][1] >= low]
        compared += len(open_now)
        if compared > MAX_COMPARED:
            return
        for other in open_now:
            first, second = min(index, other), max(index, other)
            if refused(boxes[first], boxes[second]):
                raise _conflict(said[first], said[second], "; the kernel takes no interval that begins or ends in one")
        open_now.append(index)


def refused(there: Box, new: Box) -> bool:
    """Whether the kernel refuses a new box: its lowest or its highest corner lies in one that is there."""
    return _inside(there, [low for low, _ in new]) or _inside(there, [high for _, high in new])


def _inside(box: Box, corner: Sequence[bytes]) -> bool:
    return all(low <= value <= high for (low, high), value in zip(box, corner, strict=True))
