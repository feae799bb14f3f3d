"""What each step must have brought about, read back from the kernel.

Strategy: a function per kind of effect, which returns the check for one instance of it. A check never trusts the step:
it asks the kernel anew, through a connection of its own choice, or looks at values that only a working step returns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import rawnl
from rawnl.cli.demo.play import Check, Shortfall, World
from rawnl.cli.demo.traffic import Exchange
from rawnl.cli.screen import columns

FORWARDING = 3
OPERATES = 6
IPV4 = 2
UNANSWERED = 0.25
"""How many seconds the story waits for an answer that must not come."""


def demand(truth: object, otherwise: str) -> None:
    """Raises Shortfall with this sentence unless `truth` holds."""
    if not truth:
        raise Shortfall(otherwise)


# --- namespaces


def named(name: str) -> Check:
    """There is a namespace of this name, and it can be opened."""

    def check(world: World, value: Any) -> list[str]:
        demand(name in _names(), f"there is no namespace {name!r}")
        rawnl.netns.open(name).close()
        return []

    return check


def unnamed(name: str) -> Check:
    """There is no namespace of this name any more, nor a file."""

    def check(world: World, value: Any) -> list[str]:
        demand(name not in _names(), f"namespace {name!r} is still there")
        demand(not os.path.lexists(f"{rawnl.netns.RUN_DIR}/{name}"), f"namespace {name!r} left a file behind")
        return []

    return check


def lists_namespaces(*names: str) -> Check:
    """The value is the list of exactly these namespaces."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, list), "this is no list of namespaces")
        _same([entry.name for entry in value], names, "namespaces")
        return [str(entry) for entry in value] or ["(none)"]

    return check


def opened(*names: str) -> Check:
    """The connections are there, each in a namespace of its own."""

    def check(world: World, value: Any) -> list[str]:
        inodes = {world.connection(name).netns.inode for name in names}
        demand(len(inodes) == len(names), "two connections are in the same namespace")
        return []

    return check


def closed(*names: str) -> Check:
    """The connections are closed."""

    def check(world: World, value: Any) -> list[str]:
        for name in names:
            demand(world.connection(name).netns.closed, f"connection {name!r} is open")
        return []

    return check


# --- links


def lists_links(where: str, *names: str) -> Check:
    """The value is the list of exactly these links, shown as a table."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, list), "this is no list of links")
        _same([link.name for link in value], names, "links")
        return table(value, world.connection(where))

    return check


def is_link(where: str, name: str) -> Check:
    """The value is the link of this name."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, rawnl.Link), "this is no link")
        demand(value.name == name, f"this is link {value.name!r}, not {name!r}")
        return table([value], world.connection(where))

    return check


def has_bridge(where: str, name: str) -> Check:
    """There is a bridge of this name."""

    def check(world: World, value: Any) -> list[str]:
        kind = world.connection(where).links.get(name).kind
        demand(kind == "bridge", f"{name!r} is of kind {kind!r}, not a bridge")
        return []

    return check


def cabled(near: str, link: str, far: str, peer: str) -> Check:
    """Two links are the two ends of one cable, which each end says of the other."""

    def check(world: World, value: Any) -> list[str]:
        one, other = world.connection(near).links.get(link), world.connection(far).links.get(peer)
        demand(one.kind == other.kind == "veth", f"{link!r} and {peer!r} are not both veths")
        demand(one.link == other.index and other.link == one.index, f"{link!r} and {peer!r} are not one cable")
        return []

    return check


def moved(link: str, to: str, away_from: str = "host") -> Check:
    """The link is in the one namespace, and no more in the other."""

    def check(world: World, value: Any) -> list[str]:
        world.connection(to).links.get(link)
        demand(not _has_link(world, away_from, link), f"{link!r} is still outside")
        return []

    return check


def gone(*places: tuple[str, str]) -> Check:
    """None of these (connection, link) is there any more."""

    def check(world: World, value: Any) -> list[str]:
        for where, link in places:
            demand(not _has_link(world, where, link), f"{link!r} is still there")
        return []

    return check


def up(where: str, link: str) -> Check:
    """The link is up, and the kernel has attended to whatever carrier that gave to it and to its other end."""

    def check(world: World, value: Any) -> list[str]:
        demand(world.connection(where).links.get(link).up, f"{link!r} is down")
        demand(world.settles(lambda: _carriers_are_settled(world)), f"{link!r} is up, but not operational")
        return []

    return check


def forwards(where: str, bridge: str, ports: int) -> Check:
    """The bridge is up, and so many ports of it forward."""

    def check(world: World, value: Any) -> list[str]:
        links = world.connection(where).links
        demand(links.get(bridge).up, f"{bridge!r} is down")

        def ready() -> bool:
            states = [getattr(link.port, "state", None) for link in links.list(master=bridge)]
            return states == [FORWARDING] * ports

        demand(world.settles(ready), f"not all {ports} ports of {bridge!r} forward")
        return []

    return check


def port_of(where: str, link: str, bridge: str) -> Check:
    """The link is a port of the bridge."""

    def check(world: World, value: Any) -> list[str]:
        links = world.connection(where).links
        demand(links.get(link).master == links.get(bridge).index, f"{link!r} is no port of {bridge!r}")
        return []

    return check


def counts_peer(where: str, peer: str) -> Check:
    """The value, a driver's counters, tells the index that the other end has in its own namespace."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, dict), "these are no counters")
        index = world.connection(where).links.get(peer).index
        demand(value.get("peer_ifindex") == index, f"peer_ifindex is {value.get('peer_ifindex')}, {peer!r} has {index}")
        return [f"peer_ifindex: {index}, which is {peer}"]

    return check


def found_peer(where: str, link: str) -> Check:
    """The value is the other end of a cable: where it is, and which link."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, tuple), "this is no other end")
        netns, far = value
        demand(netns == world.connection(where).netns, f"the other end is not in {where!r}, but in {netns!r}")
        demand(far.name == link, f"the other end is {far.name!r}, not {link!r}")
        return [f"{far.name}, index {far.index}, in namespace {netns.name}"]

    return check


# --- addresses, routes, settings, translation


def addressed(where: str, address: str, link: str) -> Check:
    """The link has the address."""

    def check(world: World, value: Any) -> list[str]:
        found = [str(each) for each in world.connection(where).addresses.list(link)]
        demand(address in found, f"{link!r} has {', '.join(found) or 'no address'}, not {address}")
        return []

    return check


def lists_addresses(where: str, wanted: str) -> Check:
    """The value is a list of addresses with this one among them."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, list), "this is no list of addresses")
        names = {link.index: link.name for link in world.connection(where).links.list(stats=False)}
        found = [(str(each), f"on {names.get(each.index, each.index)}") for each in value]
        demand(wanted in [address for address, _ in found], f"{wanted} is not among the addresses")
        return columns(found)

    return check


def routed(where: str, gateway: str, target: str) -> Check:
    """The default route, and what the kernel answers about a packet to `target`, both go by the gateway."""

    def check(world: World, value: Any) -> list[str]:
        routes = world.connection(where).routes
        default = [route.gateway for route in routes.list(family=IPV4) if route.destination == "default"]
        demand(default == [gateway], f"the default route goes by {default}, not by {gateway}")
        chosen = routes.get(target).gateway
        demand(chosen == gateway, f"a packet to {target} goes by {chosen!r}, not by {gateway}")
        return []

    return check


def lists_routes(where: str, *destinations: str) -> Check:
    """The value is the list of routes to exactly these destinations."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, list), "this is no list of routes")
        _same([route.destination for route in value], destinations, "routes")
        names = {link.index: link.name for link in world.connection(where).links.list(stats=False)}
        return [f"{route.destination} dev {names.get(route.oif, route.oif)}" for route in value]

    return check


def setting(where: str, key: str, wanted: str) -> Check:
    """The setting has this value in that namespace."""

    def check(world: World, value: Any) -> list[str]:
        found = world.connection(where).sysctl.get(key)
        demand(found == wanted, f"{key} is {found}, not {wanted}")
        return []

    return check


def masquerades(where: str, *sources: str) -> Check:
    """Exactly these sources are translated."""

    def check(world: World, value: Any) -> list[str]:
        _same([str(each.source) for each in world.connection(where).nft.masquerades()], sources, "translated sources")
        return []

    return check


def lists_masquerades(*sources: str) -> Check:
    """The value lists exactly these sources."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, list), "this is no list of translated sources")
        _same([str(each.source) for each in value], sources, "translated sources")
        return [f"from {each.source}, to the address of the link that it leaves by" for each in value]

    return check


# --- traffic


def answered(world: World, value: Any) -> list[str]:
    """The value is a ping of which nothing was lost."""
    demand(isinstance(value, rawnl.PingResult), "this is no ping")
    demand(value.received == value.sent > 0, str(value))
    world.round_trips += value.times
    return [f"{value.sent} sent, {value.received} received, round trip {(value.average or 0) * 1000:.3f} ms"]


def unanswered(world: World, value: Any) -> list[str]:
    """The value is a ping that nobody answered."""
    demand(isinstance(value, rawnl.PingResult), "this is no ping")
    demand(value.sent and not value.received, f"there was an answer where none can be: {value}")
    world.waited += UNANSWERED
    return [f"{value.sent} sent, {value.received} received: as it must be"]


def unheard(world: World, value: Any) -> list[str]:
    """The value is a TCP exchange that did not come about."""
    demand(isinstance(value, Exchange), "this is no exchange")
    demand(not value.seen, f"there was a connection where none can be, from {value.seen}")
    world.waited += UNANSWERED
    return ["no connection: as it must be"]


def translated(near: str, source: str) -> Check:
    """The value is a TCP exchange from `near`, whose far end saw `source` instead."""

    def check(world: World, value: Any) -> list[str]:
        demand(isinstance(value, Exchange), "this is no exchange")
        demand(value.seen, "no connection came about")
        demand(value.near.startswith(f"{near}:"), f"the near end is {value.near}, not {near}")
        demand(value.seen.startswith(f"{source}:"), f"the far end sees {value.seen}, not {source}")
        demand(value.answer == f"you are {value.seen}", f"the answer was {value.answer!r}")
        return [f"sent from {value.near}, seen there as {value.seen}"]

    return check


# --- what they share


def table(links: Iterable[rawnl.Link], connection: rawnl.Connection) -> list[str]:
    """Links as aligned lines: index, name with the other end as `ip link` writes it, kind, state, master, netnsid."""
    names = {link.index: link.name for link in connection.links.list(stats=False)}
    rows = []
    for link in links:
        name = link.name or ""
        if link.link:
            name += f"@if{link.link}" if link.link_netnsid is not None else f"@{names.get(link.link, link.link)}"
        rows.append(
            (
                link.index,
                name,
                link.kind or "loopback",
                "up" if link.up else "down",
                f"master {names.get(link.master, link.master)}" if link.master else "",
                "" if link.link_netnsid is None else f"netnsid {link.link_netnsid}",
            )
        )
    return columns(rows, right=[0])


def _carriers_are_settled(world: World) -> bool:
    """Whether every link that is up and has a carrier also operates: until then it drops what it should send.

    The kernel attends to carriers in a queue that all namespaces share, some hundred a second, so on a busy machine it
    may take long. Asking for a single link makes it attend to that one at once (Linux 6.9); a listing does not.
    """
    for connection in world.connections():
        for link in connection.links.list(up=True, stats=False):
            waits = link.carrier and link.operstate != OPERATES
            if waits and connection.links.get(link).operstate != OPERATES:
                return False
    return True


def _names() -> list[str]:
    return [entry.name for entry in rawnl.netns.list()]


def _has_link(world: World, where: str, name: str) -> bool:
    try:
        world.connection(where).links.get(name)
    except FileNotFoundError:
        return False
    return True


def _same(found: Iterable[str | None], wanted: Iterable[str], what: str) -> None:
    found, wanted = sorted(str(name) for name in found), sorted(wanted)
    demand(found == wanted, f"the {what} are {', '.join(found) or 'none'}, not {', '.join(wanted) or 'none'}")
