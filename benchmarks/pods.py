"""Pods: namespaces on a bridge, each with a veth, an address, loopback up and a default route.

Strategy: all contenders are to leave the same behind, which is read back from every namespace; the first and the last
pod then ping the bridge. The seed's shell, and pyroute2, make fewer of them and are compared per pod.
"""

from __future__ import annotations

import rawnl
from benchmarks.harness import Contender, Failure, Outcome, Work, clean_up, python
from benchmarks.links_create import PYROUTE2, RAWNL, window_items
from benchmarks.rivals import iproute2, tools
from benchmarks.same_messages import compare
from rawnl import Bridge

BRIDGE, GATEWAY = "cnio0", "10.1.0.1"


def prepare(size: int) -> None:
    """The bridge, up, with its address; and /run/netns as a mount, which every contender makes if need be."""
    with rawnl.open() as nl:
        bridge = nl.links.add(BRIDGE, Bridge(), up=True)
        nl.addresses.add(f"{GATEWAY}/16", bridge)
    with rawnl.netns.create("first"):
        pass


def bridge_index() -> int:
    """The bridge's index."""
    with rawnl.open() as nl:
        return nl.index_of(BRIDGE)


def by_floor(items: int, *options: object) -> Outcome:
    """The C floor."""
    return tools.floor("pods", items, "--bridge", bridge_index(), "--window", window_items(), "--queues", 1, *options)


def by_rawnl(items: int, named: str = "named", **environment: str) -> Outcome:
    """rawnl.pods."""
    return python(RAWNL, "pods", items, bridge_index(), named, **environment)


def read_back(size: int, done: int) -> None:
    """Every pod by name: what is in it; and two of them can reach the bridge."""
    names = {entry.name for entry in rawnl.netns.list()}
    if names != {f"pod{i}" for i in range(done)}:
        raise Failure(f"{len(names)} namespaces with a name, where {done} must be")
    with rawnl.open() as nl:
        ports = nl.links.list(master=BRIDGE, up=True)
    if {link.name for link in ports} != {f"veth{i}" for i in range(done)}:
        raise Failure(f"{len(ports)} ports of the bridge are up, where {done} must be")
    for i in range(done):
        _inside(i)
    for i in (0, done - 1):
        with rawnl.netns.open(f"pod{i}") as netns:
            if netns.ping(GATEWAY, timeout=2.0).received != 1:
                raise Failure(f"pod {i} cannot reach the bridge")


def _inside(number: int) -> None:
    with rawnl.open(f"pod{number}") as inside:
        links = {link.name: link.up for link in inside.links.list()}
        addresses = [str(entry) for entry in inside.addresses.list(link="eth0", family=2)]
        routes = [(route.destination, route.gateway) for route in inside.routes.list(family=2)]
    wanted = f"10.1.{number + 2 >> 8}.{number + 2 & 255}/16"
    if links != {"lo": True, "eth0": True}:
        raise Failure(f"pod {number} has the links {links}")
    if not any(wanted in text for text in addresses):
        raise Failure(f"pod {number} has the addresses {addresses}, not {wanted}")
    if ("default", GATEWAY) not in [(str(destination), str(gateway)) for destination, gateway in routes]:
        raise Failure(f"pod {number} has the routes {routes}")


def same() -> None:
    """rawnl sends what the floor sends."""

    def floor(path: str) -> None:
        prepare(70)
        tools.floor("pods", 70, "--bridge", bridge_index(), "--window", window_items(), "--queues", 1, FLOOR_TRACE=path)
        rawnl.netns.delete_many([entry.name for entry in rawnl.netns.list()])

    compare(floor, lambda path: by_rawnl(70, RAWNL_TRACE=path))
    clean_up()


def works() -> list[Work]:
    """Pods with a name; those without are compared among those who have them."""
    floor, ip, go, pyroute2 = (
        tools.floor_absent(),
        tools.ip_absent(),
        tools.golang_absent(),
        tools.pyroute2_absent(),
    )
    contenders = [
        Contender("C floor", by_floor, floor),
        Contender("rawnl", by_rawnl),
        Contender("ip -batch", lambda items: iproute2.pods(items, BRIDGE), ip, share=5, note="one `ip` a namespace"),
        Contender("seed's shell", lambda items: iproute2.seed_pods(items, BRIDGE), ip, share=20),
        Contender("Go", lambda items: tools.golang("pods", items, bridge_index()), go),
        Contender("pyroute2", lambda items: python(PYROUTE2, "pods", items, bridge_index()), pyroute2, share=10),
    ]
    return [
        Work(
            name="pods",
            title="Make pods",
            unit="pod",
            contenders=contenders,
            sizes=(500,),
            quick=(100,),
            reference="C floor",
            prepare=prepare,
            state=read_back,
            preflight=same,
        )
    ]
