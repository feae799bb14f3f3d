"""User data: what nft keeps beside an object and the kernel never looks at, comments above all.

    +----------+----------+------------------+
    | type (8) | size (8) | `size` bytes …   |   one after the other, without padding
    +----------+----------+------------------+

Type 0 is the comment, with a NUL at its end; for sets that is type 7 (see sets.py). Source: what nft(8) writes.
"""

from __future__ import annotations

from collections.abc import Iterator

from rawnl.errors import EncodeError

COMMENT = 0
MAX_COMMENT = 128
"""The most bytes of a comment that nft prints, its NUL included."""


def items(userdata: bytes) -> Iterator[tuple[int, bytes]]:
    """The (type, bytes) of each item; what is cut short is left out."""
    position = 0
    while position + 2 <= len(userdata):
        kind, size = userdata[position], userdata[position + 1]
        if position + 2 + size > len(userdata):
            return
        yield kind, userdata[position + 2 : position + 2 + size]
        position += 2 + size


def comment_of(userdata: bytes | None, item: int = COMMENT) -> str | None:
    """The comment in user data, None where there is none. `item`: the type that comments have there."""
    for kind, value in items(userdata or b""):
        if kind == item:
            return value.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    return None


def with_comment(comment: str, item: int = COMMENT) -> bytes:
    """User data that holds a comment. EncodeError over 127 bytes of UTF-8, or with a NUL in it.

    `item`: the type that comments have there.

    >>> with_comment("hi").hex()
    '0003686900'
    """
    value = comment.encode("utf-8", "surrogateescape")
    if b"\0" in value:
        raise EncodeError(f"{comment!r} has a NUL byte", attribute="comment")
    if len(value) >= MAX_COMMENT:
        raise EncodeError(
            f"{comment!r} has {len(value)} bytes; a comment has at most {MAX_COMMENT - 1}", attribute="comment"
        )
    return bytes((item, len(value) + 1)) + value + b"\0"
