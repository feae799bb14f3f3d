"""nftables by netlink: tables, chains, rules and their expressions; transactions; NAT in one call.

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
    Xfrm,
)
from rawnl.nft.expr_nat import Dup, Fwd, Masquerade, Nat, NatFlags, Redirect, Tproxy
from rawnl.nft.header import Family
from rawnl.nft.objects import MESSAGES, BatchBegin, BatchEnd, Chain, Compat, Devices, Generation, Hook, Rule, Table
from rawnl.tagged import Opaque

if TYPE_CHECKING:
    from rawnl.nft.nat import Masqueraded, Nft
    from rawnl.nft.reader import Ruleset
    from rawnl.nft.transaction import GenerationChanged, Transaction

# What talks to the kernel is loaded when first asked for: the codecs need no C core.
_LAZY = {
    "Masqueraded": "rawnl.nft.nat",
    "Nft": "rawnl.nft.nat",
    "Ruleset": "rawnl.nft.reader",
    "GenerationChanged": "rawnl.nft.transaction",
    "Transaction": "rawnl.nft.transaction",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


__all__ = [
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
    "Data",
    "Devices",
    "Dup",
    "Dynset",
    "Expr",
    "Expression",
    "Exthdr",
    "Family",
    "Fib",
    "FlowOffload",
    "Fwd",
    "Generation",
    "GenerationChanged",
    "Hash",
    "Hook",
    "Immediate",
    "Inner",
    "Last",
    "Limit",
    "Log",
    "Lookup",
    "Masquerade",
    "Masqueraded",
    "Match",
    "Meta",
    "Nat",
    "NatFlags",
    "Nft",
    "Notrack",
    "Numgen",
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
    "Socket",
    "Synproxy",
    "Table",
    "Target",
    "Tproxy",
    "Transaction",
    "Verdict",
    "VerdictCode",
    "Xfrm",
]
