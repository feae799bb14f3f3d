"""nftables by netlink: tables, chains, rules, sets, named objects; transactions; NAT in one call.

    nft = rawnl.open().nft
    nft.masquerade("192.168.100.0/24")
    with nft.transaction() as t:
        nat = t.add(Table("nat", family="ip"))
        ...

Source: `<linux/netfilter/nf_tables.h>`, nft(8).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rawnl.nft.element import CATCHALL, Element, ElementFlags, ElementList, Entry
from rawnl.nft.elements import Elements
from rawnl.nft.expr import Data, Expr, Expression, Register, Verdict, VerdictCode
from rawnl.nft.expr_action import (
    Connlimit,
    Counter,
    FlowOffload,
    Last,
    Limit,
    Log,
    Match,
    Notrack,
    ObjectType,
    Objref,
    Queue,
    Quota,
    Reject,
    Synproxy,
    Target,
)
from rawnl.nft.expr_compare import Bitwise, Byteorder, Cmp, Dynset, Lookup, Range
from rawnl.nft.expr_load import (
    Ct,
    Exthdr,
    Fib,
    Hash,
    Immediate,
    Inner,
    Meta,
    Numgen,
    Osf,
    Payload,
    Rt,
    Socket,
    Tunnel,
    Xfrm,
)
from rawnl.nft.expr_nat import Dup, Fwd, Masquerade, Nat, NatFlags, Redirect, Tproxy
from rawnl.nft.flowtable import Flowtable, FlowtableHook
from rawnl.nft.header import Family, NetfilterMessage
from rawnl.nft.match_types import Interval
from rawnl.nft.objects import BatchBegin, BatchEnd, Chain, Compat, Devices, Generation, Hook, Rule, Table
from rawnl.nft.sets import Map, ObjectMap, Set, SetDesc, SetField, SetFlags, SetPolicy, VerdictMap
from rawnl.nft.stateful import (
    CtExpectation,
    CtHelper,
    CtTimeout,
    GreTimeouts,
    IcmpTimeouts,
    Icmpv6Timeouts,
    SctpTimeouts,
    Secmark,
    State,
    Stateful,
    TcpTimeouts,
    Timeouts,
    TunnelErspan,
    TunnelGeneve,
    TunnelIp,
    TunnelIp6,
    TunnelKey,
    TunnelOptions,
    TunnelVxlan,
    UdpliteTimeouts,
    UdpTimeouts,
)
from rawnl.tagged import Opaque

if TYPE_CHECKING:
    from rawnl.nft.match import (
        arp,
        ct,
        ether,
        fib,
        icmp,
        icmpv6,
        iif,
        iifname,
        ip,
        ip6,
        mark,
        meta,
        oif,
        oifname,
        rt,
        sctp,
        tcp,
        th,
        udp,
    )
    from rawnl.nft.match_compile import rule
    from rawnl.nft.match_read import parts
    from rawnl.nft.match_selector import All, Condition, Selector, Statement, concat
    from rawnl.nft.match_types import Interval
    from rawnl.nft.nat import Masqueraded, Nft
    from rawnl.nft.reader import Ruleset
    from rawnl.nft.statement import (
        accept,
        add_to,
        connections,
        continue_,
        counter,
        drop,
        goto,
        jump,
        limit,
        log,
        notrack,
        queue,
        quota,
        reject,
        return_,
        update_in,
    )
    from rawnl.nft.transaction import GenerationChanged, Transaction
    from rawnl.nft.translate import dnat, jhash, masquerade, numgen, redirect, snat

MESSAGES: tuple[type[NetfilterMessage], ...] = (
    *(Table, Chain, Rule, Set, ElementList, Stateful, Flowtable),
    *(Generation, BatchBegin, BatchEnd),
)
"""Every declared message of the protocol."""

# What talks to the kernel is loaded when first asked for: the codecs need no C core.
_LAZY = {
    "Masqueraded": "rawnl.nft.nat",
    "Nft": "rawnl.nft.nat",
    "Ruleset": "rawnl.nft.reader",
    "GenerationChanged": "rawnl.nft.transaction",
    "Transaction": "rawnl.nft.transaction",
}

# The vocabulary of rules, by the module that has it.
_VOCABULARY = {
    "match": "arp ct ether fib icmp icmpv6 iif iifname ip ip6 mark meta oif oifname rt sctp tcp th udp",
    "match_compile": "rule",
    "match_read": "parts",
    "match_selector": "All Condition Selector Statement concat",
    "match_types": "Interval",
    "statement": (
        "accept add_to connections continue_ counter drop goto jump limit log notrack queue quota reject return_ "
        "update_in"
    ),
    "translate": "dnat jhash masquerade numgen redirect snat",
}
_LAZY.update((name, f"rawnl.nft.{module}") for module, names in _VOCABULARY.items() for name in names.split())


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


__all__ = [
    "CATCHALL",
    "MESSAGES",
    "BatchBegin",
    "BatchEnd",
    "Bitwise",
    "Byteorder",
    "Chain",
    "Cmp",
    "Compat",
    "Connlimit",
    "Counter",
    "Ct",
    "CtExpectation",
    "CtHelper",
    "CtTimeout",
    "Data",
    "Devices",
    "Dup",
    "Dynset",
    "Element",
    "ElementFlags",
    "ElementList",
    "Elements",
    "Entry",
    "Expr",
    "Expression",
    "Exthdr",
    "Family",
    "Fib",
    "FlowOffload",
    "Flowtable",
    "FlowtableHook",
    "Fwd",
    "Generation",
    "GenerationChanged",
    "GreTimeouts",
    "Hash",
    "Hook",
    "IcmpTimeouts",
    "Icmpv6Timeouts",
    "Immediate",
    "Inner",
    "Interval",
    "Last",
    "Limit",
    "Log",
    "Lookup",
    "Map",
    "Masquerade",
    "Masqueraded",
    "Match",
    "Meta",
    "Nat",
    "NatFlags",
    "Nft",
    "Notrack",
    "Numgen",
    "ObjectMap",
    "ObjectType",
    "Objref",
    "Opaque",
    "Osf",
    "Payload",
    "Queue",
    "Quota",
    "Range",
    "Redirect",
    "Register",
    "Reject",
    "Rt",
    "Rule",
    "Ruleset",
    "SctpTimeouts",
    "Secmark",
    "Set",
    "SetDesc",
    "SetField",
    "SetFlags",
    "SetPolicy",
    "Socket",
    "State",
    "Stateful",
    "Synproxy",
    "Table",
    "Target",
    "TcpTimeouts",
    "Timeouts",
    "Tproxy",
    "Transaction",
    "Tunnel",
    "TunnelErspan",
    "TunnelGeneve",
    "TunnelIp",
    "TunnelIp6",
    "TunnelKey",
    "TunnelOptions",
    "TunnelVxlan",
    "UdpTimeouts",
    "UdpliteTimeouts",
    "Verdict",
    "VerdictCode",
    "VerdictMap",
    "Xfrm",
]
__all__ += [
    "All",
    "Condition",
    "Interval",
    "Selector",
    "Statement",
    "accept",
    "add_to",
    "arp",
    "concat",
    "connections",
    "continue_",
    "counter",
    "ct",
    "dnat",
    "drop",
    "ether",
    "fib",
    "goto",
    "icmp",
    "icmpv6",
    "iif",
    "iifname",
    "ip",
    "ip6",
    "jhash",
    "jump",
    "limit",
    "log",
    "mark",
    "masquerade",
    "meta",
    "notrack",
    "numgen",
    "oif",
    "oifname",
    "parts",
    "queue",
    "quota",
    "redirect",
    "reject",
    "return_",
    "rt",
    "rule",
    "sctp",
    "snat",
    "tcp",
    "th",
    "udp",
    "update_in",
]
