"""A connection: one namespace, its netlink sockets, and the verbs on them.

Strategy: the sockets are opened inside the namespace once, by the core, and stay there whatever the caller's thread
does afterwards. rtnetlink is open from the start; netfilter, sysctl and the rest come into being when first used.
"""

from __future__ import annotations

import threading
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from rawnl.channel import DEFAULT_TIMEOUT, Channel
from rawnl.interface import index_of
from rawnl.message import Message
from rawnl.netns import NetNS, NetNSLike, adopt

if TYPE_CHECKING:
    from typing_extensions import Self

    from rawnl.batch import Batch
    from rawnl.bulk import OnError, Progress
    from rawnl.nft.nat import Nft
    from rawnl.sysctl import Sysctl
    from rawnl.verbs.addresses import Addresses
    from rawnl.verbs.change import Change
    from rawnl.verbs.conntrack import Conntrack
    from rawnl.verbs.links import Links
    from rawnl.verbs.neighbours import Neighbours
    from rawnl.verbs.nsids import Nsids
    from rawnl.verbs.routes import Routes
    from rawnl.verbs.rules import Rules

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12


class Connection:
    """Raw netlink in one namespace. Close it, or use it in a `with` block. May be used from many threads.

    - `links`, `addresses`, `routes`, `neighbours`, `rules`, `nsids`: what `ip` does.
    - `nft`: NAT and nftables. `conntrack`: the flows that are tracked for these. `sysctl`: the settings under net.*.
    - `netns`: the namespace; `netns.ping(…)`, `netns.run(…)` work in it.
    """

    def __init__(self, netns: NetNSLike | None = None, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Open a connection in `netns`: a NetNS, a name under /run/netns, a descriptor, or the thread's own (None).

        `timeout` is how many seconds a request may wait for its answer. Raises KernelError.
        """
        self.netns: NetNS = adopt(netns)
        self.timeout = timeout
        self._netfilter: Channel | None = None
        self._opening = threading.Lock()
        try:
            self.channel = Channel(
                NETLINK_ROUTE,
                self.netns.fileno(),
                origin=self.netns.inode,
                timeout=timeout,
            )
        except BaseException:
            self.netns.close()
            raise

    # Each is imported and made when first asked for: who only looks at links does not pay for rules.

    @cached_property
    def links(self) -> Links:
        """Links: what `ip link` and `ethtool -S` do."""
        from rawnl.verbs.links import Links

        return Links(self)

    @cached_property
    def addresses(self) -> Addresses:
        """Addresses: what `ip address` does."""
        from rawnl.verbs.addresses import Addresses

        return Addresses(self)

    @cached_property
    def routes(self) -> Routes:
        """Routes: what `ip route` does."""
        from rawnl.verbs.routes import Routes

        return Routes(self)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Neighbours: what `ip neighbour` does."""
        from rawnl.verbs.neighbours import Neighbours

        return Neighbours(self)

    @cached_property
    def rules(self) -> Rules:
        """Policy routing rules: what `ip rule` does."""
        from rawnl.verbs.rules import Rules

        return Rules(self)

    @cached_property
    def nsids(self) -> Nsids:
        """Namespace ids: what `ip netns list-id` and `ip netns set` do."""
        from rawnl.verbs.nsids import Nsids

        return Nsids(self)

    @cached_property
    def sysctl(self) -> Sysctl:
        """The settings under net.*: what `sysctl` does."""
        from rawnl.sysctl import Sysctl

        return Sysctl(self.netns)

    @cached_property
    def nft(self) -> Nft:
        """NAT and nftables: what `nft` and `iptables -t nat` do."""
        from rawnl.nft.nat import Nft

        return Nft(self.netfilter)

    @cached_property
    def conntrack(self) -> Conntrack:
        """Tracked flows, and what NAT made of them: what `conntrack` does."""
        from rawnl.verbs.conntrack import Conntrack

        return Conntrack(self.netfilter, self.netns)

    def submit(self, change: Change) -> list[Message]:
        """Carry out one change and wait for the kernel's answer."""
        found: list[Message] = []
        found += self.channel.request(change.message, change.kind, change.flags, type(change.message), what=change.what)
        return found

    def index_of(self, name: str) -> int:
        """The index of the link called `name` (up to 15 bytes), by an ioctl. Raises NotFound."""
        return index_of(self.channel.fileno(), name)

    def batch(self, *, on_error: OnError = "stop", progress: Progress | None = None) -> Batch:
        """Many requests, one send a window; for a `with` block, which sends what still waits on leaving.

        The verbs of the batch return an `Item` each, and a bad value is refused at once. What the kernel refuses is
        raised as BatchError, `failures` by item; `on_error` says what then becomes of the rest:

        - "stop": later windows are not sent (a window is some hundred requests; what stood in the same one is done);
        - "continue": all are sent, and the failures raised at the end;
        - "rollback": all that was done is taken back, also when the block itself raises, or Ctrl-C comes.

        `progress` is called with the number of requests sent so far.

        >>> with host.batch() as batch:                                      # doctest: +SKIP
        ...     for ns in namespaces:
        ...         batch.links.add(f"{ns.name}-br", Veth(peer=Link(name=ns.name, netns=ns)), master=bridge, up=True)
        """
        from rawnl.batch import Batch

        return Batch(self.channel, self.netns, on_error, progress)

    def netfilter(self) -> Channel:
        """The netfilter channel, opened when first asked for."""
        with self._opening:
            if self._netfilter is None:
                self._netfilter = Channel(
                    NETLINK_NETFILTER, self.netns.fileno(), origin=self.netns.inode, timeout=self.timeout
                )
            return self._netfilter

    def close(self) -> None:
        """Close the sockets. Closing twice is no error; the namespace stays as it is."""
        self.channel.close()
        if self._netfilter is not None:
            self._netfilter.close()
        self.netns.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "channel"):
            self.close()

    def __repr__(self) -> str:
        return f"<Connection in {self.netns!r}>"


def open(netns: NetNSLike | None = None, *, timeout: float = DEFAULT_TIMEOUT) -> Connection:
    """A connection in a namespace: a NetNS, a name under /run/netns, a descriptor, or the calling thread's own.

    >>> with rawnl.open("red") as nl:                                        # doctest: +SKIP
    ...     nl.links.set("veth-red", up=True)
    """
    return Connection(netns, timeout=timeout)
