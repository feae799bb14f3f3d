"""The ways of /run/netns, where namespaces have their names (ip-netns(8)).

Strategy: what `ip netns` does, so that both see the same ones, but by descriptors where it goes by paths: what was
checked is what is used, whoever else is at work there.

    /run/netns            a mount of its own, shared, so that other mount namespaces see what is added
    /run/netns/NAME       an empty file, with the namespace (nsfs) mounted on it
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from errno import EINVAL, ENOENT
from functools import partial

from rawnl import kernel
from rawnl.errors import EncodeError, KernelError

RUN_DIR = "/run/netns"


def checked_name(name: str) -> None:
    """Raise EncodeError for what cannot be a namespace's name."""
    if not isinstance(name, str):
        raise TypeError(f"a namespace's name is a str, not {type(name).__name__}")
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise EncodeError(f"{name!r} is no name for a namespace: not empty, no '/', not '.' or '..', no NUL byte")
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        raise EncodeError(f"{name!r} is no name for a namespace: it has characters that no file can have") from None
    if length > 255:
        raise EncodeError(f"a namespace's name has at most 255 bytes, not {length}")


def give_name(fd: int, name: str) -> None:
    """Mount the namespace `fd` under /run/netns. Raises OSError; nothing half-made stays behind."""
    directory = _run_directory()
    made: list[int] = []
    flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        # In one step with keeping its descriptor, so that Ctrl-C cannot come in between.
        made.extend(map(partial(os.open, dir_fd=directory), (name,), (flags,), (0o444,)))
        # By descriptor on both sides: no path is resolved again, so none can be swapped in between.
        kernel.mount(f"/proc/self/fd/{fd}", f"/proc/self/fd/{made[0]}", "none", kernel.MS_BIND)
    except BaseException:
        if made:
            # Ctrl-C may come when it is mounted already.
            with contextlib.suppress(OSError):
                kernel.umount(f"{RUN_DIR}/{name}", kernel.MNT_DETACH | kernel.UMOUNT_NOFOLLOW)
            os.unlink(name, dir_fd=directory)
        raise
    finally:
        for descriptor in (*made, directory):
            os.close(descriptor)


def _run_directory() -> int:
    """/run/netns as a shared mount of its own, made if need be; a descriptor of it.

    Under a lock, which `ip netns` takes too: two that bind the directory on itself at once would pile up mounts.
    """
    os.makedirs(RUN_DIR, mode=0o755, exist_ok=True)
    lock = os.open(RUN_DIR, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            kernel.mount("", RUN_DIR, "none", kernel.MS_SHARED | kernel.MS_REC)
        except OSError as error:
            if error.errno != EINVAL:
                raise
            # It is no mount point yet.
            kernel.mount(RUN_DIR, RUN_DIR, "none", kernel.MS_BIND | kernel.MS_REC)
            kernel.mount("", RUN_DIR, "none", kernel.MS_SHARED | kernel.MS_REC)
    finally:
        os.close(lock)
    # Opened again: the descriptor from before the mount would lead below it.
    return os.open(RUN_DIR, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def take_name(name: str, netns: int | None = None) -> None:
    """Take a name away; with the descriptor `netns` only as long as it stands for that one.

    Raises KernelError: NotFound when there is none, NotPermitted.
    """
    path = f"{RUN_DIR}/{name}"
    what = f"delete namespace {name!r}"
    try:
        if netns is not None and not os.path.samestat(os.lstat(path), os.fstat(netns)):
            raise KernelError.of(ENOENT, request=what, message="The name stands for another namespace by now")
        try:
            kernel.umount(path, kernel.MNT_DETACH | kernel.UMOUNT_NOFOLLOW)
        except OSError as error:
            # Not mounted: the leftover of a creation that was cut short, or a namespace mounted elsewhere.
            if error.errno != EINVAL:
                raise
        os.unlink(path)
    except OSError as error:
        if isinstance(error, KernelError):
            raise
        message = "There is no such namespace" if error.errno == ENOENT else ""
        raise KernelError.of(error.errno or 0, request=what, message=message) from None
