"""Network namespaces: create, open, list, delete; and work inside one.

Strategy: a namespace is a descriptor. Names are files under /run/netns on which the namespace is mounted, exactly as
`ip netns` makes and reads them (ip-netns(8)), so that both see the same ones. What must happen inside a namespace is
done by the core on a thread of its own that ends with it; only `entered()` moves the caller's thread, and says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from errno import EINVAL, ELOOP, ENOENT, ENOTTY
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from rawnl import kernel
from rawnl.channel import Channel
from rawnl.errors import ConnectionClosed, EncodeError, KernelError
from rawnl.route.nsid import NamespaceId
from rawnl.rundir import RUN_DIR as RUN_DIR
from rawnl.rundir import checked_name, give_name, take_name
from rawnl.teardown import delete_all, delete_indexes, listing

if TYPE_CHECKING:
    import socket
    import subprocess

    from typing_extensions import Self

    from rawnl.ping import PingResult

_NS_GET_NSTYPE = 0xB703  # <linux/nsfs.h>, ioctl_ns(2)
_RTM_GETNSID = 90
# Without O_NONBLOCK a pipe that lies where a namespace should be would keep us waiting.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class NetNS:
    """A network namespace, held open.

    Use it in a `with` block, or `close()` it. Leaving a `with` block also deletes what `create()` made, with the links
    in it. Two objects are equal when they are the same namespace.

    Attributes: `name`, its name under /run/netns or None; `created`, whether `create()` made it.
    """

    __slots__ = ("__weakref__", "_fd", "created", "name")

    def __init__(self, fd: int, *, name: str | None = None, created: bool = False) -> None:
        self._fd = fd
        self.name = name
        self.created = created

    def fileno(self) -> int:
        """The descriptor. Raises ConnectionClosed after `close()`."""
        if self._fd < 0:
            raise ConnectionClosed(f"{self!r} is closed; open it again with rawnl.netns.open()")
        return self._fd

    @property
    def inode(self) -> int:
        """The number by which the system tells namespaces apart (lsns(8), the first column)."""
        return os.fstat(self.fileno()).st_ino

    @property
    def path(self) -> str:
        """A path that opens this namespace, as long as this object is open."""
        return f"{RUN_DIR}/{self.name}" if self.name else f"/proc/{os.getpid()}/fd/{self.fileno()}"

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._fd < 0

    def close(self) -> None:
        """Let go of the namespace. One without a name and without processes ceases to be. Closing twice is no error."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def duplicate(self) -> NetNS:
        """Another object for the same namespace, to be closed on its own."""
        return NetNS(fcntl.fcntl(self.fileno(), fcntl.F_DUPFD_CLOEXEC, 3), name=self.name)

    def delete(self, *, wait: bool = False) -> None:
        """Take the name away and close: the namespace ends when nothing else holds it.

        With `wait` the links in it are deleted first, so that their far ends and names are gone, for sure, on return;
        without it the kernel gets to that in its own time.

        Raises NotFound when the name is gone already or stands for another namespace by now, which is left alone, and
        EncodeError for a namespace without a name that was not made here: there is nothing to take away.
        """
        self.fileno()
        if self.name is None and not self.created:
            raise EncodeError(f"{self!r} has no name that could be taken away; close() lets go of it")
        try:
            if wait:
                _delete_links(self)
        finally:
            name, self.name, self.created = self.name, None, False
            try:
                if name is not None:
                    take_name(name, self.fileno())
            finally:
                self.close()

    def run(self, args: Sequence[str] | str, **options: Any) -> subprocess.CompletedProcess[Any]:
        """`subprocess.run` inside the namespace, as `ip netns exec NAME …` does; same arguments, same result."""
        from rawnl.program import run

        return run(self, args, **options)

    def popen(self, args: Sequence[str] | str, **options: Any) -> subprocess.Popen[Any]:
        """`subprocess.Popen` inside the namespace; see `run`."""
        from rawnl.program import popen

        return popen(self, args, **options)

    def socket(self, family: int = 2, type: int = 1, protocol: int = 0) -> socket.socket:
        """A Python socket that lives in the namespace (AF_INET and SOCK_STREAM unless told otherwise)."""
        from socket import socket

        try:
            return socket(fileno=kernel.socket_in(self.fileno(), family, type, protocol))
        except OSError as error:
            raise KernelError.of(error.errno or 0, request=f"open a socket in {self!r}") from None

    def ping(
        self,
        address: str,
        *,
        count: int = 1,
        interval: float = 0.2,
        timeout: float = 2.0,
        size: int = 56,
    ) -> PingResult:
        """Send ICMP echo requests from inside the namespace. Times are in seconds, `size` in bytes.

        >>> red.ping("192.168.100.3").received                              # doctest: +SKIP
        1
        """
        from rawnl.ping import ping

        return ping(self.fileno(), address, count=count, interval=interval, timeout=timeout, size=size)

    @contextlib.contextmanager
    def entered(self) -> Iterator[NetNS]:
        """Move the calling thread into the namespace, and back on leaving. Other threads stay where they are.

        Threads started inside inherit it. Should the way back fail, the thread ends (SystemExit): nothing may go on
        working in the wrong namespace unnoticed.
        """
        fd = self.fileno()
        with current() as before:
            try:
                kernel.setns(fd)
            except OSError as error:
                raise _error(error, f"enter {self!r}") from None
            try:
                yield self
            finally:
                try:
                    kernel.setns(before.fileno())
                except OSError as error:
                    raise SystemExit(f"rawnl: this thread cannot come back from {self!r}: {error}") from error

    def __enter__(self) -> Self:
        self.fileno()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd < 0:
            return
        if not self.created:
            self.close()
            return
        try:
            self.delete(wait=True)
        except FileNotFoundError:
            # Someone took the name away inside the block: that is what leaving it is for.
            self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            self.close()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NetNS):
            return NotImplemented
        if self._fd < 0 or other._fd < 0:
            return self is other
        return os.path.samestat(os.fstat(self._fd), os.fstat(other._fd))

    def __hash__(self) -> int:
        return hash(self.inode)

    def __repr__(self) -> str:
        if self._fd < 0:
            return f"<NetNS {self.name or 'unnamed'}, closed>"
        return f"<NetNS {self.name or 'unnamed'} {self.inode}>"


NetNSLike: TypeAlias = "NetNS | str | int"


class NamedNetNS(NamedTuple):
    """A line of `ip netns list`: a name, and the id by which the caller's namespace knows it (None: it has none)."""

    name: str
    nsid: int | None

    def __str__(self) -> str:
        return self.name if self.nsid is None else f"{self.name} (id: {self.nsid})"


Listing: TypeAlias = "list[NamedNetNS]"


def create(name: str | None = None) -> NetNS:
    """A new network namespace: named, as `ip netns add NAME` makes it, or without a name.

    Raises EncodeError for a name that cannot be, AlreadyExists when it is taken, NotPermitted without CAP_SYS_ADMIN.
    Whatever fails, nothing half-made stays behind.

    >>> with rawnl.netns.create("red") as red:                               # doctest: +SKIP
    ...     red.run(["ip", "link"])
    """
    if name is not None:
        checked_name(name)
    what = f"create namespace {name!r}" if name else "create a namespace"
    try:
        fd = kernel.netns_create()
    except OSError as error:
        raise _error(error, what) from None
    try:
        if name is not None:
            give_name(fd, name)
    except BaseException as error:
        os.close(fd)
        if isinstance(error, OSError) and not isinstance(error, KernelError):
            raise _error(error, what) from None
        raise
    return NetNS(fd, name=name, created=True)


def open(
    name: str | None = None,
    *,
    pid: int | None = None,
    path: str | os.PathLike[str] | None = None,
    fd: int | None = None,
) -> NetNS:
    """A namespace that exists: by name under /run/netns, of a process, by path, or by an open descriptor.

    The result is held open on its own: `fd` is duplicated, a process may end. Raises NotFound, and EncodeError for a
    name or number that cannot be. What is no network namespace is a KernelError (EINVAL).
    """
    given = [
        (key, value) for key, value in (("name", name), ("pid", pid), ("path", path), ("fd", fd)) if value is not None
    ]
    if len(given) != 1:
        raise TypeError("netns.open() takes exactly one of a name, pid=, path=, fd=")
    what = f"open the namespace of {given[0][0]} {given[0][1]!r}"
    try:
        if name is not None:
            checked_name(name)
            opened = os.open(f"{RUN_DIR}/{name}", _OPEN | os.O_NOFOLLOW)
        elif pid is not None:
            opened = _of_process(_checked_number(pid, "pid"))
        elif path is not None:
            opened = os.open(path, _OPEN)
        else:
            opened = fcntl.fcntl(_checked_number(fd, "fd"), fcntl.F_DUPFD_CLOEXEC, 3)
    except EncodeError:
        raise
    except ValueError as error:
        # A NUL byte, or characters that no path can hold.
        raise EncodeError(f"{path!r} is no path: {error}", attribute="path") from None
    except OSError as error:
        if name is not None and error.errno == ENOENT:
            raise KernelError.of(ENOENT, request=what, message=f"There is no {RUN_DIR}/{name}") from None
        raise _error(error, what) from None
    if _type_of(opened) != kernel.CLONE_NEWNET:
        os.close(opened)
        leftover = f"; {RUN_DIR}/{name} is a leftover that rawnl.netns.delete({name!r}) cleans up" if name else ""
        raise KernelError.of(EINVAL, request=what, message=f"It is not a network namespace{leftover}")
    return NetNS(opened, name=name)


def current() -> NetNS:
    """The calling thread's own namespace."""
    return NetNS(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))


def adopt(netns: NetNSLike | None) -> NetNS:
    """A namespace of one's own to close, from what people have at hand: a NetNS, a name, a descriptor, None (here)."""
    if netns is None:
        return current()
    if isinstance(netns, NetNS):
        return netns.duplicate()
    return open(netns) if isinstance(netns, str) else open(fd=netns)


def list() -> Listing:
    """Every named namespace with its id, as `ip netns list` prints them, by name.

    The id is the one by which the calling thread's namespace knows it. Plain files that an interrupted creation left
    behind are listed too, without an id; `delete` cleans them.
    """
    try:
        names = sorted(os.listdir(RUN_DIR))
    except FileNotFoundError:
        return []
    channel = Channel(0, kernel.OWN)
    try:
        return [NamedNetNS(name, _nsid(channel, name)) for name in names]
    finally:
        channel.close()


def delete(name: str, *, wait: bool = False) -> None:
    """Delete a named namespace, as `ip netns delete`; with `wait`, its links are gone for sure on return.

    Raises NotFound when there is none, and removes a leftover file of that name too.
    """
    checked_name(name)
    try:
        netns = open(name)
    except KernelError as error:
        # A leftover, or a symbolic link: what stands there under the name is taken away, and nothing else.
        if error.errno not in (EINVAL, ELOOP):
            raise
        take_name(name)
        return
    netns.delete(wait=wait)


def delete_many(names: Iterable[str], *, wait: bool = True) -> None:
    """Delete many named namespaces. With `wait` all links in them, and their far ends, are gone for sure on return.

    The far ends in the caller's own namespace are deleted first, all at the price of one, which takes the near ends
    with them; only namespaces that still hold links then are emptied one by one. Raises NotFound for a name that is not
    there; the others are deleted all the same.
    """
    names = [*names]
    for name in names:
        checked_name(name)
    if wait:
        _empty(names)
    missing: KernelError | None = None
    for name in names:
        try:
            take_name(name)
        except FileNotFoundError as error:
            missing = error if isinstance(error, KernelError) else missing
    if missing is not None:
        raise missing


def _empty(names: Sequence[str]) -> None:
    channel = Channel(0, kernel.OWN)
    opened = []
    try:
        for name in names:
            try:
                opened.append(open(name))
            except KernelError:
                continue  # A leftover file or nothing at all: deletion will tell.
        ids = {nsid for netns in opened if (nsid := nsid_of(channel, netns)) is not None}
        links = listing(channel)
        far = [link.index or 0 for link in links if link.link_netnsid in ids and link.kind == "veth"]
        delete_indexes(channel, far, links)
        for netns in opened:
            inside = Channel(0, netns.fileno())
            try:
                delete_all(inside)
            finally:
                inside.close()
    finally:
        channel.close()
        for netns in opened:
            netns.close()


def nsid_of(channel: Channel, netns: NetNS) -> int | None:
    """The id by which the channel's namespace knows `netns`; None where it has none."""
    found = channel.request(NamespaceId(fd=netns), _RTM_GETNSID, 0, NamespaceId, what=f"look up the id of {netns!r}")
    nsid = found[0].nsid if found else None
    return None if nsid is None or nsid < 0 else nsid


# --- what one is given, and what it turns out to be


def _checked_number(number: int | None, which: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{which} is an int, not {type(number).__name__}")
    if not 0 <= number < 1 << 31:
        raise EncodeError(f"{number} is out of range; it is 0 to 2147483647", attribute=which)
    return number


def _error(error: OSError, what: str) -> KernelError:
    hint = ""
    if error.errno == 1:
        hint = "this needs CAP_SYS_ADMIN: run as root, or in namespaces of your own (unshare -Urnm, rawnl.sandbox)"
    return KernelError.of(error.errno or 0, request=what, hint=hint)


def _type_of(fd: int) -> int | None:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return None  # Devices have ioctls of their own, which this must not become.
    try:
        return fcntl.ioctl(fd, _NS_GET_NSTYPE)
    except OSError as error:
        if error.errno in (ENOTTY, EINVAL):
            return None
        raise


def _of_process(pid: int) -> int:
    from signal import pidfd_send_signal

    # The pidfd proves at the end that the number still means the process that it meant at the start.
    pidfd = os.pidfd_open(pid)
    try:
        fd = os.open(f"/proc/{pid}/ns/net", _OPEN)
        try:
            pidfd_send_signal(pidfd, 0)
        except PermissionError:
            pass  # It is there, and not ours to signal.
        except OSError:
            os.close(fd)
            raise
        return fd
    finally:
        os.close(pidfd)


def _nsid(channel: Channel, name: str) -> int | None:
    try:
        with open(name) as netns:
            return nsid_of(channel, netns)
    except KernelError:
        # Deleted meanwhile, or a leftover: listed as it was found, without an id.
        return None


def _delete_links(netns: NetNS) -> None:
    channel = Channel(0, netns.fileno())
    try:
        delete_all(channel)
    finally:
        channel.close()
