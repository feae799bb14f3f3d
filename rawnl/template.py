"""Messages that differ in a few places only, packed by one precompiled struct.

Strategy: an example is encoded once; the places of the values that change ("slots") are found in its bytes by their
dotted paths; what lies between them becomes constants. One `struct.pack` then writes a whole message, header included,
in under a microsecond. A name always takes 16 bytes, NUL-padded, which the kernel takes as it takes a shorter one, so
that all messages have the same shape.

    | length type flags | seq | pid | constant … | slot | constant … | slot | constant … |
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rawnl.attribute import TYPE_MASK, Attribute, interface_name_bytes
from rawnl.errors import EncodeError
from rawnl.message import Message
from rawnl.wire import Attrs, Field, walk

ENVELOPE = 16
# Longest and legal: an attribute of 20 bytes, as every name takes one.
NAME = "x" * 15


class _Slot(NamedTuple):
    path: str
    start: int
    code: str


class Template:
    """An example message and the dotted paths of the values that change.

    >>> from rawnl.route.link import Link
    >>> template = Template(Link(name=NAME, mtu=1500), ["name"], 16, 0x600)
    >>> Link.at(template.pack(7, b"veth1"), 0).name
    'veth1'
    """

    __slots__ = ("cls", "flags", "kind", "pack", "size", "slots")

    def __init__(self, example: Message, slots: Sequence[str], kind: int, flags: int) -> None:
        """`kind` and `flags` are the message type and the NLM_F_… flags (NLM_F_REQUEST is added).

        Raises EncodeError when the example lacks one of the slots.
        """
        body = example.body()
        self.cls = type(example)
        self.kind = kind
        self.flags = flags | 1
        self.size = ENVELOPE + len(body)
        envelope = struct.pack("=IHH", self.size, kind, self.flags)
        data = bytes(ENVELOPE) + body
        found = sorted((_find(self.cls, data, path) for path in slots), key=lambda slot: slot.start)
        if [slot.path for slot in found] != list(slots):
            raise EncodeError("the slots of a template must be given in the order in which the message has them")
        self.slots = tuple(slots)
        codes, constants = ["=8sII"], []
        at = ENVELOPE
        for slot in found:
            codes.append(f"{slot.start - at}s{slot.code}")
            constants.append(data[at : slot.start])
            at = slot.start + struct.calcsize("=" + slot.code)
        codes.append(f"{len(data) - at}s")
        constants.append(data[at:])
        self.pack: Callable[..., bytes] = _packer("".join(codes), envelope, constants)


def _packer(codes: str, envelope: bytes, constants: list[bytes]) -> Callable[..., bytes]:
    pack = struct.Struct(codes).pack
    # Spelled out for the few slots that bulk loads have: a loop would cost more than the packing.
    if len(constants) == 2:
        c0, c1 = constants
        return lambda seq, a: pack(envelope, seq, 0, c0, a, c1)
    if len(constants) == 3:
        c0, c1, c2 = constants
        return lambda seq, a, b: pack(envelope, seq, 0, c0, a, c1, b, c2)
    if len(constants) == 4:
        c0, c1, c2, c3 = constants
        return lambda seq, a, b, c: pack(envelope, seq, 0, c0, a, c1, b, c2, c, c3)

    def general(seq: int, *values: Any) -> bytes:
        parts: list[Any] = [constants[0]]
        for value, constant in zip(values, constants[1:], strict=True):
            parts += (value, constant)
        return pack(envelope, seq, 0, *parts)

    return general


def _find(cls: type[Attrs], data: bytes, path: str) -> _Slot:
    start, end = ENVELOPE, len(data)
    names = path.split(".")
    for depth, name in enumerate(names):
        member: Field | None = cls._fields.get(name)
        if member is not None and depth == len(names) - 1:
            return _Slot(path, start + member.offset, member.code)
        owner = cls._view(data, start, end)
        for kind, first, last in walk(data, start + cls._header_length, end):  # noqa: B007 (used after the loop)
            attribute: Attribute | None = cls._by_number.get(kind & TYPE_MASK)
            if attribute is not None and attribute.name == name:
                break
        else:
            raise EncodeError("the example of a template lacks this attribute", attribute=path)
        if depth == len(names) - 1:
            return _Slot(path, first, _code(attribute, last - first))
        inner = attribute.inner(data, first, last, owner)
        if not inner:
            raise EncodeError("this attribute has nothing inside", attribute=".".join(names[: depth + 1]))
        _, cls, start, end = inner[0]
    raise EncodeError("the path of a slot is empty", attribute=path)


def _code(attribute: Attribute, size: int) -> str:
    shape = attribute.sample[0]
    if shape in ("integer", "netns"):
        signed = shape == "netns" or attribute.sample[1] < 0
        code = {1: "b", 2: "h", 4: "i", 8: "q"}[size]
        return code if signed else code.upper()
    return f"{size}s"


def name_slot(name: str) -> bytes:
    """A name for its slot; the struct pads it. Raises EncodeError."""
    try:
        return interface_name_bytes(name)
    except TypeError:
        raise EncodeError(f"{name!r} is not a str") from None
