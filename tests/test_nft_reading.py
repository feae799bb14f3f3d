"""The ruleset read back: complete, of one moment, and to the byte."""

from __future__ import annotations

import json
import subprocess
import threading
from errno import EINVAL
from pathlib import Path

import pytest
from nft_witness import STRANGER, iptables, listed, load, run_in
from test_nft_codec import rebuilt
from witness import find

import rawnl
from rawnl import nft
from rawnl.errors import KernelError
from rawnl.nft.nat import Nft


def elsewhere(nl: rawnl.Connection) -> Nft:
    """Another connection to the same namespace."""
    other = rawnl.open(nl.netns)
    return other.nft


def test_listing(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    assert {(table.family, table.name) for table in nl.nft.tables()} >= {(2, "filter"), (2, "nat"), (10, "t"), (1, "t")}
    assert [table.name for table in nl.nft.tables("ip")] == ["filter", "nat"]
    nat = nl.nft.get(nft.Table("nat", family="ip"))
    assert [chain.name for chain in nl.nft.chains(nat)] == ["prerouting", "postrouting"]
    assert [chain.name for chain in nl.nft.chains("filter", family="ip")] == ["input", "more"]
    assert len(nl.nft.rules(nat)) == 3 and len(nl.nft.rules(nat, "postrouting")) == 2
    assert [rule.comment for rule in nl.nft.rules("filter", "input", family="ip")][3] == "a comment"
    assert len(nl.nft.rules(family="ip6")) == 1
    with pytest.raises(FileNotFoundError, match="find table ip none"):
        nl.nft.rules("none", family="ip")
    with pytest.raises(FileNotFoundError, match="find table ip none"):
        nl.nft.chains("none", family="ip")
    with pytest.raises(FileNotFoundError, match="find chain ip nat none"):
        nl.nft.get(nft.Chain("none", table=nat))
    assert nl.nft.find(nft.Chain("none", table=nat)) is None


def test_rebuilding_everything_gives_the_same_bytes(nl: rawnl.Connection) -> None:
    load(nl, STRANGER)
    if find("iptables-nft"):
        run_in(
            nl,
            "iptables-nft",
            *["-t", "mangle", "-A", "FORWARD", "-p", "tcp", "--syn", "-j", "TCPMSS", "--clamp-mss-to-pmtu"],
        )
        iptables(nl, "-A FORWARD -m addrtype --dst-type LOCAL -j REJECT")
    found = [item for item in nl.nft.ruleset() if not isinstance(item, nft.Elements)]
    assert len(found) > 35
    for item in found:
        assert type(item).at(item.encode(), 0).encode() == item.encode()
        assert rebuilt(item).body() == item.body()
        assert "attr_" not in repr(item)
        json.dumps(item.as_dict())
        assert eval(repr(item), vars(nft) | {"Unterminated": str}).body() == item.body()


def test_a_ruleset_is_added_elsewhere(nl: rawnl.Connection) -> None:
    load(
        nl,
        """
        table ip nat {
            chain postrouting { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/8 jump more comment "x" }
            chain more { oifname "eth0" masquerade random; snat to 192.0.2.1-192.0.2.9 persistent }
        }
        table inet filter {
            comment "a filter"
            chain input {
                type filter hook input priority -5; policy drop;
                ct state established accept; tcp dport 1-1024 goto out; counter
            }
            chain out { limit rate 5/minute log prefix "x " level info; reject; }
        }
        table netdev t { chain c { type filter hook ingress device "lo" priority 0; ip saddr 192.0.2.0/24 drop } }
        """
        + STRANGER.replace("ip nat", "ip nat2").replace("inet t", "inet t2").replace("netdev t", "netdev t2"),
    )
    ruleset = nl.nft.ruleset()
    assert len(ruleset) == len(list(ruleset)) and "10 tables" in repr(ruleset)
    with rawnl.netns.create() as netns, rawnl.open(netns) as other:
        with other.nft.transaction() as t:
            for item in ruleset:
                t.add(item)
        assert listed(other) == listed(nl)


def test_a_ruleset_is_of_one_generation(nl: rawnl.Connection) -> None:
    """A writer swaps two tables' contents in single transactions; no reader ever sees both or neither."""
    stop = threading.Event()
    other = elsewhere(nl)
    with other.transaction() as t:
        t.add(nft.Table("a", family="ip"))

    def churn() -> None:
        names = ("a", "b")
        while not stop.is_set():
            with other.transaction() as t:
                t.delete(nft.Table(names[0], family="ip"))
                table = t.add(nft.Table(names[1], family="ip"))
                t.add(nft.Chain("c", table=table))
            names = names[::-1]
            stop.wait(0.0005)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(50):
            seen = nl.nft.ruleset()
            assert len(seen.tables) == 1
            assert all(chain.table == seen.tables[0].name for chain in seen.chains)
    finally:
        stop.set()
        thread.join()


def test_the_packages_import_is_cheap() -> None:
    """The declarations load without the C core, and `import rawnl` without the declarations."""
    import sys

    code = (
        "import sys, rawnl; assert 'rawnl.nft' not in sys.modules;"
        "import rawnl.nft; assert 'rawnl._core' not in sys.modules and 'rawnl.channel' not in sys.modules;"
        "rawnl.nft.Transaction; assert 'rawnl.channel' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(rawnl.__file__).parents[1])


def test_what_cannot_be_is_an_error_of_the_kernel(nl: rawnl.Connection) -> None:
    with pytest.raises(KernelError) as caught, nl.nft.transaction() as t:
        t.add(nft.Table("t", family="ip"))
        t.add(nft.Chain("c", table="t", family="ip", type="filter", hook="postrouting", priority=0))
        t.add(nft.Rule(chain="c", table="t", family="ip", expressions=[nft.Masquerade()]))
    assert caught.value.errno in (EINVAL, 95) and caught.value.request == "add rule ip t c"
