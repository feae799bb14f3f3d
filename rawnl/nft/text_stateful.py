"""Text of what keeps count: counters, limits, quotas; alone, in the elements of sets, and as named objects.

Source: nft(8), "Counter statement", "Limit statement", "Quota statement", "Connection tracking statement".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rawnl.nft.expr_action import Connlimit, Counter, Inverted, Last, Limit, LimitType, Quota, QuotaFlags
from rawnl.nft.text_machine import Outside, Style
from rawnl.nft.text_types import Shown, duration

_SIZES = ("bytes", "kbytes", "mbytes")
_UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}
DEFAULT_BURST = 5


def amount(count: int) -> tuple[int, str]:
    """A number of bytes in the largest unit that leaves nothing over.

    >>> amount(10485760), amount(1500)
    ((10, 'mbytes'), (1500, 'bytes'))
    """
    step = 0
    while count and count % 1024 == 0 and step < len(_SIZES) - 1:
        count //= 1024
        step += 1
    return count, _SIZES[step]


def counter(counted: Counter, style: Style) -> Shown:
    """`counter packets 5 bytes 600`."""
    if style.stateless:
        return Shown("counter", {"counter": None})
    packets, size = counted.packets or 0, counted.bytes or 0
    return Shown(f"counter packets {packets} bytes {size}", {"counter": {"packets": packets, "bytes": size}})


def limit(limited: Limit, style: Style) -> Shown:
    """`limit rate over 10 mbytes/second burst 5 kbytes`."""
    rate, burst = limited.rate or 0, limited.burst or 0
    unit = _UNITS.get(limited.unit or 0)
    if unit is None:
        raise Outside("a limit over an odd span of time")
    inverted = bool(int(limited.flags or 0) & Inverted.INV)
    json: dict[str, Any] = {"rate": rate, "burst": burst, "per": unit}
    over = "over " if inverted else ""
    if inverted:
        json["inv"] = True
    if limited.type == LimitType.PKT_BYTES:
        rate, rate_unit = amount(rate)
        shown_burst, burst_unit = amount(burst)
        json |= {"rate": rate, "rate_unit": rate_unit}
        text = f"limit rate {over}{rate} {rate_unit}/{unit}"
        json |= {"burst": shown_burst, "burst_unit": burst_unit}
        if burst:
            text += f" burst {shown_burst} {burst_unit}"
    else:
        text = f"limit rate {over}{rate}/{unit}"
        if burst and burst != DEFAULT_BURST:
            text += f" burst {burst} packets"
    return Shown(text, {"limit": json})


def quota(counted: Quota, style: Style) -> Shown:
    """`quota over 10 mbytes used 5 kbytes`."""
    value, unit = amount(counted.bytes or 0)
    inverted = bool(int(counted.flags or 0) & QuotaFlags.INV)
    json: dict[str, Any] = {"val": value, "val_unit": unit}
    text = f"quota {'over ' if inverted else ''}{value} {unit}"
    if inverted:
        json["inv"] = True
    if counted.consumed and not style.stateless:
        used, used_unit = amount(counted.consumed)
        text += f" used {used} {used_unit}"
        json |= {"used": used, "used_unit": used_unit}
    return Shown(text, {"quota": json})


def connlimit(limited: Connlimit, style: Style) -> Shown:
    """`ct count over 5`."""
    inverted = bool(int(limited.flags or 0) & Inverted.INV)
    json: dict[str, Any] = {"val": limited.count or 0}
    if inverted:
        json["inv"] = True
    return Shown(f"ct count {'over ' if inverted else ''}{limited.count or 0}", {"ct count": json})


def last(seen: Last, style: Style) -> Shown:
    """`last used 5s`, or `last used never`."""
    if style.stateless:
        return Shown("last", {"last": None})
    if not seen.set:
        return Shown("last used never", {"last": None})
    return Shown(f"last used {duration(seen.msecs or 0)}", {"last": {"used": seen.msecs or 0}})


STATEFUL: dict[type, Callable[[Any, Style], Shown]] = {
    Counter: counter,
    Limit: limit,
    Quota: quota,
    Connlimit: connlimit,
    Last: last,
}


def stateful(expression: Any, style: Style) -> Shown:
    """An expression that keeps count. Raises Outside for any other."""
    writer = STATEFUL.get(type(expression))
    if writer is None:
        raise Outside(f"{type(expression).__name__} keeps no count")
    return writer(expression, style)
