"""Masquerade: what was asked for as expressions, and back.

Strategy: an existing masquerade is known by what its rule says, in every form in which nft writes it, and not by a mark
of rawnl's; so one that was loaded from a file by nft counts as well.
"""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_network
from typing import Any, NamedTuple, TypeAlias

from rawnl.errors import EncodeError
from rawnl.nft.expr import Data, Expression
from rawnl.nft.expr_compare import Bitwise, Cmp, CmpOp
from rawnl.nft.expr_load import Meta, MetaKey, Payload, PayloadBase
from rawnl.nft.expr_nat import Masquerade, NatFlags
from rawnl.nft.header import Family
from rawnl.nft.objects import Rule

Network: TypeAlias = IPv4Network | IPv6Network
Source: TypeAlias = "str | IPv4Network | IPv6Network | IPv4Interface | IPv6Interface | None"

_SADDR_OFFSET = {4: 12, 6: 8}
_IFNAME_SIZE = 16


class Masqueraded(NamedTuple):
    """A masquerade of rawnl's: which sources, leaving by which interface (None: any), and the rule that does it."""

    source: Network
    out_interface: str | None
    comment: str | None
    handle: int
    rule: Rule
    fully_random: bool = False


def network_of(source: Source) -> Network:
    """The network meant. EncodeError."""
    try:
        if isinstance(source, (IPv4Interface, IPv6Interface)):
            return ip_network(str(source))
        return ip_network("0.0.0.0/0" if source is None else source)
    except (ValueError, TypeError) as error:
        reason = f"{source!r} is no network such as '192.168.100.0/24' ({error})"
        raise EncodeError(reason, attribute="source") from None


def interface_of(value: Any, what: str = "out_interface") -> str | None:
    """The name of the interface meant. EncodeError."""
    name = getattr(value, "name", value)
    if name is None and value is None:
        return None
    if not isinstance(name, str):
        raise EncodeError(f"{value!r} is no interface: give its name or a Link", attribute=what)
    size = len(name.encode("utf-8", "surrogateescape"))
    if not 0 < size < _IFNAME_SIZE or any(letter in "/\0" or letter.isspace() for letter in name):
        raise EncodeError(
            f"{name!r} is no interface name, which has 1 to 15 bytes, none of them '/' or white space",
            attribute=what,
        )
    return name


def family_of(network: Network) -> Family:
    return Family.IP if network.version == 4 else Family.IP6


def masquerade_expressions(
    network: Network, out_interface: str | None, *, fully_random: bool = False
) -> list[Expression]:
    """What nft makes of `ip saddr NETWORK oifname INTERFACE masquerade`."""
    found: list[Expression] = []
    if network.prefixlen:
        size = network.max_prefixlen // 8
        whole, rest = divmod(network.prefixlen, 8)
        length = size if rest else whole
        found.append(Payload(dreg="reg_1", base="network_header", offset=_SADDR_OFFSET[network.version], len=length))
        if rest:
            found.append(
                Bitwise(
                    sreg="reg_1",
                    dreg="reg_1",
                    len=size,
                    op="mask_xor",
                    mask=network.netmask.packed,
                    xor=bytes(size),
                )
            )
        found.append(Cmp(sreg="reg_1", op="eq", data=network.network_address.packed[:length]))
    if out_interface is not None:
        padded = out_interface.encode("utf-8", "surrogateescape").ljust(_IFNAME_SIZE, b"\0")
        found += [Meta(key="oifname", dreg="reg_1"), Cmp(sreg="reg_1", op="eq", data=padded)]
    return [*found, Masquerade(flags=NatFlags.PROTO_RANDOM_FULLY if fully_random else None)]


def masqueraded(rule: Rule) -> Masqueraded | None:
    """What a rule masquerades, or None where it says anything else besides.

    Understood in every form in which nft writes it: a whole number of bytes compared, or all of them under a mask.
    """
    items = list(rule.expressions or ())
    last = items[-1] if items else None
    if not isinstance(last, Masquerade) or set(last.present()) - {"flags"}:
        return None
    flags = int(last.flags or 0)
    if flags not in (0, NatFlags.PROTO_RANDOM_FULLY):
        return None
    version = 6 if rule.family == Family.IP6 else 4
    source: Network | None = None
    interface: str | None = None
    del items[-1]
    while items:
        item = items.pop(0)
        if isinstance(item, Payload) and source is None:
            source = _read_source(item, items, version)
            if source is None:
                return None
        elif isinstance(item, Meta) and item.key == MetaKey.OIFNAME and interface is None:
            name = _compared(items)
            if name is None or len(name) != _IFNAME_SIZE:
                return None
            interface = name.rstrip(b"\0").decode("utf-8", "surrogateescape")
        else:
            return None
    if source is None:
        source = ip_network("::/0" if version == 6 else "0.0.0.0/0")
    return Masqueraded(source, interface, rule.comment, rule.handle or 0, rule, bool(flags))


def _compared(items: list[Expression]) -> bytes | None:
    """The value that a comparison for equality wants next; takes the comparison off the list."""
    item = items.pop(0) if items else None
    if not isinstance(item, Cmp) or item.op != CmpOp.EQ or not isinstance(item.data, Data):
        return None
    return item.data.value


def _read_source(load: Payload, items: list[Expression], version: int) -> Network | None:
    """The network that a source address is compared with; takes what it understood off the list."""
    size = 4 if version == 4 else 16
    if (load.base, load.offset) != (PayloadBase.NETWORK_HEADER, _SADDR_OFFSET[version]):
        return None
    prefix = 8 * (load.len or 0)
    if items and isinstance(items[0], Bitwise):
        mask = items.pop(0)
        assert isinstance(mask, Bitwise)
        bits = mask.mask.value if isinstance(mask.mask, Data) else None
        flip = mask.xor.value if isinstance(mask.xor, Data) else None
        if bits is None or len(bits) != size or flip is None or any(flip):
            return None
        number = int.from_bytes(bits, "big")
        prefix = number.bit_count()
        if number != ((1 << prefix) - 1) << 8 * size - prefix:
            return None
    value = _compared(items)
    if value is None or len(value) != load.len:
        return None
    try:
        return ip_network((value.ljust(size, b"\0"), prefix))
    except ValueError:
        return None
