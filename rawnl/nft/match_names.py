"""The types that nft's matches use, with the names it has for their values.

Sources: nft(8), "Data types"; `<linux/in.h>`, `<linux/icmp.h>`, `<linux/icmpv6.h>`, `<linux/if_ether.h>`,
`<linux/if_packet.h>`, `<linux/rtnetlink.h>`, `<linux/netfilter/nf_conntrack_common.h>`.
"""

from __future__ import annotations

from rawnl.nft.match_types import (
    HOST,
    IFNAME_SIZE,
    Address,
    Flags,
    InterfaceIndex,
    InterfaceName,
    LinkAddress,
    Number,
    Service,
    Text,
)

PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "comp": 108,
    "sctp": 132,
    "udplite": 136,
}

ICMP_UNREACHABLE = {
    "net-unreachable": 0,
    "host-unreachable": 1,
    "prot-unreachable": 2,
    "port-unreachable": 3,
    "frag-needed": 4,
    "net-prohibited": 9,
    "host-prohibited": 10,
    "admin-prohibited": 13,
}
ICMPV6_UNREACHABLE = {
    "no-route": 0,
    "admin-prohibited": 1,
    "addr-unreachable": 3,
    "port-unreachable": 4,
    "policy-fail": 5,
    "reject-route": 6,
}
ICMPX_UNREACHABLE = {"no-route": 0, "port-unreachable": 1, "host-unreachable": 2, "admin-prohibited": 3}

IPV4 = Address(4)
IPV6 = Address(6)
PORT = Service("inet_service", 2, wanted="port")
PROTOCOL = Number("inet_proto", 1, wanted="protocol such as 'tcp'", names=PROTOCOLS)
FAMILY = Number("nf_proto", 1, wanted="'ipv4' or 'ipv6'", names={"ipv4": 2, "ipv6": 10})
ETHERTYPE = Number(
    "ether_type",
    2,
    wanted="Ethernet type such as 'ip'",
    names={"ip": 0x0800, "arp": 0x0806, "ip6": 0x86DD, "8021q": 0x8100, "vlan": 0x8100, "8021ad": 0x88A8},
    form="0x{:04x}",
)
ETHERNET = LinkAddress("ether_addr", 6, wanted="Ethernet address")
MARK = Number("mark", 4, HOST, "mark of 32 bits", form="0x{:08x}")
INTERFACE_NAME = InterfaceName("ifname", IFNAME_SIZE, wanted="interface name")
INTERFACE = InterfaceIndex("iface_index", 4, HOST, "interface index")
GROUP = Number("devgroup", 4, HOST, "group of interfaces", names={"default": 0})
USER = Number("uid", 4, HOST, "user id")
USERS_GROUP = Number("gid", 4, HOST, "group id")
LINK_TYPE = Number("iface_type", 2, HOST, "link type", names={"ether": 1, "ppp": 512, "loopback": 772, "none": 65534})
PACKET_TYPE = Number(
    "pkt_type",
    1,
    wanted="packet type such as 'broadcast'",
    names={"host": 0, "unicast": 0, "broadcast": 1, "multicast": 2, "other": 3},
)
STATE = Flags(
    "ct_state",
    4,
    HOST,
    "connection state",
    names={"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64},
)
STATUS = Flags(
    "ct_status",
    4,
    HOST,
    "connection status",
    names={
        "expected": 1,
        "seen-reply": 2,
        "assured": 4,
        "confirmed": 8,
        "snat": 16,
        "dnat": 32,
        "dying": 512,
    },
)
DIRECTION = Number("ct_dir", 1, wanted="direction", names={"original": 0, "reply": 1})
HELPER = Text("string", 16)
TCP_FLAGS = Flags(
    "tcp_flag",
    1,
    wanted="TCP flag",
    names={"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128},
)
ICMP_TYPE = Number(
    "icmp_type",
    1,
    wanted="ICMP type such as 'echo-request'",
    names={
        "echo-reply": 0,
        "destination-unreachable": 3,
        "source-quench": 4,
        "redirect": 5,
        "echo-request": 8,
        "router-advertisement": 9,
        "router-solicitation": 10,
        "time-exceeded": 11,
        "parameter-problem": 12,
        "timestamp-request": 13,
        "timestamp-reply": 14,
        "info-request": 15,
        "info-reply": 16,
        "address-mask-request": 17,
        "address-mask-reply": 18,
    },
)
ICMPV6_TYPE = Number(
    "icmpv6_type",
    1,
    wanted="ICMPv6 type such as 'echo-request'",
    names={
        "destination-unreachable": 1,
        "packet-too-big": 2,
        "time-exceeded": 3,
        "parameter-problem": 4,
        "echo-request": 128,
        "echo-reply": 129,
        "mld-listener-query": 130,
        "mld-listener-report": 131,
        "mld-listener-done": 132,
        "nd-router-solicit": 133,
        "nd-router-advert": 134,
        "nd-neighbor-solicit": 135,
        "nd-neighbor-advert": 136,
        "nd-redirect": 137,
        "router-renumbering": 138,
        "ind-neighbor-solicit": 141,
        "ind-neighbor-advert": 142,
        "mld2-listener-report": 143,
    },
)
ICMP_CODE = Number("icmp_code", 1, wanted="ICMP code", names=ICMP_UNREACHABLE)
ICMPV6_CODE = Number("icmpv6_code", 1, wanted="ICMPv6 code", names=ICMPV6_UNREACHABLE)
ARP_OPERATION = Number("arp_op", 2, wanted="ARP operation", names={"request": 1, "reply": 2})
ADDRESS_TYPE = Number(
    "fib_addrtype",
    4,
    HOST,
    "address type such as 'local'",
    names={
        "unspec": 0,
        "unicast": 1,
        "local": 2,
        "broadcast": 3,
        "anycast": 4,
        "multicast": 5,
        "blackhole": 6,
        "unreachable": 7,
        "prohibit": 8,
    },
)
DSCP = Number(
    "dscp",
    1,
    wanted="DSCP",
    names={"cs0": 0, **{f"cs{n}": 8 * n for n in range(1, 8)}, "be": 0, "le": 1, "ef": 46},
    form="0x{:02x}",
)
BOOLEAN = Number("boolean", 1, wanted="boolean", names={"missing": 0, "exists": 1})


def integer(size: int, *, host: bool = False) -> Number:
    """A plain number of `size` bytes, in network byte order unless it is the `host`'s."""
    return Number("integer", size, HOST if host else "big")
