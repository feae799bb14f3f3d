"""Every declared class, both ways, by hypothesis; and bytes that lie.

Strategy: values come from the declarations (`shapes.py`). An object made of them is encoded; what is read back must
have these values, by a comparison that does not ask the codec, and give the same bytes when it is built from its values
alone. Mutated and random bytes either read, and then can be looked at and written back the same, or are a DecodeError;
nothing else may come out, and nothing may take long or recurse without end. RAWNL_EXAMPLES sets how many examples each
class gets; a long run has some thousands.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from rebuild import rebuilt
from shapes import CHOOSERS, Plan, built, check, declared, plans

from rawnl.control import UnknownMessage
from rawnl.decode import decode
from rawnl.errors import DecodeError, EncodeError
from rawnl.message import Message
from rawnl.tlv import attribute_bytes
from rawnl.wire import Attrs

CLASSES = declared()
NAMES = [f"{cls.__module__.removeprefix('rawnl.')}.{cls.__name__}" for cls in CLASSES]
every_class = pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
modest = settings(
    max_examples=int(os.environ.get("RAWNL_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def whole(value: Attrs) -> bytes:
    return value._whole()


@every_class
@modest
@given(data=some.data())
def test_round_trip(cls: type[Attrs], data: some.DataObject) -> None:
    plan = data.draw(plans(cls))
    made = built(plan)
    try:
        wire = whole(made)
    except EncodeError as error:
        # The one thing that the shapes do not see to: all of it together may be too much for one attribute.
        assert "too many" in str(error)
        return
    read = cls._parse(wire)
    check(made, plan)
    check(read, plan)
    assert read == made
    assert made == read
    assert hash(read) == hash(made)
    assert whole(read) == wire
    assert whole(rebuilt(read)) == wire
    assert made.present() == read.present()
    assert repr(made) == repr(read)
    json.dumps(read.as_dict())
    for twin in (
        copy.copy(read),
        copy.deepcopy(made),
        pickle.loads(pickle.dumps(read)),
        pickle.loads(pickle.dumps(made)),
    ):
        assert twin == read
        assert whole(twin) == wire
    if isinstance(made, Message):
        assert isinstance(read, Message)
        assert read.encode(nlmsg_seq=9)[8:12] == struct.pack("=I", 9)


@every_class
@modest
@given(data=some.data())
def test_replace(cls: type[Attrs], data: some.DataObject) -> None:
    first, second = data.draw(plans(cls)), data.draw(plans(cls))
    # To change what chooses the class of a sibling makes another thing of that sibling.
    for attribute in cls._attributes.values():
        if attribute.sample[0] == "tagged":
            second.values.pop(CHOOSERS.get(attribute.selector, attribute.selector), None)
            second.values.pop(attribute.name, None)
            second.values.pop("kind", None)
    try:
        read = cls._parse(whole(built(first)))
        changed = read.replace(**built_values(second))
        built_too = built(first).replace(**built_values(second))
    except EncodeError as error:
        assert "too many" in str(error)
        return
    check(changed, Plan(cls, {**first.values, **second.values}))
    assert changed == built_too
    gone = changed.replace(**dict.fromkeys(second.values))
    for name in second.values:
        assert not getattr(gone, name)
    check(read, first)


def built_values(plan: Plan) -> dict[str, Any]:
    return {name: built(value) for name, value in plan.values.items()}


mutations = some.lists(
    some.tuples(
        some.sampled_from(["set", "cut", "insert", "remove", "length"]), some.integers(0), some.integers(0, 255)
    ),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    found = bytearray(data)
    for what, place, value in changes:
        at = place % (len(found) + 1)
        if what == "set" and at < len(found):
            found[at] = value
        elif what == "cut":
            del found[at:]
        elif what == "insert":
            found[at:at] = bytes([value])
        elif what == "remove":
            del found[at : at + value % 9]
        elif what == "length" and len(found) >= 4:
            struct.pack_into("=H", found, at // 4 * 4 if at // 4 * 4 + 2 <= len(found) else 0, value)
    return bytes(found)


def look_at_everything(cls: type[Attrs], data: bytes) -> None:
    """Whatever is done with these bytes either works or is a DecodeError."""
    try:
        read = cls._parse(data)
    except DecodeError:
        return
    assert whole(read) == data
    for name in cls._encoders:
        try:
            getattr(read, name)
        except DecodeError:
            pass
    again = rebuilt(read)
    assert whole(again) == data
    assert again == read
    repr(read)
    read.as_dict()
    hash(read)
    assert read != object()
    assert whole(read.replace()) == data


@every_class
@modest
@given(data=some.data(), changes=mutations)
def test_mutated(cls: type[Attrs], data: some.DataObject, changes: list[tuple[str, int, int]]) -> None:
    try:
        wire = whole(built(data.draw(plans(cls))))
    except EncodeError:
        return
    broken = mutated(wire, changes)
    if issubclass(cls, Message) and len(broken) >= 4:
        # The envelope's length is made right again, or next to nothing would get past it.
        broken = struct.pack("=I", len(broken)) + broken[4:]
    look_at_everything(cls, broken)


@every_class
@modest
@given(noise=some.binary(max_size=80))
def test_noise(cls: type[Attrs], noise: bytes) -> None:
    look_at_everything(cls, noise)
    if issubclass(cls, Message):
        body = struct.pack("=IHHII", len(noise) + 16, cls._default_type, 0, 0, 0) + noise
        look_at_everything(cls, body)
        for family in ("route", "netfilter"):
            try:
                messages = decode(body, family)
            except DecodeError:
                continue
            assert b"".join(message.encode() for message in messages) == body


@modest
@given(noise=some.binary(max_size=200))
def test_decode_noise(noise: bytes) -> None:
    try:
        found = decode(noise)
    except DecodeError:
        return
    assert not noise or found


@pytest.mark.parametrize("depth", [10, 31, 32, 33, 1500])
def test_deep_nesting_is_bounded(depth: int) -> None:
    """A link in a link in a link …: reading goes as deep as asked, and printing and comparing stop in time."""
    from rawnl.route.link import Link

    data = bytes(16)
    for _ in range(depth):
        peer = attribute_bytes(1, data)
        inside = attribute_bytes(1, b"veth\0") + attribute_bytes(2, peer)
        data = bytes(16) + attribute_bytes(18, inside)
        if len(data) > 65000:
            break
    message = struct.pack("=IHHII", len(data) + 16, 16, 0, 0, 0) + data
    (read,) = decode(message)
    assert isinstance(read, Link)
    repr(read)
    other = decode(message)[0].replace(mtu=5)
    for action in (read.as_dict, lambda: read == other, lambda: read.replace(mtu=5) == other):
        try:
            action()
        except DecodeError as error:
            assert depth > 10
            assert "deep" in str(error)
    assert read.encode() == message


def test_unknown_message_keeps_its_bytes() -> None:
    data = struct.pack("=IHHII", 19, 0x7777, 5, 6, 7) + b"abc"
    (read,) = decode(data)
    assert type(read) is UnknownMessage
    assert (read.nlmsg_type, read.payload, read.nlmsg_seq, read.nlmsg_pid) == (0x7777, b"abc", 6, 7)
    assert read.encode() == data
    assert rebuilt(read).encode() == data
