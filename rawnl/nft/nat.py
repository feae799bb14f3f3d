"""NAT in one call, idempotent, in a table of rawnl's own; and the door to all else in nf_tables.

Strategy: what is asked for is looked up in rawnl's own table first, and made only if it is not there, in a
transaction that holds for the very generation that was looked at. Whoever comes in between, rawnl in another process
included, makes the kernel refuse it, and the look-up begins anew. So a thing exists once, however often and by however
many it is asked for.

The table is called "rawnl" and carries the comment "rawnl". A table of that name without the comment is somebody
else's: it is refused, never written to. Nothing outside rawnl's table is ever changed.

    table ip rawnl {
        comment "rawnl"
        chain postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            ip saddr 192.168.100.0/24 masquerade
        }
    }

Sources: nft(8), "NAT statements"; `<linux/netfilter/nf_tables.h>`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from errno import EEXIST
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_network
from typing import Any, NamedTuple, TypeAlias, TypeVar

from rawnl.errors import EncodeError, KernelError, OutcomeUnknown
from rawnl.nft.expr import Data, Expression
from rawnl.nft.expr_compare import Bitwise, Cmp, CmpOp
from rawnl.nft.expr_load import Meta, MetaKey, Payload, PayloadBase
from rawnl.nft.expr_nat import Masquerade
from rawnl.nft.header import Family, hook_number, priority_number
from rawnl.nft.objects import Chain, Rule, Table
from rawnl.nft.reader import Reader
from rawnl.nft.transaction import GenerationChanged, Transaction

T = TypeVar("T")

Network: TypeAlias = IPv4Network | IPv6Network
Source: TypeAlias = "str | IPv4Network | IPv6Network | IPv4Interface | IPv6Interface | None"

TABLE = "rawnl"
COMMENT = "rawnl"
CHAIN, TYPE, HOOK, PRIORITY = "postrouting", "nat", "postrouting", "srcnat"

ATTEMPTS = 512
"""How often a change is tried again because others changed the ruleset at the same time."""

UNKNOWN_ATTEMPTS = 3
"""How often it is tried again after an answer was lost."""

_SADDR_OFFSET = {4: 12, 6: 8}
_IFNAME_SIZE = 16


class Masqueraded(NamedTuple):
    """A masquerade of rawnl's: which sources, leaving by which interface (None: any), and the rule that does it."""

    source: Network
    out_interface: str | None
    comment: str | None
    handle: int
    rule: Rule


class Nft(Reader):
    """nf_tables of one namespace: NAT, reading, transactions."""

    def transaction(self, *, generation: int | None = None) -> Transaction:
        """Changes that are made together or not at all; see `Transaction`.

        `generation`: commit only if the ruleset is still of this generation (`GenerationChanged` otherwise).
        """
        return Transaction(self._channel, generation=generation)

    def guarded(self, work: Callable[[Transaction], T], *, attempts: int = ATTEMPTS, idempotent: bool = False) -> T:
        """Read, decide and write as one: `work` reads what it needs and fills the transaction that it is given.

        If the ruleset changes before that is committed, `work` is called again with a new one, also when it raises a
        KernelError. If the answer is lost and nothing tells how it went, so is `idempotent` work, which finds by
        itself what is already done. A transaction left empty is for reading several things as one. Returns
        what `work` returned at last. Raises GenerationChanged when that happened `attempts` times in a row, and what
        `Transaction` raises.
        """
        unknown = 0
        for attempt in range(1, attempts + 1):
            generation = None
            try:
                generation = self.generation()
                transaction = self.transaction(generation=generation)
                result = work(transaction)
                transaction.commit()
                return result
            except OutcomeUnknown:
                unknown += 1
                if not idempotent or unknown == UNKNOWN_ATTEMPTS or attempt == attempts:
                    raise
            except GenerationChanged:
                if attempt == attempts:
                    raise
            except KernelError:
                # What `work` reads piece by piece need not fit together if the ruleset changes meanwhile.
                if attempt == attempts or generation is None or self.generation() == generation:
                    raise
            # Those who collide are spread over a time that grows with the crowd.
            time.sleep(random.uniform(0, min(0.0002 * 2 ** min(attempt, 8), 0.02)))
        raise ValueError("a transaction needs at least one attempt")

    # --- masquerade

    def masquerade(self, source: Source, *, out_interface: Any = None, comment: str | None = None) -> Rule:
        """Translate what comes from `source` to the address of the interface it leaves by; once, however often asked.

        `source`: a network, IPv4 or IPv6 ("192.168.100.0/24"); "0.0.0.0/0", None and "::/0" stand for all of IPv4
        and of IPv6. `out_interface`: only what leaves by this interface (a name or a Link). Returns the rule, with
        its handle; an earlier one is left as it is, its comment included.

        The equivalent of `iptables -t nat -A POSTROUTING -s 192.168.100.0/24 -j MASQUERADE`.

        Raises EncodeError (host bits set, no such notation); KernelError: FileExistsError where a table "rawnl" is
        somebody else's, PermissionError, GenerationChanged.
        """
        network, name = _network(source), _interface(out_interface)
        wanted = _expressions(network, name)

        def work(transaction: Transaction) -> Rule:
            table, chain, rules = self._own(_family(network))
            for found in rules:
                if (found.source, found.out_interface) == (network, name):
                    return found.rule
            if table is None:
                table = transaction.create(Table(TABLE, family=_family(network), comment=COMMENT))
            if chain is None:
                chain = transaction.create(
                    Chain(CHAIN, table=table, type=TYPE, hook=HOOK, priority=PRIORITY, policy="accept")
                )
            return transaction.add(Rule(chain=chain, expressions=wanted, comment=comment))

        return self.guarded(work, idempotent=True)

    def masquerades(self) -> list[Masqueraded]:
        """The masquerades that rawnl made, in both families. Raises KernelError."""

        def work(_: Transaction) -> list[Masqueraded]:
            found: list[Masqueraded] = []
            for family in (Family.IP, Family.IP6):
                table = self.find(Table(TABLE, family=family))
                if table is not None and table.comment == COMMENT:
                    found += self._own(family)[2]
            return found

        return self.guarded(work, idempotent=True)

    def unmasquerade(self, source: Source, *, out_interface: Any = None) -> bool:
        """Undo `masquerade` of the same source and interface; returns whether there was one.

        rawnl's chain and table go with the last rule, unless somebody put something else there. Raises as
        `masquerade` does.
        """
        network, name = _network(source), _interface(out_interface)

        def work(transaction: Transaction) -> bool:
            table, chain, rules = self._own(_family(network))
            doomed = [rule for rule in rules if (rule.source, rule.out_interface) == (network, name)]
            for found in doomed:
                transaction.delete(found.rule)
            if doomed and table is not None and chain is not None:
                self._tidy(transaction, table, chain, len(doomed))
            return bool(doomed)

        return self.guarded(work, idempotent=True)

    def _tidy(self, transaction: Transaction, table: Table, chain: Chain, doomed: int) -> None:
        """Delete the chain if its only rules are the doomed ones, and the table if the chain is all that it holds.

        Should a count mislead, "only empty" has the kernel refuse rather than delete what is not ours.
        """
        if len(self.rules(table, CHAIN)) > doomed:
            return
        transaction.delete(chain, only_empty=True)
        if table.use == 1:
            transaction.delete(table, only_empty=True)

    def _own(self, family: Family) -> tuple[Table | None, Chain | None, list[Masqueraded]]:
        """rawnl's table, chain and masquerades of a family. Raises FileExistsError where they are a stranger's."""
        table = self.find(Table(TABLE, family=family))
        if table is None:
            return None, None, []
        if table.comment != COMMENT:
            raise _stranger(table, f'it lacks the comment "{COMMENT}" by which rawnl knows its own')
        chain = self.find(Chain(CHAIN, table=table))
        if chain is None:
            return table, None, []
        hook = chain.hook
        found = (chain.type, hook and hook.hooknum, hook and hook.priority)
        if found != (TYPE, hook_number(HOOK, family), priority_number(PRIORITY, family)):
            raise _stranger(chain, f"it is not of type {TYPE}, hook {HOOK}, priority {PRIORITY}")
        rules = [masqueraded(rule) for rule in self.rules(table, chain)]
        return table, chain, [rule for rule in rules if rule is not None]


def _stranger(subject: Table | Chain, reason: str) -> KernelError:
    return KernelError.of(
        EEXIST,
        request="masquerade",
        message=f"The {subject.title} was not made by rawnl: {reason}",
        hint="rename or delete it; rawnl does not touch what is not its own",
    )


# --- a masquerade as expressions, both ways ------------------------------------------------------------------------


def _network(source: Source) -> Network:
    """The network meant. EncodeError."""
    try:
        if isinstance(source, (IPv4Interface, IPv6Interface)):
            return ip_network(str(source))
        return ip_network("0.0.0.0/0" if source is None else source)
    except (ValueError, TypeError) as error:
        reason = f"{source!r} is no network such as '192.168.100.0/24' ({error})"
        raise EncodeError(reason, attribute="source") from None


def _interface(value: Any) -> str | None:
    """The name of the interface meant. EncodeError."""
    name = getattr(value, "name", value)
    if name is None and value is None:
        return None
    if not isinstance(name, str):
        raise EncodeError(f"{value!r} is no interface: give its name or a Link", attribute="out_interface")
    size = len(name.encode("utf-8", "surrogateescape"))
    if not 0 < size < _IFNAME_SIZE or any(letter in "/\0" or letter.isspace() for letter in name):
        raise EncodeError(
            f"{name!r} is no interface name, which has 1 to 15 bytes, none of them '/' or white space",
            attribute="out_interface",
        )
    return name


def _family(network: Network) -> Family:
    return Family.IP if network.version == 4 else Family.IP6


def _expressions(network: Network, out_interface: str | None) -> list[Expression]:
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
    return [*found, Masquerade()]


def masqueraded(rule: Rule) -> Masqueraded | None:
    """What a rule masquerades, or None where it says anything else besides.

    Understood in every form in which nft writes it: a whole number of bytes compared, or all of them under a mask.
    """
    items = list(rule.expressions or ())
    if not items or not isinstance(items[-1], Masquerade) or items[-1].present():
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
    return Masqueraded(source, interface, rule.comment, rule.handle or 0, rule)


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
