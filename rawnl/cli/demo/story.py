"""The story that the demo tells, as data: two namespaces on a cable, three on a bridge with a way out, and clean-up.

Strategy: each step has the shell command that people know, the line of rawnl that does the same, and the check that it
did. The lines read as in the documentation; `host`, `red` … are connections that earlier lines opened.

The internet is a namespace with a documentation address (RFC 5737). It has no route back to the others, so whatever it
answers, it answers to the translated address.
"""

from __future__ import annotations

from rawnl.cli.demo import checks
from rawnl.cli.demo.play import Part, Section, Step

PODS = {"red": "192.168.100.2", "blue": "192.168.100.3", "orange": "192.168.100.4"}
NETWORK, GATEWAY = "192.168.100.0/24", "192.168.100.1"
OUTSIDE, INTERNET = "203.0.113.1", "203.0.113.9"
PORTS = tuple(f"veth-{pod}-br" for pod in PODS)


def create(name: str) -> Step:
    """A namespace."""
    return Step(f"ip netns add {name}", f'rawnl.netns.create("{name}")', checks.named(name))


def add_cable(name: str, peer: str) -> Step:
    """A veth with both ends on the host."""
    return Step(
        f"ip link add {name} type veth peer name {peer}",
        f'host.links.add("{name}", Veth(peer=Link(name="{peer}")))',
        checks.cabled("host", name, "host", peer),
    )


def attach(pod: str) -> Step:
    """A link goes into a namespace."""
    return Step(
        f"ip link set veth-{pod} netns {pod}",
        f'host.links.set("veth-{pod}", netns="{pod}")',
        checks.moved(f"veth-{pod}", pod),
    )


def plug(port: str) -> Step:
    """A link becomes a port of the bridge."""
    return Step(
        f"ip link set {port} master cnio0",
        f'host.links.set("{port}", master="cnio0")',
        checks.port_of("host", port, "cnio0"),
    )


def show_links(where: str, *names: str) -> Step:
    """The links of a namespace."""
    shell = "ip link show" if where == "host" else f"ip netns exec {where} ip link show"
    return Step(shell, f"{where}.links.list()", checks.lists_links(where, *names))


def give_address(pod: str) -> Step:
    """A namespace gets its address."""
    return Step(
        f"ip netns exec {pod} ip addr add {PODS[pod]}/24 dev veth-{pod}",
        f'{pod}.addresses.add("{PODS[pod]}/24", "veth-{pod}")',
        checks.addressed(pod, f"{PODS[pod]}/24", f"veth-{pod}"),
    )


def bring_up(shell: str, where: str, link: str) -> Step:
    """A link goes up."""
    return Step(shell, f'{where}.links.set("{link}", up=True)', checks.up(where, link))


def show_addresses(pod: str) -> Step:
    """The addresses of a namespace."""
    return Step(
        f"ip netns exec {pod} ip addr show", f"{pod}.addresses.list()", checks.lists_addresses(pod, f"{PODS[pod]}/24")
    )


def ping(pod: str, target: str, note: str = "", typed: str = "") -> Step:
    """An echo from inside a namespace; `typed` is what the shell command says instead of the target."""
    return Step(
        f"ip netns exec {pod} ping -c1 {typed or target}", f'{pod}.netns.ping("{target}")', checks.answered, note
    )


def route_out(pod: str) -> Step:
    """The default route of a namespace."""
    return Step(
        f"ip netns exec {pod} route add default gw {GATEWAY}",
        f'{pod}.routes.add("default", via="{GATEWAY}")',
        checks.routed(pod, GATEWAY, INTERNET),
    )


def configure(pod: str) -> tuple[Step, ...]:
    """Address and both ends up, for a namespace on the bridge."""
    return (
        give_address(pod),
        bring_up(f"ip netns exec {pod} ip link set up veth-{pod}", pod, f"veth-{pod}"),
        bring_up(f"ip link set up veth-{pod}-br", "host", f"veth-{pod}-br"),
    )


def talk(pod: str) -> Step:
    """A TCP exchange from a namespace with the internet."""
    return Step(
        "",
        f'exchange({pod}.netns, internet.netns, "{INTERNET}")',
        checks.translated(PODS[pod], OUTSIDE),
        f"TCP from {pod}, whose far end says whom it sees",
    )


def remove(name: str) -> Step:
    """A namespace goes."""
    return Step(f"ip netns delete {name}", f'rawnl.netns.delete("{name}")', checks.unnamed(name))


CABLE = Part(
    "Connect 2 different namespaces",
    (
        Section(
            "Create network namespaces",
            (
                create("blue"),
                create("red"),
                Step("ip netns list", "rawnl.netns.list()", checks.lists_namespaces("blue", "red")),
                Step(
                    "",
                    'host, red, blue = rawnl.open(), rawnl.open("red"), rawnl.open("blue")',
                    checks.opened("host", "red", "blue"),
                    "a connection stays in its namespace, so nothing has to be run inside",
                ),
            ),
        ),
        Section(
            "Create a veth pair",
            (add_cable("veth-red", "veth-blue"), show_links("host", "lo", "veth-blue", "veth-red")),
        ),
        Section(
            "Attach veth to namespaces",
            (
                attach("red"),
                attach("blue"),
                show_links("host", "lo"),
                show_links("red", "lo", "veth-red"),
                show_links("blue", "lo", "veth-blue"),
            ),
        ),
        Section(
            "Assign IP",
            (
                give_address("red"),
                bring_up("ip netns exec red ip link set veth-red up", "red", "veth-red"),
                give_address("blue"),
                bring_up("ip netns exec blue ip link set veth-blue up", "blue", "veth-blue"),
                show_addresses("red"),
                show_addresses("blue"),
            ),
        ),
        Section("Verify", (ping("red", PODS["blue"]), ping("blue", PODS["red"]))),
        Section(
            "Clean-up",
            (
                Step(
                    "ip netns exec red ip link delete veth-red",
                    'red.links.delete("veth-red")',
                    checks.gone(("red", "veth-red"), ("blue", "veth-blue")),
                    "the far end goes with it",
                ),
                show_links("red", "lo"),
                show_links("blue", "lo"),
            ),
        ),
    ),
)

BRIDGE = Part(
    "Connect multi-namespaces",
    (
        Section(
            "Create bridge / veth pairs",
            (
                create("orange"),
                Step("", 'orange = rawnl.open("orange")', checks.opened("host", "orange"), "its connection"),
                Step(
                    "ip link add cnio0 type bridge",
                    'host.links.add("cnio0", Bridge())',
                    checks.has_bridge("host", "cnio0"),
                ),
                *(add_cable(f"veth-{pod}", f"veth-{pod}-br") for pod in PODS),
                show_links("host", "lo", "cnio0", *PORTS, *(f"veth-{pod}" for pod in PODS)),
            ),
        ),
        Section(
            "Attach veth to namespaces and bridge",
            (
                *(attach(pod) for pod in PODS),
                *(plug(port) for port in PORTS),
                show_links("host", "lo", "cnio0", *PORTS),
                *(show_links(pod, "lo", f"veth-{pod}") for pod in PODS),
            ),
        ),
        Section(
            "IP config",
            (
                *configure("red"),
                *configure("blue"),
                *configure("orange"),
                Step(
                    "ip addr add 192.168.100.1/24 dev cnio0",
                    'host.addresses.add("192.168.100.1/24", "cnio0")',
                    checks.addressed("host", "192.168.100.1/24", "cnio0"),
                ),
                Step(
                    "ip link set up cnio0",
                    'host.links.set("cnio0", up=True)',
                    checks.forwards("host", "cnio0", len(PORTS)),
                ),
                Step(
                    "sysctl -w net.ipv4.ip_forward=1",
                    'host.sysctl.set("net.ipv4.ip_forward", 1)',
                    checks.setting("host", "net.ipv4.ip_forward", "1"),
                ),
            ),
        ),
        Section(
            "A stand-in for the internet",
            (
                create("internet"),
                Step("", 'internet = rawnl.open("internet")', checks.opened("host", "internet"), "its connection"),
                Step(
                    "ip link add eth0 type veth peer name wan netns internet",
                    'host.links.add("eth0", Veth(peer=Link(name="wan", netns="internet")))',
                    checks.cabled("host", "eth0", "internet", "wan"),
                ),
                bring_up("ip link set eth0 up", "host", "eth0"),
                Step(
                    f"ip addr add {OUTSIDE}/24 dev eth0",
                    f'host.addresses.add("{OUTSIDE}/24", "eth0")',
                    checks.addressed("host", f"{OUTSIDE}/24", "eth0"),
                ),
                Step(
                    f"ip -n internet addr add {INTERNET}/24 dev wan",
                    f'internet.addresses.add("{INTERNET}/24", "wan")',
                    checks.addressed("internet", f"{INTERNET}/24", "wan"),
                ),
                bring_up("ip -n internet link set wan up", "internet", "wan"),
                Step(
                    "ip -n internet route show",
                    "internet.routes.list(family=2)",
                    checks.lists_routes("internet", "203.0.113.0/24"),
                    f"it has no way back to {NETWORK}",
                ),
            ),
        ),
        Section(
            "Internet connection config",
            (
                *(route_out(pod) for pod in PODS),
                Step(
                    "",
                    f'red.netns.ping("{INTERNET}", timeout={checks.UNANSWERED})',
                    checks.unanswered,
                    "before there is a translation, nothing can come back",
                ),
                Step(
                    "",
                    f'exchange(red.netns, internet.netns, "{INTERNET}", timeout={checks.UNANSWERED})',
                    checks.unheard,
                    "nor can a TCP connection come about",
                ),
                Step(
                    f"iptables -t nat -A POSTROUTING -s {NETWORK} -j MASQUERADE",
                    f'host.nft.masquerade("{NETWORK}")',
                    checks.masquerades("host", NETWORK),
                ),
                Step("iptables -t nat -S POSTROUTING", "host.nft.masquerades()", checks.lists_masquerades(NETWORK)),
                ping("red", INTERNET, f"{INTERNET} stands in for 8.8.8.8", "8.8.8.8"),
                *(talk(pod) for pod in PODS),
            ),
        ),
        Section("Verify", (ping("red", GATEWAY), ping("red", PODS["blue"]), ping("red", PODS["orange"]))),
        Section(
            "Check veth pair info",
            (
                Step(
                    "ip netns exec red ethtool -S veth-red",
                    'red.links.stats("veth-red")',
                    checks.counts_peer("host", "veth-red-br"),
                ),
                Step(
                    "ip link show | grep ^15",
                    'host.links.get(red.links.stats("veth-red")["peer_ifindex"])',
                    checks.is_link("host", "veth-red-br"),
                    "by the index that the line before has told",
                ),
                Step(
                    "ethtool -S veth-red-br",
                    'host.links.stats("veth-red-br")',
                    checks.counts_peer("red", "veth-red"),
                ),
                show_links("red", "lo", "veth-red"),
                Step(
                    "",
                    'host.links.peer("veth-red-br")',
                    checks.found_peer("red", "veth-red"),
                    "the same question in one call",
                ),
            ),
        ),
    ),
)

CLEAN_UP = Part(
    "Take it all down",
    (
        Section(
            "Delete what was made",
            (
                Step(
                    f"iptables -t nat -D POSTROUTING -s {NETWORK} -j MASQUERADE",
                    f'host.nft.unmasquerade("{NETWORK}")',
                    checks.masquerades("host"),
                ),
                Step(
                    "",
                    'host.links.delete_many(host.links.list(kind="veth"))',
                    checks.gone(
                        *(("host", port) for port in (*PORTS, "eth0")),
                        *((pod, f"veth-{pod}") for pod in PODS),
                        ("internet", "wan"),
                    ),
                    "all cables at the price of one, far ends included",
                ),
                Step("ip link delete cnio0", 'host.links.delete("cnio0")', checks.gone(("host", "cnio0"))),
                Step(
                    "",
                    "for each in red, blue, orange, internet: each.close()",
                    checks.closed(*PODS, "internet"),
                    "let go of the namespaces",
                ),
                *(remove(name) for name in (*PODS, "internet")),
            ),
        ),
        Section(
            "Verify that nothing is left",
            (
                Step("ip netns list", "rawnl.netns.list()", checks.lists_namespaces()),
                show_links("host", "lo"),
            ),
        ),
    ),
)

BUILD = (CABLE, BRIDGE)
