"""What a rule does with a packet: verdicts, counters, limits, logs, rejections, marks.

    rule(chain, tcp.dport == 22, limit("10/second"), log(prefix="ssh: "), accept)
    rule(chain, counter, reject("icmp host-unreachable"))
    rule(chain, tcp.dport.vmap({22: accept, 80: jump("web")}))

Strategy: a statement is a small value with two sides: `compile` adds its expressions to a rule in the making, and
`str()` is what nft calls it. Those that translate addresses stand in `translate`.
Source: nft(8), "Statements".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawnl.attribute import nearest
from rawnl.errors import EncodeError
from rawnl.nft.expr import Expression, Verdict, VerdictCode
from rawnl.nft.expr_action import Connlimit, Counter, Limit, Log, LogLevel, Notrack, Objref, Queue, Quota, Reject
from rawnl.nft.expr_compare import Dynset
from rawnl.nft.expr_load import Immediate
from rawnl.nft.header import Family
from rawnl.nft.match_names import ICMP_UNREACHABLE, ICMPV6_UNREACHABLE, ICMPX_UNREACHABLE
from rawnl.nft.match_operand import SetLike, named
from rawnl.nft.match_selector import Source, Statement

if TYPE_CHECKING:
    from rawnl.nft.match_compile import Compiler

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
SIZES = {"bytes": 1, "kbytes": 1024, "mbytes": 1024 * 1024}
DEFAULT_BURST = 5


# --- verdicts ------------------------------------------------------------------------------------------------------


class VerdictStatement(Statement):
    """What becomes of the packet."""

    __slots__ = ("chain", "code")

    def __init__(self, code: VerdictCode, chain: str | None = None) -> None:
        self.code = code
        self.chain = chain

    def verdict(self) -> Verdict:
        """The same for a verdict register, or for a map of verdicts."""
        return Verdict(code=self.code, chain=self.chain)

    def compile(self, compiler: Compiler) -> None:
        compiler.expressions.append(Immediate(dreg="verdict", data=self.verdict()))

    def __str__(self) -> str:
        name = self.code.name.lower()
        return name if self.chain is None else f"{name} {self.chain}"


accept = VerdictStatement(VerdictCode.ACCEPT)
"""Let the packet go on."""
drop = VerdictStatement(VerdictCode.DROP)
"""Let it vanish."""
return_ = VerdictStatement(VerdictCode.RETURN)
"""Go back to the chain that jumped here, or to the policy."""
continue_ = VerdictStatement(VerdictCode.CONTINUE)
"""Go on with the next rule; for maps of verdicts."""


def _target(word: VerdictCode, chain: Any) -> VerdictStatement:
    name = chain if isinstance(chain, str) else getattr(chain, "name", None)
    if not isinstance(name, str) or not name:
        raise EncodeError(f"{chain!r} is no chain: give its name or a Chain", attribute=word.name.lower())
    return VerdictStatement(word, name)


def jump(chain: Any) -> VerdictStatement:
    """Go through another chain of the table (its name, or a `Chain`), and come back."""
    return _target(VerdictCode.JUMP, chain)


def goto(chain: Any) -> VerdictStatement:
    """Go through another chain, and do not come back."""
    return _target(VerdictCode.GOTO, chain)


# --- counting and limiting --------------------------------------------------------------------------------------


class Count(Statement):
    """A counter of the rule's own, or a named one. `counter` is one, and a call of it makes others."""

    __slots__ = ("bytes", "name", "packets")

    def __init__(self, name: str | None = None, *, packets: int = 0, bytes: int = 0) -> None:
        self.name = name
        self.packets = packets
        self.bytes = bytes

    def __call__(self, name: Any = None, *, packets: int = 0, bytes: int = 0) -> Count:
        """`counter("hits")` for a named one (or the object); `counter(packets=5, bytes=300)` to begin elsewhere."""
        known = name if name is None or isinstance(name, str) else getattr(name, "name", None)
        if name is not None and not isinstance(known, str):
            raise EncodeError(f"{name!r} is no counter: give its name or the object", attribute="counter")
        return Count(known, packets=packets, bytes=bytes)

    def compile(self, compiler: Compiler) -> None:
        one: Expression = Counter(bytes=self.bytes, packets=self.packets)
        compiler.expressions.append(one if self.name is None else Objref(imm_type="counter", imm_name=self.name))

    def __str__(self) -> str:
        if self.name is not None:
            return f'counter name "{self.name}"'
        return f"counter packets {self.packets} bytes {self.bytes}"


counter = Count()
"""Count packets and bytes."""


class Rate(Statement):
    """A limit; made by `limit`."""

    __slots__ = ("burst", "over", "per_bytes", "rate", "unit")

    def __init__(self, rate: int, unit: int, burst: int, per_bytes: bool, over: bool) -> None:
        self.rate, self.unit, self.burst, self.per_bytes, self.over = rate, unit, burst, per_bytes, over

    def compile(self, compiler: Compiler) -> None:
        compiler.expressions.append(
            Limit(
                rate=self.rate,
                unit=self.unit,
                burst=self.burst,
                type="pkt_bytes" if self.per_bytes else "pkts",
                flags="inv" if self.over else 0,
            )
        )

    def __str__(self) -> str:
        unit = {seconds: word for word, seconds in UNITS.items()}.get(self.unit, f"{self.unit}s")
        over = "over " if self.over else ""
        if not self.per_bytes:
            burst = "" if self.burst in (0, DEFAULT_BURST) else f" burst {self.burst} packets"
            return f"limit rate {over}{self.rate}/{unit}{burst}"
        burst = f" burst {size_text(self.burst)}" if self.burst else ""
        return f"limit rate {over}{size_text(self.rate)}/{unit}{burst}"


def size_text(number: int) -> str:
    """Bytes in nft's words: 10485760 is `10 mbytes`."""
    for word, size in reversed(SIZES.items()):
        if number and number % size == 0:
            return f"{number // size} {word}"
    return f"{number} bytes"


def _size(text: str) -> int | None:
    """`10 mbytes` as a number; None where no such unit stands there."""
    amount, _, word = text.strip().partition(" ")
    if not amount.isdecimal() or word.strip() not in SIZES:
        return None
    return int(amount) * SIZES[word.strip()]


def limit(rate: str, *, burst: int | None = None, over: bool = False) -> Rate:
    """Go on only up to `rate`: "10/second", "5/minute", "10 mbytes/second"; with `over`, only above it.

    `burst`: how many packets (5 by default) or bytes (none) may come at once on top. Raises EncodeError.

    >>> print(limit("10/second"), "|", limit("1 mbytes/minute", over=True))
    limit rate 10/second | limit rate over 1 mbytes/minute
    """
    amount, slash, word = rate.partition("/")
    unit = UNITS.get(word.strip())
    size = _size(amount)
    if not slash or unit is None or not (size or amount.strip().isdecimal()):
        guess = nearest(word.strip(), list(UNITS))
        raise EncodeError(f"{rate!r} is no rate such as '10/second' or '1 mbytes/minute'{guess}", attribute="limit")
    number = size if size is not None else int(amount)
    if number == 0:
        raise EncodeError("a limit of 0 lets nothing through; write drop", attribute="limit")
    return Rate(
        number, unit, (DEFAULT_BURST if size is None else 0) if burst is None else burst, size is not None, over
    )


class Plain(Statement):
    """A statement that is one expression, under the words that nft has for it."""

    __slots__ = ("expression", "text")

    def __init__(self, text: str, expression: Expression) -> None:
        self.text = text
        self.expression = expression

    def compile(self, compiler: Compiler) -> None:
        compiler.expressions.append(self.expression)

    def __str__(self) -> str:
        return self.text


def quota(size: int | str, *, over: bool = False) -> Plain:
    """Go on only until so many bytes have come by (a number, or "10 mbytes"); with `over`, only from then on."""
    number = _size(size) if isinstance(size, str) else size
    if number is None:
        raise EncodeError(f"{size!r} is no amount such as '10 mbytes'", attribute="quota")
    text = f"quota {'over ' if over else ''}{size_text(number)}"
    return Plain(text, Quota(bytes=number, consumed=0, flags="inv" if over else 0))


def connections(count: int, *, over: bool = False) -> Plain:
    """Go on only up to so many connections (nft: `ct count`); with `over`, only above."""
    return Plain(f"ct count {'over ' if over else ''}{count}", Connlimit(count=count, flags="inv" if over else 0))


notrack = Plain("notrack", Notrack())
"""Leave the packet out of connection tracking; in a chain of priority raw."""


def queue(number: int = 0, *, total: int = 1) -> Plain:
    """Hand the packet to a program that listens on this queue, or on one of `total` from there."""
    text = f"queue to {number}" if total == 1 else f"queue to {number}-{number + total - 1}"
    return Plain(text, Queue(num=number, total=total, flags=0))


def log(
    prefix: str | None = None,
    *,
    level: str | None = None,
    group: int | None = None,
    snaplen: int | None = None,
    queue_threshold: int | None = None,
) -> Plain:
    """A line in the kernel's log, `prefix` before it (127 bytes); or with a `group` a message to a listener.

    `level`: "emerg" to "debug", "warning" if not given. `snaplen`: bytes of the packet for the listener;
    `queue_threshold`: packets to wait for. Raises EncodeError.

    >>> print(log("odd: ", level="info"))
    log prefix "odd: " level info
    """
    words = ["log"]
    if prefix is not None:
        if len(prefix.encode()) > 127 or '"' in prefix:
            raise EncodeError(f"{prefix!r} is no prefix: it has up to 127 bytes and no '\"'", attribute="log")
        words.append(f'prefix "{prefix}"')
    number = None
    if level is not None:
        if group is not None:
            raise EncodeError("a message to a listener has no level: give a group or a level", attribute="log")
        chosen = LogLevel.__members__.get(level.upper().replace("WARN", "WARNING").replace("WARNINGING", "WARNING"))
        if chosen is None:
            known = [name.lower() for name in LogLevel.__members__]
            raise EncodeError(f"{level!r} is none of {', '.join(known)}{nearest(level, known)}", attribute="log")
        number = int(chosen)
        if chosen != LogLevel.WARNING:
            words.append(f"level {chosen.name.lower()}")
    if group is None and (snaplen is not None or queue_threshold is not None):
        raise EncodeError("snaplen and queue_threshold are for a listener: give a group, too", attribute="log")
    if group is not None:
        words.append(f"group {group}")
        words += [f"snaplen {snaplen}"] if snaplen is not None else []
        words += [f"queue-threshold {queue_threshold}"] if queue_threshold is not None else []
    return Plain(
        " ".join(words), Log(prefix=prefix, level=number, group=group, snaplen=snaplen, qthreshold=queue_threshold)
    )


# --- refusing ------------------------------------------------------------------------------------------------------

REASONS = {"icmp": ICMP_UNREACHABLE, "icmpv6": ICMPV6_UNREACHABLE, "icmpx": ICMPX_UNREACHABLE}
DEFAULT_REASON = {
    Family.IP: "icmp port-unreachable",
    Family.IP6: "icmpv6 port-unreachable",
}
_REJECTING = {"input", "forward", "output", "prerouting", "ingress"}


class Refusal(Statement):
    """A rejection; made by `reject`."""

    __slots__ = ("reason",)

    def __init__(self, reason: str | None) -> None:
        self.reason = reason

    def compile(self, compiler: Compiler) -> None:
        if compiler.hook is not None and compiler.hook not in _REJECTING:
            raise EncodeError(f"reject is not possible in {compiler.hook}", attribute="reject")
        reason = self.reason or DEFAULT_REASON.get(compiler.family, "icmpx port-unreachable")  # type: ignore[call-overload]
        if reason == "tcp reset":
            if compiler.transport not in (None, 6):
                raise EncodeError("only TCP knows a reset, and this rule matches something else", attribute="reject")
            compiler.need_tcp("a tcp reset")
            compiler.expressions.append(Reject(type="tcp_rst", icmp_code=0))
            return
        kind, _, word = reason.partition(" ")
        code = REASONS[kind][word]
        if kind == "icmpx":
            if compiler.family in (Family.IP, Family.IP6):
                raise EncodeError(
                    f"icmpx is for tables of both families; in {compiler.family_name} give "
                    f"{'icmp' if compiler.family == Family.IP else 'icmpv6'}",
                    attribute="reject",
                )
            compiler.expressions.append(Reject(type="icmpx_unreach", icmp_code=code))
            return
        compiler.need_version(4 if kind == "icmp" else 6, kind)
        compiler.expressions.append(Reject(type="icmp_unreach", icmp_code=code))

    def __str__(self) -> str:
        return "reject" if self.reason is None else f"reject with {self.reason}"


def reject(reason: str | None = None) -> Refusal:
    """Drop the packet and tell its sender: "tcp reset", "icmp host-unreachable", "icmpv6 no-route", "icmpx …".

    Without a reason, "port-unreachable" of the family. Raises EncodeError.

    >>> print(reject(), "|", reject("icmp host-unreachable"))
    reject | reject with icmp host-unreachable
    """
    if reason is not None and reason != "tcp reset":
        kind, _, word = reason.partition(" ")
        if word not in REASONS.get(kind, {}):
            known = ["tcp reset", *(f"{kind} {word}" for kind, words in REASONS.items() for word in words)]
            raise EncodeError(f"{reason!r} is no reason to give{nearest(reason, known)}", attribute="reject")
    return Refusal(reason)


class Remember(Statement):
    """A key that the packet adds to a set; made by `add_to` and `update_in`."""

    __slots__ = ("operation", "set", "source", "timeout")

    def __init__(self, operation: str, target: SetLike, source: Source, timeout: float | None) -> None:
        found = named(target)
        if found is None:
            raise EncodeError(f"{target!r} is no set: give a Set, or '@name'", attribute=operation)
        self.operation, self.set, self.source = operation, found, source
        self.timeout = None if timeout is None else round(timeout * 1000)

    def compile(self, compiler: Compiler) -> None:
        compiler.need_all(self.source)
        name = compiler.named(self.source, self.set)
        compiler.expressions += self.source.load(0)
        compiler.expressions.append(Dynset(set_name=name, op=self.operation, sreg_key="reg_1", timeout=self.timeout))

    def __str__(self) -> str:
        timeout = "" if self.timeout is None else f" timeout {self.timeout / 1000:g}s"
        return f"{self.operation} {self.set} {{ {self.source}{timeout} }}"


def add_to(target: SetLike, source: Source, *, timeout: float | None = None) -> Remember:
    """Add a packet's key to a set; `timeout` in seconds."""
    return Remember("add", target, source, timeout)


def update_in(target: SetLike, source: Source, *, timeout: float | None = None) -> Remember:
    """Add a packet's key to a set, and begin its timeout anew if it is there; `timeout` in seconds."""
    return Remember("update", target, source, timeout)


__all__ = [
    "Statement",
    "accept",
    "add_to",
    "connections",
    "continue_",
    "counter",
    "drop",
    "goto",
    "jump",
    "limit",
    "log",
    "notrack",
    "queue",
    "quota",
    "reject",
    "return_",
    "update_in",
]
