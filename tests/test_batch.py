"""Batches: many requests a window, every failure told apart, and what becomes of the rest.

Strategy: real requests in a namespace of the test's own; what was done is counted by `ip`, not by rawnl. The property
that no answer is lost even when every item fails is tried at the default socket buffers with thousands of failures.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from witness import require

import rawnl
from rawnl import Bridge, Link, Veth


def names(connection: rawnl.Connection) -> set[str]:
    """The links of a namespace, as `ip` sees them."""
    out = connection.netns.run([require("ip"), "-j", "link"], capture_output=True, check=True).stdout
    return {link["ifname"] for link in json.loads(out)}


def state(connection: rawnl.Connection) -> list[str]:
    """All that a rolled-back batch must leave as it was: links, addresses, routes, neighbours, rules; no counters."""
    # IPv4 only: IPv6 goes on about its own business, such as detecting duplicates, meanwhile.
    commands = ("-d link", "-4 addr", "-4 route show table all", "-4 neigh", "rule")
    return [
        connection.netns.run([require("ip"), *command.split()], capture_output=True, text=True, check=True).stdout
        for command in commands
    ]


@pytest.fixture
def host() -> Iterator[rawnl.Connection]:
    with rawnl.netns.create() as netns, rawnl.open(netns) as connection:
        connection.links.add("stay0", Veth(peer=Link(name="stay1")))
        connection.links.add("br0", Bridge())
        yield connection


def pair(batch: rawnl.Batch, name: str) -> rawnl.Item:
    return batch.links.add(name, Veth(peer=Link(name=f"{name}p")), num_tx_queues=1, num_rx_queues=1)


def test_more_requests_than_a_window_are_all_carried_out(host: rawnl.Connection) -> None:
    count = host.channel.window_items * 2 + 7
    with host.batch() as batch:
        for number in range(count):
            batch.neighbours.add(f"10.0.{number >> 8}.{number & 255}", "stay0", lladdr="02:00:00:00:00:01")
    out = host.netns.run([require("ip"), "-j", "neigh"], capture_output=True, check=True).stdout
    assert len(json.loads(out)) == count == len(batch)


def test_nothing_is_sent_before_the_window_is_full_and_the_rest_at_the_end(host: rawnl.Connection) -> None:
    with host.batch() as batch:
        item = pair(batch, "a")
        assert not item.done and "a" not in names(host)
    assert item.done and item.error is None and "a" in names(host)


def test_a_link_of_the_same_batch_can_be_named_at_once(host: rawnl.Connection) -> None:
    with host.batch() as batch:
        pair(batch, "a")
        batch.addresses.add("10.1.0.1/24", "a")
        batch.links.set("a", master="br0", up=True)
        batch.links.set("ap", up=True)
        batch.routes.add("10.2.0.0/16", dev="a")
    link = host.links.get("a")
    assert link.up and link.master == host.links.get("br0").index
    assert [str(address) for address in host.addresses.list("a", family=2)] == ["10.1.0.1/24"]
    assert "10.2.0.0/16" in [route.destination for route in host.routes.list(dev="a", family=2)]


def test_every_failure_is_attributed_to_its_item_with_sentence_and_path(host: rawnl.Connection) -> None:
    with pytest.raises(rawnl.BatchError) as caught, host.batch(on_error="continue") as batch:
        good = pair(batch, "a")
        taken = pair(batch, "stay0")
        mtu = batch.links.set("br0", mtu=70000)
        unreachable = batch.routes.add("10.0.0.0/8", via="192.0.2.1")
        late = pair(batch, "b")
    assert good.done and late.done and {"a", "b"} <= names(host)
    assert isinstance(taken.error, FileExistsError) and taken.error.attribute.startswith("links[1]")
    assert mtu.error is not None and "mtu" in mtu.error.message
    assert unreachable.error is not None and unreachable.error.message == "Nexthop has invalid gateway"
    assert [number for number, _ in caught.value.failures] == [1, 2, 3]
    assert caught.value.total == 5 and "3 of 5" in str(caught.value)


def test_the_kernel_names_the_attribute_of_a_nested_value(host: rawnl.Connection) -> None:
    with pytest.raises(rawnl.BatchError) as caught, host.batch() as batch:
        pair(batch, "a")
        batch.links.add("b", Veth(peer=Link(name="bp", netns=0)))
    error = caught.value.failures[0][1]
    assert error.attribute == "links[1].linkinfo.data.peer.netns" or error.attribute == "links[1]", error


def test_stop_sends_no_later_window(host: rawnl.Connection) -> None:
    window = host.channel.window_items
    near = host.links.get("stay0")
    with pytest.raises(rawnl.BatchError), host.batch(on_error="stop") as batch:
        pair(batch, "stay0")
        for number in range(window * 2):
            batch.neighbours.add(f"10.0.{number >> 8}.{number & 255}", near, lladdr="02:00:00:00:00:01")
    assert len(host.neighbours.list()) == window - 1


def test_an_exception_in_the_block_leaves_what_waits_unsent(host: rawnl.Connection) -> None:
    with pytest.raises(KeyboardInterrupt), host.batch() as batch:
        pair(batch, "a")
        raise KeyboardInterrupt
    assert "a" not in names(host)


@pytest.mark.parametrize("reason", ["kernel", "python", "interrupt"])
def test_after_a_rollback_nothing_of_the_batch_is_left(host: rawnl.Connection, reason: str) -> None:
    host.links.set("stay0", up=True, mtu=1400)
    host.links.set("stay1", up=True)
    host.addresses.add("192.0.2.1/24", "stay0")
    before = state(host)
    with rawnl.netns.create() as other:
        with (
            pytest.raises((rawnl.BatchError, ZeroDivisionError, KeyboardInterrupt)),
            host.batch(on_error="rollback") as batch,
        ):
            for number in range(host.channel.window_items):
                batch.neighbours.add(f"192.0.2.{number + 2}", "stay0", lladdr="02:00:00:00:00:01")
            pair(batch, "a")
            batch.links.add("far", Veth(peer=Link(name="farp")), netns=other)
            batch.links.set("stay0", mtu=1300, txqlen=7, group=5)
            batch.links.set("stay1", ifalias="hello", address="02:00:00:00:00:99", master="br0")
            batch.addresses.add("198.51.100.1/24", "stay0")
            batch.routes.add("203.0.113.0/24", via="192.0.2.9")
            batch.rules.add(src="198.51.100.0/24", table=100)
            if reason == "python":
                batch.flush()
                raise ZeroDivisionError
            if reason == "interrupt":
                batch.flush()
                raise KeyboardInterrupt
            pair(batch, "stay0")
        with rawnl.open(other) as inside:
            assert names(inside) == {"lo"}
    # The address was given anew, so its way of being assigned shows; all else is as before.
    after = state(host)
    host.links.set("stay1", ifalias="")
    assert [text.replace("permaddr", "") for text in after[2:]] == before[2:]
    assert names(host) == {"lo", "stay0", "stay1", "br0"}
    link = host.links.get("stay0")
    assert (link.mtu, link.txqlen, link.group) == (1400, 1000, 0)
    far = host.links.get("stay1")
    assert far.master is None and not far.ifalias and far.address != "02:00:00:00:00:99"


def test_a_batch_that_rolls_back_refuses_what_it_cannot_take_back(host: rawnl.Connection) -> None:
    with host.batch(on_error="rollback") as batch:
        for impossible in (
            lambda: batch.links.delete("stay0"),
            lambda: batch.links.add(None, "veth"),
            lambda: batch.links.set("stay0", netns=1),
            lambda: batch.routes.replace("10.0.0.0/8", dev="stay0"),
            lambda: batch.addresses.delete("10.0.0.1/8", "stay0"),
        ):
            with pytest.raises(ValueError):
                impossible()


def test_a_bad_value_is_refused_where_it_is_written(host: rawnl.Connection) -> None:
    with host.batch() as batch:
        with pytest.raises(rawnl.EncodeError, match="name"):
            pair(batch, "a/b")
        with pytest.raises(rawnl.EncodeError, match="destination"):
            batch.routes.add("10.0.0.1/8", dev="stay0")
        assert len(batch) == 0


def test_thousands_of_failures_at_default_buffers_lose_no_answer(host: rawnl.Connection) -> None:
    count = 3000
    with pytest.raises(rawnl.BatchError) as caught, host.batch(on_error="continue") as batch:
        for _ in range(count):
            pair(batch, "stay0")
    assert [number for number, _ in caught.value.failures] == list(range(count))
    assert all(isinstance(error, FileExistsError) for _, error in caught.value.failures)


def test_progress_counts_what_was_sent(host: rawnl.Connection) -> None:
    seen: list[int] = []
    with host.batch(progress=seen.append) as batch:
        for number in range(host.channel.window_items + 1):
            batch.neighbours.add(f"10.0.0.{number}", "stay0", lladdr="02:00:00:00:00:01")
    assert seen == [host.channel.window_items, host.channel.window_items + 1]


def test_an_unknown_policy_is_a_value_error(host: rawnl.Connection) -> None:
    with pytest.raises(ValueError, match="rollback"):
        host.batch(on_error="ignore")  # type: ignore[arg-type]


def test_a_link_of_another_namespace_is_no_master_here(host: rawnl.Connection) -> None:
    with rawnl.netns.create() as other, rawnl.open(other) as inside:
        stranger = inside.links.add("br9", Bridge())
        with host.batch() as batch, pytest.raises(rawnl.EncodeError, match="another namespace"):
            batch.links.add("a", Veth(peer=Link(name="b")), master=stranger)


def test_ip_batch_reaches_the_same_state(host: rawnl.Connection) -> None:
    lines = "".join(f"link add w{i} type veth peer name x{i}\n" for i in range(5))
    with rawnl.netns.create() as other, rawnl.open(other) as witness:
        other.run([require("ip"), "-batch", "-"], input=lines.encode(), check=True, stdout=subprocess.DEVNULL)
        with host.batch() as batch:
            for number in range(5):
                batch.links.add(f"w{number}", Veth(peer=Link(name=f"x{number}")))
        assert names(host) - names(witness) == {"stay0", "stay1", "br0"}


def test_a_far_end_and_a_new_name_are_known_in_the_same_batch(host: rawnl.Connection) -> None:
    with host.batch() as batch:
        pair(batch, "a")
        batch.links.set("ap", up=True)
        batch.links.set("a", name="c")
        batch.addresses.add("192.0.2.1/24", "c")
    assert {"ap", "c"} <= names(host) and host.links.get("ap").up
    with pytest.raises(FileNotFoundError), host.batch() as batch:
        batch.links.set("nosuch", up=True)
