"""ICMP and ICMPv6 echo from inside a namespace.

Strategy: the unprivileged kind of socket (SOCK_DGRAM, icmp(7)) where net.ipv4.ping_group_range lets us, a raw one
otherwise. The kernel chooses the identifier of the first kind; with the second we choose one and look for it.

    +------+------+----------+------------+----------+----------
    | type | code | checksum | identifier | sequence | payload …      RFC 792, RFC 4443
    +------+------+----------+------------+----------+----------
"""

from __future__ import annotations

import ipaddress
import os
import select
import socket
import struct
import time
from errno import EACCES, EPERM
from typing import NamedTuple

from rawnl import kernel
from rawnl.errors import EncodeError, KernelError

_HEADER = struct.Struct("!BBHHH")
_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_NO_ENTRY = "entering a namespace needs CAP_SYS_ADMIN over it"
_NO_SOCKET = "needs CAP_NET_RAW, or a group in net.ipv4.ping_group_range"


class PingResult(NamedTuple):
    """What came of it. `times` are the round trips in seconds, one for each answer, in the order of their requests."""

    address: str
    sent: int
    received: int
    times: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The share of requests without an answer, 0.0 to 1.0."""
        return 1 - self.received / self.sent if self.sent else 0.0

    @property
    def minimum(self) -> float | None:
        """The shortest round trip in seconds; None without an answer."""
        return min(self.times, default=None)

    @property
    def average(self) -> float | None:
        """The mean round trip in seconds; None without an answer."""
        return sum(self.times) / len(self.times) if self.times else None

    @property
    def maximum(self) -> float | None:
        """The longest round trip in seconds; None without an answer."""
        return max(self.times, default=None)

    def __str__(self) -> str:
        text = f"{self.address}: {self.sent} sent, {self.received} received"
        if self.times:
            low, mean, high = min(self.times) * 1e3, sum(self.times) / len(self.times) * 1e3, max(self.times) * 1e3
            text += f", round trip {low:.3f}/{mean:.3f}/{high:.3f} ms (min/avg/max)"
        return text


def ping(
    netns: int, address: str, *, count: int = 1, interval: float = 0.2, timeout: float = 2.0, size: int = 56
) -> PingResult:
    """Send `count` echo requests from namespace `netns` (a descriptor, or -1 for the caller's own).

    `interval` and `timeout` are in seconds, `size` is the payload in bytes (0 to 65,507). An IPv6 link-local address
    takes its link as a scope: `fe80::1%eth0`. An unanswered request is no error; one that cannot be sent, for want of a
    route, is a KernelError (ENETUNREACH).

    A link that has just come up may still drop its first packet, before the kernel has attended to the carrier. If that
    was a question for a neighbour, it is asked again after a second: which `timeout` should exceed.
    """
    for name, value, low, high in (
        ("count", count, 1, float("inf")),
        ("size", size, 0, 65507),
        ("interval", interval, 0, 86400),
        ("timeout", timeout, 0, 86400),
    ):
        if not low <= value <= high:
            raise EncodeError(f"{value} is out of range, {low} to {high}", attribute=name)
    family, where = _destination(netns, address)
    with _open(netns, family, address) as sock:
        raw = sock.type == socket.SOCK_RAW
        identifier = int.from_bytes(os.urandom(2), "big")
        payload = bytes(i & 0xFF for i in range(size))
        times = []
        for sequence in range(1, count + 1):
            sent_at = time.monotonic()
            try:
                sock.sendto(_request(family, identifier, sequence, payload), where)
            except OSError as error:
                raise KernelError.of(error.errno or 0, request=f"ping {address}") from None
            elapsed = _await(sock, family, identifier if raw else None, sequence, sent_at, timeout)
            if elapsed is not None:
                times.append(elapsed)
            rest = sent_at + interval - time.monotonic()
            if sequence < count and rest > 0:
                time.sleep(rest)
    return PingResult(address, count, len(times), tuple(times))


def _destination(netns: int, address: str) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    text, percent, scope = str(address).partition("%")
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        raise EncodeError(f"{address!r} is no IP address") from None
    if parsed.version == 4:
        if percent:
            raise EncodeError(f"{address!r}: an IPv4 address takes no scope")
        return socket.AF_INET, (text, 0)
    if not percent:
        if parsed.is_link_local:
            raise EncodeError(f"{address!r} is there on every link; say on which one, as in '{text}%eth0'")
        return socket.AF_INET6, (text, 0, 0, 0)
    if not scope.isdecimal():
        return socket.AF_INET6, (text, 0, 0, _index_in(netns, scope))
    if not 0 < int(scope) < 1 << 31:
        raise EncodeError(f"{address!r}: {scope} is no index of a link; those are 1 to 2147483647")
    return socket.AF_INET6, (text, 0, 0, int(scope))


def _index_in(netns: int, name: str) -> int:
    """A link is known by its name in its own namespace only, so it is looked up there."""
    from rawnl.interface import index_of

    try:
        fd = kernel.socket_in(netns, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        raise KernelError.of(error.errno or 0, request=f"look up link {name!r}") from None
    try:
        return index_of(fd, name)
    finally:
        os.close(fd)


def _open(netns: int, family: socket.AddressFamily, address: str) -> socket.socket:
    entered = False
    try:
        try:
            fd = kernel.socket_in(netns, family, socket.SOCK_DGRAM, _PROTOCOL[family])
        except OSError as error:
            # EACCES: no group of ours may have one. EPERM is already said at the door of the namespace.
            if error.errno != EACCES:
                raise
            entered = True
            fd = kernel.socket_in(netns, family, socket.SOCK_RAW, _PROTOCOL[family])
    except OSError as error:
        raise KernelError.of(
            error.errno or 0,
            request=f"ping {address}",
            hint="" if error.errno not in (EACCES, EPERM) else _NO_SOCKET if entered else _NO_ENTRY,
        ) from None
    return socket.socket(fileno=fd)


def _request(family: socket.AddressFamily, identifier: int, sequence: int, payload: bytes) -> bytes:
    kind = _REQUEST[family]
    packet = _HEADER.pack(kind, 0, 0, identifier, sequence & 0xFFFF) + payload
    if family == socket.AF_INET6:
        return packet  # The kernel puts the checksum, which takes in addresses that it alone knows.
    return _HEADER.pack(kind, 0, _checksum(packet), identifier, sequence & 0xFFFF) + payload


def _checksum(packet: bytes) -> int:
    """RFC 1071."""
    data = packet + b"\0" * (len(packet) & 1)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def _await(
    sock: socket.socket,
    family: socket.AddressFamily,
    identifier: int | None,
    sequence: int,
    sent_at: float,
    timeout: float,
) -> float | None:
    """The seconds until the answer; None when there is none in time. Other packets are passed over."""
    # Not select(), which cannot wait for a descriptor over 1023.
    arrival = select.poll()
    arrival.register(sock, select.POLLIN)
    while True:
        rest = sent_at + timeout - time.monotonic()
        if rest <= 0 or not arrival.poll(rest * 1e3):
            return None
        try:
            packet = sock.recv(65535)
        except OSError:
            # An ICMP error for one of our requests: that one has no answer, others may still have.
            continue
        arrived = time.monotonic()
        start = (packet[0] & 15) * 4 if identifier is not None and family == socket.AF_INET and packet else 0
        if len(packet) < start + 8:
            continue
        kind, _, _, found, number = _HEADER.unpack_from(packet, start)
        if kind == _REPLY[family] and number == sequence & 0xFFFF and identifier in (None, found):
            return arrived - sent_at
