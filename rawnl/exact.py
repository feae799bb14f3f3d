"""To the last byte: what a plain list of names and values cannot say about the wire.

Strategy: nearly all that the kernel sends is what the encoder would have written for the same values, and then an
object is its values by name. What deviates is spelled with keywords of its own, so that building the object again
gives the same bytes:

- `attr_NUMBER=…`: an attribute by its type, flag bits included, holding its payload as bytes: one that is not declared,
  one that is met again later, or one whose bytes the declared encoder would not write. Where only the flag bits differ
  it holds the declared value instead. `attr_NUMBER_1` is the second of these, and so on.
- `attr_gap=bytes`: what stands after the attribute before it, where that is not the usual zeros up to 4 bytes.

An object made with such keywords is encoded at once and is from then on like one that was read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rawnl.errors import DecodeError, EncodeError
from rawnl.tlv import HEADER, MAX_LENGTH, PAD, TYPE_MASK, VALUE_ERRORS, Attribute, attribute_bytes, walk

if TYPE_CHECKING:
    from rawnl.wire import Attrs

GAP = -1
_KEYWORD = re.compile(r"attr_(gap|0|[1-9][0-9]{0,4})(_[1-9][0-9]*)?", re.ASCII).fullmatch


def number_of(keyword: str) -> int | None:
    """The type with flag bits that `attr_NUMBER` names, GAP for `attr_gap`, None for any other word."""
    match = _KEYWORD(keyword)
    if match is None:
        return None
    number = GAP if match[1] == "gap" else int(match[1])
    return number if number <= MAX_LENGTH else None


# --- bytes to names and values -----------------------------------------------------------------------------------


def spell(view: Attrs) -> dict[str, Any]:
    """The attributes of an object that was read, in wire order, such that `assemble` gives the same bytes."""
    buffer = view._buffer
    start = view._table[view._row] + view._header_length
    end = view._end()
    items = list(walk(buffer, start, end))
    last_of = {kind & TYPE_MASK: index for index, (kind, _, _) in enumerate(items)}
    found = _Spelling()
    if not items and end > start:
        found.put("attr_gap", bytes(buffer[start:end]))
    seen = set()
    index = 0
    while index < len(items):
        kind, first, last = items[index]
        number = kind & TYPE_MASK
        attribute = view._by_number.get(number)
        if attribute is None:
            found.put(f"attr_{kind}", bytes(buffer[first:last]))
        elif attribute.repeats:
            final = last_of[number]
            values = None if number in seen else _run(view, attribute, first, items[final][2])
            if values is None:
                found.put(f"attr_{kind}", bytes(buffer[first:last]))
            else:
                found.put(attribute.name, values)
                index, (_, first, last) = final, items[final]
        else:
            found.put(*_one(view, attribute if index == last_of[number] else None, kind, first, last))
        seen.add(number)
        index += 1
        after = bytes(buffer[last : items[index][1] - 4 if index < len(items) else end])
        if after != PAD[(last - first) & 3]:
            found.put("attr_gap", after)
    return found.values_by_name


class _Spelling:
    """Names and values; a second `attr_7` becomes `attr_7_1`."""

    def __init__(self) -> None:
        self.values_by_name: dict[str, Any] = {}
        self._times: dict[str, int] = {}

    def put(self, name: str, value: Any) -> None:
        times = self._times.get(name, 0)
        self._times[name] = times + 1
        self.values_by_name[f"{name}_{times}" if times else name] = value


def _one(view: Attrs, attribute: Attribute | None, kind: int, first: int, last: int) -> tuple[str, Any]:
    payload = bytes(view._buffer[first:last])
    if attribute is not None:
        try:
            value = getattr(view, attribute.name)
            written = attribute.encode(value)
        except VALUE_ERRORS:
            # Another width than declared, or a value that rawnl would not send: its bytes are shown, and kept.
            return f"attr_{kind}", payload
        if written[4 : 4 + len(payload)] == payload:
            length, number = HEADER.unpack_from(written)
            if length == len(payload) + 4:
                return (attribute.name if number == kind else f"attr_{kind}"), value
    return f"attr_{kind}", payload


def _run(view: Attrs, attribute: Attribute, first: int, last: int) -> list[Any] | None:
    """The value of a repeated attribute, if all of it stands in one place and as the encoder would write it."""
    try:
        values: list[Any] = getattr(view, attribute.name)
        written = attribute.encode(values)
    except VALUE_ERRORS:
        return None
    length = last - first + 4
    return values if written[:length] == view._buffer[first - 4 : last] and len(written) - length < 4 else None


# --- names and values to bytes -----------------------------------------------------------------------------------


def assemble(built: Attrs) -> bytes:
    """The attributes of a built object that has keywords of this module among its values."""
    parts: list[bytes] = []
    for name, value in built._table.items():
        encode = built._encoders.get(name)
        number = number_of(name)
        try:
            if encode is not None:
                parts.extend(filter(None, (encode(value),)))
            elif number == GAP:
                if not isinstance(value, (bytes, bytearray)):
                    raise TypeError
                parts.append(_without_padding(parts.pop()) + value if parts else bytes(value))
            elif number is not None:
                parts.append(_spelled(built, number, value))
        except EncodeError as error:
            raise error.within(name) from None
        except VALUE_ERRORS:
            raise refusal(built, name, value) from None
    return b"".join(parts)


def refusal(built: Attrs, name: str, value: Any) -> EncodeError:
    """The error for a value of the wrong type or out of its range."""
    number = number_of(name)
    declared = built._attributes.get(name) or built._by_number.get(-1 if number is None else number & TYPE_MASK)
    return EncodeError(f"{value!r} is not {declared.expects if declared else 'bytes'}", attribute=name)


def _spelled(built: Attrs, kind: int, value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray)):
        return attribute_bytes(kind, bytes(value))
    declared = built._by_number.get(kind & TYPE_MASK)
    if declared is None:
        raise TypeError
    written = declared.encode(value)
    return HEADER.pack(HEADER.unpack_from(written)[0], kind) + written[4:]


def _without_padding(part: bytes) -> bytes:
    try:
        return part[: max((last for _, _, last in walk(part, 0, len(part))), default=0)]
    except DecodeError:
        raise EncodeError("a gap stands after an attribute, not after another gap") from None
