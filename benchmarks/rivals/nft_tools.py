"""The contenders at nftables that are programs: nft itself, and google/nftables in Go, built by the suite.

Strategy: as in `tools`. nft is timed from outside, its start included, as people run it; its input is a file that is
written beforehand, and its output goes into /dev/null.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.harness import Outcome, clocked, process
from benchmarks.rivals.tools import HERE

GO_ROOT = "/usr/share/gocode"
GO_PACKAGE = f"{GO_ROOT}/src/github.com/google/nftables"


@lru_cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="rawnl-benchmarks-nft-")


@lru_cache
def _golang() -> tuple[str, str]:
    compiler = shutil.which("go")
    if compiler is None:
        return "", "no Go compiler (apt install golang-go)"
    if not os.path.isdir(GO_PACKAGE):
        return "", "no google/nftables (apt install golang-github-google-nftables-dev)"
    target = str(Path(_directory().name, "rival"))
    environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOPATH": GO_ROOT}
    environment.setdefault("GOCACHE", str(Path(_directory().name, "cache")))
    subprocess.run([compiler, "build", "-o", target, "."], cwd=HERE / "go_nft", env=environment, check=True)
    return target, ""


def golang_absent() -> str:
    """Why there is no Go rival; empty when there is one."""
    return _golang()[1]


def nft_absent() -> str:
    """Why there is no nft; empty when there is one."""
    return "" if shutil.which("nft") else "no nft (apt install nftables)"


def golang(work: str, what: str, number: int) -> Outcome:
    """Run the Go rival."""
    return process([_golang()[0], work, what, str(number)])


def nft_load(text: str) -> Outcome:
    """`nft -f` of a file."""
    with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
        file.write(text)
        file.flush()
        return clocked(["nft", "-f", file.name])


def nft_list(repeats: int, *options: str) -> Outcome:
    """`nft list ruleset`, its best time."""
    return {"seconds": min(clocked(["nft", *options, "list", "ruleset"])["seconds"] for _ in range(repeats))}


def ruleset() -> list[dict[str, Any]]:
    """The objects of the ruleset, as `nft -j` tells them."""
    done = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["nftables"]
    return found
