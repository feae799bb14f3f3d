"""From expressions back to conditions and statements: what a rule says, in the words in which it can be written.

    meta load l4proto, cmp eq 6, payload load 2b @ transport header + 2, cmp eq 80     ->  [tcp dport 80]

Strategy: what registers hold and how conditions come of it stands in `match_registers`; here are look-ups and actions.
What is not understood stays the expression it is, together with what was loaded for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rawnl.nft.expr import Data, Expression, Verdict, VerdictCode
from rawnl.nft.expr_action import Connlimit, Counter, Limit, Log, LogLevel, Notrack, ObjectType, Objref, Quota, Reject
from rawnl.nft.expr_compare import Bitwise, Byteorder, Cmp, Lookup, Range
from rawnl.nft.expr_load import Ct, Fib, Hash, Immediate, Meta, Numgen, Payload, Rt
from rawnl.nft.expr_nat import Masquerade, Nat, NatFlags, NatType, Redirect
from rawnl.nft.header import Family, family_number
from rawnl.nft.match_operand import Literals, Named, order_of
from rawnl.nft.match_registers import Constant, ElementsOf, Part, Registers, Unknown, bytes_of, word_of
from rawnl.nft.match_selector import (
    Concat,
    Condition,
    Mapped,
    Source,
    VerdictMapped,
)
from rawnl.nft.objects import Rule
from rawnl.nft.statement import (
    DEFAULT_REASON,
    REASONS,
    Count,
    Plain,
    Rate,
    Refusal,
    VerdictStatement,
    connections,
    log,
    notrack,
    quota,
)
from rawnl.nft.translate import Endpoint, Local, Translate

if TYPE_CHECKING:
    from rawnl.nft.elements import Elements

__all__ = ["Part", "parts"]


def parts(rule: Rule, elements: Mapping[str, Elements] | ElementsOf | None = None) -> list[Part]:
    """What a rule says, in the vocabulary; what is not in it stays an expression.

    `elements`: those of anonymous sets, by name, or a function that finds them; without, such a set is `@__set0`.

        >>> for rule in nft.rules(table): print(*parts(rule))                   # doctest: +SKIP
        ip saddr 10.0.0.0/8 tcp dport 80 accept
    """
    if rule._buffer is None:
        # Names of registers and flags as the numbers that they are.
        rule = Rule.at(rule.encode(), 0)
    find: ElementsOf = (lambda name: None) if elements is None else elements if callable(elements) else elements.get
    reader = RuleReader(family_number(rule.family or 0), find)
    for expr in rule.expressions or ():
        reader.take(expr)
    return reader.finish()


class RuleReader(Registers):
    """Look-ups, maps and actions."""

    # --- sets and maps

    def lookup(self, expr: Lookup) -> list[Part] | None:
        source = self._key(word_of(expr.sreg))
        self.used(source)
        if expr.dreg is not None:
            map = self._map(source, expr.set or "")
            if _word_or_verdict(expr.dreg) is None:
                if isinstance(map, dict):
                    map = {key: _verdict(value) for key, value in map.items()}
                return [VerdictMapped(source, map)]
            self.registers[word_of(expr.dreg)] = Mapped(source, map)
            return None
        name = expr.set or ""
        operand: Named | Literals = Named(name)
        held = self.find(name)
        if held is not None:
            operand = Literals(
                tuple(
                    sorted((source.pattern(entry.key) for entry in held), key=lambda one: order_of(source.types, one))
                )
            )
        condition = Condition(source, "!=" if expr.flags else "==", operand)
        return self.compared(condition)

    def _map(self, source: Source, name: str) -> dict[Any, Any] | Named:
        held = self.find(name)
        if held is None:
            return Named(name)
        pairs = [(source.pattern(entry.key), entry.data) for entry in held]
        return dict(sorted(pairs, key=lambda pair: order_of(source.types, pair[0])))

    def _key(self, place: int) -> Source:
        """What a look-up takes as its key: the selectors that were loaded one after another."""
        first = self.source(place)
        sources = [first]
        at = place + first.words
        while at in self.registers and any(
            (register := getattr(expr, "dreg", None)) is not None and word_of(register) == at for expr in self.pending
        ):
            sources.append(self.source(at))
            at += sources[-1].words
        if len(sources) == 1:
            return first
        return Concat(tuple(selector for source in sources for selector in source.parts()))

    # --- actions

    def immediate(self, expr: Immediate) -> list[Part] | None:
        verdict = expr.data.verdict if isinstance(expr.data, Data) else None
        if isinstance(verdict, Verdict):
            return [VerdictStatement(VerdictCode(int(verdict.code or 0)), verdict.chain)]
        self.registers[word_of(expr.dreg)] = Constant(bytes_of(expr.data))
        return None

    def counter(self, expr: Counter) -> list[Part]:
        return [Count(packets=expr.packets or 0, bytes=expr.bytes or 0)]

    def objref(self, expr: Objref) -> list[Part]:
        if expr.imm_type != ObjectType.COUNTER or expr.imm_name is None:
            raise Unknown
        return [Count(expr.imm_name)]

    def limit(self, expr: Limit) -> list[Part]:
        over, per_bytes = bool(int(expr.flags or 0) & 1), bool(expr.type)
        return [Rate(expr.rate or 0, expr.unit or 1, expr.burst or 0, per_bytes, over)]

    def quota(self, expr: Quota) -> list[Part]:
        if expr.consumed:
            raise Unknown
        return [quota(expr.bytes or 0, over=bool(int(expr.flags or 0) & 1))]

    def connlimit(self, expr: Connlimit) -> list[Part]:
        return [connections(expr.count or 0, over=bool(expr.flags))]

    def log(self, expr: Log) -> list[Part]:
        if expr.flags:
            raise Unknown
        level = None if expr.level is None or expr.group is not None else LogLevel(int(expr.level)).name.lower()
        found = log(
            expr.prefix,
            level=level,
            group=expr.group,
            snaplen=expr.snaplen,
            queue_threshold=expr.qthreshold,
        )
        return [Plain(found.text, expr)]

    def notrack(self, expr: Expression) -> list[Part]:
        return [notrack]

    def reject(self, expr: Reject) -> list[Part]:
        kinds = {0: {4: "icmp", 6: "icmpv6"}.get(self.version or 0, ""), 2: "icmpx"}
        if int(expr.type or 0) == 1:
            for word in self.words:
                if word.kind == "transport":
                    self.found[word.place] = None
            return [Refusal("tcp reset")]
        kind = kinds[int(expr.type or 0)]
        name = next(name for name, code in REASONS[kind].items() if code == (expr.icmp_code or 0))
        reason = f"{kind} {name}"
        if kind != "icmpx":
            for dependency in self.words:
                if dependency.kind == "version":
                    self.found[dependency.place] = None
        default = DEFAULT_REASON.get(self.family, "icmpx port-unreachable")  # type: ignore[call-overload]
        return [Refusal(None if reason == default else reason)]

    # --- NAT

    def _port(self, register: Any) -> int | None:
        if register is None:
            return None
        held = self.registers[word_of(register)]
        if not isinstance(held, Constant):
            raise Unknown
        return int.from_bytes(held.data[:2], "big")

    def local(self, expr: Masquerade | Redirect) -> list[Part]:
        ports = Endpoint(port=self._port(expr.reg_proto_min), last_port=self._port(expr.reg_proto_max))
        flags = int(expr.flags or 0) & ~(NatFlags.PROTO_SPECIFIED | NatFlags.MAP_IPS)
        if ports.last_port == ports.port:
            ports = Endpoint(port=ports.port)
        return [Local("masquerade" if isinstance(expr, Masquerade) else "redirect", ports, flags)]

    def nat(self, expr: Nat) -> list[Part]:
        word = "snat" if expr.type == NatType.SNAT else "dnat"
        flags = int(expr.flags or 0)
        netmap = bool(flags & NatFlags.NETMAP)
        kept = flags & (NatFlags.PROTO_RANDOM | NatFlags.PROTO_RANDOM_FULLY | NatFlags.PERSISTENT)
        version = 4 if expr.family == Family.IP else 6
        held = None if expr.reg_addr_min is None else self.registers[word_of(expr.reg_addr_min)]
        if isinstance(held, Mapped):
            with_port = expr.reg_proto_min is not None
            return [Translate(word, held, kept, netmap=netmap, version=version, with_port=with_port)]  # type: ignore[arg-type]
        first = held.data if isinstance(held, Constant) else None
        last = None
        if expr.reg_addr_max is not None:
            last_held = self.registers[word_of(expr.reg_addr_max)]
            if not isinstance(last_held, Constant):
                raise Unknown
            last = last_held.data if last_held.data != first else None
        if (held is not None) != (first is not None):
            raise Unknown
        port, last_port = self._port(expr.reg_proto_min), self._port(expr.reg_proto_max)
        to = Endpoint(first, last, port, None if last_port == port else last_port)
        return [Translate(word, to, kept, netmap=netmap, version=version)]  # type: ignore[arg-type]

    methods: ClassVar[dict[type, Any]] = {
        Payload: Registers.load,
        Meta: Registers.meta,
        Ct: Registers.ct,
        Fib: Registers.load,
        Rt: Registers.load,
        Hash: Registers.load_hash,
        Numgen: Registers.load_numgen,
        Bitwise: Registers.bitwise,
        Byteorder: Registers.byteorder,
        Cmp: Registers.cmp,
        Range: Registers.range,
        Lookup: lookup,
        Immediate: immediate,
        Counter: counter,
        Objref: objref,
        Limit: limit,
        Quota: quota,
        Connlimit: connlimit,
        Log: log,
        Notrack: notrack,
        Reject: reject,
        Masquerade: local,
        Redirect: local,
        Nat: nat,
    }


def _word_or_verdict(register: Any) -> int | None:
    return None if int(register) == 0 else word_of(register)


def _verdict(value: Any) -> VerdictStatement:
    """A verdict as a map's element has it, `jump web`."""
    word, _, chain = str(value).partition(" ")
    return VerdictStatement(VerdictCode[word.upper()], chain or None)
