"""The sandbox: a place of its own, which leaves nothing outside and does not outlive who made it.

Strategy: each sandbox is made by a program of its own, as root without a user namespace and with one, and reports what
it is and has; this process, itself in one, is the "outside" that must not change.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab import ROOT, mounts, python

import rawnl
from rawnl import netns, sandbox

KINDS = [pytest.param(True, id="user"), pytest.param(None, id="default")]


def outside() -> tuple[object, ...]:
    names = sorted(os.listdir(netns.RUN_DIR)) if os.path.isdir(netns.RUN_DIR) else []
    links = sorted(os.listdir("/sys/class/net"))
    return names, links, mounts(), os.readlink("/proc/self/ns/net"), os.readlink("/proc/self/ns/user")


@pytest.mark.parametrize("user", KINDS)
def test_it_is_another_place_and_leaves_nothing_here(user):
    code = """
import os, sys, rawnl
from rawnl import Bridge, sandbox
def inside():
    print([os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt", "user")])
    print(rawnl.netns.list(), sorted(os.listdir("/sys/class/net")), os.geteuid())
    rawnl.netns.create("left-behind").close()
    with rawnl.open() as nl:
        nl.links.add("left-behind", Bridge(), up=True)
        nl.sysctl.set("net.ipv4.ip_forward", 1)
    return 7
sys.exit(sandbox.run(inside, user=eval(sys.argv[1])))
"""
    netns.create("of-this-one").close()
    try:
        before = outside()
        done = python(code, repr(user))
        assert (done.returncode, done.stderr) == (7, "")
        first, second = done.stdout.splitlines()
        ours = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt", "user")]
        theirs = eval(first)
        assert theirs[0] != ours[0] and theirs[1] != ours[1]
        assert user is None or theirs[2] != ours[2]
        assert second == "[] ['lo'] 0"
        assert outside() == before
    finally:
        netns.delete("of-this-one")


def _divides():
    return 1 // 0


@pytest.mark.parametrize(
    ("function", "status"),
    [
        (lambda: 0, 0),
        (lambda: 5, 5),
        (lambda: None, 0),
        (lambda: True, 1),
        (lambda: 256, 1),
        (lambda: -1, 255),
        (lambda: 1 << 80, 1),
        (lambda: "a sentence", 1),
        (lambda: sys.exit(9), 9),
        (lambda: sys.exit(), 0),
        (lambda: sys.exit("a sentence"), 1),
        (lambda: os._exit(11), 11),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), 137),
        (_divides, 1),
        (lambda: signal.raise_signal(signal.SIGINT), 130),
        (lambda: netns.open("not there"), 1),
    ],
)
def test_the_exit_status_passes(function, status, capfd):
    assert sandbox.run(function) == status
    error = capfd.readouterr().err
    assert ("a sentence" in error) == ("a sentence" in function.__code__.co_consts)
    assert ("no /run/netns/not there" in error) == ("not there" in function.__code__.co_consts)
    assert ("ZeroDivisionError" in error) == (function is _divides)


def test_what_was_printed_before_is_printed_once():
    code = "import rawnl; print('before'); rawnl.sandbox.run(lambda: print('inside')); print('after')"
    assert python(code).stdout == "before\ninside\nafter\n"


def alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


SLEEPER = """
import os, sys, time, rawnl
def inside():
    print(os.getpid(), flush=True)
    time.sleep(60)
sys.exit(rawnl.sandbox.run(inside, user=eval(sys.argv[1])))
"""


def sleeper(user: bool | None) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, repr(user)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("user", KINDS)
def test_the_child_dies_with_a_killed_parent(user):
    process, child = sleeper(user)
    with process:
        assert alive(child)
        process.kill()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(child)


@pytest.mark.parametrize("user", KINDS)
def test_ctrl_c_ends_both(user):
    process, child = sleeper(user)
    with process:
        # As a terminal does it: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 130
    assert not alive(child)


@pytest.mark.parametrize("call", ["waitid", "waitpid"])
def test_ctrl_c_just_when_it_ends_loses_no_status(call, monkeypatch):
    genuine = getattr(os, call)
    interrupts = [KeyboardInterrupt()]

    def just_then(*arguments):
        result = genuine(*arguments)
        if interrupts:
            raise interrupts.pop()
        return result

    monkeypatch.setattr(os, call, just_then)
    assert sandbox.run(lambda: 7) == 7
    assert interrupts == []


def test_it_is_only_entered_by_a_single_thread():
    code = """
import threading, rawnl.sandbox
hold = threading.Event()
thread = threading.Thread(target=hold.wait)
thread.start()
try:
    rawnl.sandbox.enter()
except RuntimeError as error:
    print("refused:", error)
hold.set()
"""
    assert python(code).stdout.startswith("refused: a sandbox can only be entered while")


def test_where_it_is_not_allowed_it_says_what_to_do():
    code = """
import sys, rawnl
from pathlib import Path
def inside():
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    try:
        rawnl.sandbox.enter(user=True)
    except rawnl.KernelError as error:
        print(type(error).__name__, error)
    return 0
sys.exit(rawnl.sandbox.run(inside, user=True))
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert "max_user_namespaces" in done.stdout and "make a sandbox" in done.stdout


def test_one_within_another():
    code = """
import sys, rawnl
def inner():
    with rawnl.netns.create("deep"), rawnl.open() as nl:
        print(rawnl.netns.list(), [link.name for link in nl.links.list()])
    return 3
def outer():
    rawnl.netns.create("shallow").close()
    status = rawnl.sandbox.run(inner, user=True)
    print(rawnl.netns.list())
    return status
sys.exit(rawnl.sandbox.run(outer, user=True))
"""
    done = python(code)
    assert (done.returncode, done.stderr) == (3, "")
    assert "'deep'" in done.stdout.splitlines()[0] and "shallow" not in done.stdout.splitlines()[0]
    assert "'shallow'" in done.stdout.splitlines()[1] and "deep" not in done.stdout.splitlines()[1]
    assert rawnl.netns.list() == []
