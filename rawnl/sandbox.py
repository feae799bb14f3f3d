"""A place where nothing can be broken: fresh network and mount namespaces, with their own /run/netns and /sys.

Strategy: a child process unshares, as root or, through a user namespace, without any privilege (the same as
`unshare -Urnm`), and everything in it ends with its last process. The machine's own namespace is never touched.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

from rawnl import kernel
from rawnl.errors import KernelError


def enter(*, user: bool | None = None) -> None:
    """Move this process, which must have one thread only, into a sandbox. There is no way back.

    `user`: whether to make a user namespace too, in which the caller is root. By default only where it is needed,
    which is without CAP_SYS_ADMIN. Raises KernelError where the system does not allow it.
    """
    if threading.active_count() > 1:
        raise RuntimeError("a sandbox can only be entered while the process has a single thread")
    uid, gid = os.geteuid(), os.getegid()
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET
    try:
        if user is None:
            user = not _try_unshare(flags)
            done = not user
        else:
            done = False
        if not done:
            kernel.unshare(flags | (kernel.CLONE_NEWUSER if user else 0))
        if user:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"0 {uid} 1")
            _write("/proc/self/gid_map", f"0 {gid} 1")
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.mount("tmpfs", "/run", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755")
    except OSError as error:
        raise KernelError.of(
            error.errno or 0,
            request="make a sandbox",
            hint="without root this takes user namespaces: sysctl kernel.unprivileged_userns_clone=1 or "
            "kernel.apparmor_restrict_unprivileged_userns=0, and user.max_user_namespaces above 0",
        ) from None
    try:
        kernel.mount("sysfs", "/sys", "sysfs", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except PermissionError:
        # In a container that hides parts of /sys; only programs that read it see the difference.
        pass


def run(function: Callable[[], int], *, user: bool | None = None) -> int:
    """Run `function` in a sandbox of its own, in a child process; its result becomes this one's: an exit status.

    The child dies with its parent, and with it the sandbox and all in it. Ctrl-C reaches the child as
    KeyboardInterrupt; if it does not handle it, the status is 130.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            kernel.parent_death_signal(signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            enter(user=user)
            status = function()
        except KeyboardInterrupt:
            status = 130
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except KernelError as error:
            print(f"rawnl: {error}", file=sys.stderr)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)
    while True:
        try:
            _, state = os.waitpid(child, 0)
            break
        except KeyboardInterrupt:
            # The child has it too, being of the same process group, and is about to end.
            continue
    code = os.waitstatus_to_exitcode(state)
    return code if code >= 0 else 128 - code


def _try_unshare(flags: int) -> bool:
    try:
        kernel.unshare(flags)
    except PermissionError:
        return False
    return True


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
