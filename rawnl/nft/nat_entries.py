"""What was asked for in NAT, as typed entries; as rules, and back.

Strategy: an entry says by `lines` which rules it stands for, each a chain, the conditions and one statement, in the
vocabulary of matches. Those texts are also what it is known by: a rule that reads the same is the same, whoever wrote
it. `entries` reads what rules mean; rules that come in twos (both directions of a netmap, a forward that also holds
for the machine itself) are one entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_network
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from rawnl.errors import EncodeError
from rawnl.nft.header import Family
from rawnl.nft.match import ct, fib, iifname, ip, ip6, oifname, tcp, udp
from rawnl.nft.match_operand import Named, order_of
from rawnl.nft.match_selector import Condition, Mapped, Selector, Statement
from rawnl.nft.match_types import Interval
from rawnl.nft.objects import Rule
from rawnl.nft.translate import (
    Endpoint,
    Local,
    Spread,
    Translate,
    dnat,
    endpoint,
    jhash,
    masquerade,
    numgen,
    redirect,
    snat,
)

Version: TypeAlias = Literal[4, 6]
Protocol: TypeAlias = Literal["tcp", "udp"]
By: TypeAlias = Literal["numgen", "random", "source"]


class Line(NamedTuple):
    """One rule of rawnl's: its chain, what it matches, what it does; `rule` where it was read."""

    chain: str
    conditions: tuple[Condition, ...]
    statement: Statement
    rule: Rule | None = None

    @property
    def match(self) -> str:
        """What it matches, in text."""
        return " ".join(map(str, self.conditions))

    @property
    def text(self) -> tuple[str, str, str]:
        """What it is known by."""
        return self.chain, self.match, str(self.statement)


@dataclass(frozen=True, repr=False)
class Entry:
    """The base of all entries. `comment` is that of the rule, and makes no difference when entries are compared."""

    comment: str | None = field(default=None, compare=False, kw_only=True)
    word: ClassVar[str] = ""

    @property
    def version(self) -> Version:
        """4 or 6."""
        raise NotImplementedError

    @property
    def family(self) -> Family:
        """The family of its table."""
        return Family.IP if self.version == 4 else Family.IP6

    def lines(self) -> list[Line]:
        """The rules that it stands for. EncodeError for what cannot be."""
        raise NotImplementedError

    def __repr__(self) -> str:
        shown = [
            repr(value) if one.default is MISSING else f"{one.name}={value!r}"
            for one in sorted(fields(self), key=lambda one: bool(one.kw_only))
            if (value := getattr(self, one.name)) != one.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _addresses(version: int) -> Any:
    return ip if version == 4 else ip6


def _port_of(protocol: str) -> Selector[Any]:
    if protocol not in ("tcp", "udp"):
        raise EncodeError(f"{protocol!r} is neither 'tcp' nor 'udp'", attribute="protocol")
    return tcp.dport if protocol == "tcp" else udp.dport


def _version_of(value: Any) -> Version:
    return 6 if ":" in str(value) else 4


def network_text(value: Any, what: str = "source") -> str:
    """A network in text, an address for one of a single host. EncodeError."""
    try:
        network = ip_network(value)
    except (ValueError, TypeError) as error:
        raise EncodeError(f"{value!r} is no network such as '10.0.0.0/24' ({error})", attribute=what) from None
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def target_text(value: Any, what: str = "to") -> str:
    """Where to, in the one spelling by which entries are compared. EncodeError."""
    return str(endpoint(value, what))


@dataclass(frozen=True, repr=False)
class Snat(Entry):
    """What comes from `source` goes on from `to`: an address, or a range of them."""

    source: str
    to: str
    out_interface: str | None = None
    persistent: bool = False
    fully_random: bool = False
    word: ClassVar[str] = "snat"

    @property
    def version(self) -> Version:
        return _version_of(self.source)

    def lines(self) -> list[Line]:
        conditions = [] if self.source in ("0.0.0.0/0", "::/0") else [_addresses(self.version).saddr == self.source]
        if self.out_interface is not None:
            conditions.append(oifname == self.out_interface)
        to = endpoint(self.to, "to")
        if to.version is None:
            raise EncodeError(f"{self.to!r} has no address", attribute="to")
        if to.port is not None:
            raise EncodeError("the ports of a source are the kernel's to choose: give an address", attribute="to")
        if to.version != self.version:
            raise EncodeError(
                f"{self.to!r} is of IPv{to.version}, and {self.source} is of IPv{self.version}", attribute="to"
            )
        statement = snat(to, persistent=self.persistent, fully_random=self.fully_random)
        return [Line("postrouting", tuple(conditions), statement)]


@dataclass(frozen=True, repr=False)
class _Inward(Entry):
    """The base of what sends packets elsewhere that arrive here; `local`: and those that this machine itself sends."""

    in_interface: str | None = field(default=None, kw_only=True)
    local: bool = field(default=False, kw_only=True)

    def _inward(self, conditions: Iterable[Condition], statement: Statement) -> list[Line]:
        conditions = tuple(conditions)
        first = () if self.in_interface is None else (iifname == self.in_interface,)
        found = [Line("prerouting", (*first, *conditions), statement)]
        if self.local:
            found.append(Line("output", conditions, statement))
        return found


@dataclass(frozen=True, repr=False)
class Dnat(_Inward):
    """What goes to `destination` goes to `to` instead, with all its ports."""

    destination: str
    to: str
    word: ClassVar[str] = "dnat"

    @property
    def version(self) -> Version:
        return _version_of(self.destination)

    def lines(self) -> list[Line]:
        to = endpoint(self.to, "to")
        if to.version != self.version or to.port is not None:
            raise EncodeError(f"{self.to!r} is no IPv{self.version} address; for a port, use forward", attribute="to")
        return self._inward([_addresses(self.version).daddr == self.destination], dnat(to))


@dataclass(frozen=True, repr=False)
class _OfPort(_Inward):
    """The base of what concerns a port, or a range of them, at a destination: this machine if none is given."""

    protocol: Protocol = field(default="tcp", kw_only=True)
    destination: str | None = field(default=None, kw_only=True)

    def _at(self, port: Any) -> list[Condition]:
        if self.destination is None:
            place: Condition = fib.daddr_type == "local"
        else:
            if _version_of(self.destination) != self.version:
                raise EncodeError(
                    f"{self.destination} is of another family than where it is to go, which is IPv{self.version}",
                    attribute="destination",
                )
            place = _addresses(self.version).daddr == self.destination
        return [place, _port_of(self.protocol) == port]


def port_text(port: Any) -> str:
    """A port or a range of them in the one spelling by which entries are compared. EncodeError."""
    return _ports(port).ports or ""


def _ports(port: Any) -> Endpoint:
    return endpoint((None, port), "port")


@dataclass(frozen=True, repr=False)
class Forward(_OfPort):
    """What arrives at `port` ("80", "8000-8010") goes to `to`; without a port there, to the same one."""

    port: str
    to: str
    word: ClassVar[str] = "forward"

    def __post_init__(self) -> None:
        """One spelling of what means the same, with the target's ports in full."""
        here, to = _ports(self.port), endpoint(self.to, "to")
        if to.first is None or to.last is not None:
            raise EncodeError(f"{self.to!r} is no single address, nor one with a port", attribute="to")
        size = 0 if here.last_port is None else here.last_port - (here.port or 0)
        port = here.port if to.port is None else to.port
        if to.last_port is not None and to.last_port - (port or 0) != size:
            raise EncodeError(f"{here.ports} and {to.ports} are not as many ports", attribute="to")
        last = None if not size else (port or 0) + size
        if last is not None and last > 65535:
            raise EncodeError(f"{size + 1} ports from {port} on go over 65535", attribute="to")
        object.__setattr__(self, "port", here.ports)
        object.__setattr__(self, "to", str(Endpoint(to.first, None, port, last)))

    @property
    def version(self) -> Version:
        return endpoint(self.to, "to").version or 4  # type: ignore[return-value]

    def lines(self) -> list[Line]:
        here, to = _ports(self.port), endpoint(self.to, "to")
        if here.port is None or to.port is None or here.last_port is None:
            statement = dnat(to)
        elif to.ports == here.ports:
            # A range without ports keeps each as it is.
            statement = dnat(Endpoint(to.first))
        else:
            # Port by port: a range of targets alone would let the kernel choose any of them.
            ports = range(here.port, here.last_port + 1)
            pairs = {port: (to.address, to.port + port - here.port) for port in ports}
            statement = dnat(_port_of(self.protocol).map(pairs))
        return self._inward(self._at(self.port), statement)


@dataclass(frozen=True, repr=False)
class Redirection(_Inward):
    """What goes to `port`, wherever that is, or at `destination`, is answered by this machine at `to_port`."""

    port: str
    to_port: str
    protocol: Protocol = field(default="tcp", kw_only=True)
    destination: str | None = field(default=None, kw_only=True)
    of_version: Version = field(default=4, kw_only=True)
    word: ClassVar[str] = "redirect"

    @property
    def version(self) -> Version:
        return self.of_version if self.destination is None else _version_of(self.destination)

    def lines(self) -> list[Line]:
        place = [] if self.destination is None else [_addresses(self.version).daddr == self.destination]
        return self._inward([*place, _port_of(self.protocol) == self.port], redirect(self.to_port))


@dataclass(frozen=True, repr=False)
class Netmap(Entry):
    """Prefix to prefix, host by host: what goes to `prefix` goes to `to`, and what comes from `to` is from `prefix`."""

    prefix: str
    to: str
    word: ClassVar[str] = "netmap"

    @property
    def version(self) -> Version:
        return _version_of(self.prefix)

    def lines(self) -> list[Line]:
        here, there = ip_network(self.prefix), ip_network(self.to)
        if (here.version, here.prefixlen) != (there.version, there.prefixlen):
            raise EncodeError(f"{here} and {there} are not of one size", attribute="to")
        addresses = _addresses(self.version)
        inward = dnat(addresses.daddr.map({str(here): str(there)}))
        outward = snat(addresses.saddr.map({str(there): str(here)}))
        return [Line("prerouting", (), inward), Line("postrouting", (), outward)]


@dataclass(frozen=True, repr=False)
class Hairpin(Entry):
    """Clients in `network` reach what is forwarded back into it: their packets get this machine's own address."""

    network: str
    word: ClassVar[str] = "hairpin"

    @property
    def version(self) -> Version:
        return _version_of(self.network)

    def lines(self) -> list[Line]:
        addresses = _addresses(self.version)
        conditions = (addresses.saddr == self.network, addresses.daddr == self.network, ct.status == "dnat")
        return [Line("postrouting", conditions, masquerade())]


@dataclass(frozen=True, repr=False)
class Balance(_OfPort):
    """What arrives at `port` goes to one of `targets`: in turn ("numgen"), at "random", or by its "source"."""

    port: str
    targets: tuple[str, ...]
    by: By = "numgen"
    word: ClassVar[str] = "balance"

    @property
    def version(self) -> Version:
        return endpoint(self.targets[0], "targets").version or 4  # type: ignore[return-value]

    def lines(self) -> list[Line]:
        size = len(self.targets)
        if self.by == "source":
            spread = jhash(_addresses(self.version).saddr, size)
        elif self.by in ("numgen", "random"):
            spread = numgen(size, random=self.by == "random")
        else:
            raise EncodeError(f"{self.by!r} is none of numgen, random, source", attribute="by")
        found = [endpoint(target, "targets") for target in self.targets]
        return self._inward(self._at(self.port), dnat(spread.map(dict(enumerate(found)))))


@dataclass(frozen=True, repr=False)
class ForwardMap(_OfPort):
    """One rule and a map of many ports; which, `forwards_many` tells."""

    of_version: Version = field(default=4, kw_only=True)
    word: ClassVar[str] = "forward_many"

    @property
    def version(self) -> Version:
        return self.of_version

    @property
    def name(self) -> str:
        """The name of the map."""
        return f"{self.protocol}_forwards"

    def lines(self) -> list[Line]:
        place = fib.daddr_type == "local"
        to = dnat(_port_of(self.protocol).map(f"@{self.name}"), version=self.version, with_port=True)
        return self._inward([place], to)


# --- back ----------------------------------------------------------------------------------------------------------


def _values(line: Line) -> dict[str, Any]:
    """What the conditions compare for equality, by what they look at; {"?": …} where one does anything else."""
    found: dict[str, Any] = {}
    for condition in line.conditions:
        text = condition.source.text
        if condition.operator != "==" or text in found:
            return {"?": condition}
        found[text] = condition.value
    return found


def _port_text(value: Any) -> str:
    return f"{value.first}-{value.last}" if isinstance(value, Interval) else str(value)


def _options(values: dict[str, Any], version: int) -> dict[str, Any]:
    """Interface, destination, protocol and port out of the values, which are taken away from there."""
    family = "ip" if version == 4 else "ip6"
    found: dict[str, Any] = {"in_interface": values.pop("iifname", None)}
    found["destination"] = values.pop(f"{family} daddr", None)
    if found["destination"] is None and values.pop("fib daddr type", None) != "local":
        found["anywhere"] = True
    for protocol in ("tcp", "udp"):
        if f"{protocol} dport" in values:
            found["protocol"] = protocol
            found["port"] = _port_text(values.pop(f"{protocol} dport"))
    return found


def entry_of(line: Line, version: Version) -> Entry | None:
    """The entry whose first rule this is; None where it is none."""
    statement, values = line.statement, _values(line)
    comment = line.rule.comment if line.rule is not None else None
    if "?" in values:
        return None
    try:
        if line.chain == "postrouting":
            found = _outward(statement, values, version)
        elif line.chain == "prerouting":
            found = _arriving(statement, values, version)
        else:
            return None
        if found is None or line.text not in [one.text for one in found.lines()]:
            return None
    except (EncodeError, KeyError, ValueError, TypeError):
        return None
    object.__setattr__(found, "comment", comment)
    return found


def _outward(statement: Statement, values: dict[str, Any], version: Version) -> Entry | None:
    family = "ip" if version == 4 else "ip6"
    if isinstance(statement, Local):
        return Hairpin(str(values[f"{family} saddr"])) if "ct status" in values else None
    if not isinstance(statement, Translate) or isinstance(statement.to, Mapped):
        return None
    flags = str(statement)
    return Snat(
        str(values.get(f"{family} saddr", "0.0.0.0/0" if version == 4 else "::/0")),
        str(statement.to),
        out_interface=values.get("oifname"),
        persistent="persistent" in flags,
        fully_random="fully-random" in flags,
    )


def _arriving(statement: Statement, values: dict[str, Any], version: Version) -> Entry | None:
    options = _options(values, version)
    anywhere = options.pop("anywhere", False)
    if isinstance(statement, Local):
        return Redirection(to_port=statement.ports.ports or "", of_version=version, **options)
    if not isinstance(statement, Translate):
        return None
    if isinstance(statement.to, Endpoint):
        if "port" not in options:
            return Dnat(options.pop("destination"), str(statement.to), **options)
        return Forward(to=str(statement.to), **options)
    source, pairs = statement.to
    if isinstance(pairs, Named):
        options.pop("port", None)
        return ForwardMap(of_version=version, **{**options, "protocol": source.text.split(" ")[0]})
    ordered = sorted(pairs.items(), key=lambda pair: order_of(source.types, pair[0]))
    targets = [endpoint(value, "") for _, value in ordered]
    if statement.netmap:
        [(prefix, target)] = pairs.items()
        return Netmap(source.spell(prefix), str(endpoint(target, "")))
    if anywhere:
        return None
    if isinstance(source, Spread):
        word = source.text.split(" ")
        by: By = "source" if word[0] == "jhash" else "random" if word[1] == "random" else "numgen"
        return Balance(targets=tuple(map(str, targets)), by=by, **options)
    first, last = targets[0], targets[-1]
    return Forward(to=str(Endpoint(first.first, None, first.port, last.port)), **options)


def entries(lines: Iterable[Line], version: Version) -> Iterator[Entry]:
    """The entries that these rules make together; rules that are no entry are left out."""
    known = list(lines)
    texts = {line.text for line in known}
    for line in known:
        found = entry_of(line, version)
        if found is None:
            continue
        if isinstance(found, _Inward):
            there = type(found)(**{**vars(found), "local": True})
            if all(one.text in texts for one in there.lines()):
                found = there
        if all(one.text in texts for one in found.lines()):
            yield found


__all__ = [
    "Balance",
    "Dnat",
    "Entry",
    "Forward",
    "ForwardMap",
    "Hairpin",
    "Line",
    "Netmap",
    "Redirection",
    "Snat",
    "entries",
    "network_text",
    "port_text",
    "target_text",
]
