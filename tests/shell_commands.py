"""The shell commands that people build such networks with, in the order in which they type them.

Strategy: the demo has to show every one of `WALKTHROUGH`, and the README has to have a row for every one of `ALL`; both
are tested against these lists.
"""

from __future__ import annotations

TWO_NAMESPACES = """
ip netns add blue
ip netns add red
ip netns list
ip link add veth-red type veth peer name veth-blue
ip link show
ip link set veth-red netns red
ip link set veth-blue netns blue
ip netns exec red ip link show
ip netns exec blue ip link show
ip netns exec red ip addr add 192.168.100.2/24 dev veth-red
ip netns exec red ip link set veth-red up
ip netns exec blue ip addr add 192.168.100.3/24 dev veth-blue
ip netns exec blue ip link set veth-blue up
ip netns exec red ip addr show
ip netns exec blue ip addr show
ip netns exec red ping -c1 192.168.100.3
ip netns exec blue ping -c1 192.168.100.2
ip netns exec red ip link delete veth-red
"""

MANY_NAMESPACES = """
ip netns add orange
ip link add cnio0 type bridge
ip link add veth-red type veth peer name veth-red-br
ip link add veth-blue type veth peer name veth-blue-br
ip link add veth-orange type veth peer name veth-orange-br
ip link set veth-red netns red
ip link set veth-blue netns blue
ip link set veth-orange netns orange
ip link set veth-red-br master cnio0
ip link set veth-blue-br master cnio0
ip link set veth-orange-br master cnio0
ip netns exec red ip link show
ip netns exec blue ip link show
ip netns exec orange ip link show
ip netns exec red ip addr add 192.168.100.2/24 dev veth-red
ip netns exec red ip link set up veth-red
ip link set up veth-red-br
ip netns exec blue ip addr add 192.168.100.3/24 dev veth-blue
ip netns exec blue ip link set up veth-blue
ip link set up veth-blue-br
ip netns exec orange ip addr add 192.168.100.4/24 dev veth-orange
ip netns exec orange ip link set up veth-orange
ip link set up veth-orange-br
ip addr add 192.168.100.1/24 dev cnio0
ip link set up cnio0
sysctl -w net.ipv4.ip_forward=1
ip netns exec red route add default gw 192.168.100.1
ip netns exec blue route add default gw 192.168.100.1
ip netns exec orange route add default gw 192.168.100.1
iptables -t nat -A POSTROUTING -s 192.168.100.0/24 -j MASQUERADE
ip netns exec red ping -c1 8.8.8.8
ip netns exec red ping -c1 192.168.100.1
ip netns exec red ping -c1 192.168.100.3
ip netns exec red ping -c1 192.168.100.4
ip netns exec red ethtool -S veth-red
ip link show | grep ^15
ethtool -S veth-red-br
ip netns exec red ip link show
"""

KUBERNETES = """
ip link show type veth
ethtool -S vethc9051bae
ip netns list
lsns -t net
ip -n cni-5a457186-93e6-ad40-54b3-2310eafdf4f8 link show
nsenter -t 2298 -n ip link show
"""


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


WALKTHROUGH = _lines(TWO_NAMESPACES) + _lines(MANY_NAMESPACES)
ALL = WALKTHROUGH + _lines(KUBERNETES)
