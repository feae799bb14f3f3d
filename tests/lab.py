"""Throwaway networks, and witnesses that look into them without any help from rawnl.

Strategy: a witness is a program that enters the namespace through `nsenter` and says what it sees there. Children are
either programs started with `subprocess` or forks that report through a pipe, so that a test may give up privileges or
die without taking the others along.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from witness import require

import rawnl

ROOT = str(Path(rawnl.__file__).parent.parent)
NOBODY = 65534


def inside(netns: rawnl.NetNS, *command: str, check: bool = True) -> str:
    """What a program prints inside a namespace, entered by nsenter(1)."""
    fd = netns.fileno()
    program = require(command[0])
    done = subprocess.run(
        [require("nsenter"), f"--net=/proc/self/fd/{fd}", program, *command[1:]],
        pass_fds=[fd],
        capture_output=True,
        text=True,
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout


def ip(netns: rawnl.NetNS, *arguments: str) -> list[dict[str, Any]]:
    """What `ip -j -d …` says inside a namespace; no objects that are empty, which `ip` prints for what it filters."""
    text = inside(netns, "ip", "-j", "-d", *arguments)
    return [entry for entry in json.loads(text or "[]") if entry]


def ip_link(netns: rawnl.NetNS, name: str) -> dict[str, Any]:
    """What `ip` says of one link."""
    return ip(netns, "link", "show", "dev", name)[0]


def bring_up(*links: tuple[rawnl.Connection, str]) -> None:
    """Bring links up, without IPv6 addresses of their own making, and wait until all of them are in operation.

    Both come in their own time, and what is sent before may be lost; a test that compares states wants neither.
    """
    for nl, name in links:
        inside(nl.netns, "ip", "link", "set", "dev", name, "addrgenmode", "none")
        nl.links.set(name, up=True)
    deadline = time.monotonic() + 10
    while any(ip_link(nl.netns, name)["operstate"] != "UP" for nl, name in links):
        assert time.monotonic() < deadline, f"{links} do not come up"
        time.sleep(0.01)


def await_address(netns: rawnl.NetNS, *addresses: str) -> None:
    """Wait until these IPv6 addresses are in use: the kernel makes their local routes in its own time."""
    deadline = time.monotonic() + 10
    while not {route["dst"] for route in ip(netns, "-6", "route", "show", "table", "local")} >= set(addresses):
        assert time.monotonic() < deadline, f"{addresses} do not come into use"
        time.sleep(0.01)


_EVERYTHING = """
{ip} -j -d link; echo
{ip} -j -d addr; echo
{ip} -j -d -4 route show table all; echo
{ip} -j -d -6 route show table all; echo
{ip} -j -d -4 rule; echo
{ip} -j -d -6 rule; echo
{ip} -j -d neigh show nud permanent; echo
{ip} -j -d neigh show proxy
"""


def state(netns: rawnl.NetNS, only: str = "") -> list[str]:
    """All that a namespace is set to, as `ip` sees it, or one object's part: one text an entry, to be compared.

    Lifetimes, which tick, are left out.
    """
    script = "".join(line + "\n" for line in _EVERYTHING.format(ip=require("ip")).splitlines() if only in line)
    found: list[str] = []
    for line in inside(netns, "sh", "-c", script).splitlines():
        for entry in json.loads(line or "[]"):
            for address in entry.get("addr_info", ()):
                address.pop("valid_life_time", None)
                address.pop("preferred_life_time", None)
            found.append(json.dumps(entry))
    return found


def descriptors() -> set[str]:
    """The open descriptors of this process."""
    # What earlier tests dropped must not be collected, and closed, between two looks.
    gc.collect()
    return set(os.listdir("/proc/self/fd"))


def mounts() -> list[str]:
    """Where something is mounted, one entry a mount."""
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def forked(function: Callable[[], Any]) -> Any:
    """What `function` returns, or raises, in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            try:
                outcome = (True, function())
            except BaseException as error:
                outcome = (False, error)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(outcome, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    assert data, "the child died without a word"
    fine, result = pickle.loads(data)
    if not fine:
        raise result
    return result


def drop_capabilities() -> None:
    """Leave this process the user id it has, and none of its capabilities: capset(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capset")


def become_nobody() -> None:
    """Another user, who owns nothing; needs more than one mapped user id."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def one_user_only() -> bool:
    """Whether this user namespace maps no other user than the caller."""
    return sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines()) == 1


def python(code: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A Python program of its own that can import rawnl."""
    environment = {**os.environ, "PYTHONPATH": ROOT}
    options.setdefault("timeout", 60)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, **options
    )
