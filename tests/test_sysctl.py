"""Settings of a namespace: read and written there and nowhere else.

Strategy: what rawnl writes is read with `cat` and sysctl(8) inside the namespace, what `sysctl` writes is read with
rawnl, and the same setting is looked at in two other namespaces, which must not have changed.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from lab import become_nobody, descriptors, forked, inside, ip, one_user_only

import rawnl
from rawnl import Bridge, kernel, netns

FORWARD = "net.ipv4.ip_forward"


def cat(space: rawnl.NetNS, path: str) -> str:
    return inside(space, "cat", f"/proc/sys/{path}").rstrip("\n")


def test_a_value_is_set_in_this_namespace_only(nl):
    here = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    with netns.create() as other:
        before = cat(other, "net/ipv4/ip_forward")
        for value, text in ((1, "1"), (0, "0"), (True, "1"), (False, "0"), ("1", "1"), ("0\n", "0")):
            nl.sysctl.set(FORWARD, value)
            assert nl.sysctl.get(FORWARD) == cat(nl.netns, "net/ipv4/ip_forward") == text
            assert inside(nl.netns, "sysctl", "-n", FORWARD).strip() == text
        nl.sysctl.set(FORWARD, 1 - int(before))
        assert cat(other, "net/ipv4/ip_forward") == before
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == here


def test_what_sysctl_writes_is_read(nl):
    inside(nl.netns, "sysctl", "-w", "net.ipv4.ip_local_port_range=20000 30001")
    assert nl.sysctl.get("net.ipv4.ip_local_port_range") == "20000\t30001"
    nl.sysctl.set("net.ipv4.ip_local_port_range", "10000 20001")
    assert inside(nl.netns, "sysctl", "-n", "net.ipv4.ip_local_port_range").split() == ["10000", "20001"]


@pytest.mark.parametrize("name", ["eth0.100", "eth0", "a-b", "...", "10.0.0.1"])
def test_links_whose_names_have_dots(nl, name):
    nl.links.add(name, Bridge())
    for key in (
        f"net/ipv4/conf/{name}/forwarding",
        f"net.ipv4.conf.{name.replace('.', '/')}.forwarding",
    ):
        nl.sysctl.set(key, 1)
        assert cat(nl.netns, f"net/ipv4/conf/{name}/forwarding") == "1"
        # sysctl(8) reads both spellings the same way.
        assert inside(nl.netns, "sysctl", "-n", key).strip() == "1"
        inside(nl.netns, "sysctl", "-w", f"{key}=0")
        assert nl.sysctl.get(key) == "0"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "net",
        "net.",
        "kernel.hostname",
        "vm/swappiness",
        "net.ipv4/../../kernel/hostname",
        "net/../kernel/hostname",
        "net/./ipv4/ip_forward",
        "net//ipv4/ip_forward",
        "net.//.kernel.hostname",
        "/proc/sys/net/ipv4/ip_forward",
        "net/ipv4/ip_forward/",
        "net/ipv4/\0",
        "net/ipv4/\ud800",
        "network.ipv4.ip_forward",
    ],
)
def test_keys_that_are_refused(nl, key, monkeypatch):
    opened = []
    genuine = kernel.open_in
    monkeypatch.setattr(kernel, "open_in", lambda *arguments: opened.append(genuine(*arguments)))
    for use in (lambda: nl.sysctl.get(key), lambda: nl.sysctl.set(key, 1)):
        with pytest.raises(rawnl.EncodeError) as caught:
            use()
        assert isinstance(caught.value, ValueError)
    assert opened == []


def test_keys_and_values_of_another_type(nl):
    for key in (7, None, b"net.ipv4.ip_forward"):
        with pytest.raises(TypeError):
            nl.sysctl.get(key)
    for value in (1.5, None, b"1", "1\x000", "\ud800"):
        with pytest.raises(ValueError) as caught:
            nl.sysctl.set(FORWARD, value)
        assert isinstance(caught.value, rawnl.EncodeError)
    assert cat(nl.netns, "net/ipv4/ip_forward") == nl.sysctl.get(FORWARD)


def test_an_unknown_setting_is_a_file_that_is_not_there(nl):
    before = descriptors()
    for key in ("net.ipv4.no_such_setting", "net/ipv4/conf/nolink/forwarding"):
        for use in (lambda key=key: nl.sysctl.get(key), lambda key=key: nl.sysctl.set(key, 1)):
            with pytest.raises(FileNotFoundError, match="no such setting") as caught:
                use()
            assert isinstance(caught.value, rawnl.NotFound)
            assert key in str(caught.value)
    assert descriptors() == before


@pytest.mark.parametrize("value", ["nonsense", "", "x 1", "99999999999999999999"])
def test_a_value_that_it_does_not_take(nl, value):
    inside(nl.netns, "sysctl", "-w", "net.ipv4.ip_default_ttl=77")
    before = descriptors()
    try:
        nl.sysctl.set("net.ipv4.ip_default_ttl", value)
    except rawnl.KernelError as error:
        assert error.errno == errno.EINVAL
        assert "net.ipv4.ip_default_ttl" in str(error)
    else:
        # The kernel takes an empty line for no change at all.
        assert value == ""
    assert cat(nl.netns, "net/ipv4/ip_default_ttl") == "77"
    assert descriptors() == before


def test_a_directory_and_a_setting_that_is_only_read(nl):
    with pytest.raises(rawnl.KernelError) as caught:
        nl.sysctl.get("net.ipv4")
    assert caught.value.errno == errno.EISDIR
    with pytest.raises(rawnl.KernelError):
        nl.sysctl.set("net.ipv4.tcp_available_congestion_control", "cubic")


def test_after_closing(nl):
    nl.close()
    with pytest.raises(rawnl.ConnectionClosed):
        nl.sysctl.get(FORWARD)
    with pytest.raises(rawnl.ConnectionClosed):
        nl.sysctl.set(FORWARD, 1)


def test_no_thread_moves(nl):
    nl.sysctl.set(FORWARD, 1)
    nl.sysctl.get(FORWARD)
    with netns.current() as here:
        assert os.path.samestat(os.fstat(here.fileno()), os.stat("/proc/self/ns/net"))
    assert [link["ifname"] for link in ip(nl.netns, "link")] == ["lo"]


def test_without_privilege_reading_goes_on_and_writing_says_why():
    if one_user_only():
        pytest.skip("only one user id is mapped here, and it owns the settings")
    list(rawnl.__all__)

    def nobody():
        with rawnl.open() as nl:
            become_nobody()
            value = nl.sysctl.get(FORWARD)
            with pytest.raises(PermissionError) as caught:
                nl.sysctl.set(FORWARD, 1)
            return value, caught.value

    value, error = forked(nobody)
    assert value == Path("/proc/sys/net/ipv4/ip_forward").read_text().strip()
    assert isinstance(error, rawnl.NotPermitted)
    assert "CAP_NET_ADMIN" in str(error) and "unshare -Urn" in str(error)
