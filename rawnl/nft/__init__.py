"""nftables by netlink: tables, chains, rules and their expressions; transactions; NAT in one call.

    nft = rawnl.open().nft
    nft.masquerade("192.168.100.0/24")
    with nft.transaction() as t:
        nat = t.add(Table("nat", family="ip"))
        ...

Source: `<linux/netfilter/nf_tables.h>`, nft(8).
"""

from __future__ import annotations

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
from rawnl.nft.objects import MESSAGES, BatchBegin, BatchEnd, Chain, Compat, Generation, Hook, Rule, Table
