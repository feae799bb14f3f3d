"""Every number, name and layout of the declarations against the system's own headers.

Strategy: a C program is written from the declarations: it prints every constant by its kernel name, and of every struct
its size and where each member lies and how wide it is. What it prints must be what is declared. A name that the
installed headers do not know fails the test, unless it is listed below with its number: so a typing error cannot hide
behind "too new". Where newer headers know it, it is compared like any other.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shapes import below, declared
from witness import absent, require

from rawnl.control import NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN
from rawnl.enumeration import Bits, Enumeration
from rawnl.message import Message
from rawnl.nest import Struct
from rawnl.route import family
from rawnl.wire import Attrs

# Newer than the headers of Linux 6.1, with the numbers that later headers give them.
NEWER: dict[str, int] = {
    "DPLL_A_PIN_ID": 1,
    "IFLA_BRPORT_BACKUP_NHID": 44,
    "IFLA_BRPORT_MAB": 40,
    "IFLA_BRPORT_MCAST_MAX_GROUPS": 42,
    "IFLA_BRPORT_MCAST_N_GROUPS": 41,
    "IFLA_BRPORT_NEIGH_VLAN_SUPPRESS": 43,
    "IFLA_BR_FDB_MAX_LEARNED": 49,
    "IFLA_BR_FDB_N_LEARNED": 48,
    "IFLA_DEVLINK_PORT": 62,
    "IFLA_DPLL_PIN": 65,
    "IFLA_GRO_IPV4_MAX_SIZE": 64,
    "IFLA_GSO_IPV4_MAX_SIZE": 63,
    "IFLA_HEADROOM": 68,
    "IFLA_MAX_PACING_OFFLOAD_HORIZON": 66,
    "IFLA_NETNS_IMMUTABLE": 67,
    "IFLA_TAILROOM": 69,
    "NFTA_BITWISE_SREG2": 8,
    "NFTA_DEVICE_PREFIX": 2,
    "NFTA_INNER_EXPR": 5,
    "NFTA_INNER_FLAGS": 3,
    "NFTA_INNER_HDRSIZE": 4,
    "NFTA_INNER_NUM": 1,
    "NFTA_INNER_TYPE": 2,
    "NFTA_SET_COUNT": 20,
    "NFTA_SET_TYPE": 19,
    "NFT_BITWISE_AND": 3,
    "NFT_BITWISE_OR": 4,
    "NFT_BITWISE_XOR": 5,
    "NFT_META_BRI_BROUTE": 35,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYCHAIN)": 2587,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYFLOWTABLE)": 2592,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYOBJ)": 2591,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYRULE)": 2588,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYSET)": 2589,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYSETELEM)": 2590,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM_RESET)": 2593,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYTABLE)": 2586,
    "(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE_RESET)": 2585,
    "NFT_PAYLOAD_TUN_HEADER": 4,
    "NFT_TABLE_F_PERSIST": 4,
    "RTA_FLOWLABEL": 31,
}

# What the names of messages begin with, and the netfilter subsystem that they belong to.
SUBSYSTEMS = {
    "NFT_MSG_": "NFNL_SUBSYS_NFTABLES",
    "IPCTNL_MSG_CT_": "NFNL_SUBSYS_CTNETLINK",
    "IPCTNL_MSG_EXP_": "NFNL_SUBSYS_CTNETLINK_EXP",
}


def kernel_constants() -> dict[str, int]:
    """Every constant that is declared, by the kernel's name of it."""
    found: dict[str, int] = {}

    def put(name: str, number: int) -> None:
        assert found.setdefault(name, number) == number, f"{name} is declared with two numbers"

    for cls in declared():
        if issubclass(cls, Message):
            for name, number in cls._types.items():
                # A netfilter message carries its subsystem in the upper byte of its type.
                subsystem = next((value for start, value in SUBSYSTEMS.items() if name.startswith(start)), "")
                put(f"({subsystem} << 8 | {name})" if subsystem else name, number)
        if cls._attributes and not issubclass(cls, Struct):
            assert cls._uapi, f"{cls.__name__} does not say which header defines it"
            for attribute in cls._attributes.values():
                put(cls._prefix + attribute.kernel, attribute.number)
    for enum in (*below(Enumeration), *below(Bits)):
        for name, number in enum.kernel_names().items():
            put(name, number)
    for name, number in vars(family).items():
        if name.startswith(("NLM_F_", "NETLINK_")):
            put(name, number)
    for name, number in (
        ("NLMSG_NOOP", NLMSG_NOOP),
        ("NLMSG_ERROR", NLMSG_ERROR),
        ("NLMSG_DONE", NLMSG_DONE),
        ("NLMSG_OVERRUN", NLMSG_OVERRUN),
        ("NLM_F_CAPPED", NLM_F_CAPPED),
        ("NLM_F_ACK_TLVS", NLM_F_ACK_TLVS),
    ):
        put(name, number)
    return found


def headers() -> list[str]:
    """Every header that a declaration names, the C library's own first, since the kernel's make way for them."""
    found = {cls._uapi for cls in declared()} | {enum.__declared__[1] for enum in (*below(Enumeration), *below(Bits))}
    found |= {"linux/rtnetlink.h", "linux/netlink.h", "linux/netfilter/nfnetlink.h"}
    return sorted(found - {""}, key=lambda name: (not name.startswith("sys/"), name))


def members() -> Iterator[tuple[type[Attrs], str, str, Any]]:
    """(class, struct, member's C name, field) for all that is declared with a struct."""
    for cls in declared():
        struct, prefix = cls._struct
        # A subclass has the struct of its base and nothing to add.
        if struct and "_struct" in vars(cls):
            for name, member in cls._fields.items():
                if not name.startswith("_"):
                    # A kernel name in small letters is the member's own, whatever the others begin with.
                    yield (
                        cls,
                        struct,
                        member.kernel if member.kernel.islower() else prefix + member.kernel.lower(),
                        member,
                    )


class Compiler:
    """The C compiler, and what it says to a program that includes the headers."""

    def __init__(self, directory: Path) -> None:
        self.program = require("cc")
        self.directory = directory
        self.includes = [name for name in headers() if self.compiles(f"#include <{name}>\n")]
        if "linux/rtnetlink.h" not in self.includes:
            absent("the kernel's headers are not installed (linux-libc-dev)")

    def compiles(self, text: str) -> bool:
        return self._run(text, "-fsyntax-only").returncode == 0

    def unknown(self, names: list[str]) -> set[str]:
        """Those of the expressions that the headers do not know."""
        lines = [f"long value_{index} = (long)({name});" for index, name in enumerate(names)]
        # One line each, and the compiler's complaint names the line.
        done = self._run(self._start() + "\n".join(lines), "-fsyntax-only", "-fmax-errors=0")
        first = len(self._start().splitlines())
        wrong = {int(line) - first - 1 for line in re.findall(r"program\.c:(\d+):\d+: error:", done.stderr)}
        return {names[index] for index in wrong if 0 <= index < len(names)}

    def values(self, expressions: list[str]) -> dict[str, int]:
        """What each expression is."""
        lines = [f'printf("%lld\\n", (long long)({expression}));' for expression in expressions]
        body = "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n"
        done = self._run(self._start() + body, "-o", "program")
        assert done.returncode == 0, done.stderr
        printed = subprocess.run([self.directory / "program"], capture_output=True, text=True, check=True).stdout
        return dict(zip(expressions, map(int, printed.split()), strict=True))

    def _start(self) -> str:
        return "#include <stdio.h>\n#include <stddef.h>\n" + "".join(f"#include <{name}>\n" for name in self.includes)

    def _run(self, text: str, *options: str) -> subprocess.CompletedProcess[str]:
        (self.directory / "program.c").write_text(text)
        return subprocess.run(
            [self.program, "-w", *options, "program.c"], cwd=self.directory, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("headers"))


def test_constants(compiler: Compiler) -> None:
    constants = kernel_constants()
    unknown = compiler.unknown(list(constants))
    unlisted = unknown - NEWER.keys()
    assert not unlisted, (
        "the headers do not know these: {"
        + ", ".join(f"{name!r}: {constants[name]}" for name in sorted(unlisted))
        + "}"
    )
    assert {name: constants.get(name) for name in NEWER} == NEWER
    known = {name: number for name, number in constants.items() if name not in unknown}
    assert len(known) > 500
    assert {name: number & 0xFFFFFFFF for name, number in compiler.values(list(known)).items()} == {
        name: number & 0xFFFFFFFF for name, number in known.items()
    }


def test_layouts(compiler: Compiler) -> None:
    wanted: dict[str, int] = {}
    for _, struct, name, member in members():
        wanted[f"offsetof(struct {struct}, {name})"] = member.offset
        wanted[f"sizeof(((struct {struct} *)0)->{name})"] = member.packer.size
    unknown = compiler.unknown(list(wanted))
    assert not unknown
    assert compiler.values(list(wanted)) == wanted


def test_sizes(compiler: Compiler) -> None:
    wanted = {}
    for cls, struct, _, _ in members():
        size = cls._size if issubclass(cls, Struct) else cls._header_length
        # Of a header the padding to four bytes counts: that is where the attributes begin.
        whole = f"sizeof(struct {struct})"
        wanted[whole if issubclass(cls, Struct) else f"({whole} + 3) & ~3"] = size
    assert compiler.values(list(wanted)) == wanted


def test_headers_of_messages_say_their_struct() -> None:
    for cls in declared():
        if cls.__module__.startswith("rawnl.route") and cls._fields:
            assert cls._struct[0], f"{cls.__name__} does not say which struct it begins with"


def test_the_check_can_fail(compiler: Compiler) -> None:
    assert compiler.unknown(["IFLA_MTU", "IFLA_NO_SUCH_THING", "sizeof(struct no_such)"]) == {
        "IFLA_NO_SUCH_THING",
        "sizeof(struct no_such)",
    }
    assert compiler.values(["IFLA_MTU"]) == {"IFLA_MTU": 4}
