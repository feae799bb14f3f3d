"""Data types: how nft writes a value, in its own syntax and in JSON.

Strategy: a value is an integer (its bytes taken in network order, or turned round before if they stand in host order)
and its type a row of one table, `TYPES`: the number by which nft marks the keys of sets, the width, and a function
from the integer to a `Shown`, which is the pair of both forms. A type that nobody knows writes plain numbers.

Source: nft(8), "Data types"; libnftables-json(5).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rawnl.nft import text_symbols as symbols


class Shown(NamedTuple):
    """One thing in both forms: nft's syntax, and what stands for it in JSON."""

    text: str
    json: Any


Show = Callable[[int, int], Shown]
"""From a value and its width in bits to both forms."""


@dataclass(frozen=True)
class DataType:
    """A data type. `big`: whether its values stand in network byte order when nothing else is said."""

    name: str
    number: int
    bits: int
    show: Show = field(repr=False)
    big: bool = True
    kind: str = "integer"
    prefix: bool = False
    """Whether a range that is a prefix is written as one."""
    per_line: int = 1
    """How many elements of a set nft puts on a line."""


def quoted(text: str) -> str:
    """A string as nft writes it. nft has no escapes: what would end the string or the line stands as a `?`.

    >>> quoted('web" accept # ')
    '"web? accept # "'
    """
    return '"' + "".join("?" if letter == '"' or letter < " " else letter for letter in text) + '"'


def words(value: int, bits: int) -> bytes:
    """The bytes of a value, most significant first."""
    return value.to_bytes((bits + 7) // 8, "big")


# --- how the kinds of values are shown ----------------------------------------------------------------------------


def _decimal(value: int, bits: int) -> Shown:
    return Shown(str(value), value)


def _hexadecimal(value: int, bits: int) -> Shown:
    return Shown(f"0x{value:x}", value)


def _padded(digits: int) -> Show:
    def show(value: int, bits: int) -> Shown:
        return Shown(f"0x{value:0{digits}x}", value)

    return show


def _symbolic(names: Mapping[int, str], otherwise: Show = _decimal, *, quotes: bool = False) -> Show:
    def show(value: int, bits: int) -> Shown:
        name = names.get(value)
        if name is None:
            return otherwise(value, bits)
        return Shown(quoted(name) if quotes else name, name)

    return show


def _bitmask(names: Mapping[int, str], otherwise: Show = _hexadecimal) -> Show:
    order = sorted(names)

    def show(value: int, bits: int) -> Shown:
        found = [names[bit] for bit in order if value & bit]
        rest = value & ~sum(order)
        if not found:
            return otherwise(value, bits)
        if rest:
            return Shown(",".join([*found, f"0x{rest:x}"]), [*found, rest])
        return Shown(",".join(found), found if len(found) > 1 else found[0])

    return show


def either(flags: Shown) -> Shown:
    """Several flags as one value, `syn | ack`, where a list of them would mean any."""
    if not isinstance(flags.json, list):
        return flags
    json = flags.json[0]
    for one in flags.json[1:]:
        json = {"|": [json, one]}
    return Shown(flags.text.replace(",", " | "), json)


def _string(value: int, bits: int) -> Shown:
    data = words(value, bits)
    text = data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    return Shown(quoted(text), text)


def _hardware(value: int, bits: int) -> Shown:
    text = words(value, bits).hex(":")
    return Shown(text, text)


def _ipv4(value: int, bits: int) -> Shown:
    text = socket.inet_ntop(socket.AF_INET, value.to_bytes(4, "big"))
    return Shown(text, text)


def _ipv6(value: int, bits: int) -> Shown:
    text = socket.inet_ntop(socket.AF_INET6, value.to_bytes(16, "big"))
    return Shown(text, text)


def _boolean(value: int, bits: int) -> Shown:
    if value > 1:
        return _decimal(value, bits)
    return Shown("exists" if value else "missing", bool(value))


def duration(milliseconds: int) -> str:
    """A time as nft writes it: `1d2h3m4s5ms`, and `0s` for none.

    >>> duration(3600_000), duration(90_500)
    ('1h', '1m30s500ms')
    """
    seconds, rest = divmod(milliseconds, 1000)
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{name}")
    if rest:
        parts.append(f"{rest}ms")
    return "".join(parts) or "0s"


def _time(value: int, bits: int) -> Shown:
    return Shown(duration(value), value // 1000)


def _class_id(value: int, bits: int) -> Shown:
    text = {0: "none", 0xFFFFFFFF: "root"}.get(value) or f"{value >> 16:x}:{value & 0xFFFF:x}"
    return Shown(text, text)


def _text(show: Show) -> Show:
    """The same, as a string in JSON too."""

    def shown(value: int, bits: int) -> Shown:
        text = show(value, bits).text
        return Shown(text, text.strip('"'))

    return shown


def _label(value: int, bits: int) -> Shown:
    found = [bit for bit in range(bits) if value >> bit & 1]
    if len(found) == 1:
        return Shown(str(found[0]), found[0])
    return Shown(",".join(str(bit) for bit in found) or "0", found)


def _moment(value: int, bits: int) -> Shown:
    text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value // 10**9))
    return Shown(quoted(text), text)


def _hour(value: int, bits: int) -> Shown:
    value = (value + time.localtime().tm_gmtoff) % 86400
    hours, seconds = divmod(value, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")
    return Shown(quoted(text), text)


# --- the table -----------------------------------------------------------------------------------------------------

INTEGER = DataType("integer", 4, 0, _decimal, per_line=5)
HEX = DataType("integer", 4, 0, _hexadecimal)
HOST_INTEGER = DataType("integer", 4, 32, _decimal, big=False)
STRING = DataType("string", 5, 0, _string, big=True, kind="string")
BOOLEAN = DataType("boolean", 39, 8, _boolean, big=False)
VERDICT = DataType("verdict", 1, 0, _decimal, kind="verdict")

_ROWS = (
    VERDICT,
    DataType("nf_proto", 2, 8, _symbolic(symbols.PROTOCOL_FAMILY)),
    DataType("bitmask", 3, 0, _hexadecimal),
    INTEGER,
    STRING,
    DataType("ll_addr", 6, 0, _hardware),
    DataType("ipv4_addr", 7, 32, _ipv4, prefix=True, per_line=2),
    DataType("ipv6_addr", 8, 128, _ipv6, prefix=True),
    DataType("ether_addr", 9, 48, _hardware),
    DataType("ether_type", 10, 16, _symbolic(symbols.ETHER_TYPE, _padded(4))),
    DataType("arp_op", 11, 16, _symbolic(symbols.ARP_OPERATION), per_line=5),
    DataType("inet_proto", 12, 8, _symbolic(symbols.INET_PROTOCOL), per_line=5),
    DataType("inet_service", 13, 16, _decimal, per_line=5),
    DataType("icmp_type", 14, 8, _symbolic(symbols.ICMP_TYPE)),
    DataType("tcp_flag", 15, 8, _bitmask(symbols.TCP_FLAG), kind="bitmask", per_line=5),
    DataType("dccp_pkttype", 16, 4, _symbolic(symbols.DCCP_TYPE), per_line=5),
    DataType("mh_type", 17, 8, _symbolic(symbols.MOBILITY_TYPE)),
    DataType("time", 18, 32, _time, big=False),
    DataType("mark", 19, 32, _padded(8), big=False, prefix=True, per_line=5),
    DataType("iface_index", 20, 32, _text(_decimal), big=False, kind="interface", per_line=5),
    DataType("iface_type", 21, 16, _symbolic(symbols.INTERFACE_TYPE), big=False),
    DataType("realm", 22, 32, _text(_symbolic(symbols.REALM, quotes=True)), big=False),
    DataType("classid", 23, 32, _class_id, big=False, per_line=5),
    DataType("uid", 24, 32, _decimal, big=False, per_line=5),
    DataType("gid", 25, 32, _decimal, big=False, per_line=5),
    DataType("ct_state", 26, 32, _bitmask(symbols.CT_STATE), big=False, kind="bitmask", per_line=2),
    DataType("ct_dir", 27, 8, _symbolic(symbols.CT_DIRECTION), big=False),
    DataType("ct_status", 28, 32, _bitmask(symbols.CT_STATUS), big=False, kind="bitmask", per_line=2),
    DataType("icmpv6_type", 29, 8, _symbolic(symbols.ICMPV6_TYPE)),
    DataType("ct_label", 30, 128, _label, big=False, kind="bitmask"),
    DataType("pkt_type", 31, 8, _symbolic(symbols.PACKET_TYPE), big=False, per_line=2),
    DataType("icmp_code", 32, 8, _symbolic(symbols.ICMP_CODE)),
    DataType("icmpv6_code", 33, 8, _symbolic(symbols.ICMPV6_CODE)),
    DataType("icmpx_code", 34, 8, _symbolic(symbols.ICMPX_CODE)),
    DataType("devgroup", 35, 32, _symbolic(symbols.DEVICE_GROUP, quotes=True), big=False),
    DataType("dscp", 36, 6, _symbolic(symbols.DSCP, _padded(2))),
    DataType("ecn", 37, 2, _symbolic(symbols.ECN)),
    DataType("fib_addrtype", 38, 32, _symbolic(symbols.ADDRESS_TYPE), big=False),
    BOOLEAN,
    DataType("ct_event", 40, 32, _bitmask(symbols.CT_EVENT), big=False, kind="bitmask", per_line=5),
    DataType("ifname", 41, 128, _string, kind="string"),
    DataType("igmp_type", 42, 8, _symbolic(symbols.IGMP_TYPE)),
    DataType("time", 43, 64, _moment, big=False),
    DataType("hour", 44, 32, _hour, big=False),
    DataType("day", 45, 8, _symbolic(symbols.DAYS, quotes=True), big=False),
    DataType("cgroupsv2", 46, 64, _decimal, big=False),
)

_NAMED = (
    *("icmp_type", "icmp_code", "icmpv6_type", "icmpv6_code", "icmpx_code", "igmp_type", "mh_type", "dccp_pkttype"),
    *(
        "ct_dir",
        "pkt_type",
        "devgroup",
        "realm",
        "day",
        "arp_op",
        "iface_type",
        "nf_proto",
        "fib_addrtype",
        "inet_proto",
    ),
)
_IN_RANGES: dict[str, Show] = {
    **{name: _decimal for name in _NAMED},
    **{name: _hexadecimal for name in ("ct_state", "ct_status", "ct_event", "tcp_flag", "ecn")},
    "dscp": _padded(2),
    "ether_type": _padded(4),
    "time": lambda value, bits: Shown(f"{value // 1000}s", value // 1000),
}
_JSON_IN_RANGES = ("inet_proto", "fib_addrtype", "ct_state", "ct_status", "ct_event", "tcp_flag")


def range_end(kind: DataType, shown: Shown, value: int) -> Shown:
    """An end of a range, which nft writes as a number even where it has a word; in JSON only for some types."""
    show = _IN_RANGES.get(kind.name)
    if show is None or kind.bits == 64:
        return shown
    number = show(value, kind.bits)
    return number if kind.name in _JSON_IN_RANGES else Shown(number.text, shown.json)


def spanned(low: Shown, high: Shown) -> Shown:
    """A range of two ends."""
    return Shown(f"{low.text}-{high.text}", {"range": [low.json, high.json]})


TYPES: dict[str, DataType] = {}
"""By nft's name; "time" is the span of time, "moment" the other of that name."""
BY_NUMBER: dict[int, DataType] = {}
for _row in _ROWS:
    TYPES["moment" if _row.number == 43 else _row.name] = _row
    BY_NUMBER[_row.number] = _row

_CONCATENATION_BITS = 6


def types_of(number: int, bits: int) -> list[DataType]:
    """The types that a set's key type stands for: several where it is a concatenation."""
    found: list[DataType] = []
    while number:
        kind = BY_NUMBER.get(number & 63, INTEGER)
        found.insert(0, kind)
        number >>= _CONCATENATION_BITS
    return found or [DataType("integer", 4, bits, _decimal)]
