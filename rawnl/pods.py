"""Pods: many namespaces, each on a bridge through a veth, with addresses, loopback and a default route.

Strategy: the cheapest legal order, in the fewest messages, found by measuring (see benchmarks/README.md):

1. each namespace together with a socket in it, by one short thread of the core;
2. the cables of a group of pods in one send: near end on the bridge, far end made straight in its namespace with a
   preassigned index, one queue each;
3. in each namespace one send: loopback up, addresses, far end up, default route;
4. the near ends brought up in one send, after the far ends, so that the carrier changes once and not twice.

What a call has made it can take back: on a failure, or Ctrl-C, everything or only what is half-made, as asked.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from rawnl import kernel
from rawnl.bulk import Window
from rawnl.bulk import packed as packed_message
from rawnl.channel import Channel
from rawnl.errors import BatchError, ConnectionClosed, EncodeError, KernelError
from rawnl.interface import index_of
from rawnl.message import Message
from rawnl.netns import NetNS
from rawnl.netns import delete as delete_netns
from rawnl.netns import open as open_netns
from rawnl.route.address import Address
from rawnl.route.kinds.veth import Veth
from rawnl.route.link import Flags, Link, LinkInfo
from rawnl.route.route import MAIN, Route, RouteProtocol, RouteType
from rawnl.rundir import RUN_DIR, checked_name, give_name, take_name
from rawnl.teardown import delete_indexes
from rawnl.template import NAME, Template, name_slot
from rawnl.verbs.addresses import RTM_NEWADDR
from rawnl.verbs.change import ADD, RTM_GETLINK, LinkLike, Prefix, family_of, index, split_prefix
from rawnl.verbs.links import RTM_NEWLINK
from rawnl.verbs.routes import RTM_NEWROUTE

if TYPE_CHECKING:
    from rawnl.conn import Connection

OnPodError: TypeAlias = 'Literal["rollback", "stop", "continue"]'

# In a fresh namespace loopback has index 1; the far end is given the next.
LOOPBACK, FAR_END = 1, 2
_COMPLETE = Flags.UP | Flags.LOWER_UP
GROUP = 64


class Pod(NamedTuple):
    """A pod: `netns` is its name under /run/netns or, without a name, the namespace itself, which lives as long as that
    object is open. `link` is the near end's name, `addresses` those inside. `existing`: it was there before, when
    resuming; `error`: why it is not there."""

    name: str
    netns: NetNS | str
    link: str
    addresses: tuple[str, ...]
    existing: bool = False
    error: KernelError | None = None


class _Plan(NamedTuple):
    number: int
    name: str
    link: str
    addresses: tuple[tuple[bytes, int], ...]


class _Made:
    """A pod under way: what has to go when it is taken back."""

    __slots__ = ("channel", "error", "fd", "named", "plan")

    def __init__(self, plan: _Plan, fd: int, channel: Channel, named: bool) -> None:
        self.plan = plan
        self.fd = fd
        self.channel = channel
        self.named = named
        self.error: KernelError | None = None

    def handed_over(self) -> NetNS | str:
        """The namespace for the result; nothing of the pod stays open here."""
        if self.fd >= 0:
            self.channel.close()
            fd, self.fd = self.fd, -1
            if not self.named and self.error is None:
                return NetNS(fd, created=True)
            os.close(fd)
        return self.plan.name


def pods(
    host: Connection,
    names: int | Iterable[str],
    *,
    bridge: LinkLike,
    addresses: str | Iterable[Prefix | Sequence[Prefix]] = (),
    gateway: str | Sequence[str] = (),
    name: str = "pod{number}",
    link: str = "veth{number}",
    interface: str = "eth0",
    named: bool = True,
    queues: int | None = 1,
    mtu: int | None = None,
    on_error: OnPodError = "rollback",
    resume: bool = False,
    progress: Callable[[int], object] | None = None,
) -> list[Pod]:
    """Make namespaces, each with a veth to `bridge`, addresses, loopback up and a default route.

    - `names`: names, or a number of pods whose names follow the pattern `name`.
    - `bridge`: the link in `host`'s namespace that the near ends become ports of.
    - `addresses`: one for each pod, or a list of several for each; or a network such as `"10.1.0.0/16"` from which they
      are handed out in order, without the gateway's and the bridge's own.
    - `gateway`: the default route's, one or one a family; none makes no route.
    - `link`: pattern of the near ends' names, with `{number}` (from 0) and `{name}`; `interface`: the far end's.
    - `named`: under /run/netns, as `ip netns` has them; otherwise without a name, and open in the result.
    - `queues`: of each end; 1 spares the kernel queues per CPU and a grace period, None leaves it to the kernel.
      `mtu` in bytes.
    - `on_error`: "rollback" takes back all that this call made; "stop" keeps the pods that are complete and takes back
      the others; both raise. "continue" takes back what fails, goes on, and tells in each result's `error`. Ctrl-C
      counts as a failure.
    - `resume`: skip the names that are complete already, and make those again that are not.
    - `progress` is called with the number of pods done so far.

    Raises BatchError with the failures by pod number, KernelError, EncodeError; needs CAP_NET_ADMIN and CAP_SYS_ADMIN.

    >>> rawnl.pods(host, 500, bridge="cnio0", addresses="10.1.0.0/16", gateway="10.1.0.1")     # doctest: +SKIP
    """
    if on_error not in ("rollback", "stop", "continue"):
        raise ValueError(f"on_error is 'rollback', 'stop' or 'continue', not {on_error!r}")
    if resume and not named:
        raise TypeError("pods without a name cannot be found again: resume=True needs named=True")
    gateways = [split_prefix(text, "gateway")[0] for text in ([gateway] if isinstance(gateway, str) else gateway)]
    plans = _plans(host, names, name, link, addresses, gateways, bridge)
    maker = _Maker(host, bridge, gateways, interface, named, queues, mtu)
    results: list[Pod] = []
    complete: list[_Made] = []
    try:
        while group := list(islice(plans, GROUP)):
            fresh = []
            for plan in group:
                if resume and maker.exists(plan):
                    results.append(_result(plan, plan.name, existing=True))
                else:
                    fresh.append(plan)
            made = maker.make(fresh, complete, stop=on_error != "continue")
            results += [_result(pod.plan, pod.handed_over(), error=pod.error) for pod in made]
            if progress is not None:
                progress(len(results))
    except BaseException:
        if on_error == "rollback":
            maker.take_back(complete)
        for pod in complete:
            pod.handed_over()
        for result in results if on_error == "rollback" else ():
            if isinstance(result.netns, NetNS):
                result.netns.close()
        raise
    return results


def _result(plan: _Plan, netns: NetNS | str, *, existing: bool = False, error: KernelError | None = None) -> Pod:
    texts = tuple(f"{ipaddress.ip_address(packed)}/{length}" for packed, length in plan.addresses)
    return Pod(plan.name, netns, plan.link, texts, existing, error)


def _plans(
    host: Connection,
    names: int | Iterable[str],
    name: str,
    link: str,
    addresses: str | Iterable[Prefix | Sequence[Prefix]],
    gateways: Sequence[bytes],
    bridge: LinkLike,
) -> Iterator[_Plan]:
    if isinstance(names, int):
        names = (name.format(number=number) for number in range(names))
    if isinstance(addresses, str):
        taken = set(gateways)
        taken.update(split_prefix(str(entry), "address")[0] for entry in host.addresses.list(bridge))
        supply: Iterator[Any] = _hosts(addresses, taken)
    else:
        supply = iter(addresses)
    endless = not isinstance(addresses, str) and isinstance(addresses, Sequence) and not addresses
    for number, pod in enumerate(names):
        checked_name(pod)
        try:
            given = () if endless else next(supply)
        except StopIteration:
            raise EncodeError(f"there is no address left for pod {pod!r}", attribute=f"pods[{number}]") from None
        several = given if isinstance(given, (list, tuple)) else (given,)
        packed = tuple(split_prefix(address, f"pods[{number}].address") for address in several)
        yield _Plan(number, pod, link.format(number=number, name=pod), packed)


def _hosts(network: str, taken: set[bytes]) -> Iterator[str]:
    try:
        parsed = ipaddress.ip_network(network)
    except ValueError as error:
        raise EncodeError(str(error), attribute="addresses") from None
    for address in parsed.hosts():
        if address.packed not in taken:
            yield f"{address}/{parsed.prefixlen}"


class _Maker:
    """Makes groups of pods. The templates are those that all pods share."""

    def __init__(
        self,
        host: Connection,
        bridge: LinkLike,
        gateways: Sequence[bytes],
        interface: str,
        named: bool,
        queues: int | None,
        mtu: int | None,
    ) -> None:
        self._host = host
        self._named = named
        self._interface = interface
        self._arena = kernel.Arena()
        peer = Link(index=FAR_END, name=interface, netns=0, mtu=mtu, num_tx_queues=queues, num_rx_queues=queues)
        near = Link(
            name=NAME,
            mtu=mtu,
            master=index(host, bridge),
            num_tx_queues=queues,
            num_rx_queues=queues,
            linkinfo=LinkInfo(kind="veth", data=Veth(peer=peer)),
        )
        self._cable = Template(near, ["name", "linkinfo.data.peer.netns"], RTM_NEWLINK, ADD)
        up = Flags.UP
        self._near_up = Template(Link(flags=up, change=up, name=NAME), ["name"], RTM_NEWLINK, 0)
        self._loopback_up = Link(index=LOOPBACK, flags=up, change=up).body()
        self._far_up = Link(index=FAR_END, flags=up, change=up).body()
        self._routes = [
            Route(
                family=family_of(packed),
                table8=MAIN,
                protocol=RouteProtocol.BOOT,
                type=RouteType.UNICAST,
                gateway=packed,
            ).body()
            for packed in gateways
        ]

    def exists(self, plan: _Plan) -> bool:
        """Whether the pod is complete already; what is half there is removed, to be made again."""
        if not os.path.lexists(f"{RUN_DIR}/{plan.name}"):
            return False
        try:
            with open_netns(plan.name) as netns:
                inside = Channel(0, netns.fileno(), arena=self._arena)
                try:
                    far = inside.request(Link(name=self._interface), RTM_GETLINK, 0, Link)[0]
                    # The near end comes up last of all, and only then does the far end have a carrier.
                    if int(far.flags or 0) & _COMPLETE == _COMPLETE:
                        return True
                except FileNotFoundError:
                    pass
                finally:
                    inside.close()
        except KernelError:
            pass  # A leftover file, or one that just went.
        try:
            # With its links: the cable's near end would otherwise be in the way of the new one for a while.
            delete_netns(plan.name, wait=True)
        except FileNotFoundError:
            pass
        return False

    def make(self, plans: Sequence[_Plan], complete: list[_Made], *, stop: bool) -> list[_Made]:
        """Make a group, and put what succeeds into `complete` too. With `stop` a failure takes the whole group back and
        is raised."""
        made: list[_Made] = []
        try:
            for plan in plans:
                self._namespace(plan, made)
            self._cables(made)
            for pod in made:
                if pod.error is None:
                    self._configure(pod)
            self._bring_up([pod for pod in made if pod.error is None])
            failures = [(pod.plan.number, pod.error) for pod in made if pod.error is not None]
            if failures and stop:
                raise BatchError(failures, len(plans))
            self.take_back([pod for pod in made if pod.error is not None])
            good = [pod for pod in made if pod.error is None]
        except BaseException:
            self.take_back(made)
            raise
        # In one step with the end of the block above: at each moment exactly one of the two answers for these pods.
        complete.extend(good)
        return made

    def _namespace(self, plan: _Plan, made: list[_Made]) -> None:
        """Make a pod's namespace, and put the pod among those that are under way as soon as there is anything of it."""
        what = f"create the namespace of pod {plan.name!r}"
        try:
            fd, socket_fd, port_id = kernel.netns_create_with(0)
        except OSError as error:
            raise KernelError.of(error.errno or 0, request=what, attribute=f"pods[{plan.number}]") from None
        try:
            channel = Channel(0, fd, socket=(socket_fd, port_id), arena=self._arena, timeout=self._host.timeout)
            pod = _Made(plan, fd, channel, False)
            made.append(pod)
        except BaseException:
            if not made or made[-1].fd != fd:
                os.close(fd)
                os.close(socket_fd)
            raise
        if self._named:
            try:
                give_name(fd, plan.name)
                pod.named = True
            except OSError as error:
                pod.error = KernelError.of(error.errno or 0, request=what, attribute=f"pods[{plan.number}]")

    def _cables(self, made: Sequence[_Made]) -> None:
        window = Window(self._host.channel)
        at = {pod.plan.number: pod for pod in made}
        for pod in made:
            if pod.error is None:
                try:
                    values = (name_slot(pod.plan.link), pod.fd)
                except EncodeError as error:
                    raise error.within(f"pods[{pod.plan.number}].link") from None
                window.add(
                    self._cable.pack, values, pod.plan.number, Link, f"add link {pod.plan.link!r}", self._cable.size
                )
                if window.full:
                    window.send()
        window.send()
        self._note(window, at)

    def _bring_up(self, made: Sequence[_Made]) -> None:
        window = Window(self._host.channel)
        at = {pod.plan.number: pod for pod in made}
        for pod in made:
            values = (name_slot(pod.plan.link),)
            window.add(self._near_up.pack, values, pod.plan.number, Link, f"bring up link {pod.plan.link!r}")
            if window.full:
                window.send()
        window.send()
        self._note(window, at)

    @staticmethod
    def _note(window: Window, at: dict[int, _Made]) -> None:
        for number, _, error in window.failures:
            error.attribute = error.attribute.replace("links[", "pods[", 1)
            at[number].error = error

    def _configure(self, pod: _Made) -> None:
        bodies: list[tuple[int, int, bytes, type[Message]]] = [(RTM_NEWLINK, 0, self._loopback_up, Link)]
        for packed, length in pod.plan.addresses:
            address = Address(family=family_of(packed), prefixlen=length, index=FAR_END, local=packed, address=packed)
            bodies.append((RTM_NEWADDR, ADD, address.body(), Address))
        bodies.append((RTM_NEWLINK, 0, self._far_up, Link))
        bodies += [(RTM_NEWROUTE, ADD, body, Route) for body in self._routes]
        window = Window(pod.channel)
        for kind, flags, body, cls in bodies:
            what = f"set up the inside of pod {pod.plan.name!r}"
            window.add(packed_message, (kind, flags | 1, body), pod.plan.number, cls, what)
        window.send()
        for _, _, error in window.failures[:1]:
            error.attribute = f"pods[{pod.plan.number}].{error.attribute.partition('].')[2]}".rstrip(".")
            pod.error = error

    def take_back(self, made: Sequence[_Made]) -> None:
        """Remove pods altogether: the cables at the price of one, then the namespaces."""
        indexes = [number for pod in made if (number := self._near_end(pod))]
        delete_indexes(self._host.channel, indexes)
        for pod in made:
            with contextlib.suppress(FileNotFoundError):
                if pod.named:
                    delete_netns(pod.plan.name)
                elif self._named and pod.fd >= 0:
                    # Ctrl-C may have come just after it was named; a stranger of that name is left alone.
                    take_name(pod.plan.name, pod.fd)
            pod.named = False
        for pod in made:
            pod.handed_over()

    def _near_end(self, pod: _Made) -> int:
        """The index of the near end of this pod's cable, 0 when there is none."""
        try:
            if pod.fd >= 0:
                # Asked of the far end, which is surely this pod's; a near end of that name might be a stranger's.
                with contextlib.suppress(ConnectionClosed):
                    return pod.channel.request(Link(index=FAR_END), RTM_GETLINK, 0, Link)[0].link or 0
            # Handed over, so the cable of that name was its own, unless it was taken back before.
            return 0 if pod.error is not None else index_of(self._host.channel.fileno(), pod.plan.link)
        except FileNotFoundError:
            return 0
