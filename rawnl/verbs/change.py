"""What all verbs share: a change to be asked for, who carries it out, and how arguments are understood.

Strategy: a verb turns its arguments into a `Change`, a message with its type and flags, and submits it. A connection
sends it and waits; a batch keeps it for its next window. So each verb is written once and reads the same on both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

from rawnl.attribute import IPAddress, enum_value, ip_bytes, nearest
from rawnl.channel import Channel
from rawnl.errors import EncodeError
from rawnl.message import Message
from rawnl.netns import NetNS
from rawnl.netns import open as open_netns
from rawnl.route.family import NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, Family
from rawnl.route.link import Link
from rawnl.text import text_bytes

if TYPE_CHECKING:
    import ipaddress

ADD = NLM_F_CREATE | NLM_F_EXCL
REPLACE = NLM_F_CREATE | NLM_F_REPLACE
APPEND = NLM_F_CREATE | NLM_F_APPEND
RTM_GETLINK = 18
RTEXT_FILTER_SKIP_STATS = 8

LinkLike: TypeAlias = "str | int | Link"
Prefix: TypeAlias = "IPAddress | ipaddress.IPv4Network | ipaddress.IPv6Network"

# What a verb on links, which knows how to read back, gives; and what all others give.
R = TypeVar("R", covariant=True)


class Change(NamedTuple):
    """A request that changes something: the message, its type, its flags, and in words what it is."""

    message: Message
    kind: int
    flags: int
    what: str


class Session(Protocol[R]):
    """Where verbs submit: a connection or a batch."""

    @property
    def channel(self) -> Channel:
        """The rtnetlink channel, for what must be looked up before."""

    @property
    def netns(self) -> NetNS:
        """The namespace."""

    @abstractmethod
    def index_of(self, name: str) -> int:
        """The index of the link called `name` (up to 15 bytes). Raises NotFound."""

    @abstractmethod
    def submit(self, change: Change) -> R:
        """Carry the change out, now or with the next window."""


def index(session: Session[Any], link: LinkLike) -> int:
    """The index of a link: given as such, by name (looked up by an ioctl, alternative names too), or as a `Link`.

    Raises NotFound for a name that is not there, EncodeError for a `Link` that was read in another namespace, whose
    index would mean a stranger here.
    """
    if isinstance(link, str):
        if len(text_bytes(link)) > 15:
            found = session.channel.request(
                Link(alt_ifname=link, ext_mask=RTEXT_FILTER_SKIP_STATS),
                RTM_GETLINK,
                0,
                Link,
                what=f"look up link {link!r}",
            )
            return found[0].index or 0
        return session.index_of(link)
    if isinstance(link, Link):
        origin = getattr(link, "_origin", None)
        if origin is not None and origin != session.channel.origin:
            raise EncodeError(f"link {link.name!r} was read in another namespace than this connection's; name it here")
        if link.index:
            return link.index
        if link.name:
            return index(session, link.name)
        raise EncodeError("this Link has neither an index nor a name")
    if isinstance(link, bool) or not isinstance(link, int):
        raise TypeError(f"a link is given by name, index or Link, not by {type(link).__name__}")
    if not 0 < link < 1 << 31:
        raise EncodeError(f"{link} is no index of a link; those are 1 to 2147483647")
    return link


def check_options(where: str, options: Mapping[str, Any], known: type[Any]) -> None:
    """Refuse a keyword that is none of `known`'s, a TypedDict, with a TypeError that names the nearest."""
    names = list(known.__annotations__)
    for name in options:
        if name not in names:
            raise TypeError(f"{where} take no {name!r}{nearest(name, names)}")


def label(link: LinkLike) -> str:
    """A link in words, for an error."""
    if isinstance(link, Link):
        return repr(link.name) if link.name else str(link.index)
    return repr(link)


def opened(netns: Any) -> Any:
    """A namespace given by name, opened; anything else as it is."""
    return open_netns(netns) if isinstance(netns, str) else netns


def split_prefix(prefix: Prefix, attribute: str) -> tuple[bytes, int]:
    """`"192.168.100.2/24"`, an `ipaddress` object or a bare address to (4 or 16 bytes, prefix length).

    Raises EncodeError, which names `attribute`.
    """
    if isinstance(prefix, str):
        text, slash, tail = prefix.partition("/")
        try:
            packed = ip_bytes(text)
        except EncodeError:
            raise EncodeError(f"{prefix!r} is no IP address or prefix", attribute=attribute) from None
        if not slash:
            return packed, len(packed) * 8
        if not (tail.isascii() and tail.isdecimal() and len(tail) < 4) or int(tail) > len(packed) * 8:
            raise EncodeError(
                f"{prefix!r}: the prefix length is not a number from 0 to {len(packed) * 8}", attribute=attribute
            )
        return packed, int(tail)
    network = getattr(prefix, "network_address", None)
    if network is not None and not hasattr(prefix, "ip"):
        return bytes(network.packed), int(prefix.prefixlen)  # type: ignore[union-attr]
    interface = getattr(prefix, "ip", None)
    if interface is not None:
        return bytes(interface.packed), int(prefix.network.prefixlen)  # type: ignore[union-attr]
    try:
        packed = ip_bytes(prefix)
    except TypeError:
        raise EncodeError(f"{prefix!r} is no IP address or prefix", attribute=attribute) from None
    return packed, len(packed) * 8


def families(family: Family | int | str | None) -> tuple[Family, ...]:
    """The families that are meant: the one that is given, or both IPv4 and IPv6. Raises EncodeError."""
    if not family:
        return Family.INET, Family.INET6
    try:
        return (Family(enum_value(Family, family)),)
    except ValueError:
        raise EncodeError(f"{family!r} is no address family; 2 is IPv4, 10 is IPv6", attribute="family") from None


def family_of(packed: bytes) -> Family:
    """The family of an address, by its length."""
    return Family.INET if len(packed) == 4 else Family.INET6


def host_bytes(value: IPAddress, attribute: str) -> bytes:
    """An address of either family, without a prefix length. Raises EncodeError, which names `attribute`."""
    try:
        return ip_bytes(value)
    except EncodeError as error:
        raise error.within(attribute) from None
    except TypeError:
        raise EncodeError(f"{value!r} is no IP address", attribute=attribute) from None


def address_bytes(value: IPAddress, family: Family, attribute: str) -> bytes:
    """An address of the family that the rest of the request has. Raises EncodeError, which names `attribute`."""
    packed = host_bytes(value, attribute)
    if family_of(packed) is not family:
        kind = "an IPv4" if family is Family.INET else "an IPv6"
        raise EncodeError(f"{value!r} is not {kind} address, as the rest of the request is", attribute=attribute)
    return packed
