"""A place where nothing can be broken: fresh network and mount namespaces, with their own /run/netns and /sys.

Strategy: a child process unshares, as root or, through a user namespace, without any privilege (the same as
`unshare -Urnm`), and everything in it ends with its last process. The machine's own namespace is never touched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

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


def run(function: Callable[[], object], *, user: bool | None = None) -> int:
    """Run `function` in a sandbox of its own, in a child process; its result becomes this one's: an exit status, as
    `sys.exit` takes it (None is 0).

    The child dies with its parent, and with it the sandbox and all in it. Ctrl-C reaches the child as
    KeyboardInterrupt; if it does not handle it, the status is 130. SIGTERM and SIGHUP are passed on to the child; when
    they end it, the status is 143 or 129.
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
            status = _status(function())
        except KeyboardInterrupt:
            status = 130
        except SystemExit as error:
            status = _status(error.code)
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
    with _passed_on(child):
        code = _await(child)
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _passed_on(child: int) -> Iterator[None]:
    """Pass SIGTERM and SIGHUP on to the child, instead of leaving the last word to them. Main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, frame: object) -> None:
        os.kill(child, number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    # What is ignored stays so, for nohup(1); and None is a handler that is not Python's.
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _await(child: int) -> int:
    """The exit code of the child, negative for a signal.

    Ctrl-C on a terminal reaches parent and child alike, being of one process group; SIGINT sent to the parent alone
    does not. So the child gets it from here if it is still there a moment later. How the child ended is looked at first
    and forgotten by the system afterwards: a Ctrl-C in between loses nothing.
    """
    forward_at: float | None = None
    ended = None
    while True:
        try:
            if ended is None:
                look = os.WEXITED | os.WNOWAIT | (0 if forward_at is None else os.WNOHANG)
                ended = os.waitid(os.P_PID, child, look)
            if ended is not None:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)
                return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
            if forward_at is not None and time.monotonic() >= forward_at:
                os.kill(child, signal.SIGINT)
                forward_at = None
            else:
                time.sleep(0.005)
        except KeyboardInterrupt:
            forward_at = time.monotonic() + 0.1


def _status(result: object) -> int:
    """An exit status as sys.exit() understands it: None is 0, a text is printed and 1; 8 bits, and never 0 for more."""
    if result is None:
        return 0
    if not isinstance(result, int):
        print(result, file=sys.stderr)
        return 1
    return result & 0xFF or int(result != 0)


def _try_unshare(flags: int) -> bool:
    try:
        kernel.unshare(flags)
    except PermissionError:
        return False
    return True


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
