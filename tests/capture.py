"""What a program says to the kernel by netlink, and what the kernel answers: recorded through strace.

    python -m tests.capture ip link add v0 type veth peer name v1
    python -m tests.capture --before "ip link add v0 type veth" --before "ip link set v0 up" ip -6 route show

Strategy: the golden rows come from here, so that they can be made again. The commands run in a sandbox of their own.
strace prints every buffer in hexadecimal (`-e write=all -e read=all`); of these the netlink messages are kept. Sequence
numbers and port ids are zeroed, since they differ from run to run.
"""

from __future__ import annotations

import argparse
import re
import shlex
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rawnl.message import Message

try:
    from witness import require
except ImportError:
    from tests.witness import require

HEADER = struct.Struct("=IHHII")
NLMSG_ERROR = 2
_CALL = re.compile(r"^(?:\[pid +\d+\] )?(sendmsg|sendto|recvmsg|recvfrom)\((\d+<NETLINK:)?")
_BYTES = re.compile(r"^ \| [0-9a-f]{5,}  ((?:[0-9a-f]{2} {1,2})+)")


class Captured(NamedTuple):
    """One netlink message: `sent` by the program, or received by it."""

    sent: bool
    data: bytes


def capture(command: Sequence[str], netns: int | None = None) -> list[Captured]:
    """The netlink messages of one command, in their order. The command may fail: what it sent is still told.

    `netns` is the descriptor of the network namespace to run it in, instead of the caller's.
    """
    enter = () if netns is None else (require("nsenter"), f"--net=/proc/self/fd/{netns}")
    done = subprocess.run(
        [
            require("strace"),
            *(
                "-f",
                "-yy",
                "-s",
                "0",
                "-e",
                "trace=sendmsg,sendto,recvmsg,recvfrom",
                "-e",
                "write=all",
                "-e",
                "read=all",
            ),
            *(*enter, require(command[0]), *command[1:]),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        pass_fds=() if netns is None else (netns,),
    )
    return [message for buffer in _buffers(done.stderr) for message in _messages(buffer)]


def _buffers(trace: str) -> list[Captured]:
    """Every buffer that went through a netlink socket, from strace's hexadecimal."""
    found: list[Captured] = []
    taking = False
    for line in trace.splitlines():
        if call := _CALL.match(line):
            # A peek at the length shows no bytes of its own, or the same ones again.
            taking = call[2] is not None and "MSG_PEEK" not in line
            if taking:
                found.append(Captured(call[1].startswith("send"), b""))
        elif taking and (dump := _BYTES.match(line)):
            # Several buffers of one call are one datagram.
            found[-1] = Captured(found[-1].sent, found[-1].data + bytes.fromhex(dump[1]))
    return found


def _messages(buffer: Captured) -> list[Captured]:
    found = []
    data = buffer.data
    while len(data) >= 16:
        length, kind, flags, _, _ = HEADER.unpack_from(data)
        if not 16 <= length <= len(data):
            break
        body = bytearray(data[16:length])
        if kind == NLMSG_ERROR:
            # The header of the request comes back in it, sequence number and port id included.
            body[12:20] = bytes(8)
        found.append(Captured(buffer.sent, HEADER.pack(length, kind, flags, 0, 0) + bytes(body)))
        data = data[(length + 3) & ~3 :]
    return found


def written(message: Message) -> str:
    """The message as source text which makes it again, flags included."""
    text = repr(message)
    if not message.nlmsg_flags or "nlmsg_flags=" in text:
        return text
    return f"{text[:-1]}{'' if text.endswith('()') else ', '}nlmsg_flags={message.nlmsg_flags:#x})"


def main() -> None:
    """Record one command in a sandbox and print its rows."""
    from rawnl import sandbox
    from rawnl.decode import decode

    parser = argparse.ArgumentParser(prog="python -m tests.capture", description=__doc__.splitlines()[0])
    parser.add_argument("--before", action="append", default=[], metavar="COMMAND", help="what to run before it")
    parser.add_argument("--family", default="route", help="route or netfilter")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("which command?")
    sandbox.enter()
    for line in options.before:
        words = shlex.split(line)
        subprocess.run([require(words[0]), *words[1:]], check=False)
    for sent, data in capture(options.command):
        (message,) = decode(data, options.family)
        print(f"    (\n        {('' if sent else 'the answer to: ') + shlex.join(options.command)!r},")
        print(f"        {written(message)},\n        {data.hex()!r},\n    ),")


if __name__ == "__main__":
    sys.exit(main())
