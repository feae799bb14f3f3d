"""The whole test process moves into a sandbox before any test: fresh mount and network namespaces, /run/netns and /sys.

Strategy: no test can reach the machine's own network, and none needs to clean up after itself to spare it. As root no
user namespace is made, otherwise one is; RAWNL_SANDBOX=user asks for one in any case.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import rawnl
from rawnl import sandbox


def pytest_configure(config: pytest.Config) -> None:
    sandbox.enter(user=True if os.environ.get("RAWNL_SANDBOX") == "user" else None)


@pytest.fixture
def nl() -> Iterator[rawnl.Connection]:
    """A connection into a fresh namespace without a name."""
    with rawnl.netns.create() as netns, rawnl.open(netns) as connection:
        yield connection
