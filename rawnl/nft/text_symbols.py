"""The words that nft has for numbers: protocols, ICMP types, connection states and the like.

Each table goes from number to word. Sources: nft(8), "Data types"; `nft describe`; IANA's protocol numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Symbols: TypeAlias = Mapping[int, str]

CT_STATE: Symbols = {1: "invalid", 8: "new", 2: "established", 4: "related", 64: "untracked"}
CT_STATUS: Symbols = {
    1: "expected",
    2: "seen-reply",
    4: "assured",
    8: "confirmed",
    16: "snat",
    32: "dnat",
    512: "dying",
}
CT_DIRECTION: Symbols = {0: "original", 1: "reply"}
CT_EVENT: Symbols = {
    1: "new",
    2: "related",
    4: "destroy",
    8: "reply",
    16: "assured",
    32: "protoinfo",
    64: "helper",
    128: "mark",
    256: "seqadj",
    512: "secmark",
    1024: "label",
}
ICMP_TYPE: Symbols = {
    0: "echo-reply",
    3: "destination-unreachable",
    4: "source-quench",
    5: "redirect",
    8: "echo-request",
    9: "router-advertisement",
    10: "router-solicitation",
    11: "time-exceeded",
    12: "parameter-problem",
    13: "timestamp-request",
    14: "timestamp-reply",
    15: "info-request",
    16: "info-reply",
    17: "address-mask-request",
    18: "address-mask-reply",
}
ICMP_CODE: Symbols = {
    0: "net-unreachable",
    1: "host-unreachable",
    2: "prot-unreachable",
    3: "port-unreachable",
    4: "frag-needed",
    9: "net-prohibited",
    10: "host-prohibited",
    13: "admin-prohibited",
}
ICMPV6_TYPE: Symbols = {
    1: "destination-unreachable",
    2: "packet-too-big",
    3: "time-exceeded",
    4: "parameter-problem",
    128: "echo-request",
    129: "echo-reply",
    130: "mld-listener-query",
    131: "mld-listener-report",
    132: "mld-listener-done",
    133: "nd-router-solicit",
    134: "nd-router-advert",
    135: "nd-neighbor-solicit",
    136: "nd-neighbor-advert",
    137: "nd-redirect",
    138: "router-renumbering",
    141: "ind-neighbor-solicit",
    142: "ind-neighbor-advert",
    143: "mld2-listener-report",
}
ICMPV6_CODE: Symbols = {
    0: "no-route",
    1: "admin-prohibited",
    3: "addr-unreachable",
    4: "port-unreachable",
    5: "policy-fail",
    6: "reject-route",
}
ICMPX_CODE: Symbols = {0: "no-route", 1: "port-unreachable", 2: "host-unreachable", 3: "admin-prohibited"}
IGMP_TYPE: Symbols = {
    17: "membership-query",
    18: "membership-report-v1",
    22: "membership-report-v2",
    23: "leave-group",
    34: "membership-report-v3",
}
MOBILITY_TYPE: Symbols = {
    0: "binding-refresh-request",
    1: "home-test-init",
    2: "careof-test-init",
    3: "home-test",
    4: "careof-test",
    5: "binding-update",
    6: "binding-acknowledgement",
    7: "binding-error",
    8: "fast-binding-update",
    9: "fast-binding-acknowledgement",
    10: "fast-binding-advertisement",
    11: "experimental-mobility-header",
    12: "home-agent-switch-message",
}
DCCP_TYPE: Symbols = dict(
    enumerate(["request", "response", "data", "ack", "dataack", "closereq", "close", "reset", "sync", "syncack"])
)
TCP_FLAG: Symbols = {1: "fin", 2: "syn", 4: "rst", 8: "psh", 16: "ack", 32: "urg", 64: "ecn", 128: "cwr"}
ETHER_TYPE: Symbols = {0x0800: "ip", 0x0806: "arp", 0x86DD: "ip6", 0x8100: "8021q", 0x88A8: "8021ad"}
ARP_OPERATION: Symbols = {
    1: "request",
    2: "reply",
    3: "rrequest",
    4: "rreply",
    8: "inrequest",
    9: "inreply",
    10: "nak",
}
DSCP: Symbols = {
    **{8 * number: f"cs{number}" for number in range(8)},
    1: "lephb",
    **{8 * number + 2 * drop: f"af{number}{drop}" for number in (1, 2, 3, 4) for drop in (1, 2, 3)},
    0x2C: "va",
    0x2E: "ef",
}
ECN: Symbols = {0: "not-ect", 1: "ect1", 2: "ect0", 3: "ce"}
PACKET_TYPE: Symbols = {0: "host", 1: "broadcast", 2: "multicast", 3: "other"}
ADDRESS_TYPE: Symbols = dict(
    enumerate(
        ["unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit"]
    )
)
INTERFACE_TYPE: Symbols = {
    1: "ether",
    512: "ppp",
    768: "ipip",
    769: "ipip6",
    772: "loopback",
    776: "sit",
    778: "ipgre",
}
PROTOCOL_FAMILY: Symbols = {2: "ipv4", 10: "ipv6"}
DAYS: Symbols = dict(enumerate(["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]))
LOG_LEVEL: Symbols = dict(enumerate(["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"]))
REALM: Symbols = {0: "cosmos"}
DEVICE_GROUP: Symbols = {0: "default"}

INET_PROTOCOL: Symbols = {
    0: "ip",
    1: "icmp",
    2: "igmp",
    3: "ggp",
    4: "ipencap",
    5: "st",
    6: "tcp",
    8: "egp",
    9: "igp",
    12: "pup",
    17: "udp",
    20: "hmp",
    22: "xns-idp",
    27: "rdp",
    29: "iso-tp4",
    33: "dccp",
    36: "xtp",
    37: "ddp",
    38: "idpr-cmtp",
    41: "ipv6",
    43: "ipv6-route",
    44: "ipv6-frag",
    45: "idrp",
    46: "rsvp",
    47: "gre",
    50: "esp",
    51: "ah",
    57: "skip",
    58: "ipv6-icmp",
    59: "ipv6-nonxt",
    60: "ipv6-opts",
    73: "rspf",
    81: "vmtp",
    88: "eigrp",
    89: "ospf",
    93: "ax.25",
    94: "ipip",
    97: "etherip",
    98: "encap",
    103: "pim",
    108: "ipcomp",
    112: "vrrp",
    115: "l2tp",
    124: "isis",
    132: "sctp",
    133: "fc",
    135: "mobility-header",
    136: "udplite",
    137: "mpls-in-ip",
    138: "manet",
    139: "hip",
    140: "shim6",
    141: "wesp",
    142: "rohc",
    143: "ethernet",
}
"""As in most systems' /etc/protocols, from which nft reads them."""
