"""The contenders that are programs: the C floor and the Go program, built by the suite, and iproute2.

Strategy: both programs are compiled once a run, before anything is measured, into a directory that goes with it. What
is not installed leaves a sentence that says so, by which the contender is named as absent.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from benchmarks.harness import ROOT, Outcome, clocked, process

HERE = ROOT / "benchmarks"
GO_PACKAGE = "/usr/share/gocode/src/github.com/vishvananda/netlink"


@lru_cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="rawnl-benchmarks-")


@lru_cache
def _floor() -> str:
    target = str(Path(_directory().name, "floor"))
    sources = [str(HERE / "floor.c"), str(HERE / "floor_pods.c")]
    subprocess.run([_compiler(), "-O2", "-Wall", "-Wextra", "-o", target, *sources, "-lpthread"], check=True)
    return target


@lru_cache
def _golang() -> str:
    target = str(Path(_directory().name, "rival"))
    environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOPATH": "/usr/share/gocode"}
    subprocess.run(["go", "build", "-o", target, "."], cwd=HERE / "go", env=environment, check=True)
    return target


def _compiler() -> str:
    return os.environ.get("CC", "cc")


def build() -> None:
    """Compile what can be compiled here, once and for all: what a sandbox compiles is not known outside it."""
    if not floor_absent():
        _floor()
    if not golang_absent():
        _golang()


def floor_absent() -> str:
    """Why there is no C floor; empty when there can be one."""
    return "" if shutil.which(_compiler()) else "no C compiler (cc)"


def golang_absent() -> str:
    """Why there is no Go rival; empty when there can be one."""
    if not shutil.which("go"):
        return "no Go compiler (apt install golang-go)"
    if not os.path.isdir(GO_PACKAGE):
        return "no vishvananda/netlink (apt install golang-github-vishvananda-netlink-dev)"
    return ""


def ip_absent() -> str:
    """Why there is no iproute2; empty when there is one."""
    return "" if shutil.which("ip") else "no iproute2 (apt install iproute2)"


def pyroute2_absent() -> str:
    """Why there is no pyroute2; empty when there is one."""
    return "" if importlib.util.find_spec("pyroute2") else "no pyroute2 (pip install pyroute2)"


def floor(work: str, count: int, *options: object, text: str = "", **environment: str) -> Outcome:
    """Run the C floor."""
    return process([_floor(), work, str(count), *map(str, options)], text, **environment)


def golang(work: str, *arguments: object) -> Outcome:
    """Run the Go rival."""
    return process([_golang(), work, *map(str, arguments)])


def ip_batch(lines: list[str], *options: str) -> Outcome:
    """Run `ip -batch` over lines."""
    with tempfile.NamedTemporaryFile("w", suffix=".batch") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        return clocked(["ip", *options, "-batch", file.name])


def versions() -> dict[str, str]:
    """Of the contenders that are there."""
    found = {}
    for name, absent, command in (
        ("iproute2", ip_absent(), ["ip", "-V"]),
        ("go", golang_absent(), ["go", "version"]),
        ("vishvananda/netlink", golang_absent(), ["dpkg-query", "-Wf", "${Version}", _GO_DEBIAN]),
        ("cc", floor_absent(), [_compiler(), "--version"]),
    ):
        if not absent and shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True)
            found[name] = done.stdout.splitlines()[0] if done.stdout else "?"
    return found


_GO_DEBIAN = "golang-github-vishvananda-netlink-dev"
