"""NAT in one call, idempotent, in a table of rawnl's own; and the door to all else in nf_tables.

    nft = rawnl.open().nft
    nft.masquerade("192.168.100.0/24")
    nft.forward(80, "192.168.100.2:8080")
    nft.forward_many({8000 + n: (f"192.168.100.{n}", 80) for n in range(2, 200)})
    nft.balance(443, ["192.168.100.2:443", "192.168.100.3:443"], by="source")
    nft.nats()                                      # what rawnl has been asked for, as typed entries
    nft.remove(nft.nats()[0])

Strategy: what is asked for is looked up in rawnl's own table first, and made only if it is not there, in a
transaction that holds for the very generation that was looked at (`guarded`). So a thing exists once, however often and
by however many it is asked for. Nothing outside rawnl's table (`ownership`) is ever changed.

Sources: nft(8), "NAT statements"; `<linux/netfilter/nf_tables.h>`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

from rawnl.errors import EncodeError
from rawnl.nft.forward_map import ForwardMaps
from rawnl.nft.header import Family
from rawnl.nft.masquerading import (
    Masqueraded,
    Network,
    Source,
    family_of,
    interface_of,
    masquerade_expressions,
    network_of,
)
from rawnl.nft.match_types import Interval
from rawnl.nft.nat_entries import (
    Balance,
    By,
    Dnat,
    Entry,
    Forward,
    ForwardMap,
    Hairpin,
    Netmap,
    Protocol,
    Redirection,
    Snat,
    Version,
    entries,
    network_text,
    port_text,
    target_text,
)
from rawnl.nft.nat_table import taken
from rawnl.nft.objects import Rule
from rawnl.nft.transaction import Transaction
from rawnl.nft.translate import Endpoint, EndpointLike

AnyEntry = TypeVar("AnyEntry", bound=Entry)
PortLike: TypeAlias = int | str | range | Interval


class Nft(ForwardMaps):
    """nf_tables of one namespace: NAT, reading, transactions."""

    # --- masquerade

    def masquerade(
        self,
        source: Source,
        *,
        out_interface: Any = None,
        fully_random: bool = False,
        comment: str | None = None,
    ) -> Rule:
        """Translate what comes from `source` to the address of the interface it leaves by; once, however often asked.

        `source`: a network, IPv4 or IPv6 ("192.168.100.0/24"); "0.0.0.0/0", None and "::/0" stand for all of IPv4
        and of IPv6. `out_interface`: only what leaves by this interface (a name or a Link). `fully_random`: choose
        source ports at random. Returns the rule, with its handle; an earlier one is left as it is, its comment
        included.

        The equivalent of `iptables -t nat -A POSTROUTING -s 192.168.100.0/24 -j MASQUERADE`.

        Raises EncodeError (host bits set, no such notation); KernelError: FileExistsError where a table "rawnl" is
        somebody else's or the same is there with other flags, PermissionError, GenerationChanged.
        """
        network, name = network_of(source), interface_of(out_interface)
        wanted = masquerade_expressions(network, name, fully_random=fully_random)

        def work(transaction: Transaction) -> Rule:
            owned = self.owned(family_of(network), "masquerade")
            for found in self.masquerades_of(owned):
                if (found.source, found.out_interface) == (network, name):
                    if found.fully_random != fully_random:
                        raise taken(
                            "masquerade", str(network), "masquerade" if fully_random else "masquerade fully-random"
                        )
                    return found.rule
            chain = owned.chain("postrouting", transaction)
            return transaction.add(Rule(chain=chain, expressions=wanted, comment=comment))

        return self.guarded(work, idempotent=True)

    def masquerades(self) -> list[Masqueraded]:
        """The masquerades that rawnl made, in both families. Raises KernelError."""

        def work(_: Transaction) -> list[Masqueraded]:
            return [found for owned in self.both() for found in self.masquerades_of(owned)]

        return self.guarded(work, idempotent=True)

    def unmasquerade(self, source: Source, *, out_interface: Any = None) -> bool:
        """Undo `masquerade` of the same source and interface; returns whether there was one.

        rawnl's chain and table go with the last rule, unless somebody put something else there. Raises as
        `masquerade` does.
        """
        network, name = network_of(source), interface_of(out_interface)

        def work(transaction: Transaction) -> bool:
            owned = self.owned(family_of(network), "masquerade")
            found = self.masquerades_of(owned)
            doomed = [one.rule for one in found if (one.source, one.out_interface) == (network, name)]
            for one in doomed:
                transaction.delete(one)
            self.tidy(transaction, owned, doomed)
            return bool(doomed)

        return self.guarded(work, idempotent=True)

    # --- where packets come from

    def snat(
        self,
        source: Source,
        to: str | Interval,
        *,
        out_interface: Any = None,
        persistent: bool = False,
        fully_random: bool = False,
        comment: str | None = None,
    ) -> Snat:
        """Translate what comes from `source` (a network) to `to`: an address, a network or a range of addresses.

        `out_interface`: only what leaves by this interface. `persistent`: the same address for the same client, where
        there are several. `fully_random`: choose source ports at random. Returns the entry.

        The equivalent of `iptables -t nat -A POSTROUTING -s … -j SNAT --to-source …`. Raises as `masquerade`, and
        FileExistsError where the same source goes elsewhere already.
        """
        return self.establish(
            Snat(
                network_text(network_of(source)),
                target_text(to),
                out_interface=interface_of(out_interface),
                persistent=persistent,
                fully_random=fully_random,
                comment=comment,
            )
        )

    # --- where packets go

    def dnat(
        self,
        destination: Network | str,
        to: str | Interval,
        *,
        in_interface: Any = None,
        local: bool = False,
        comment: str | None = None,
    ) -> Dnat:
        """Send what goes to `destination` (an address or network) to `to` instead, with all protocols and ports.

        `in_interface`: only what comes in there. `local`: also what this machine itself sends. Returns the entry.
        Raises as `snat`.
        """
        return self.establish(
            Dnat(
                network_text(destination, "destination"),
                target_text(to),
                in_interface=interface_of(in_interface, "in_interface"),
                local=local,
                comment=comment,
            )
        )

    def forward(
        self,
        port: PortLike,
        to: EndpointLike,
        *,
        protocol: Protocol = "tcp",
        destination: str | None = None,
        in_interface: Any = None,
        local: bool = False,
        comment: str | None = None,
    ) -> Forward:
        """Forward a port of this machine: what arrives at `port` goes to `to`.

        `port`: a number, or a range ("8000-8010", `range(8000, 8011)`). `to`: "10.0.0.2:80", ("10.0.0.2", 80),
        "[2001:db8::2]:80"; without a port, to the same port; a range goes port by port to one of the same size.
        `destination`: the address or network at which it arrives, by default any that this machine has.
        `in_interface`: only what comes in there. `local`: also what this machine itself sends. Returns the entry.

        The equivalent of `iptables -t nat -A PREROUTING -p tcp --dport 80 -m addrtype --dst-type LOCAL -j DNAT …`.
        Raises as `snat`: FileExistsError where the port goes elsewhere already.
        """
        return self.establish(
            Forward(
                port_text(port),
                target_text(to),
                protocol=protocol,
                destination=None if destination is None else network_text(destination, "destination"),
                in_interface=interface_of(in_interface, "in_interface"),
                local=local,
                comment=comment,
            )
        )

    def unforward(
        self,
        port: PortLike,
        *,
        protocol: Protocol = "tcp",
        destination: str | None = None,
        in_interface: Any = None,
        version: Version | None = None,
    ) -> bool:
        """Undo `forward` or `balance` of a port, wherever it goes; of one family if `version` says so.

        Returns whether there was one. Raises as `forward`.
        """
        wanted = {
            "port": port_text(port),
            "protocol": protocol,
            "destination": None if destination is None else network_text(destination, "destination"),
            "in_interface": interface_of(in_interface, "in_interface"),
        }
        found = [
            entry
            for entry in self.nats()
            if isinstance(entry, (Forward, Balance))
            and {name: getattr(entry, name) for name in wanted} == wanted
            and version in (None, entry.version)
        ]
        return any([self.remove(entry) for entry in found])

    def redirect(
        self,
        port: PortLike,
        to_port: PortLike,
        *,
        protocol: Protocol = "tcp",
        destination: str | None = None,
        in_interface: Any = None,
        local: bool = False,
        version: Version = 4,
        comment: str | None = None,
    ) -> Redirection:
        """Answer here, at `to_port`, what goes to `port` of any address, this machine's or one behind it.

        `destination`: only what goes to this address or network. `version`: IPv4 or IPv6, where no destination says so.
        The others are as in `forward`. The equivalent of `iptables … -j REDIRECT --to-ports`. Raises as `snat`.
        """
        return self.establish(
            Redirection(
                port_text(port),
                port_text(to_port),
                protocol=protocol,
                destination=None if destination is None else network_text(destination, "destination"),
                in_interface=interface_of(in_interface, "in_interface"),
                local=local,
                of_version=version,
                comment=comment,
            )
        )

    def netmap(self, prefix: Network | str, to: Network | str, *, comment: str | None = None) -> Netmap:
        """Translate a prefix to another of the same size, host by host, in both directions.

        What goes to `prefix` goes to the same host of `to`, and what hosts in `to` send appears to come from `prefix`.
        Returns the entry. The equivalent of `iptables … -j NETMAP --to`. Raises as `snat`.
        """
        return self.establish(Netmap(network_text(prefix, "prefix"), network_text(to, "to"), comment=comment))

    def hairpin(self, network: Network | str, *, comment: str | None = None) -> Hairpin:
        """Let clients in `network` reach what is forwarded back into it.

        Without it the server answers such a client directly, which does not know that address. Only what a forward
        sends back into the network is translated. Returns the entry. Raises as `snat`.
        """
        return self.establish(Hairpin(network_text(network, "network"), comment=comment))

    def balance(
        self,
        port: PortLike,
        targets: Iterable[EndpointLike],
        *,
        by: By = "numgen",
        protocol: Protocol = "tcp",
        destination: str | None = None,
        in_interface: Any = None,
        local: bool = False,
        comment: str | None = None,
    ) -> Balance:
        """Spread the connections that arrive at `port` over several targets.

        `targets`: as `to` of `forward`, all with a port or none. `by`: "numgen", one after the other; "random"; or
        "source", the same target for the same client. The others are as in `forward`. Raises as `snat`.
        """
        chosen = tuple(target_text(target, "targets") for target in targets)
        if not chosen:
            raise EncodeError("no target to go to", attribute="targets")
        return self.establish(
            Balance(
                port_text(port),
                chosen,
                by,
                protocol=protocol,
                destination=None if destination is None else network_text(destination, "destination"),
                in_interface=interface_of(in_interface, "in_interface"),
                local=local,
                comment=comment,
            )
        )

    # --- all of them

    def nats(self) -> list[Entry | Masqueraded]:
        """What rawnl was asked for, in both families, as typed entries that `remove` takes. Raises KernelError."""

        def work(_: Transaction) -> list[Entry | Masqueraded]:
            found: list[Entry | Masqueraded] = []
            for owned in self.both():
                found += self.masquerades_of(owned)
                found += entries(self.lines(owned), 4 if owned.family == Family.IP else 6)
            return found

        return self.guarded(work, idempotent=True)

    def remove(self, entry: Entry | Masqueraded) -> bool:
        """Undo what an entry stands for; returns whether it was there. Chains and table go as in `unmasquerade`.

        `entry`: of `nats()`, or what a verb returned, or made by hand: `Forward("80", "10.0.0.2:80")`.
        """
        if isinstance(entry, Masqueraded):
            return self.unmasquerade(entry.source, out_interface=entry.out_interface)
        if isinstance(entry, ForwardMap):
            return bool(self.unforward_many(protocol=entry.protocol, version=entry.version))
        texts = {line.text for line in entry.lines()}

        def work(transaction: Transaction) -> bool:
            owned = self.owned(entry.family, entry.word)
            doomed = [line.rule for line in self.lines(owned) if line.text in texts and line.rule is not None]
            for one in doomed:
                transaction.delete(one)
            self.tidy(transaction, owned, doomed)
            return bool(doomed)

        return self.guarded(work, idempotent=True)


# The names by which these were known before they had modules of their own.
_expressions, _network = masquerade_expressions, network_of

__all__ = ["Endpoint", "Masqueraded", "Nft"]
