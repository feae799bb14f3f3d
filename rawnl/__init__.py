"""rawnl: raw Linux netlink, from Python.

Strategy: `import rawnl` loads next to nothing; a name brings its module in when it is first used. What is named here is
the public interface.

    with rawnl.netns.create("red") as red, rawnl.open(red) as nl:
        nl.links.set("lo", up=True)
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rawnl import netns as netns
    from rawnl import nft as nft
    from rawnl import sandbox as sandbox
    from rawnl.attribute import NameTemplate as NameTemplate
    from rawnl.batch import Batch as Batch
    from rawnl.batch import Item as Item
    from rawnl.conn import Connection as Connection
    from rawnl.conn import open as open
    from rawnl.decode import decode as decode
    from rawnl.errors import AlreadyExists as AlreadyExists
    from rawnl.errors import BatchError as BatchError
    from rawnl.errors import ConnectionClosed as ConnectionClosed
    from rawnl.errors import DecodeError as DecodeError
    from rawnl.errors import DumpInterrupted as DumpInterrupted
    from rawnl.errors import EncodeError as EncodeError
    from rawnl.errors import KernelError as KernelError
    from rawnl.errors import NotFound as NotFound
    from rawnl.errors import NotPermitted as NotPermitted
    from rawnl.errors import OutcomeUnknown as OutcomeUnknown
    from rawnl.errors import RawnlError as RawnlError
    from rawnl.errors import TimedOut as TimedOut
    from rawnl.netns import NetNS as NetNS
    from rawnl.ping import PingResult as PingResult
    from rawnl.pods import Pod as Pod
    from rawnl.pods import pods as pods
    from rawnl.route.address import Address as Address
    from rawnl.route.kinds.bridge import Bridge as Bridge
    from rawnl.route.kinds.bridge import BridgePort as BridgePort
    from rawnl.route.kinds.dummy import Dummy as Dummy
    from rawnl.route.kinds.ifb import Ifb as Ifb
    from rawnl.route.kinds.veth import Veth as Veth
    from rawnl.route.link import Link as Link
    from rawnl.route.link import LinkInfo as LinkInfo
    from rawnl.route.link import LinkKind as LinkKind
    from rawnl.route.neighbour import Neighbour as Neighbour
    from rawnl.route.route import NextHop as NextHop
    from rawnl.route.route import Route as Route
    from rawnl.route.route import RouteMetrics as RouteMetrics
    from rawnl.route.rule import Rule as Rule

_WHERE = {
    "attribute": ("NameTemplate",),
    "batch": ("Batch", "Item"),
    "conn": ("Connection", "open"),
    "decode": ("decode",),
    "errors": (
        "AlreadyExists",
        "BatchError",
        "ConnectionClosed",
        "DecodeError",
        "DumpInterrupted",
        "EncodeError",
        "KernelError",
        "NotFound",
        "NotPermitted",
        "OutcomeUnknown",
        "RawnlError",
        "TimedOut",
    ),
    "netns": ("NetNS",),
    "ping": ("PingResult",),
    "pods": ("Pod", "pods"),
    "route.address": ("Address",),
    "route.kinds.bridge": ("Bridge", "BridgePort"),
    "route.kinds.dummy": ("Dummy",),
    "route.kinds.ifb": ("Ifb",),
    "route.kinds.veth": ("Veth",),
    "route.link": ("Link", "LinkInfo", "LinkKind"),
    "route.neighbour": ("Neighbour",),
    "route.route": ("NextHop", "Route", "RouteMetrics"),
    "route.rule": ("Rule",),
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}
_MODULES = ("netns", "nft", "sandbox")

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"rawnl.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'rawnl' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"rawnl.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """This package, in which `decode` and `pods` stay functions though the modules that they live in have those names.

    Importing a module binds it to its name in its package; whoever did that first would find no function any more.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOME and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
