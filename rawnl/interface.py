"""What only an ioctl tells of an interface: its index by name in a microsecond, and the driver's own counters.

Strategy: any socket will do, and the namespace is the socket's own (netdevice(7)), so the netlink socket serves. The
structs are those of `<linux/if.h>` and `<linux/ethtool.h>`; `array` gives memory with an address to point at.
"""

from __future__ import annotations

import fcntl
import struct
from array import array
from errno import ENODEV, EOPNOTSUPP

from rawnl.attribute import interface_name_bytes
from rawnl.errors import KernelError

_SIOCGIFINDEX = 0x8933
_SIOCETHTOOL = 0x8946
_ETHTOOL_GSTRINGS = 0x1B
_ETHTOOL_GSTATS = 0x1D
_ETHTOOL_GSSET_INFO = 0x37
_ETH_SS_STATS = 1
_NAME_LENGTH = 32
_MOST = 1 << 20


def index_of(fd: int, name: str) -> int:
    """The index of the link called `name` (up to 15 bytes; alternative names too) in the namespace of socket `fd`.

    Raises NotFound (ENODEV), and EncodeError for what cannot be a name.
    """
    data = interface_name_bytes(name)
    try:
        answer = fcntl.ioctl(fd, _SIOCGIFINDEX, struct.pack("16s24x", data))
    except OSError as error:
        message = f"There is no link {name!r} in this namespace" if error.errno == ENODEV else ""
        raise KernelError.of(error.errno or 0, request=f"look up link {name!r}", message=message) from None
    return int(struct.unpack_from("=i", answer, 16)[0])


def statistics(fd: int, name: str) -> dict[str, int]:
    """What `ethtool -S NAME` prints: the driver's own counters, by name, in its order. Empty where it has none.

    A veth end tells the index of the other end here, as `peer_ifindex`.
    """
    info = array("I", struct.pack("=IIQI", _ETHTOOL_GSSET_INFO, 0, 1 << _ETH_SS_STATS, 0))
    try:
        _ioctl(fd, name, info)
        mask, count = struct.unpack_from("=QI", info, 8)
        if not mask or not count:
            return {}
        if count > _MOST:
            raise KernelError(EOPNOTSUPP, request=f"read the counters of {name!r}", message=f"{count} are too many")
        names = array("B", struct.pack("=III", _ETHTOOL_GSTRINGS, _ETH_SS_STATS, count) + bytes(count * _NAME_LENGTH))
        _ioctl(fd, name, names)
        values = array("B", struct.pack("=II", _ETHTOOL_GSTATS, count) + bytes(count * 8))
        _ioctl(fd, name, values)
    except OSError as error:
        if error.errno == EOPNOTSUPP:
            return {}
        raise KernelError.of(error.errno or 0, request=f"read the counters of {name!r}") from None
    table = names.tobytes()[12:]
    numbers = struct.unpack_from(f"={count}Q", values, 8)
    labels = [
        table[at : at + _NAME_LENGTH].split(b"\0", 1)[0].decode("ascii", "replace").strip()
        for at in range(0, count * _NAME_LENGTH, _NAME_LENGTH)
    ]
    return dict(zip(labels, numbers, strict=True))


def _ioctl(fd: int, name: str, memory: array[int]) -> None:
    address, _ = memory.buffer_info()
    fcntl.ioctl(fd, _SIOCETHTOOL, struct.pack("16sP16x", interface_name_bytes(name), address))
