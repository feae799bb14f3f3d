"""pyroute2's nftables as a contender: `python -m benchmarks.rivals.nft_pyroute2 WORK COUNT` prints its outcome in JSON.

Strategy: its calls as they are documented, each of which is a transaction of its own. `begin` and `commit` of the
same class put several into one, but read no answers, and so are left out. Making a set fails in pyroute2 0.9.7 (its
`sets` iterates over a list as if it came in pieces), therefore the set is there before, and only elements are added.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from pyroute2.netlink.nfnetlink.nftsocket import Cmp, Meta, Regs
from pyroute2.nftables.expressions import genex, ipv4addr, verdict
from pyroute2.nftables.main import NFTables, NFTSet

from benchmarks.rivals.nft_values import TABLE, addresses, rules
from benchmarks.rivals.rawnl_side import repeated

IPV4 = 2
WINDOW = 2000


def _equals(data: bytes) -> list[Any]:
    value = {"attrs": [("NFTA_DATA_VALUE", data)]}
    return [genex("cmp", {"sreg": Regs.NFT_REG_1, "op": Cmp.NFT_CMP_EQ, "data": value})]


def load_rules(count: int) -> dict[str, Any]:
    """Rules, one by one."""
    values = rules(count)
    nft = NFTables(nfgen_family=IPV4)
    start = perf_counter()
    nft.table("add", name=TABLE)
    nft.chain("add", table=TABLE, name="input", hook="input", type="filter", priority=0, policy=1)
    for address, port in values:
        expressions = (
            ipv4addr(src=address),
            [genex("meta", {"key": Meta.NFT_META_L4PROTO, "dreg": Regs.NFT_REG_1})],
            _equals(b"\x06"),
            [genex("payload", {"dreg": Regs.NFT_REG_1, "base": 2, "offset": 2, "len": 2})],
            _equals(port.to_bytes(2, "big")),
            [genex("counter", {})],
            verdict(code=1),
        )
        nft.rule("add", table=TABLE, chain="input", expressions=expressions)
    return {"seconds": perf_counter() - start}


def load_elements(count: int) -> dict[str, Any]:
    """Elements into a set that is there, as many at once as one attribute holds."""
    values = addresses(count)
    nft = NFTables(nfgen_family=IPV4)
    many = NFTSet(table=TABLE, name="many", key_type="ipv4_addr")
    start = perf_counter()
    for first in range(0, count, WINDOW):
        nft.set_elems("add", set=many, elements=values[first : first + WINDOW])
    return {"seconds": perf_counter() - start}


def list_rules(repeats: int) -> dict[str, Any]:
    """All rules, the expressions of each read."""
    nft = NFTables(nfgen_family=IPV4)

    def read() -> Any:
        return [
            [
                (expression.get_attr("NFTA_EXPR_NAME"), expression.get_attr("NFTA_EXPR_DATA"))
                for expression in rule.get_attr("NFTA_RULE_EXPRESSIONS")
            ]
            for rule in nft.get_rules()
        ]

    seconds, found = repeated(repeats, read)
    return {"seconds": seconds, "items": len(found)}


WORKS: dict[str, Callable[[int], dict[str, Any]]] = {
    function.__name__.replace("_", "-"): function for function in (load_rules, load_elements, list_rules)
}

if __name__ == "__main__":
    work, number = sys.argv[1:]
    print(json.dumps(WORKS[work](int(number))))
