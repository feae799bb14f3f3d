"""The debug form of expressions: what `nft --debug=netlink` prints, for what has no form in nft's own syntax.

    [ meta load iifname => reg 1 ]
    [ cmp eq reg 1 0x00006f6c 0x00000000 0x00000000 0x00000000 ]

nft cannot read it: `nft -f` refuses a line that has it as a syntax error, and so never takes half of a rule for the
whole. Data stands in words of 4 bytes in host byte order. An expression for which there is no line below is written by
its attributes, `[ name attribute=value ]`. This never fails, whatever the expression holds.

Source: what `nft --debug=netlink` prints.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from rawnl.enumeration import enum_name
from rawnl.nft import expr_action as action
from rawnl.nft import expr_compare as compare
from rawnl.nft import expr_load as load
from rawnl.nft import expr_nat as nat
from rawnl.nft.expr import Data, Register
from rawnl.nft.text_types import Shown
from rawnl.nft.text_verdict import verdict
from rawnl.tagged import Opaque

_BASES = {0: "link", 1: "network", 2: "transport", 3: "inner", 4: "tunnel"}


def _register(register: Any) -> str:
    number = int(register)
    if number <= Register.REG_4:
        return str(number)
    return str(number)


def _name(value: Any) -> str:
    try:
        return enum_name(value)
    except (AttributeError, TypeError):
        return str(value)


def _hex(data: Any) -> str:
    if isinstance(data, Data):
        if data.verdict is not None:
            return verdict(data.verdict).text
        data = data.value
    if not data:
        return "0x00000000"
    padded = bytes(data) + bytes(-len(data) % 4)
    return " ".join(f"0x{word:08x}" for (word,) in struct.iter_unpack("=I", padded))


def _loads(word: str) -> Callable[[Any], str]:
    def line(e: Any) -> str:
        if getattr(e, "sreg", None) is not None:
            return f"{word} set {_name(e.key)} with reg {_register(e.sreg)}"
        direction = f" , dir {_name(e.direction)}" if getattr(e, "direction", None) is not None else ""
        return f"{word} load {_name(e.key)} => reg {_register(e.dreg)}{direction}"

    return line


def _payload(e: Any) -> str:
    place = f"{e.len}b @ {_BASES.get(int(e.base), e.base)} header + {e.offset}"
    if e.sreg is None:
        return f"payload load {place} => reg {_register(e.dreg)}"
    flags = f"csum_type {int(e.csum_type or 0)} csum_off {e.csum_offset or 0} csum_flags 0x{e.csum_flags or 0:x}"
    return f"payload write reg {_register(e.sreg)} => {place} {flags}"


def _bitwise(e: Any) -> str:
    operator = int(e.op or 0)
    to, source = f"reg {_register(e.dreg)}", f"reg {_register(e.sreg)}"
    if operator in (1, 2):
        return f"bitwise {to} = ( {source} {'<<' if operator == 1 else '>>'} {_hex(e.data)} )"
    return f"bitwise {to} = ( {source} & {_hex(e.mask)} ) ^ {_hex(e.xor)}"


def _lookup(e: Any) -> str:
    to = f" dreg {_register(e.dreg)}" if e.dreg is not None else ""
    flags = f" 0x{int(e.flags):x}" if e.flags else ""
    return f"lookup reg {_register(e.sreg)} set {e.set}{to}{flags}"


def _exthdr(e: Any) -> str:
    place = f"{_name(e.op or load.HeaderKind.IPV6)} {e.len}b @ {e.type} + {e.offset}"
    if e.sreg is not None:
        return f"exthdr write {place} <= reg {_register(e.sreg)}"
    present = " present" if e.flags else ""
    return f"exthdr load {place}{present} => reg {_register(e.dreg)}"


_LINES: dict[type, Callable[[Any], str]] = {
    load.Meta: _loads("meta"),
    load.Ct: _loads("ct"),
    load.Rt: _loads("rt"),
    load.Socket: _loads("socket"),
    load.Payload: _payload,
    load.Exthdr: _exthdr,
    load.Immediate: lambda e: f"immediate reg {_register(e.dreg)} {_hex(e.data)}",
    compare.Cmp: lambda e: f"cmp {_name(e.op)} reg {_register(e.sreg)} {_hex(e.data)}",
    compare.Range: lambda e: f"range {_name(e.op)} reg {_register(e.sreg)} {_hex(e.from_data)} {_hex(e.to_data)}",
    compare.Bitwise: _bitwise,
    compare.Byteorder: lambda e: (
        f"byteorder reg {_register(e.dreg)} = {_name(e.op)}(reg {_register(e.sreg)}, {e.size}, {e.len})"
    ),
    compare.Lookup: _lookup,
    action.Counter: lambda e: f"counter pkts {e.packets} bytes {e.bytes}",
    action.Notrack: lambda e: "notrack",
    action.Match: lambda e: f"match name {e.name} rev {e.rev}",
    action.Target: lambda e: f"target name {e.name} rev {e.rev}",
    nat.Masquerade: lambda e: "masq " + (f"flags 0x{int(e.flags):x}" if e.flags else ""),
}


def _attributes(expression: Any) -> str:
    if isinstance(expression, Opaque):
        return f"{expression.tag} 0x{(expression.data or b'').hex()}"
    words = [getattr(expression, "tag", type(expression).__name__)]
    for name, value in expression.present().items():
        if isinstance(value, (Data, bytes)):
            value = _hex(value)
        words.append(f"{name}={_name(value)}" if not isinstance(value, (str, int)) else f"{name}={value}")
    return " ".join(words)


def debug(expression: Any) -> str:
    """An expression in the debug form, whatever it holds.

    >>> from rawnl.nft import Meta
    >>> debug(Meta(key="iifname", dreg="reg_1"))
    '[ meta load iifname => reg 1 ]'
    """
    line = _LINES.get(type(expression))
    for writer in (line, _attributes):
        try:
            if writer is not None:
                return f"[ {_clean(writer(_read(expression)))} ]"
        except Exception:
            # Attributes that are absent or malformed; a form that shows less follows.
            continue
    return f"[ {_clean(str(getattr(expression, 'tag', type(expression).__name__)))} ]"


def _read(expression: Any) -> Any:
    """The expression as it would be read back, with numbers and enums in the place of names."""
    if getattr(expression, "_buffer", 1) is None:
        return type(expression)._parse(expression.body())
    return expression


def _clean(text: str) -> str:
    """The same on one line, whatever names are in it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text).strip()


def debug_statement(expression: Any) -> Shown:
    """The same in both forms; the JSON schema has no word for it, so it stands as `{"debug": …}`."""
    text = debug(expression)
    return Shown(text, {"debug": text})
