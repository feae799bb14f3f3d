"""Namespaces, with care: nothing is left behind, nothing piles up, and no thread stays where it does not belong.

Strategy: descriptors, mounts and threads are counted round many repetitions and round each failure that can be
provoked (a mount that fails, a kill in the middle, a crowd that starts at once, a way back that is barred).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from lab import descriptors, forked, inside, mounts, python
from witness import require

import rawnl
from rawnl import kernel, netns

RUN = Path(netns.RUN_DIR)


def netns_of(pid: int | str = "thread-self") -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def text_of(space: rawnl.NetNS) -> str:
    return f"net:[{space.inode}]"


def ip_netns(*arguments: str) -> str:
    done = subprocess.run([require("ip"), "netns", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- nothing left behind


def test_nothing_leaks_over_many_creations():
    netns.create("warm").delete()
    before = descriptors(), mounts(), threading.active_count()
    for number in range(300):
        if number % 3 == 0:
            netns.create().close()
        elif number % 3 == 1:
            netns.create("red").delete()
        else:
            with netns.create("red"):
                netns.list()
    assert (descriptors(), mounts(), threading.active_count()) == before
    assert not list(RUN.iterdir())


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOMEM, errno.ENOSPC])
def test_a_mount_that_fails_leaves_nothing_behind(monkeypatch, code):
    netns.create("warm").delete()
    before = descriptors(), mounts()
    genuine = kernel.mount

    def fails(source, target, *arguments):
        if str(target).startswith("/proc/self/fd/"):
            raise OSError(code, os.strerror(code))
        genuine(source, target, *arguments)

    monkeypatch.setattr(kernel, "mount", fails)
    with pytest.raises(rawnl.KernelError) as caught:
        netns.create("red")
    assert caught.value.errno == code
    assert (descriptors(), mounts()) == before
    assert not list(RUN.iterdir())


def test_a_namespace_that_cannot_be_made_leaves_no_name(monkeypatch):
    def fails():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(kernel, "netns_create", fails)
    with pytest.raises(rawnl.KernelError):
        netns.create("red")
    assert netns.list() == []


def test_killed_in_the_middle_of_naming_leaves_what_delete_cleans():
    def die(source, target, *arguments):
        if str(target).startswith("/proc/self/fd/"):
            os.kill(os.getpid(), signal.SIGKILL)
        genuine(source, target, *arguments)

    genuine = kernel.mount
    kernel.mount = die
    try:
        with pytest.raises(AssertionError, match="without a word"):
            forked(lambda: netns.create("red"))
    finally:
        kernel.mount = genuine
    assert netns.list() == [("red", None)]
    netns.delete("red")
    assert netns.list() == []


CROWD = """
import os, sys, rawnl
def crowd():
    # The machine's own, which the sandbox's /run lies upon, do not count.
    before = open("/proc/self/mountinfo").readlines()
    reading, writing = os.pipe()
    children = []
    for number in range(16):
        child = os.fork()
        if not child:
            os.close(writing)
            os.read(reading, 1)     # Everybody starts when the pipe closes.
            try:
                rawnl.netns.create(f"n{number}").close()
                os._exit(0)
            except BaseException as error:
                print(error, flush=True)
                os._exit(1)
        children.append(child)
    os.close(writing)
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    for line in open("/proc/self/mountinfo"):
        if line not in before and line.split()[4].startswith("/run/netns"):
            print(line.split()[4], "shared" if "shared:" in line else "private")
    print("names", len(rawnl.netns.list()))
    return failed
sys.exit(rawnl.sandbox.run(crowd))
"""


@pytest.mark.parametrize("attempt", range(2))
def test_sixteen_at_once_make_one_self_mount(attempt):
    done = python(CROWD)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.split("\n")
    assert lines.count("/run/netns shared") == 1
    assert "/run/netns private" not in lines
    assert sum(line.startswith("/run/netns/n") for line in lines) == 16
    assert "names 16" in lines


def test_the_directory_is_shared_as_ip_netns_leaves_it():
    script = "ip netns add a; grep ' /run/netns ' /proc/self/mountinfo"
    code = f"""
import subprocess, sys, rawnl
def f():
    if sys.argv[1] == "rawnl":
        rawnl.netns.create("a").close()
    print(subprocess.run({script!r}.replace("ip netns add a", sys.argv[2]), shell=True, capture_output=True).stdout)
    return 0
rawnl.sandbox.run(f)
"""
    require("ip")
    pattern = re.compile(r"\d+ \d+ \d+:\d+ (\S+) (\S+) (\S+) shared:\d+ - (\S+)")
    ours = python(code, "rawnl", "true").stdout
    theirs = python(code, "ip", "ip netns add a").stdout
    assert pattern.findall(ours) == pattern.findall(theirs) != []


def test_everything_is_closed_on_exec():
    before = descriptors()
    with netns.create("red") as red, rawnl.open(red) as nl, red.socket() as plain:
        nl.links.list()
        made = descriptors() - before
        assert len(made) >= 4 and str(plain.fileno()) in made
        for fd in made:
            try:
                assert fcntl.fcntl(int(fd), fcntl.F_GETFD) & fcntl.FD_CLOEXEC, os.readlink(f"/proc/self/fd/{fd}")
            except OSError:
                pass  # The listing's own.
        seen = subprocess.run(
            [sys.executable, "-c", "import os; print(*(os.path.realpath(f'/proc/self/fd/{f}') for f in range(3, 64)))"],
            close_fds=False,
            capture_output=True,
            text=True,
        ).stdout
        assert "net:[" not in seen and "socket:" not in seen


# --- entered


def test_entered_moves_this_thread_only():
    here = netns_of()
    with netns.create() as space:
        asked, answered = threading.Event(), threading.Event()
        seen = []

        def stays():
            asked.wait(10)
            seen.append(netns_of())
            answered.set()

        other = threading.Thread(target=stays)
        other.start()
        with space.entered() as entered:
            assert entered is space
            assert netns_of() == text_of(space)
            asked.set()
            assert answered.wait(10)
        other.join()
        assert seen == [here] and netns_of() == here


def test_entered_within_entered():
    here = netns_of()
    with netns.create() as one, netns.create() as other:
        with one.entered():
            with other.entered():
                assert netns_of() == text_of(other)
                with one.entered():
                    assert netns_of() == text_of(one)
                assert netns_of() == text_of(other)
            assert netns_of() == text_of(one)
        assert netns_of() == here


def test_entered_comes_back_after_an_exception():
    here = netns_of()
    before = descriptors()
    with netns.create() as space:
        with pytest.raises(ZeroDivisionError), space.entered():
            _ = 1 / 0
        assert netns_of() == here
    assert descriptors() == before


def test_entered_comes_back_when_the_namespace_was_closed_inside():
    here = netns_of()
    space = netns.create()
    with space.entered():
        space.close()
    assert netns_of() == here


def test_a_thread_that_cannot_come_back_ends(monkeypatch):
    outcome = []

    def stray():
        genuine = kernel.setns
        ways = []

        def only_there(fd, *arguments):
            if ways:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            ways.append(fd)
            genuine(fd, *arguments)

        monkeypatch.setattr(kernel, "setns", only_there)
        try:
            with space.entered():
                pass
            outcome.append("went on")
        except SystemExit as error:
            outcome.append(str(error))

    with netns.create() as space:
        thread = threading.Thread(target=stray)
        thread.start()
        thread.join()
    assert len(outcome) == 1 and "cannot come back" in outcome[0]


def test_a_socket_lives_in_the_namespace():
    with netns.create() as space, rawnl.open(space) as nl:
        nl.links.set("lo", up=True)
        with space.socket() as server, space.socket() as client:
            server.bind(("127.0.0.1", 0))
            server.listen()
            assert f":{server.getsockname()[1]} " in inside(space, "ss", "-Hltn")
            client.connect(server.getsockname())
        assert netns_of() != text_of(space)
