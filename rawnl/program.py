"""Programs inside a namespace, as `ip netns exec` runs them.

Strategy: a new process starts in the namespaces of the thread that makes it. A thread made for the purpose moves into
the network namespace and into a mount namespace of its own, where /sys shows that network and files of
/etc/netns/NAME/ stand in for those of /etc, starts the program, and ends. The caller gets an ordinary Popen.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from errno import EBUSY
from typing import TYPE_CHECKING, Any

from rawnl import kernel
from rawnl.errors import KernelError

if TYPE_CHECKING:
    from rawnl.netns import NetNS


def popen(netns: NetNS, args: Sequence[str] | str, **options: Any) -> subprocess.Popen[Any]:
    """`subprocess.Popen(args, **options)` inside `netns`.

    Raises what Popen raises (FileNotFoundError for a program that is not there), and KernelError when the namespace
    cannot be entered.
    """
    netns.fileno()
    outcome: list[subprocess.Popen[Any] | BaseException] = []
    gate = threading.Lock()
    wanted = True

    def start() -> None:
        with gate:
            try:
                if wanted:
                    _move(netns)
                    outcome.append(subprocess.Popen(args, **options))
            except BaseException as error:
                outcome.append(error)

    try:
        thread = threading.Thread(target=start, name="rawnl-popen", daemon=True)
        thread.start()
        thread.join()
    except BaseException:
        # Ctrl-C: a program that nobody will ever hear of must not be started, or go on running.
        with gate:
            wanted = False
        if outcome:
            _end(outcome[0])
        raise
    started = outcome[0]
    if isinstance(started, BaseException):
        raise started
    return started


def run(
    netns: NetNS,
    args: Sequence[str] | str,
    *,
    input: Any = None,
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """`subprocess.run` inside `netns`."""
    if capture_output:
        if options.get("stdout") is not None or options.get("stderr") is not None:
            raise ValueError("stdout and stderr may not be given together with capture_output")
        options["stdout"] = options["stderr"] = subprocess.PIPE
    if input is not None:
        if options.get("stdin") is not None:
            raise ValueError("stdin may not be given together with input")
        options["stdin"] = subprocess.PIPE
    with popen(netns, args, **options) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        code = process.poll()
    result = subprocess.CompletedProcess(process.args, code if code is not None else -1, out, err)
    if check:
        result.check_returncode()
    return result


def _end(started: subprocess.Popen[Any] | BaseException) -> None:
    if isinstance(started, subprocess.Popen):
        with started:
            started.kill()


def _move(netns: NetNS) -> None:
    """Take the calling thread, which never comes back, into the namespace."""
    try:
        kernel.setns(netns.fileno())
        kernel.unshare(kernel.CLONE_NEWNS)
        # Nothing that is mounted from here on may spread outside.
        kernel.mount("", "/", "none", kernel.MS_SLAVE | kernel.MS_REC)
        _show_sysfs()
    except OSError as error:
        raise KernelError.of(error.errno or 0, request=f"enter {netns!r} to run a program") from None
    if netns.name is not None:
        _show_etc(f"/etc/netns/{netns.name}")


def _show_sysfs() -> None:
    """Let /sys/class/net be that of the namespace, where the kernel allows it; a container may not be allowed to.

    The new one goes on top: taken away first, the old one could not come back where no new one is allowed.
    """
    if not os.path.isdir("/sys"):
        return
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    if os.statvfs("/sys").f_flag & os.ST_RDONLY:
        flags |= kernel.MS_RDONLY
    try:
        kernel.mount("sysfs", "/sys", "sysfs", flags)
    except PermissionError:
        pass
    except OSError as error:
        if error.errno != EBUSY:  # It is that of the namespace already.
            raise


def _show_etc(directory: str) -> None:
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return
    for name in names:
        try:
            kernel.mount(f"{directory}/{name}", f"/etc/{name}", "none", kernel.MS_BIND)
        except OSError as error:
            raise KernelError.of(error.errno or 0, request=f"let {directory}/{name} stand in for /etc/{name}") from None
