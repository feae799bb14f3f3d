"""What the nftables works load: rules, elements and targets by number, and the text of them for `nft -f`.

Strategy: every contender gets the same values, made before its clock starts, so that only loading is timed.
"""

from __future__ import annotations

TABLE = "bench"


def rules(count: int) -> list[tuple[str, int]]:
    """The source and the port of each rule."""
    return [(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", 1024 + i % 60000) for i in range(count)]


def addresses(count: int) -> list[str]:
    """The elements of the set."""
    return [f"16.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(count)]


def targets(count: int) -> dict[int, tuple[str, int]]:
    """Where each port goes."""
    return {1024 + i: (f"10.2.{i >> 8}.{i & 255}", 8000 + i % 1000) for i in range(count)}


def rules_text(count: int) -> str:
    """The rules in a chain at input."""
    lines = "\n".join(
        f"    ip saddr {address} tcp dport {port} counter packets 0 bytes 0 accept" for address, port in rules(count)
    )
    return f"table ip {TABLE} {{\n  chain input {{\n    type filter hook input priority 0;\n{lines}\n  }}\n}}\n"


def elements_text(count: int) -> str:
    """The set with its elements."""
    words = ",\n".join(addresses(count))
    return f"table ip {TABLE} {{\n  set many {{\n    type ipv4_addr\n    elements = {{ {words} }}\n  }}\n}}\n"


def map_text(count: int) -> str:
    """The map, and the rule that looks ports up in it."""
    words = ",\n".join(f"{port} : {address} . {to}" for port, (address, to) in targets(count).items())
    return (
        f"table ip {TABLE} {{\n  map forwards {{\n    type inet_service : ipv4_addr . inet_service\n"
        f"    elements = {{ {words} }}\n  }}\n  chain prerouting {{\n    type nat hook prerouting priority dstnat;\n"
        f"    dnat ip to tcp dport map @forwards\n  }}\n}}\n"
    )
