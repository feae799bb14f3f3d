"""Text of statements that send packets elsewhere: NAT, tproxy, dup, fwd.

Strategy: addresses and ports come from registers, one each for the lowest and the highest; a map may have filled
several of them at once, with an address and a port. Source: nft(8), "NAT statements"; libnftables-json(5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rawnl.nft.expr_nat import Dup, Fwd, Masquerade, Nat, NatFlags, NatType, Redirect, Tproxy
from rawnl.nft.header import Family, family_name
from rawnl.nft.text_machine import Constant, Machine, Outside, Term, word_of, writes
from rawnl.nft.text_match import Mapped
from rawnl.nft.text_types import TYPES, DataType, Shown

_FLAGS = (
    (NatFlags.PROTO_RANDOM, "random"),
    (NatFlags.PROTO_RANDOM_FULLY, "fully-random"),
    (NatFlags.PERSISTENT, "persistent"),
)
_ADDRESSES = {Family.IP: "ipv4_addr", Family.IP6: "ipv6_addr"}
_MIXED = (Family.INET, Family.BRIDGE, Family.NETDEV)


def _value(machine: Machine, term: Term, kind: DataType) -> Shown:
    if isinstance(term, Constant):
        return machine.show(kind, term.data, True)
    return term.resolve(machine).shown


def _range(
    machine: Machine, low: Any, high: Any, kind: DataType, *, bracket: bool = False, prefix: bool = False
) -> Shown | None:
    """What stands in two registers: one value, or a range."""
    if low is None:
        return None
    first = machine.peek(low)
    shown = _value(machine, first, kind)
    if high is None or word_of(high) == word_of(low) or isinstance(first, Mapped):
        return Shown(f"[{shown.text}]", shown.json) if bracket and isinstance(first, Constant) else shown
    second = machine.peek(high)
    last = _value(machine, second, kind)
    if first == second:
        return Shown(f"[{shown.text}]", shown.json) if bracket and isinstance(first, Constant) else shown
    if prefix and isinstance(first, Constant) and isinstance(second, Constant):
        spread = int.from_bytes(first.data, "big") ^ int.from_bytes(second.data, "big")
        length = 8 * len(first.data) - spread.bit_length()
        return Shown(f"{shown.text}/{length}", {"prefix": {"addr": shown.json, "len": length}})
    text = f"[{shown.text}]-[{last.text}]" if bracket else f"{shown.text}-{last.text}"
    return Shown(text, {"range": [shown.json, last.json]})


def _translation(
    machine: Machine,
    word: str,
    address: Shown | None,
    port: Shown | None,
    flags: int,
    *,
    family: str = "",
    kind: str = "",
) -> None:
    """A statement such as `dnat ip to 192.0.2.1:80 random`."""
    json: dict[str, Any] = {}
    words = [word]
    if family:
        words.append(family)
        json["family"] = family
    if kind:
        words.append(kind)
    target = address.text if address else ""
    if port is not None:
        target += f":{port.text}"
        json["port"] = port.json
    if address is not None:
        json["addr"] = address.json
    if target:
        words.append(f"to {target}")
    names = [name for bit, name in _FLAGS if flags & bit]
    if names:
        words.append(",".join(names))
    if kind == "prefix":
        names.append("netmap")
        json["type_flags"] = "prefix"
    if names:
        json["flags"] = names if len(names) > 1 else names[0]
    machine.say(" ".join(words), {word: json or None})


@writes(Nat)
def _nat(machine: Machine, nat: Nat) -> None:
    if (nat.family not in _ADDRESSES and nat.reg_addr_min is not None) or nat.type not in list(NatType):
        raise Outside("a translation of an unknown family")
    kind = TYPES[_ADDRESSES.get(nat.family, "ipv4_addr")]  # type: ignore[call-overload]
    word = "dnat" if nat.type == NatType.DNAT else "snat"
    flags = int(nat.flags or 0)
    netmap = bool(flags & NatFlags.NETMAP)
    together = _together(machine, nat)
    bracket = kind.name == "ipv6_addr" and nat.reg_proto_min is not None and not together
    address = _range(machine, nat.reg_addr_min, nat.reg_addr_max, kind, bracket=bracket, prefix=netmap)
    port = None if together else _range(machine, nat.reg_proto_min, nat.reg_proto_max, TYPES["inet_service"])
    family = family_name(nat.family) if machine.family in _MIXED and nat.reg_addr_min is not None else ""
    variant = "prefix" if netmap else ""
    if together or (netmap and isinstance(machine.peek(nat.reg_addr_min), Mapped)):
        family = family_name(nat.family)
    _translation(machine, word, address, port, flags, family=family, kind=variant)


def _together(machine: Machine, nat: Nat) -> bool:
    """Whether address and port come from one map."""
    if nat.reg_addr_min is None or nat.reg_proto_min is None:
        return False
    first = machine.peek(nat.reg_addr_min)
    return isinstance(first, Mapped) and len(first.view.data) > 1


@writes(Masquerade)
def _masquerade(machine: Machine, masquerade: Masquerade) -> None:
    port = _range(machine, masquerade.reg_proto_min, masquerade.reg_proto_max, TYPES["inet_service"])
    _translation(machine, "masquerade", None, port, int(masquerade.flags or 0))


@writes(Redirect)
def _redirect(machine: Machine, redirect: Redirect) -> None:
    port = _range(machine, redirect.reg_proto_min, redirect.reg_proto_max, TYPES["inet_service"])
    _translation(machine, "redirect", None, port, int(redirect.flags or 0))


@writes(Tproxy)
def _tproxy(machine: Machine, tproxy: Tproxy) -> None:
    family = tproxy.family or 0
    kind = TYPES[_ADDRESSES.get(family, "ipv4_addr")]  # type: ignore[call-overload]
    json: dict[str, Any] = {}
    words = ["tproxy"]
    if machine.family in _MIXED and family in _ADDRESSES:
        words.append(family_name(family))
        json["family"] = family_name(family)
    address = _range(machine, tproxy.reg_addr, None, kind)
    port = _range(machine, tproxy.reg_port, None, TYPES["inet_service"])
    target = address.text if address else ""
    if address is not None:
        if kind.name == "ipv6_addr":
            target = f"[{target}]"
        json["addr"] = address.json
    if port is not None:
        target += f":{port.text}"
        json["port"] = port.json
    machine.say(" ".join([*words, f"to {target}"]), {"tproxy": json})


@writes(Dup)
def _dup(machine: Machine, dup: Dup) -> None:
    device = _range(machine, dup.sreg_dev, None, TYPES["iface_index"]) if dup.sreg_dev is not None else None
    device = _interface(machine, dup.sreg_dev) if dup.sreg_dev is not None else device
    kind = "ipv6_addr" if machine.family == Family.IP6 else "ipv4_addr"
    address = _range(machine, dup.sreg_addr, None, TYPES[kind])
    if address is None:
        if device is None:
            raise Outside("a copy to nowhere")
        machine.say(f"dup to {device.text}", {"dup": {"addr": device.json}})
        return
    json = {"addr": address.json}
    text = f"dup to {address.text}"
    if device is not None:
        text += f" device {device.text}"
        json["dev"] = device.json
    machine.say(text, {"dup": json})


@writes(Fwd)
def _fwd(machine: Machine, fwd: Fwd) -> None:
    if fwd.sreg_dev is None:
        raise Outside("a packet sent to nowhere")
    device = _interface(machine, fwd.sreg_dev)
    if fwd.sreg_addr is None:
        machine.say(f"fwd to {device.text}", {"fwd": {"dev": device.json}})
        return
    family = fwd.nfproto or 0
    kind = TYPES[_ADDRESSES.get(family, "ipv4_addr")]  # type: ignore[call-overload]
    address = _range(machine, fwd.sreg_addr, None, kind)
    assert address is not None
    name = family_name(family)
    json = {"dev": device.json, "addr": address.json, "family": name}
    machine.say(f"fwd {name} to {address.text} device {device.text}", {"fwd": json})


def _interface(machine: Machine, register: Any) -> Shown:
    term = machine.peek(register)
    if isinstance(term, Constant):
        return machine.show(TYPES["iface_index"], term.data, False)
    return term.resolve(machine).shown


Statement = Callable[[Machine, Any], None]
