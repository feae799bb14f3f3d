"""A TCP exchange between two namespaces, whose far end says whom it sees: proof of a translation, or of its absence.

Strategy: both sockets belong to this one thread, are made inside their namespaces, and never block; every wait has the
same deadline.
"""

from __future__ import annotations

import select
import socket
import time
from typing import NamedTuple

from rawnl import NetNS


class Exchange(NamedTuple):
    """What happened: the near end's own address, the address that the far end saw, and what it sent back.

    `seen` and `answer` are "" when no connection came about in time.
    """

    near: str
    seen: str
    answer: str
    seconds: float


def exchange(near: NetNS, far: NetNS, address: str, *, timeout: float = 3.0) -> Exchange:
    """Connect from `near` to `address` in `far`, send a word, and have the source that is seen there sent back."""
    started = time.monotonic()
    deadline = started + timeout
    with far.socket() as listener, near.socket() as client:
        listener.bind((address, 0))
        listener.listen()
        client.setblocking(False)
        # In progress, or refused at once; which of the two shows when the listener hears of it, or does not.
        client.connect_ex(listener.getsockname())
        own = _text(client.getsockname())
        if not _readable(listener, deadline):
            return Exchange(own, "", "", time.monotonic() - started)
        server, source = listener.accept()
        with server:
            client.sendall(b"who am I?")
            if not _readable(server, deadline) or server.recv(64) != b"who am I?":
                return Exchange(own, _text(source), "", time.monotonic() - started)
            server.sendall(f"you are {_text(source)}".encode())
            answer = client.recv(64).decode() if _readable(client, deadline) else ""
    return Exchange(own, _text(source), answer, time.monotonic() - started)


def _readable(sock: socket.socket, deadline: float) -> bool:
    return bool(select.select([sock], [], [], max(0.0, deadline - time.monotonic()))[0])


def _text(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
