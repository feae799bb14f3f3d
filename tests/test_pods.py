"""The planner for pods: what it makes is complete, and what it takes back is gone.

Strategy: pods on a bridge in a namespace of the test's own, looked at with `ip` and `ping` from inside; failures are
provoked at each stage (name taken, link taken, address bad, Ctrl-C) and everything is counted before and after.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from witness import require

import rawnl
from rawnl import Bridge


@pytest.fixture
def host() -> Iterator[rawnl.Connection]:
    with rawnl.netns.create() as netns, rawnl.open(netns) as connection:
        connection.links.add("br0", Bridge(), up=True)
        connection.addresses.add("10.1.0.1/16", "br0")
        connection.addresses.add("2001:db8::1/64", "br0", flags="nodad")
        # The names under /run/netns are the process's, the links those of the host of this test.
        yield connection
        for entry in rawnl.netns.list():
            rawnl.netns.delete(entry.name)


def counted(host: rawnl.Connection) -> tuple[list[str], list[str], int]:
    """Names of namespaces, links of the host, and open descriptors."""
    out = host.netns.run([require("ip"), "-j", "link"], capture_output=True, check=True).stdout
    links = sorted(link["ifname"] for link in json.loads(out))
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return sorted(names), links, len(os.listdir("/proc/self/fd"))


def inside(netns: rawnl.NetNS | str, *words: str) -> Any:
    with rawnl.netns.open(netns) if isinstance(netns, str) else netns.duplicate() as opened:
        return json.loads(opened.run([require("ip"), "-j", *words], capture_output=True, check=True).stdout)


@pytest.mark.parametrize("named", [True, False])
def test_pods_are_complete(host: rawnl.Connection, named: bool) -> None:
    seen: list[int] = []
    pods = rawnl.pods(
        host,
        70,
        bridge="br0",
        addresses="10.1.0.0/16",
        gateway="10.1.0.1",
        named=named,
        mtu=1400,
        progress=seen.append,
    )
    assert seen == [64, 70] and len(pods) == 70
    assert pods[0].addresses == ("10.1.0.2/16",) and pods[69].name == "pod69" and pods[69].link == "veth69"
    assert len({pod.addresses for pod in pods}) == 70
    ports = host.netns.run([require("ip"), "-j", "link", "show", "master", "br0"], capture_output=True).stdout
    told = {link["ifname"]: link for link in json.loads(ports)}
    assert set(told) == {f"veth{i}" for i in range(70)} and all("LOWER_UP" in link["flags"] for link in told.values())
    for pod in (pods[0], pods[69]):
        links = {link["ifname"]: link for link in inside(pod.netns, "addr")}
        assert set(links) == {"lo", "eth0"} and links["eth0"]["mtu"] == 1400
        assert all("UP" in link["flags"] for link in links.values())
        assert any(f"{a['local']}/{a['prefixlen']}" == pod.addresses[0] for a in links["eth0"]["addr_info"])
        assert {"dst": "default", "gateway": "10.1.0.1", "dev": "eth0"}.items() <= inside(pod.netns, "route")[0].items()
    with rawnl.netns.open(pods[3].netns) if isinstance(pods[3].netns, str) else pods[3].netns as netns:
        assert netns.ping("10.1.0.1").received == 1
        assert netns.ping(pods[60].addresses[0].partition("/")[0]).received == 1
    for pod in pods:
        if isinstance(pod.netns, rawnl.NetNS):
            pod.netns.close()


def test_names_patterns_and_several_addresses(host: rawnl.Connection) -> None:
    pods = rawnl.pods(
        host,
        ["red", "blue"],
        bridge=host.links.get("br0"),
        addresses=[("10.1.5.1/16", "2001:db8::5/64"), ("10.1.5.2/16", "2001:db8::6/64")],
        gateway=("10.1.0.1", "2001:db8::1"),
        link="{name}-br",
        interface="uplink",
    )
    assert [pod.link for pod in pods] == ["red-br", "blue-br"]
    routes = inside("blue", "-6", "route")
    assert any(route["dst"] == "default" and route["gateway"] == "2001:db8::1" for route in routes)
    links = {link["ifname"]: link for link in inside("red", "addr")}
    assert {"10.1.5.1", "2001:db8::5"} <= {address["local"] for address in links["uplink"]["addr_info"]}


def test_pods_without_addresses(host: rawnl.Connection) -> None:
    assert [pod.addresses for pod in rawnl.pods(host, 2, bridge="br0")] == [(), ()]


@pytest.mark.parametrize("stage", ["namespace", "link", "address", "supply", "interrupt", "name", "bridge"])
def test_a_failure_leaves_nothing_behind(host: rawnl.Connection, stage: str) -> None:
    rawnl.netns.create("pod66").close()
    host.links.add("taken66", "bridge")
    before = counted(host)
    options: dict[str, Any] = {
        "bridge": "br0",
        "addresses": "10.1.0.0/16",
        "gateway": "10.1.0.1",
        "name": "new{number}",
    }
    expected: type[BaseException] | tuple[type[BaseException], ...] = rawnl.BatchError
    if stage == "namespace":
        options["name"] = "pod{number}"
    elif stage == "link":
        options["link"] = "taken{number}"
    elif stage == "address":
        options["addresses"] = [f"10.1.1.{i}/16" for i in range(66)] + ["224.0.0.1/16"] * 10
    elif stage == "supply":
        options["addresses"], expected = "10.2.0.0/26", rawnl.EncodeError
    elif stage == "interrupt":
        expected = KeyboardInterrupt

        def interrupt(done: int) -> None:
            raise KeyboardInterrupt

        options["progress"] = interrupt
    elif stage == "name":
        options["name"], expected = "new/{number}", rawnl.EncodeError
    else:
        options["bridge"], expected = "nosuch", FileNotFoundError
    with pytest.raises(expected) as caught:
        rawnl.pods(host, 70, **options)
    assert counted(host) == before
    if stage in ("namespace", "link", "address"):
        assert isinstance(caught.value, rawnl.BatchError)
        assert caught.value.failures[0][0] == 66 and "pods[66]" in str(caught.value)


def test_stop_keeps_what_is_complete_and_resuming_makes_the_rest(host: rawnl.Connection) -> None:
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    options: dict[str, Any] = {"bridge": "br0", "addresses": "10.1.0.0/16", "gateway": "10.1.0.1"}
    with pytest.raises(KeyboardInterrupt):
        rawnl.pods(host, 100, on_error="stop", progress=interrupt, **options)
    names, links, _ = counted(host)
    assert len(names) == 64 and sum(name.startswith("veth") for name in links) == 64
    # One of them is half-made now, and one a leftover file.
    with rawnl.open("pod7") as broken:
        broken.links.delete("eth0")
    rawnl.netns.delete("pod8", wait=True)
    with open("/run/netns/pod8", "w"):
        pass
    pods = rawnl.pods(host, 100, resume=True, **options)
    assert sum(pod.existing for pod in pods) == 62 and len(pods) == 100
    assert [pod.name for pod in sorted(pods, key=lambda pod: int(pod.name[3:]))] == [f"pod{i}" for i in range(100)]
    with rawnl.netns.open("pod7") as netns:
        assert netns.ping("10.1.0.1").received == 1


def test_continue_tells_by_pod(host: rawnl.Connection) -> None:
    rawnl.netns.create("b").close()
    before = counted(host)
    pods = rawnl.pods(host, ["a", "b", "c"], bridge="br0", on_error="continue", link="v{name}")
    assert [pod.error is None for pod in pods] == [True, False, True]
    assert isinstance(pods[1].error, FileExistsError)
    names, links, descriptors = counted(host)
    assert names == ["a", "b", "c"] and {"va", "vc"} <= set(links) and "vb" not in links
    assert descriptors == before[2]


def test_a_stranger_s_link_and_namespace_survive_a_rollback(host: rawnl.Connection) -> None:
    host.links.add("veth0", "bridge")
    rawnl.netns.create("pod1").close()
    with pytest.raises(rawnl.BatchError):
        rawnl.pods(host, 2, bridge="br0")
    assert host.links.get("veth0").kind == "bridge"
    assert [entry.name for entry in rawnl.netns.list()] == ["pod1"]


def test_bad_options(host: rawnl.Connection) -> None:
    with pytest.raises(ValueError, match="rollback"):
        rawnl.pods(host, 1, bridge="br0", on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="named"):
        rawnl.pods(host, 1, bridge="br0", named=False, resume=True)
    with pytest.raises(rawnl.EncodeError, match="link"):
        rawnl.pods(host, 1, bridge="br0", link="far too long a name for it")


def test_resuming_makes_again_what_was_cut_short(host: rawnl.Connection) -> None:
    options: dict[str, Any] = {"bridge": "br0", "addresses": "10.1.0.0/16", "gateway": "10.1.0.1"}
    rawnl.pods(host, 3, **options)
    # As after SIGKILL: the cable is there, and no more.
    with rawnl.open("pod1") as short:
        short.links.set("eth0", up=False)
        short.addresses.delete("10.1.0.3/16", "eth0")
    host.links.set("veth1", up=False)
    pods = rawnl.pods(host, 3, resume=True, **options)
    assert sorted((pod.name, pod.existing) for pod in pods) == [("pod0", True), ("pod1", False), ("pod2", True)]
    with rawnl.netns.open("pod1") as netns:
        assert netns.ping("10.1.0.1").received == 1


@pytest.mark.parametrize("named", [True, False])
def test_ctrl_c_at_any_moment_leaves_nothing_behind(host: rawnl.Connection, named: bool) -> None:
    random = Random(7)
    before = counted(host)
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(15):
            with contextlib.suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.001, 0.05))
                rawnl.pods(
                    host,
                    500,
                    bridge="br0",
                    addresses="10.1.0.0/16",
                    gateway="10.1.0.1",
                    named=named,
                )
            assert counted(host) == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
