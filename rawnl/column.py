"""One attribute of every row of a listing, as a list.

Strategy: the table of offsets is a matrix, so one attribute's offsets are a slice with a stride; the values are read
from the bytes in one comprehension, without an object per row. Values that repeat, as gateways do, are turned into text
once.
"""

from __future__ import annotations

import struct
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any

from rawnl.attribute import Attribute, to_enum
from rawnl.errors import DecodeError
from rawnl.message import Message, views
from rawnl.scan import Scan

_length_at = struct.Struct("=H").unpack_from


def column(cls: type[Message], name: str, buffer: Any, scan: Scan) -> list[Any]:
    """The values of `name` in every row; None where a row lacks it. Raises DecodeError as reading one does."""
    member = cls._fields.get(name)
    try:
        if member is not None:
            read, offset, enum = member.packer.unpack_from, member.offset, member.enum
            values = [read(buffer, start + offset)[0] for start in scan.table[0 :: scan.width]]
            return values if enum is None else [to_enum(enum, value) for value in values]
        attribute = cls._attributes.get(name)
        if attribute is None or attribute.sample[0] not in ("integer", "ip"):
            # A property that looks at more than one place, or a nest: through the views.
            return [getattr(view, name) for view in views(cls, buffer, scan)]
        starts = scan.table[attribute.number :: scan.width]
        if attribute.sample[0] == "ip":
            return _addresses(attribute, buffer, starts)
        return [None if not start else _decoded(attribute, buffer, start) for start in starts]
    except struct.error:
        raise DecodeError(f"{cls.__name__}.{name} reaches beyond the bytes that are there") from None


def _decoded(attribute: Attribute, buffer: Any, start: int) -> Any:
    return attribute.decode(buffer, start, start - 4 + _length_at(buffer, start - 4)[0])


def _addresses(attribute: Attribute, buffer: Any, starts: Any) -> list[str | None]:
    known: dict[bytes, str] = {}
    found: list[str | None] = []
    append = found.append
    lengths = {8: AF_INET, 20: AF_INET6}
    for start in starts:
        if not start:
            append(None)
            continue
        length = _length_at(buffer, start - 4)[0]
        data = buffer[start : start - 4 + length]
        text = known.get(data)
        if text is None:
            text = inet_ntop(lengths[length], data) if length in lengths else _decoded(attribute, buffer, start)
            if len(known) < 4096:
                known[data] = text
        append(text)
    return found
