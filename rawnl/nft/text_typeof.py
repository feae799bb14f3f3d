"""The expression by which a set was declared: `typeof ip saddr . tcp dport`, which nft keeps in the set's user data.

    0 | 4 | kind of expression (32)      1 | size | what it is, items of its own

A concatenation holds one such pair for each part. Numbers are in host byte order. Source: what nft(8) writes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from rawnl.nft import text_fields as headers
from rawnl.nft import text_keys as keys
from rawnl.nft.text_types import TYPES, DataType
from rawnl.nft.userdata import items

_NUMBER = struct.Struct("=I")
_PAYLOAD, _EXTHDR, _META, _SOCKET, _OSF, _CT, _CONCAT, _RT = 7, 8, 9, 10, 11, 12, 13, 25
_NAMES = "ah esp comp icmp igmp udp udplite tcp dccp sctp th ip ip6 icmpv6 arp vlan ether"
_PROTOCOLS = dict(enumerate(_NAMES.split(), 1))


class Typeof(NamedTuple):
    """What stands behind `typeof`, and the types of its parts."""

    text: str
    types: list[DataType]


def _number(found: dict[int, bytes], item: int) -> int:
    data = found.get(item, b"")
    return int(_NUMBER.unpack(data)[0]) if len(data) == 4 else -1


def _payload(found: dict[int, bytes]) -> Typeof | None:
    fields = headers.FIELDS.get(_PROTOCOLS.get(_number(found, 0), ""), [])
    index = _number(found, 1) - 1
    if not 0 <= index < len(fields):
        return None
    field = fields[index]
    return Typeof(f"{field.protocol} {field.name}", [field.type])


def _meta(found: dict[int, bytes]) -> Typeof | None:
    key = keys.META.get(_number(found, 0))
    return None if key is None else Typeof(key.name if key.bare else f"meta {key.name}", [key.type])


def _ct(found: dict[int, bytes]) -> Typeof | None:
    key = keys.CT.get(_number(found, 0))
    if key is None:
        return None
    direction = {0: "original ", 1: "reply "}.get(_number(found, 1), "")
    return Typeof(f"ct {direction}{key.name}", [key.type])


def _socket(found: dict[int, bytes]) -> Typeof | None:
    key = keys.SOCKET.get(_number(found, 0))
    return None if key is None else Typeof(f"socket {key.name}", [key.type])


def _rt(found: dict[int, bytes]) -> Typeof | None:
    key = keys.RT.get(_number(found, 0))
    return None if key is None else Typeof(f"rt {key.name}", [key.type])


def _osf(found: dict[int, bytes]) -> Typeof | None:
    return Typeof("osf name", [TYPES["string"]])


def _concatenation(found: dict[int, bytes]) -> Typeof | None:
    parts = [typeof(found[index]) for index in sorted(found)]
    if len(parts) < 2 or None in parts:
        return None
    known = [part for part in parts if part is not None]
    return Typeof(" . ".join(part.text for part in known), [kind for part in known for kind in part.types])


_READERS: dict[int, Callable[[dict[int, bytes]], Typeof | None]] = {
    _PAYLOAD: _payload,
    _META: _meta,
    _SOCKET: _socket,
    _OSF: _osf,
    _CT: _ct,
    _CONCAT: _concatenation,
    _RT: _rt,
}


def typeof(userdata: bytes | None) -> Typeof | None:
    """What the user data of a set say that it is the type of; None where they do not, or in words unknown here."""
    found = dict(items(userdata or b""))
    reader = _READERS.get(_number(found, 0))
    return None if reader is None else reader(dict(items(found.get(1, b""))))
