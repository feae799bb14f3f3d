"""Bytes captured anywhere to typed messages.

Strategy: a message class is known by its protocol and message type as soon as its module is imported, and rawnl's own
modules are imported when they are first needed; a class that a user declares is known from then on, and goes before
rawnl's. Runs of messages of one class share a table of offsets, as in a listing. No I/O, and no C core: this works on
any machine.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from rawnl.control import UnknownMessage
from rawnl.errors import DecodeError
from rawnl.message import Message, message_class, views
from rawnl.scan import MESSAGE_HEADER, MIN_TYPE, Scan
from rawnl.scan import scan as scan_in_python

if TYPE_CHECKING:
    from typing_extensions import Buffer

Scanner: TypeAlias = "Callable[[bytes, int, int, int, int, int], Scan]"

# A package with a dot and a star: all modules in it. The others bring their declarations in by themselves.
_PACKAGES = {"route": ("rawnl.route.*",), "netfilter": ("rawnl.nft", "rawnl.conntrack")}
_loaded: set[str] = set()


def decode(data: Buffer, family: str = "route", *, scan: Scanner = scan_in_python) -> list[Message]:
    """The messages in `data`, in their order: what one or more datagrams brought, or what a program sent.

    - `data`: bytes, bytearray, memoryview or the like; they are copied once if they are not `bytes`.
    - `family`: "route" (NETLINK_ROUTE), "netfilter" (NETLINK_NETFILTER), or the `protocol` of message classes declared
      elsewhere.
    - `scan`: what finds the offsets; `rawnl.kernel.scan` does it faster, with the C core.

    Netlink's own messages come as `Error`, `Done`, `Noop` and `Overrun` (`control.py`), and what nobody declared as
    `UnknownMessage`. `message.encode()` gives the bytes of each back.

    Raises: DecodeError for bytes that are no netlink messages; ValueError for an unknown family.

    >>> decode(bytes.fromhex("200000001000000000000000000000000000010003000000 0100000000000000"))
    [Link(type=1, index=3, flags='up')]
    """
    buffer = data if isinstance(data, bytes) else bytes(memoryview(data))
    _load(family)
    found: list[Message] = []
    for cls, start, end in _runs(buffer, family):
        if issubclass(cls, UnknownMessage):
            found.append(cls.at(buffer, start))
        else:
            found += views(cls, buffer, scan(buffer, start, end, 0, cls._header_length, cls._width))
    return found


def _runs(buffer: bytes, family: str) -> Iterator[tuple[type[Message], int, int]]:
    """Each stretch of messages of one class; those of which each is looked at alone come one by one."""
    run: type[Message] | None = None
    begin = 0
    for offset, cls in _classes(buffer, family):
        if cls is not run or issubclass(cls, UnknownMessage):
            if run is not None:
                yield run, begin, offset
            run, begin = cls, offset
    if run is not None:
        yield run, begin, len(buffer)


def _classes(buffer: bytes, family: str) -> Iterator[tuple[int, type[Message]]]:
    position, end = 0, len(buffer)
    while position < end:
        rest = end - position
        if rest < 16:
            raise DecodeError(f"{rest} bytes remain where a message header takes 16", offset=position)
        length, kind, _, _, _ = MESSAGE_HEADER.unpack_from(buffer, position)
        if not 16 <= length <= rest:
            raise DecodeError(f"a message says it is {length} bytes long where {rest} remain", offset=position)
        cls = message_class("control" if kind < MIN_TYPE else family, kind)
        # Requests may be shorter than what the kernel answers with: getifaddrs() sends one byte of ifinfomsg.
        yield position, cls if cls is not None and length - 16 >= cls._header_length else UnknownMessage
        position += (length + 3) & ~3


def _load(family: str) -> None:
    """Import the modules that declare a family's messages, once."""
    if family in _loaded:
        return
    packages = _PACKAGES.get(family)
    if packages is not None:
        for name in packages:
            module = importlib.import_module(name.removesuffix(".*"))
            if name.endswith(".*"):
                for found in pkgutil.iter_modules(module.__path__):
                    if not found.ispkg:
                        importlib.import_module(f"{module.__name__}.{found.name}")
    elif not any(cls._protocol == family for cls in _all_messages(Message)):
        raise ValueError(f"{family!r} is no family of messages; known are {', '.join(_PACKAGES)}, and what is declared")
    _loaded.add(family)


def _all_messages(cls: type[Message]) -> Iterator[type[Message]]:
    for below in cls.__subclasses__():
        yield below
        yield from _all_messages(below)
