"""Whether two contenders send the same messages in the same datagrams.

Strategy: both write down what they send; sequence numbers are not compared, nor are what must differ: descriptors of
namespaces, the number of a group that nobody uses, and questions that rawnl asks before it changes anything.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Sequence

from benchmarks.harness import Failure

IFLA_GROUP, IFLA_NET_NS_FD = 27, 28
RTM_GETLINK, RTM_GETADDR = 18, 22
_ANY = {struct.pack("=HH", 8, IFLA_GROUP), struct.pack("=HH", 8, IFLA_NET_NS_FD)}


def compare(first: Callable[[str], object], second: Callable[[str], object], *, questions: bool = False) -> None:
    """Each is called with the name of the file that it is to write to. Raises Failure when they differ.

    `questions`: whether listings are what is compared, too.
    """
    left, right = _sent(first, questions), _sent(second, questions)
    if left == right:
        return
    for number, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            raise Failure(f"datagram {number} differs:\n{_hex(one)}\n  and\n{_hex(other)}")
    raise Failure(f"{len(left)} datagrams were sent by one, {len(right)} by the other")


def _sent(work: Callable[[str], object], questions: bool) -> list[list[bytes]]:
    with tempfile.NamedTemporaryFile() as file:
        work(file.name)
        data = file.read()
    datagrams = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        datagram = [_masked(message) for message in _messages(data[at + 4 : at + 4 + length])]
        if questions or int.from_bytes(datagram[0][4:6], "little") not in (RTM_GETLINK, RTM_GETADDR):
            datagrams.append(datagram)
        at += 4 + length
    return datagrams


def _messages(datagram: bytes) -> list[bytes]:
    found = []
    at = 0
    while at < len(datagram):
        length = int.from_bytes(datagram[at : at + 4], "little")
        found.append(datagram[at : at + length])
        at += length + 3 & ~3
    return found


def _masked(message: bytes) -> bytes:
    words = [message[at : at + 4] for at in range(0, len(message), 4)]
    words[2] = bytes(4)
    for at in range(4, len(words) - 1):
        if words[at] in _ANY:
            words[at + 1] = bytes(4)
    return b"".join(words)


def _hex(messages: Sequence[bytes]) -> str:
    return "\n".join(message.hex(" ", 4) for message in messages[:3])
