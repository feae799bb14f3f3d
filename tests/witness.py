"""Witness programs: `ip`, `nft`, `ethtool`, `strace`, a C compiler … which tests ask for an independent opinion.

A machine may lack one of them: the test that needs it is then skipped, and says which. With RAWNL_REQUIRE_WITNESSES=1
in the environment, as in continuous integration, a missing witness fails the test instead.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

REQUIRED = os.environ.get("RAWNL_REQUIRE_WITNESSES") == "1"
# Where Debian keeps administrators' programs, which a plain user's PATH leaves out.
_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"


def find(program: str) -> str | None:
    """The path of `program`, or None; looks in the system directories also when PATH lacks them."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM}")


def require(program: str) -> str:
    """The path of `program`; without it the calling test is skipped, or fails where witnesses are required."""
    path = find(program)
    if path is None:
        absent(f"the witness program {program!r} is not installed")
    return path


def absent(reason: str) -> NoReturn:
    """Skip the calling test for want of a witness, or fail it where witnesses are required."""
    if REQUIRED:
        pytest.fail(f"{reason}, and RAWNL_REQUIRE_WITNESSES=1 demands it")
    pytest.skip(reason)
