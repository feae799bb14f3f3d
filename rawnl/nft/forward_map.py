"""Many forwarded ports in one rule and a map, which changes in place.

    map tcp_forwards { type inet_service : ipv4_addr . inet_service; elements = { 8001 : 10.0.0.2 . 80, … } }
    fib daddr type local dnat ip to tcp dport map @tcp_forwards

Strategy: what is asked for is compared with what is in the map, and only the difference is written. A packet costs one
look-up, however many ports there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from errno import EEXIST
from typing import Any

from rawnl.errors import EncodeError, KernelError
from rawnl.nft.elements import Elements
from rawnl.nft.masquerading import interface_of
from rawnl.nft.nat_entries import ForwardMap, Protocol, Version
from rawnl.nft.nat_table import NatTable
from rawnl.nft.ownership import Owned
from rawnl.nft.sets import Map, Set
from rawnl.nft.transaction import Transaction
from rawnl.nft.translate import EndpointLike, endpoint


class ForwardMaps(NatTable):
    """The verbs for many ports at once."""

    def forward_many(
        self,
        targets: Mapping[int, EndpointLike],
        *,
        protocol: Protocol = "tcp",
        in_interface: Any = None,
        local: bool = False,
    ) -> int:
        """Forward many ports by one rule and a map: `{8001: ("10.0.0.2", 80), 8002: "10.0.0.3:80"}`.

        Ports that are in the map already go where this says; others in it stay. All targets are of one family.
        `in_interface`, `local`: as in `forward`, for the rule. Returns how many entries were changed. Raises
        as `snat`.
        """
        wanted: dict[int, tuple[str, int]] = {}
        versions = set()
        for port, value in targets.items():
            to = endpoint(value, f"targets[{port!r}]")
            if to.first is None or to.last is not None or to.last_port is not None:
                raise EncodeError(f"{value!r} is no address and port", attribute=f"targets[{port!r}]")
            here = endpoint((None, port), "targets").port or 0
            versions.add(to.version)
            wanted[here] = (to.address or "", here if to.port is None else to.port)
        if not wanted:
            return 0
        if len(versions) > 1:
            raise EncodeError("all of IPv4 or all of IPv6, not both at once", attribute="targets")
        entry = ForwardMap(
            protocol=protocol,
            in_interface=interface_of(in_interface, "in_interface"),
            local=local,
            of_version=6 if versions == {6} else 4,
        )

        def work(transaction: Transaction) -> int:
            owned = self.owned(entry.family, "forward")
            map, there = self._map(owned, entry)
            new = {port: to for port, to in wanted.items() if there.get(port) != to}
            old = {port: there[port] for port in new if port in there}
            if map is None:
                table = owned.made(transaction)
                data = f"ipv{entry.version}_addr . inet_service"
                map = transaction.create(
                    Map(entry.name, table=table.name, family=entry.family, key="inet_service", data=data)
                )
            self.write(transaction, owned, entry)
            if old:
                transaction.delete(Elements(map, old))
            if new:
                transaction.add(Elements(map, new))
            return len(new)

        return self.guarded(work, idempotent=True)

    def unforward_many(
        self, ports: Iterable[int] | None = None, *, protocol: Protocol = "tcp", version: Version = 4
    ) -> int:
        """Take ports out of what `forward_many` made, all if None; with the last one the map and its rule go, too.

        Returns how many there were. Raises KernelError.
        """
        chosen = None if ports is None else set(ports)
        entry = ForwardMap(protocol=protocol, of_version=version)

        def work(transaction: Transaction) -> int:
            owned = self.owned(entry.family, "forward")
            map, there = self._map(owned, entry)
            if map is None:
                return 0
            doomed = {port: to for port, to in there.items() if chosen is None or port in chosen}
            if len(doomed) < len(there):
                if doomed:
                    transaction.delete(Elements(map, doomed))
                return len(doomed)
            rules = [
                line.rule
                for line in self.lines(owned)
                if line.rule is not None and str(line.statement) == str(entry.lines()[0].statement)
            ]
            for one in rules:
                transaction.delete(one)
            transaction.delete(map)
            self.tidy(transaction, owned, rules, 1)
            return len(doomed)

        return self.guarded(work, idempotent=True)

    def forwards_many(self, *, protocol: Protocol = "tcp", version: Version = 4) -> dict[int, tuple[str, int]]:
        """What `forward_many` made: (address, port) by port. Raises KernelError."""
        entry = ForwardMap(protocol=protocol, of_version=version)

        def work(_: Transaction) -> dict[int, tuple[str, int]]:
            return self._map(self.owned(entry.family, "forward"), entry)[1]

        return self.guarded(work, idempotent=True)

    def _map(self, owned: Owned, entry: ForwardMap) -> tuple[Set | None, dict[int, tuple[str, int]]]:
        """The map of an entry and what is in it. Raises FileExistsError where it is of other types."""
        if owned.table is None:
            return None, {}
        found = self.find(Set(entry.name, table=owned.table))
        if found is None:
            return None, {}
        if (found.key_name, found.data_name) != ("inet_service", f"ipv{entry.version}_addr . inet_service"):
            raise KernelError.of(
                EEXIST,
                request="forward",
                message=f"The {found.title} was not made by rawnl: it leads from {found.key_name} to {found.data_name}",
                hint="rename or delete it; rawnl does not touch what is not its own",
            )
        return found, self.elements(found).as_dict()
