"""From conditions and statements to a rule: registers, byte orders, and what must be known of a packet first.

Strategy: a `Compiler` goes through a rule's parts in their order and keeps in mind what the rule has established so
far: which family (IPv4, IPv6), which transport protocol. A source in a header that is not established brings the
comparison that establishes it, the very one that nft writes, so that `nft list ruleset` shows what was meant and not
how it was done. What contradicts it is refused, with a sentence.

    tcp dport 80   in ip     ->  meta l4proto == 6,                     transport header + 2 == 80
    ip saddr …     in inet   ->  meta nfproto == 2,                     network header + 12 == …
    ip saddr …     in bridge ->  meta protocol == 0x0800,               network header + 12 == …
    ether saddr …  in inet   ->  meta iiftype == ether,                 link header + 6 == …

A set written in place becomes an anonymous set, which is made in the same transaction, just before the rule.
Sources: nft(8); what `nft --debug=netlink` shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from rawnl.errors import EncodeError
from rawnl.nft.expr import Expr, Expression
from rawnl.nft.expr_compare import Bitwise, Cmp, Lookup, Range
from rawnl.nft.expr_load import Meta, Payload
from rawnl.nft.header import HOOKS, Family, FamilyLike, family_name, family_number
from rawnl.nft.match_names import LINK_TYPE, PROTOCOL
from rawnl.nft.match_operand import Literals, Named, register_at
from rawnl.nft.match_selector import All, Condition, Masked, Selector, Source
from rawnl.nft.match_types import Exact, Prefix, Span
from rawnl.nft.objects import Chain, Rule, Table
from rawnl.tagged import Opaque

if TYPE_CHECKING:
    from rawnl.nft.match_selector import Statement

    Part: TypeAlias = "Condition | Statement | Expression"
    Parts: TypeAlias = "Part | All | Iterable[Part | All]"

ANY = -1
"""A transport protocol is established, but not which."""

_TRANSPORT = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58}
_VERSION: dict[str, Literal[4, 6]] = {"ip": 4, "ip6": 6, "icmp": 4, "icmpv6": 6}
_ETHERTYPE = {4: b"\x08\x00", 6: b"\x86\xdd"}
_NFPROTO = {4: b"\x02", 6: b"\x0a"}


class Compiler:
    """One rule in the making. `chain` tells what is possible in it, as far as it is known."""

    def __init__(self, family: FamilyLike, chain: Chain | None = None, table: str | None = None) -> None:
        self.family = family_number(family)
        self.table = table
        self.type = chain.type if chain is not None else None
        self.hook = _hook_name(chain, self.family)
        self.version: int | None = {Family.IP: 4, Family.IP6: 6}.get(self.family)  # type: ignore[call-overload]
        self.transport: int | None = None
        self.ethernet = self.family == Family.BRIDGE
        self.expressions: list[Expression] = []
        self.companions: list[Any] = []

    # --- what is established

    def need(self, selector: Selector[Any]) -> None:
        """Establish what must be known before a selector is looked at. EncodeError where something else is known."""
        layer, name = selector.layer, selector.text
        if layer == "arp":
            if self.family != Family.ARP:
                raise EncodeError(f"{name} is matched in chains of family arp, and this one is of {self.family_name}")
        elif layer == "ether":
            self._need_ethernet()
        elif layer == "th" and self.transport is None:
            raise EncodeError(
                f"{name} without a protocol: match tcp or udp, or write meta.l4proto == {{'tcp', 'udp'}} before it"
            )
        if layer in _VERSION:
            self._need_version(_VERSION[layer], name, by_link=layer in ("icmp", "icmpv6"))
        if layer in _TRANSPORT:
            self._need_transport(_TRANSPORT[layer], name)

    @property
    def family_name(self) -> str:
        """The chain's family, as nft says it."""
        return family_name(self.family)

    def _need_ethernet(self) -> None:
        if not self.ethernet:
            self.compare(Meta(key="iftype", dreg="reg_1"), LINK_TYPE.pack("ether"))
            self.ethernet = True

    def need_version(self, version: int, name: str) -> None:
        """Establish that the packet is of IPv4 or IPv6."""
        self._need_version(version, name)

    def _need_version(self, version: int, name: str, *, by_link: bool = False) -> None:
        if self.version == version:
            return
        if self.version is not None:
            where = f"a chain of family {self.family_name}" if self.family in (Family.IP, Family.IP6) else "this rule"
            raise EncodeError(f"{name} is of IPv{version}, and {where} sees only IPv{self.version}")
        if self.family == Family.INET:
            self.compare(Meta(key="nfproto", dreg="reg_1"), _NFPROTO[version])
        elif self.family == Family.BRIDGE and by_link:
            self.compare(Payload(dreg="reg_1", base="ll_header", offset=12, len=2), _ETHERTYPE[version])
        elif self.family in (Family.BRIDGE, Family.NETDEV):
            self.compare(Meta(key="protocol", dreg="reg_1"), _ETHERTYPE[version])
        else:
            raise EncodeError(f"{name} cannot be matched in a chain of family {self.family_name}")
        self.version = version

    def _need_transport(self, protocol: int, name: str) -> None:
        if self.transport == protocol:
            return
        if self.transport not in (None, ANY):
            raise EncodeError(f"{name}: the rule already wants the protocol {PROTOCOL.unpack(bytes([self.transport]))}")
        if self.family == Family.ARP:
            raise EncodeError(f"{name} cannot be matched in a chain of family arp")
        self.compare(Meta(key="l4proto", dreg="reg_1"), bytes([protocol]))
        self.transport = protocol

    def need_tcp(self, name: str) -> None:
        """Establish that the packet is of TCP."""
        self._need_transport(6, name)

    def compare(self, load: Expr, data: bytes) -> None:
        """Go on only if what is loaded equals `data`."""
        self.expressions += [load, Cmp(sreg="reg_1", op="eq", data=data)]

    def _learn(self, condition: Condition) -> None:
        """Keep in mind what a condition of the user's own establishes."""
        if condition.operator != "==":
            return
        operand, text = condition.operand, condition.source.text
        if text in ("meta l4proto", "ip protocol", "ip6 nexthdr"):
            if not isinstance(operand, Exact):
                self.transport = ANY
            elif self.transport in (None, ANY, operand.data[0]):
                self.transport = operand.data[0]
            else:
                raise EncodeError(f"'{condition}' contradicts the protocol that the rule already wants")
        elif isinstance(operand, Exact):
            known = {"meta nfproto": _NFPROTO, "meta protocol": _ETHERTYPE, "ether type": _ETHERTYPE}.get(text, {})
            for version, data in known.items():
                if data == operand.data:
                    if self.version not in (None, version):
                        raise EncodeError(f"'{condition}' is never true where only IPv{self.version} is seen")
                    self.version = version

    # --- parts

    def add(self, part: Any) -> None:
        """One part of the rule, or several. EncodeError, TypeError."""
        if isinstance(part, Condition):
            self.condition(part)
        elif isinstance(part, (Expr, Opaque)):
            self.expressions.append(part)
        elif hasattr(part, "compile"):
            part.compile(self)
        elif isinstance(part, bool):
            raise TypeError("a comparison came out as True or False: join conditions by & or in a list, not by 'and'")
        elif isinstance(part, (str, bytes)) or not isinstance(part, Iterable):
            raise TypeError(f"{part!r} is no part of a rule: give conditions, statements, expressions")
        else:
            for one in part:
                self.add(one)

    def need_all(self, source: Source) -> None:
        """Establish what every part of a source needs."""
        for selector in source.parts():
            self.need(selector)

    def condition(self, condition: Condition) -> None:
        """A comparison as expressions."""
        source, operand = condition.source, condition.operand
        self.need_all(source)
        negative = condition.operator == "!="
        if isinstance(operand, (Named, Literals)):
            self._look_up(source, operand, negative)
        elif isinstance(operand, Span):
            swapped = source.types[0].order != "big"
            self.expressions += source.load(0, swapped)
            first, last = operand
            if negative:
                self.expressions.append(Range(sreg="reg_1", op="neq", from_data=first, to_data=last))
            else:
                self.expressions.append(Cmp(sreg="reg_1", op="gte", data=first))
                self.expressions.append(Cmp(sreg="reg_1", op="lte", data=last))
        elif isinstance(operand, Prefix):
            self._prefix(source, operand, "neq" if negative else "eq")
        elif isinstance(operand, Exact):
            self._exact(condition, source, operand)
        else:
            raise EncodeError("several values side by side are looked up in a set", attribute=source.text)
        self._learn(condition)

    def _exact(self, condition: Condition, source: Source, operand: Exact) -> None:
        data, kind = operand.data, source.types[0]
        codes = {"==": "eq", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
        code = codes[condition.operator]
        if isinstance(source, Selector) and source.mask:
            if condition.operator not in ("==", "!="):
                raise EncodeError(f"{source.text} can only be compared for equality")
            number = int.from_bytes(data, "big") << source.shift
            data = number.to_bytes(kind.size, "big")
            self.expressions += source.load(0)
            self._under_mask(source.mask.to_bytes(kind.size, "big"))
        elif kind.bits and condition.operator == "==" and not isinstance(source, Masked) and any(data):
            # As in nft, equal to flags means any of these flags.
            self.expressions += source.load(0)
            self._under_mask(data)
            code, data = "neq", bytes(len(data))
        elif condition.operator in ("==", "!="):
            self.expressions += source.load(0)
        else:
            self.expressions += source.load(0, kind.order != "big")
            data = kind.ordered(data)
        self.expressions.append(Cmp(sreg="reg_1", op=code, data=data))

    def _under_mask(self, mask: bytes) -> None:
        size = len(mask)
        self.expressions.append(
            Bitwise(sreg="reg_1", dreg="reg_1", len=size, op="mask_xor", mask=mask, xor=bytes(size))
        )

    def _prefix(self, source: Source, operand: Prefix, code: str) -> None:
        whole, rest = divmod(operand.bits, 8)
        load = source.load(0)
        data = operand.data
        if whole and not rest:
            # Only as many bytes as count; of a name, the comparison alone is shorter.
            if isinstance(load[0], Payload):
                load[0] = load[0].replace(len=whole)
            data = data[:whole]
            self.expressions += load
        else:
            size = len(data)
            self.expressions += load
            self._under_mask(((1 << operand.bits) - 1 << 8 * size - operand.bits).to_bytes(size, "big"))
        self.expressions.append(Cmp(sreg="reg_1", op=code, data=data))

    def _look_up(self, source: Source, operand: Named | Literals, negative: bool) -> None:
        if isinstance(source, Masked) or any(selector.mask for selector in source.parts()):
            raise EncodeError(f"{source.text} can only be compared with one value")
        name, number, swapped = self._set(source, operand, None)
        self.expressions += source.load(0, swapped)
        self.expressions.append(Lookup(set=name, sreg="reg_1", set_id=number, flags="inv" if negative else None))

    # --- sets

    def map(self, source: Source, pairs: Named | dict[Any, Any], data: str, word: int | None) -> None:
        """Look a source up in a map, named or written in place, into the registers from `word` on (None: a verdict)."""
        self.need_all(source)
        name, number, swapped = self._set(source, pairs, data)
        self.expressions += source.load(0, swapped)
        register = 0 if word is None else register_at(word)
        self.expressions.append(Lookup(set=name, sreg="reg_1", dreg=register, set_id=number))

    def _set(self, source: Source, values: Any, data: str | None) -> tuple[str, int | None, bool]:
        """Name, number, and whether numbers in it are in network byte order, of a set; made here if it has no name."""
        from rawnl.nft import match_sets

        if isinstance(values, Named):
            return self.named(source, values), None, match_sets.has_intervals(values.object)
        found, elements = match_sets.anonymous(self, source, values, data)
        self.companions += [found, elements]
        return found.name or "", found.id, match_sets.has_intervals(found)

    def named(self, source: Source, operand: Named) -> str:
        """The name of a named set or map. EncodeError where its keys are of another type, or it is of another table."""
        found: Any = operand.object
        if found is not None:
            if found.key_name and found.key_name != source.key:
                raise EncodeError(
                    f"{found.noun} {operand.name} holds {found.key_name}, and {source.text} is {source.key}"
                )
            if self.table is not None and found.table not in (None, self.table):
                raise EncodeError(f"{found.title} is of another table than the rule's, which is {self.table}")
        return operand.name


def _hook_name(chain: Chain | None, family: int) -> str | None:
    """The name of a base chain's hook; None for other chains, and where it is not known."""
    if chain is None or chain.hook is None:
        return None
    number = chain.hook.hooknum
    return next((name for name, value in HOOKS.get(family, {}).items() if value == number), None)


class Written(Rule):
    """A rule written in the vocabulary: it brings the sets along that were written in place."""

    __slots__ = ("_companions",)
    _companions: tuple[Any, ...]

    def companions(self) -> tuple[Any, ...]:
        """What must be made before it, in the same transaction."""
        return self._companions


def rule(
    chain: Chain | str | None,
    *parts: Parts,
    table: Table | str | None = None,
    family: FamilyLike | None = None,
    comment: str | None = None,
    position: int | None = None,
    handle: int | None = None,
) -> Rule:
    """A rule, written as one reads it.

        web = rule(chain, ip.saddr == "10.0.0.0/8", tcp.dport == {80, 443}, counter, accept, comment="the web")
        with nft.transaction() as t:
            t.add(web)

    `chain`: the `Chain`, which tells its table and family and what is possible in it; or its name, with `table` and
    `family`. `parts`: conditions, statements and plain expressions, also in lists. `position`, `handle`: as in
    `Rule`. Raises EncodeError for what cannot be typed: an IPv6 address in a chain of IPv4, a port without a
    protocol, a masquerade outside postrouting.
    """
    known = chain if isinstance(chain, Chain) else None
    of_table = table if isinstance(table, Table) else None
    chosen = family or (known.family if known is not None else None) or (of_table.family if of_table else None)
    if not chosen:
        raise EncodeError("which family? Give a Chain, or family='ip'", attribute="family")
    table_name = of_table.name if of_table is not None else table if table is not None else known and known.table
    compiler = Compiler(chosen, known, table_name)  # type: ignore[arg-type]
    for part in parts:
        compiler.add(part)
    make: Any = Written
    written: Written = make(
        chain=chain,
        table=table,
        family=family,
        expressions=compiler.expressions,
        comment=comment,
        position=position,
        handle=handle,
    )
    written._companions = tuple(compiler.companions)
    return written


__all__ = ["Compiler", "Written", "rule"]
