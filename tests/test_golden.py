"""Golden rows both ways, a row for every declaration, and the same with the programs of this machine.

Strategy: `golden_route.py` and `golden_route_answers.py` hold what `ip` and the kernel really put on the wire. An
object written by hand or from a recording must encode to exactly these bytes, and the bytes must read as that object;
from its values alone the same bytes must come again. Cut short anywhere they make a DecodeError or something shorter.
The names of the rows' values are checked by people, the bytes by the programs that they were recorded from.
"""

from __future__ import annotations

import importlib
import pkgutil
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import golden_route
import golden_route_answers
import pytest
from capture import capture
from golden_route import COMMANDS, SENT
from golden_route_answers import ANSWERS
from rebuild import rebuilt
from witness import require

import rawnl
import rawnl.route.kinds
from rawnl.control import UnknownMessage
from rawnl.decode import decode
from rawnl.errors import DecodeError
from rawnl.message import Message
from rawnl.route.link import LinkKind, PortKind
from rawnl.wire import Attrs

ROWS = SENT + ANSWERS
NAMES = [f"{index}-{row[0]}" for index, row in enumerate(ROWS)]


@pytest.mark.parametrize(("command", "message", "golden"), ROWS, ids=NAMES)
def test_both_ways(command: str, message: Message, golden: str) -> None:
    data = bytes.fromhex(golden)
    assert message.encode().hex() == golden
    (read,) = decode(data)
    assert type(read) is type(message)
    assert read == message
    assert hash(read) == hash(message)
    assert repr(read) == repr(message)
    assert read.encode() == data
    assert rebuilt(read).encode().hex() == golden
    names = {**vars(golden_route), **vars(golden_route_answers), "NameTemplate": rawnl.NameTemplate}
    pasted = eval(repr(read), names)
    assert pasted == message
    assert pasted.encode(nlmsg_flags=message.nlmsg_flags) == data


@pytest.mark.parametrize(("command", "message", "golden"), ROWS, ids=NAMES)
def test_cut_short_anywhere(command: str, message: Message, golden: str) -> None:
    data = bytes.fromhex(golden)
    for length in range(len(data)):
        cut = data[:length]
        # As it came, where the length in the header tells on it, and with a header that lies along.
        if length:
            with pytest.raises(DecodeError):
                decode(cut)
        if length >= 16:
            look_at_everything(length.to_bytes(4, "little") + cut[4:])


def look_at_everything(data: bytes) -> None:
    """Whatever reading does, it either works or is a DecodeError; what was read is written back the same."""
    try:
        (read,) = decode(data)
    except DecodeError:
        return
    assert read.encode() == data
    assert rebuilt(read).encode() == data
    repr(read)
    read.as_dict()
    for name in type(read)._encoders:
        try:
            getattr(read, name)
        except DecodeError:
            pass


def subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for below in cls.__subclasses__():
        yield below
        yield from subclasses(below)


def declared(base: type[Any]) -> set[type[Any]]:
    """The members of a family that are rawnl's own and have a name of their own on the wire."""
    for package in (rawnl.route, rawnl.route.kinds):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return {cls for cls in subclasses(base) if cls.__module__.startswith(("rawnl.route.", "rawnl.control"))}


def values_of(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, Attrs):
        for inner in value.present().values():
            yield from values_of(inner)


def test_every_declaration_has_a_row() -> None:
    seen = {type(value) for _, message, _ in ROWS for value in values_of(message)}
    # A kind without settings of its own has nothing in IFLA_INFO_DATA: its name is all there is.
    names = {message.kind for _, message, _ in ROWS if hasattr(message, "kind")}
    messages = {cls for cls in declared(Message) if cls._types and not cls.__module__.startswith("test_")}
    kinds = {cls for cls in declared(LinkKind) if cls._attributes or cls.tag not in names}
    assert messages | kinds | declared(PortKind) | {UnknownMessage} <= seen


def test_every_row_is_another() -> None:
    assert len({golden for _, _, golden in ROWS}) == len(ROWS)


def test_the_programs_of_this_machine() -> None:
    """The same commands again, with the local programs and kernel: all that they say is read, and written back."""
    for program in ("strace", "ip", "bridge"):
        require(program)
    with rawnl.netns.create() as netns:
        recorded = [message for line in COMMANDS for message in capture(shlex.split(line), netns.fileno())]
    subprocess.run([require("ip"), "netns", "delete", "red"], check=True)
    for sent, data in recorded:
        (read,) = decode(data)
        again = rebuilt(read)
        assert again.encode().hex() == data.hex(), (sent, read)
        assert again == read
    assert len(recorded) > 2 * len(COMMANDS)
