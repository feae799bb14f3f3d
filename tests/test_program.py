"""Programs inside a namespace: as `subprocess` and as `ip netns exec` would have them.

Strategy: the same call is made with `subprocess.run` and with `netns.run`, and the results are compared; where the
program runs is told by the program itself, and what else it sees by `ip netns exec` beside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from lab import descriptors, inside, mounts
from witness import require

import rawnl
from rawnl import Bridge, kernel, netns, program


@pytest.fixture
def red():
    with netns.create("red") as made:
        yield made


def own_threads() -> set[str]:
    """The namespaces of all threads of this process, once those that are ending have ended."""
    deadline = time.monotonic() + 5
    while len(os.listdir("/proc/self/task")) > threading.active_count() and time.monotonic() < deadline:
        time.sleep(0.001)
    return {os.readlink(f"/proc/self/task/{task}/ns/net") for task in os.listdir("/proc/self/task")}


def text_of(space: rawnl.NetNS) -> str:
    return f"net:[{space.inode}]"


def test_it_runs_in_the_namespace_and_nothing_else_moves(red):
    here = own_threads()
    done = red.run(["readlink", "/proc/self/ns/net"], capture_output=True, text=True)
    assert done.stdout.strip() == text_of(red) == inside(red, "readlink", "/proc/self/ns/net").strip()
    assert own_threads() == here and len(here) == 1
    assert threading.active_count() == 1


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["sh", "-c", "echo out; echo err >&2; exit 3"], {"capture_output": True}),
        (["sh", "-c", "echo out; echo err >&2"], {"capture_output": True, "text": True}),
        (["sh", "-c", "echo both; echo >&2"], {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}),
        ("echo $0 shell; exit 7", {"shell": True, "capture_output": True}),
        (["cat"], {"input": b"given\0bytes", "capture_output": True}),
        (["cat"], {"input": "given text é", "capture_output": True, "encoding": "utf-8"}),
        (["cat"], {"stdin": subprocess.DEVNULL, "capture_output": True}),
        (["pwd"], {"cwd": "/usr", "capture_output": True}),
        (["/usr/bin/env"], {"env": {"ONLY": "this"}, "capture_output": True}),
        (["sh", "-c", "kill -9 $$"], {}),
        (["head", "-c", "300000", "/dev/zero"], {"capture_output": True}),
        (["sh", "-c", "umask"], {"umask": 0o027, "capture_output": True}),
    ],
)
def test_the_result_is_that_of_subprocess(red, arguments, options):
    expected = subprocess.run(arguments, **options)
    done = red.run(arguments, **options)
    assert isinstance(done, subprocess.CompletedProcess)
    assert (done.args, done.returncode, done.stdout, done.stderr) == (
        expected.args,
        expected.returncode,
        expected.stdout,
        expected.stderr,
    )


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["no-such-program"], {}),
        (["/etc/passwd"], {}),
        (["true"], {"cwd": "/nowhere"}),
        (["false"], {"check": True}),
        (["sleep", "60"], {"timeout": 0.05}),
        (["sh", "-c", "echo started; sleep 60"], {"timeout": 0.3, "capture_output": True}),
        (["true"], {"capture_output": True, "stdout": subprocess.PIPE}),
        (["true"], {"input": b"", "stdin": subprocess.PIPE}),
        (["true"], {"no_such_option": True}),
        ([], {}),
    ],
)
def test_the_errors_are_those_of_subprocess(red, arguments, options):
    before = descriptors(), own_threads()
    with pytest.raises(Exception) as expected:
        subprocess.run(arguments, **options)
    with pytest.raises(type(expected.value)) as caught:
        red.run(arguments, **options)
    assert type(caught.value) is type(expected.value)
    assert getattr(caught.value, "stdout", None) == getattr(expected.value, "stdout", None)
    assert getattr(caught.value, "filename", None) == getattr(expected.value, "filename", None)
    assert (descriptors(), own_threads()) == before


def test_a_timeout_ends_the_program(red):
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        red.run(["sh", "-c", "echo $$; exec sleep 60"], timeout=0.4, stdout=subprocess.PIPE)
    pid = int(caught.value.stdout)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_popen_is_a_real_popen(red):
    with red.popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert type(process) is subprocess.Popen
        assert os.readlink(f"/proc/{process.pid}/ns/net") == text_of(red)
        assert process.poll() is None
        out, _ = process.communicate("through a pipe")
    assert (out, process.returncode) == ("through a pipe", 0)
    process = red.popen(["sleep", "60"])
    process.send_signal(signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM


def test_standard_input_and_output_are_inherited(red, capfd):
    red.run(["echo", "heard"])
    assert capfd.readouterr().out == "heard\n"


def test_it_sees_the_links_of_the_namespace_in_sys(red):
    with rawnl.open(red) as nl:
        nl.links.add("bridge0", Bridge())
    outside = sorted(os.listdir("/sys/class/net"))
    seen = red.run(["ls", "/sys/class/net"], capture_output=True, text=True, check=True).stdout.split()
    theirs = subprocess.run(
        [require("ip"), "netns", "exec", "red", "ls", "/sys/class/net"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "bridge0" in seen
    assert set(theirs) <= set(seen)
    assert sorted(os.listdir("/sys/class/net")) == outside


def test_sys_stays_where_no_new_one_is_allowed(red, monkeypatch):
    genuine = kernel.mount

    def fails(source, target, fstype=None, *arguments):
        if fstype == "sysfs":
            raise PermissionError(1, "not allowed")
        genuine(source, target, fstype, *arguments)

    monkeypatch.setattr(kernel, "mount", fails)
    assert red.run(["ls", "/sys/class/net"], capture_output=True).returncode == 0


def test_the_caller_s_own_namespace_works_too():
    with netns.current() as here:
        done = here.run(["ls", "/sys/class/net"], capture_output=True, text=True)
    assert done.stdout.split() == sorted(os.listdir("/sys/class/net"))


def test_files_of_etc_netns_stand_in(red):
    # Nothing of the machine's own /etc is touched: what is written lies on a file system of the sandbox.
    kernel.mount("tmpfs", "/mnt", "tmpfs")
    try:
        Path("/mnt/etc/netns/red/sub").mkdir(parents=True)
        Path("/mnt/etc/hosts").write_text("of the machine\n")
        Path("/mnt/etc/sub").mkdir()
        Path("/mnt/etc/netns/red/hosts").write_text("of the namespace\n")
        Path("/mnt/etc/netns/red/sub/file").write_text("deeper\n")
        kernel.mount("/mnt/etc", "/etc", None, kernel.MS_BIND)
        try:
            before = mounts()
            for command in (red.run, _ip_netns_exec):
                seen = command(["cat", "/etc/hosts", "/etc/sub/file"], capture_output=True, text=True)
                assert seen.stdout == "of the namespace\ndeeper\n"
            with netns.open(path=red.path) as nameless:
                assert nameless.run(["cat", "/etc/hosts"], capture_output=True).stdout == b"of the machine\n"
            assert Path("/etc/hosts").read_text() == "of the machine\n"
            assert mounts() == before
            Path("/mnt/etc/netns/red/absent").touch()
            with pytest.raises(rawnl.KernelError, match="/etc/absent"):
                red.run(["true"])
        finally:
            kernel.umount("/etc", kernel.MNT_DETACH)
    finally:
        kernel.umount("/mnt", kernel.MNT_DETACH)


def _ip_netns_exec(command: list[str], **options):
    return subprocess.run([require("ip"), "netns", "exec", "red", *command], **options)


def test_mounts_made_by_the_program_stay_with_it(red):
    before = mounts()
    red.run(["mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
    assert mounts() == before


def test_a_namespace_that_cannot_be_entered_raises(red, monkeypatch):
    def fails(fd, *arguments):
        raise OSError(1, "no")

    monkeypatch.setattr(kernel, "setns", fails)
    here = own_threads()
    with pytest.raises(PermissionError) as caught:
        red.run(["true"])
    assert isinstance(caught.value, rawnl.NotPermitted)
    assert own_threads() == here


class _Meta(type):
    """A class that makes what `made` makes, and that isinstance() takes for `base`."""

    def __call__(cls, *arguments, **options):
        return cls.made(*arguments, **options)

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls.base)


def test_ctrl_c_while_it_starts_leaves_no_program_behind(red, monkeypatch):
    started = []
    genuine = subprocess.Popen

    def interrupted(*arguments, **options):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        started.append(genuine(*arguments, **options))
        return started[0]

    stand_in = _Meta("Popen", (), {"made": staticmethod(interrupted), "base": genuine})
    monkeypatch.setattr(program.subprocess, "Popen", stand_in)
    with pytest.raises(KeyboardInterrupt):
        red.popen(["sleep", "60"])
    assert len(started) == 1 and started[0].returncode == -signal.SIGKILL


def test_ctrl_c_before_it_starts_starts_nothing(red, monkeypatch):
    started = []
    threads = []
    genuine = threading.Thread.start

    def late(thread):
        threads.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(program.subprocess, "Popen", lambda *arguments, **options: started.append(arguments))
    monkeypatch.setattr(threading.Thread, "start", late)
    with pytest.raises(KeyboardInterrupt):
        red.popen(["sleep", "60"])
    (thread,) = threads
    genuine(thread)
    thread.join()
    assert started == []


def test_many_at_once_from_many_threads(red):
    with netns.create("blue") as blue:
        seen = {}

        def ask(space, number):
            seen[number] = (text_of(space), space.run(["readlink", "/proc/self/ns/net"], capture_output=True).stdout)

        threads = [threading.Thread(target=ask, args=((red, blue)[number % 2], number)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 16
        assert all(wanted == got.decode().strip() for wanted, got in seen.values())


def test_nothing_leaks(red):
    red.run(["true"])
    before = descriptors(), mounts(), own_threads()
    for _ in range(50):
        red.run(["true"])
    assert (descriptors(), mounts(), own_threads()) == before
