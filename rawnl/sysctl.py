"""The settings of a namespace under net.*, as `sysctl` reads and writes them (sysctl(8), /proc/sys/net).

Strategy: those files belong to the namespace of whoever opens them, so the core opens them on a thread inside; reading
and writing the descriptor then works from anywhere.
"""

from __future__ import annotations

import os
from errno import ENOENT

from rawnl import kernel
from rawnl.errors import EncodeError, KernelError
from rawnl.netns import NetNS

_SWAPPED = str.maketrans("./", "/.")


class Sysctl:
    """The net.* settings of one namespace: `get`, `set`."""

    def __init__(self, netns: NetNS) -> None:
        self._netns = netns

    def get(self, key: str) -> str:
        """The value of `key`, such as "net.ipv4.ip_forward", without its line end.

        A name with a dot of its own is written as sysctl(8) has it, "net.ipv4.conf.eth0/100.forwarding", or with `/`
        as the separator: "net/ipv4/conf/eth0.100/forwarding".
        Raises NotFound for a setting that this kernel does not have.
        """
        fd = self._open(key, os.O_RDONLY)
        try:
            parts = []
            while part := os.read(fd, 65536):
                parts.append(part)
            return b"".join(parts).decode("utf-8", "replace").rstrip("\n")
        except OSError as error:
            raise _error(error, f"read {key}") from None
        finally:
            os.close(fd)

    def set(self, key: str, value: str | int | bool) -> None:
        """Write `value` to `key`. Raises KernelError: NotFound, NotPermitted, EINVAL for a value it does not take."""
        text = str(int(value)) if isinstance(value, (bool, int)) else value
        if not isinstance(text, str):
            raise EncodeError(f"{value!r} is neither str nor int", attribute=str(key))
        try:
            data = text.encode("utf-8", "surrogateescape") + b"\n"
        except UnicodeEncodeError:
            raise EncodeError(f"{value!r} has characters that cannot be written", attribute=key) from None
        if b"\0" in data:
            raise EncodeError(f"{value!r} has a NUL byte", attribute=key)
        fd = self._open(key, os.O_WRONLY)
        try:
            os.write(fd, data)
        except OSError as error:
            raise _error(error, f"write {text!r} to {key}") from None
        finally:
            os.close(fd)

    def _open(self, key: str, flags: int) -> int:
        if not isinstance(key, str):
            raise TypeError(f"a setting is named by a str, not by {type(key).__name__}")
        # The first separator says which of the two separates; the other one is part of a name.
        dot, slash = key.find("."), key.find("/")
        path = key.translate(_SWAPPED) if dot >= 0 and (slash < 0 or dot < slash) else key
        parts = path.split("/")
        if parts[0] != "net" or len(parts) < 2 or "\0" in path or any(part in ("", ".", "..") for part in parts):
            raise EncodeError(
                f"{key!r} is no setting of a network namespace; those begin with 'net.', as in net.ipv4.ip_forward"
            )
        try:
            return kernel.open_in(self._netns.fileno(), "/proc/sys/" + path, flags | os.O_NOFOLLOW)
        except UnicodeEncodeError:
            raise EncodeError(f"{key!r} has characters that no path can hold") from None
        except OSError as error:
            raise _error(error, f"open {key}") from None


def _error(error: OSError, what: str) -> KernelError:
    message = "This kernel has no such setting" if error.errno == ENOENT else ""
    return KernelError.of(error.errno or 0, request=what, message=message)
