"""The door to the C core, `rawnl._core`: the only module that imports it.

Strategy: give each C function a Python face with Python's manners (descriptors as ints, `OSError` with the
errno, signal handlers that run while we wait) and nothing more. What the bytes mean is decided further up.
The core releases the GIL round every call. Received datagrams go straight into an `Arena`, a block of memory
that is handed over whole to whoever decodes it, so that a big dump is never copied.

Sources: netlink(7), setns(2), unshare(2), mount(2), recvmmsg(2); the C side is documented in `src_c/core.h`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import IntEnum
from errno import EINTR
from itertools import starmap
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from rawnl._core import ffi as _ffi
from rawnl._core import lib as _lib
from rawnl.scan import MAX_LENGTH, Scan, check_range, fault

if TYPE_CHECKING:
    from typing_extensions import Buffer

Path: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"

# <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# <linux/mount.h>
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

# The calling thread's own namespace, where a namespace descriptor is asked for.
OWN = -1
# An arena with less than this in it is copied out and used again.
SMALL = 64 * 1024


class Status(IntEnum):
    """Why `receive` came back."""

    DONE = 0
    """The awaited message has come (or, with none awaited, something has)."""
    FULL = 1
    """The next datagram does not fit any more: take what is there and call again."""
    TIMEOUT = 3
    """The deadline has passed."""


_INTERRUPTED = 2
_STATUSES = {int(status): status for status in Status}

_new_block: Callable[..., Any] = _ffi.new_allocator(should_clear_after_alloc=False)
_new = _ffi.new
_COUNTS = _ffi.typeof("struct rn_counts *")
_OFFSETS = _ffi.typeof("int32_t[]")
_BYTES = _ffi.typeof("char[]")
_buffer = _ffi.buffer
_from_buffer = _ffi.from_buffer


def _fail(result: int, path: str | None = None) -> NoReturn:
    error = -result
    if path is None:
        raise OSError(error, os.strerror(error))
    raise OSError(error, os.strerror(error), path)


def _checked(result: int) -> int:
    if result < 0:
        _fail(result)
    return result


# --- work inside a namespace --------------------------------------------------------------------------------


def netlink_socket(protocol: int, netns: int = OWN) -> tuple[int, int]:
    """A netlink socket in a namespace: its descriptor (CLOEXEC, never blocking) and its port id.

    `protocol` is a NETLINK_* number (0 is rtnetlink), `netns` a descriptor of a namespace, or `OWN`. The
    calling thread never leaves its namespace. Extended acks, capped acks and strict checking are switched on
    where the kernel has them. The socket is connected to the kernel, so that no other process can queue
    unicast on it.

    Raises: OSError; EPERM without CAP_SYS_ADMIN over the namespace, EINVAL when `netns` is no network
    namespace.
    """
    port_id = _new("uint32_t *")
    fd = _checked(_lib.rn_netlink_open(_there(netns), protocol, port_id))
    return fd, port_id[0]


def socket_in(netns: int, domain: int, type: int, protocol: int = 0) -> int:
    """The descriptor (CLOEXEC) of any socket(2) made in a namespace. Raises: OSError."""
    return _checked(_lib.rn_socket_in(_there(netns), domain, type, protocol))


def open_in(netns: int, path: Path, flags: int) -> int:
    """open(2) done from within a namespace: a descriptor (CLOEXEC).

    This is how files below /proc/sys/net are reached, which belong to the namespace of whoever opens them. It
    does not create files.

    Raises: OSError; EINVAL with O_CREAT or O_TMPFILE.
    """
    result = _lib.rn_open_in(_there(netns), _text(path), flags)
    if result < 0:
        _fail(result, os.fsdecode(path))
    return int(result)


def netns_create() -> int:
    """The descriptor (CLOEXEC) of a new network namespace, which lasts as long as somebody holds it.

    Raises: OSError; EPERM without CAP_SYS_ADMIN, ENOSPC over user.max_net_namespaces.
    """
    kept: list[int] = []
    try:
        # Ctrl-C runs its handler on the way back from C, and a mere result would be lost with it: see _keep.
        _keep(kept, _lib.rn_netns_create)
        return _checked(kept[0])
    except BaseException:
        _close(kept)
        raise


def _there(netns: int) -> int:
    """`OWN` for a descriptor of the thread's own namespace, where neither a helper nor a privilege is needed."""
    if netns < 0:
        return OWN
    try:
        own = os.stat("/proc/thread-self/ns/net")
        return OWN if os.path.samestat(os.fstat(netns), own) else netns
    except OSError:
        return netns  # No /proc, or no descriptor: entering it will tell.


def netns_create_with(protocol: int) -> tuple[int, int, int]:
    """A new network namespace and a netlink socket in it: both descriptors (CLOEXEC) and the socket's port id.

    The same as `netns_create` and `netlink_socket`, at the price of one. Raises: OSError.
    """
    socket_fd = _new("int *", -1)
    port_id = _new("uint32_t *")
    kept: list[int] = []
    try:
        _keep(kept, _lib.rn_netns_create_with, protocol, socket_fd, port_id)
        return _checked(kept[0]), socket_fd[0], port_id[0]
    except BaseException:
        if kept and kept[0] >= 0:
            kept.append(socket_fd[0])
        _close(kept)
        raise


def _keep(kept: list[int], function: Callable[..., int], *args: Any) -> None:
    """Call `function` and put its result into `kept` in one step, between whose halves no signal handler can run."""
    kept.extend(starmap(function, (args,)))


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


# --- the calling thread or process itself -------------------------------------------------------------------


def setns(fd: int, nstype: int = CLONE_NEWNET) -> None:
    """Move the calling thread into a namespace, setns(2). Raises: OSError."""
    _checked(_lib.rn_setns(fd, nstype))


def unshare(flags: int) -> None:
    """New namespaces for the calling thread, unshare(2). Raises: OSError."""
    _checked(_lib.rn_unshare(flags))


def mount(
    source: Path | None,
    target: Path,
    fstype: str | None = None,
    flags: int = 0,
    data: str | bytes | None = None,
) -> None:
    """mount(2); None stands for a null pointer. Raises: OSError, with the target as file name."""
    result = _lib.rn_mount(_text(source), _text(target), _text(fstype), flags, _text(data))
    if result < 0:
        _fail(result, os.fsdecode(target))


def umount(target: Path, flags: int = 0) -> None:
    """umount2(2). Raises: OSError, with the target as file name."""
    result = _lib.rn_umount(_text(target), flags)
    if result < 0:
        _fail(result, os.fsdecode(target))


def parent_death_signal(signal: int) -> None:
    """Have the kernel send this signal when the parent thread ends; 0 for none. prctl(2). Raises: OSError."""
    _checked(_lib.rn_parent_death_signal(signal))


def _text(path: Path | None) -> Any:
    if path is None:
        return _ffi.NULL
    text = os.fsencode(path)
    # C would stop at the first NUL and take a different path from the one that was meant.
    if b"\0" in text:
        raise ValueError("embedded null byte")
    return text


# --- datagrams ----------------------------------------------------------------------------------------------


class Arena:
    """A block of memory that datagrams are received into, one behind the other, each 4-aligned.

    It is taken over whole once something has been received (`take`), and grows when a datagram is larger than
    all of it. Not for use by two threads at once.
    """

    __slots__ = ("_block", "_receipt", "capacity")

    capacity: int
    """Size of the block, in bytes."""

    def __init__(self, capacity: int = 1 << 20) -> None:
        if not 1 <= capacity <= MAX_LENGTH:
            raise ValueError(f"an arena holds 1 to {MAX_LENGTH} bytes, not {capacity}")
        self.capacity = capacity
        self._block: Any = None
        self._receipt = _new("struct rn_receipt *")

    @property
    def used(self) -> int:
        """How many bytes of datagrams are in it."""
        return int(self._receipt.used)

    @property
    def foreign(self) -> int:
        """How many datagrams were dropped so far because the kernel had not sent them."""
        return int(self._receipt.foreign)

    def reserve(self, capacity: int) -> None:
        """Make room for at least so many bytes in all, keeping what is there.

        Raises: ValueError over 2 GiB; MemoryError.
        """
        if capacity <= self.capacity:
            return
        if capacity > MAX_LENGTH:
            raise ValueError(f"an arena holds 1 to {MAX_LENGTH} bytes, not {capacity}")
        # In powers of two, so that growing bit by bit costs little.
        roomy = min(1 << (capacity - 1).bit_length(), MAX_LENGTH)
        if self._block is not None and self._receipt.used:
            block = _new_block(_BYTES, roomy)
            _ffi.memmove(block, self._block, self._receipt.used)
            self._block = block
        else:
            self._block = None
        self.capacity = roomy

    def take(self) -> Buffer:
        """All that was received, leaving the arena empty.

        A small amount comes as `bytes`. A large one is the memory itself, as a cffi buffer that keeps it
        alive: slices are `bytes`, `struct.unpack_from` and `memoryview` work on it. The arena then starts a
        new block.
        """
        receipt = self._receipt
        used = receipt.used
        if not used:
            return b""
        taken = _buffer(self._block, used)
        receipt.used = 0
        if used < SMALL:
            return bytes(taken[:])
        self._block = None
        return taken  # type: ignore[no-any-return]

    def clear(self) -> None:
        """Forget what was received."""
        self._receipt.used = 0


def send(fd: int, data: Buffer) -> None:
    """Send one datagram to the kernel, which works on it before this returns.

    Raises: OSError; EMSGSIZE over the socket's send buffer, ENOBUFS, EAGAIN and whatever the protocol answers
    with.
    """
    view = _from_buffer(data)
    while True:
        result = _lib.rn_send(fd, view, len(view))
        if result == 0:
            return
        # Interrupted: Python runs the signal handlers before we try again.
        if result != -EINTR:
            _fail(result)


def receive(
    fd: int,
    arena: Arena,
    stop_sequence: int,
    abort_sequence: int = 0,
    deadline: int | None = None,
    burst: bool = False,
) -> Status:
    """Receive datagrams into the arena until the awaited message has come.

    - `stop_sequence`: awaited is NLMSG_DONE or NLMSG_ERROR of this sequence number. With 0 any datagram is:
      `DONE` once the arena holds something and the socket's queue is empty.
    - `abort_sequence`: NLMSG_ERROR of this one ends it as well; 0 for none.
    - `deadline`: on the clock of `time.monotonic_ns()`, in nanoseconds; None waits for ever.
    - `burst`: for many small replies (acks, up to 64 KiB each); without it, for dumps.

    Datagrams that the kernel did not send are dropped and counted in `arena.foreign`. Signal handlers run
    while it waits, and an exception from one of them comes out here, the arena intact.

    Raises: OSError; ENOBUFS when the kernel had to drop replies, EMSGSIZE when a reply did not fit its slot.
    What came before is in the arena.
    """
    receipt = arena._receipt
    limit = -1 if deadline is None else max(deadline, 0)
    while True:
        block = arena._block
        if block is None:
            block = arena._block = _new_block(_BYTES, arena.capacity)
        status = _lib.rn_receive(fd, block, arena.capacity, stop_sequence, abort_sequence, limit, burst, receipt)
        if status < 0:
            _fail(status)
        if status == 1 and not receipt.used:
            arena.reserve(receipt.needed)
        elif status != _INTERRUPTED:
            return _STATUSES[status]


# --- the scan -----------------------------------------------------------------------------------------------


def scan(buffer: Buffer, start: int, end: int, sequence: int, header: int, width: int) -> Scan:
    """`rawnl.scan.scan`, done by the C core: same arguments, same result, same errors.

    The table is a memoryview of C ints, exactly as large as it has to be.
    """
    source = _from_buffer(buffer)
    check_range(len(source), start, end, header, width)
    counts = _new(_COUNTS)
    code = _lib.rn_count(source, start, end, sequence, counts)
    if code:
        _fault(code, counts)
    rows: int = counts.rows
    found: int = counts.controls
    table = _new_block(_OFFSETS, rows * width)
    controls = _new_block(_OFFSETS, found)
    code = _lib.rn_scan(source, start, end, sequence, header, width, table, rows, controls, found, counts)
    if code:
        _fault(code, counts)
    view = memoryview(_buffer(table)).cast("B").cast("i") if rows else memoryview(b"").cast("i")
    return Scan(view, rows, width, list(controls), counts.flags, counts.stale)


def _fault(code: int, counts: Any) -> NoReturn:
    if code < 0:
        _fail(code)
    raise fault(code, counts.offset, counts.found, counts.limit)
