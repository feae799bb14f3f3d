"""nf_tables declarations against golden bytes, the kernel's headers, and themselves."""

from __future__ import annotations

import ipaddress
import re
import subprocess
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

import pytest
from golden_nft import MESSAGES as RULES
from golden_nft_expr import EXPRESSIONS
from golden_nft_sets import MESSAGES as SETS
from hypothesis import given
from hypothesis import strategies as some
from witness import absent, require

import rawnl.nft
from rawnl import nft
from rawnl.errors import EncodeError
from rawnl.nft import (
    element,
    expr,
    expr_action,
    expr_compare,
    expr_load,
    expr_nat,
    flowtable,
    header,
    masquerading,
    objects,
    sets,
    stateful,
    userdata,
)
from rawnl.tagged import Opaque
from rawnl.tlv import HEADER, NESTED
from rawnl.wire import Attrs

MESSAGES = [*RULES, *SETS]
MODULES = (
    *(expr, expr_action, expr_compare, expr_load, expr_nat, header, objects),
    *(element, flowtable, sets, stateful),
)


def unflagged(data: bytes, start: int = 0) -> bytes:
    """The same attributes without NLA_F_NESTED, which nft sets and the kernel does not."""
    found = bytearray(data)

    def clear(position: int, end: int) -> None:
        while end - position >= 4:
            length, kind = HEADER.unpack_from(found, position)
            assert 4 <= length <= end - position
            if kind & NESTED:
                HEADER.pack_into(found, position, length, kind & ~NESTED)
                clear(position + 4, position + length)
            position += (length + 3) & ~3

    clear(start, len(found))
    return bytes(found)


def rebuilt(value: Any) -> Any:
    """The same object made anew from its values, all the way down."""
    if isinstance(value, Attrs):
        return type(value)(**{name: rebuilt(inner) for name, inner in value.present().items()})
    return [rebuilt(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("command", "message", "golden"), MESSAGES, ids=[row[0] for row in MESSAGES])
def test_messages(command: str, message: Any, golden: str) -> None:
    whole = bytes.fromhex(golden)
    plain = whole[:20] + unflagged(whole[20:])
    assert message.encode() == plain
    assert type(message).at(plain, 0) == message
    assert repr(type(message).at(plain, 0)) == repr(message)
    # What nft really sent keeps its every bit, too.
    assert type(message).at(whole, 0).encode() == whole
    assert rebuilt(type(message).at(plain, 0)).body() == plain[16:]


@pytest.mark.parametrize(("command", "element", "golden"), EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_expressions(command: str, element: Any, golden: str) -> None:
    data = bytes.fromhex(golden)
    assert expr.expression_bytes(element) == data
    rule = nft.Rule(table="t", chain="c", family="ip", expressions=[element])
    view = nft.Rule.at(rule.encode(), 0)
    [found] = view.expressions or []
    assert type(found) is type(element) and found == element
    assert rebuilt(view).body() == rule.body()


def test_every_message_has_a_row() -> None:
    rows = {bytes.fromhex(golden)[4:6] for _, _, golden in MESSAGES}
    declared = {name: number for cls in nft.MESSAGES for name, number in cls._types.items()}
    # Younger than the programs that the rows were captured from.
    young = re.compile("DESTROY|RESET")
    lacking = [
        name for name, number in declared.items() if number.to_bytes(2, "little") not in rows and not young.search(name)
    ]
    assert lacking == []


def test_every_expression_has_a_row() -> None:
    rows = {type(element).tag for _, element, _ in EXPRESSIONS}
    declared = {
        tag for tag, cls in nft.Expr._registry.items() if cls is not None and cls.__module__.startswith("rawnl.")
    }
    assert declared - rows == set()
    seen = {(type(element).tag, name) for _, element, _ in EXPRESSIONS for name in element.present()}
    named = {(tag, name) for tag in declared for name in nft.Expr._registry[tag]._attributes}
    # Never listed: ids, which name a set only within the transaction that makes it, and what is deprecated. The kernel
    # that the rows are from lacked the matching of sockets by cgroup, which alone has a level.
    never = {("hash", "set_name"), ("numgen", "set_name"), ("socket", "level")}
    assert {pair for pair in named - seen if pair[1] != "set_id"} <= never


# --- numbers --------------------------------------------------------------------------------------------------------


def declared_constants() -> dict[str, tuple[str, int]]:
    """Kernel name to (header, number), of all that is declared with a header."""
    found: dict[str, tuple[str, int]] = {}
    for module in MODULES:
        for cls in vars(module).values():
            if not isinstance(cls, type) or not cls.__module__.startswith("rawnl.nft"):
                continue
            if issubclass(cls, Attrs) and cls._uapi and cls._prefix:
                for attribute in cls._attributes.values():
                    found[cls._prefix + attribute.kernel] = (cls._uapi, attribute.number)
            elif issubclass(cls, (IntEnum, IntFlag)) and hasattr(cls, "kernel_names"):
                for name, number in cls.kernel_names().items():
                    found[name] = (cls.__declared__[1], number)  # type: ignore[attr-defined]
            if issubclass(cls, header.NetfilterMessage):
                for name, number in cls._types.items():
                    number = number - 0xA00 if name.startswith("NFT_") else number
                    found[name] = (cls._uapi, number)
    return found


def test_numbers_against_the_headers(tmp_path: Path) -> None:
    compiler = require("cc")
    constants = declared_constants()
    assert len(constants) > 300
    texts = {name: Path("/usr/include") / name for name, _ in constants.values()}
    if not all(path.exists() for path in texts.values()):
        absent("the kernel's headers are not installed")
    known = {name: place for name, place in constants.items() if re.search(rf"\b{name}\b", texts[place[0]].read_text())}
    # A header of Linux 6.1 lacks what came later; if it lacked much, this test would test nothing.
    assert len(known) > 0.93 * len(constants), sorted(set(constants) - set(known))
    lines = ["#include <stdio.h>", "#include <netinet/in.h>", "#include <linux/types.h>", "#include <linux/netlink.h>"]
    lines += [f"#include <{name}>" for name in sorted(texts)]
    lines += ["int main(void) {", *(f'printf("{name} %lld\\n", (long long){name});' for name in known), "return 0; }"]
    (tmp_path / "constants.c").write_text("\n".join(lines))
    subprocess.run([compiler, "-o", tmp_path / "constants", tmp_path / "constants.c"], check=True)
    printed = subprocess.run([tmp_path / "constants"], check=True, capture_output=True, text=True).stdout
    real = {name: int(number) for name, number in (line.split() for line in printed.splitlines())}
    assert {name: number for name, (_, number) in known.items()} == real


def test_verdicts_against_the_header() -> None:
    text = (Path("/usr/include") / expr.UAPI).read_text()
    negative = {name: int(number) for name, number in re.findall(r"NFT_(\w+)\s*= (-\d)", text)}
    assert negative == {code.name: int(code) - (1 << 32) for code in nft.VerdictCode if int(code) >= 1 << 31}


# --- what people write ----------------------------------------------------------------------------------------------


def test_short_forms() -> None:
    table = nft.Table("nat", family="ip")
    chain = nft.Chain("out", table=table, type="nat", hook="postrouting", priority="srcnat", policy="accept")
    assert chain.family == "ip" and chain.table == "nat"
    assert chain == nft.Chain(
        name="out", table="nat", type="nat", hook=nft.Hook(hooknum=4, priority=100), policy=1, family=2
    )
    rule = nft.Rule(chain=chain, expressions=[nft.Masquerade()], comment="way out")
    assert (rule.table, rule.chain, rule.family) == ("nat", "out", "ip")
    assert rule.comment == "way out" and rule.title == "rule ip nat out"
    ingress = nft.Chain("in", table=nft.Table("t", family="netdev"), hook="ingress", device="lo", priority=-5)
    assert ingress.hook == nft.Hook(hooknum=0, priority=-5, dev="lo")
    assert nft.Chain("c", table=nft.Table("t", family="bridge"), hook="output", priority="out").hook == nft.Hook(
        hooknum=3, priority=100
    )


def test_data_takes_what_people_have() -> None:
    assert nft.Cmp(sreg=1, op="eq", data=b"ab") == nft.Cmp(sreg="reg_1", op=0, data=nft.Data(value=b"ab"))
    jump = nft.Immediate(dreg="verdict", data=nft.Verdict(code="jump", chain="web"))
    view = nft.Rule.at(nft.Rule(family="ip", expressions=[jump]).encode(), 0)
    assert repr((view.expressions or [])[0]) == (
        "Immediate(dreg='verdict', data=Data(verdict=Verdict(code='jump', chain='web')))"
    )


def test_unknown_expressions_keep_their_bytes() -> None:
    for item in (Opaque("novel", b"\x08\x00\x01\x00abcd"), Opaque("novel", b""), Opaque("novel", None)):
        rule = nft.Rule(family="ip", expressions=[item, nft.Notrack()])
        view = nft.Rule.at(rule.encode(), 0)
        assert view.expressions == [item, nft.Notrack()]
        assert rebuilt(view).encode() == rule.encode()


def test_users_may_declare_expressions() -> None:
    class Novel(nft.Expr, name="novel_of_a_user"):
        strength: int | None = rawnl.nft.expr.be32(1)

    try:
        view = nft.Rule.at(nft.Rule(family="ip", expressions=[Novel(strength=7)]).encode(), 0)
        assert view.expressions == [Novel(strength=7)]
    finally:
        del nft.Expr._registry["novel_of_a_user"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nft.Table("t", family="ipv4").body(), "family: 'ipv4'"),
        (lambda: nft.Table("t" * 256, family="ip").body(), "name: .*at most 255"),
        (lambda: nft.Chain("c", table="t", family="ip", hook="postroute"), "hook: .*did you mean 'postrouting'"),
        (lambda: nft.Chain("c", table="t", family="ip", hook="ingress"), "hook: 'ingress'"),
        (lambda: nft.Chain("c", table="t", family="ip", hook="input", priority="srcna"), "priority: .*'srcnat'"),
        (lambda: nft.Chain("c", table="t", hook="input"), "hook: "),
        (lambda: nft.Rule(family="ip", expressions=[nft.Masquerade(), "x"]).body(), r"expressions\[1\]: 'x'"),
        (lambda: nft.Rule(family="ip", expressions=[nft.Cmp(op="equal")]).body(), r"expressions\[0\].op: 'equal'"),
        (lambda: nft.Rule(family="ip", comment="x" * 128), "comment: .*at most 127"),
        (lambda: nft.Rule(family="ip", comment="x\0"), "comment: .*NUL"),
    ],
)
def test_refused_before_sending(make: Any, sentence: str) -> None:
    with pytest.raises(EncodeError, match=sentence):
        make()


def test_wrong_keywords() -> None:
    with pytest.raises(TypeError, match="did you mean 'chain'"):
        nft.Rule(chian="x")
    with pytest.raises(TypeError, match="one name"):
        nft.Table("a", name="b")
    with pytest.raises(TypeError, match="needs its hook"):
        nft.Chain("c", table="t", priority=5)
    with pytest.raises(TypeError, match="one of the two"):
        nft.Rule(comment="a", userdata=b"b")


def test_deleting_needs_a_whole_address() -> None:
    """The kernel would take a missing name for "all of them"."""
    for subject in (
        nft.Table(family="ip"),
        nft.Chain(table="t", family="ip"),
        nft.Chain("c", family="ip"),
        nft.Rule(table="t", chain="c", family="ip"),
        nft.Rule(table="t", family="ip", handle=3),
        nft.Rule(chain="c", family="ip", handle=3),
    ):
        with pytest.raises(EncodeError):
            subject.address()
    assert nft.Table(handle=7, family="ip").address() == nft.Table(handle=7, family="ip")


# --- user data, and masquerade as expressions -------------------------------------------------------------------------


@given(some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=31))
def test_comments(text: str) -> None:
    assert userdata.comment_of(userdata.with_comment(text)) == text


@given(some.binary(max_size=64))
def test_user_data_of_any_shape(data: bytes) -> None:
    assert sum(2 + len(value) for _, value in userdata.items(data)) <= len(data)
    userdata.comment_of(data)


networks = some.one_of(
    some.tuples(some.ip_addresses(v=4), some.integers(0, 32)),
    some.tuples(some.ip_addresses(v=6), some.integers(0, 128)),
).map(lambda pair: ipaddress.ip_network(pair, strict=False))
names = some.none() | some.text("abcdefgh0123456789.-_*", min_size=1, max_size=15)


@given(networks, names, some.booleans())
def test_a_masquerade_reads_back(network: Any, name: str | None, swapped: bool) -> None:
    items = masquerading.masquerade_expressions(network, name)
    if swapped and name is not None:
        items = [*items[-3:-1], *items[:-3], items[-1]]
    rule = nft.Rule(
        table="rawnl", chain="postrouting", family=masquerading.family_of(network), handle=9, expressions=items
    )
    found = masquerading.masqueraded(nft.Rule.at(rule.encode(), 0))
    assert found is not None
    assert (found.source, found.out_interface, found.handle) == (network, name, 9)


SADDR = nft.Payload(dreg=1, base="network_header", offset=12, len=4)
DADDR = nft.Payload(dreg=1, base="network_header", offset=16, len=4)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [nft.Counter(bytes=0, packets=0), nft.Masquerade()],
        [nft.Masquerade(flags="proto_random")],
        [DADDR, nft.Cmp(sreg=1, op="eq", data=b"abcd"), nft.Masquerade()],
        [SADDR, nft.Cmp(sreg=1, op="neq", data=b"abcd"), nft.Masquerade()],
        [SADDR, nft.Masquerade()],
        [nft.Meta(key="oifname", dreg=1), nft.Cmp(sreg=1, op="eq", data=b"eth"), nft.Masquerade()],
        [nft.Meta(key="iifname", dreg=1), nft.Cmp(sreg=1, op="eq", data=bytes(16)), nft.Masquerade()],
        [nft.Masquerade(), nft.Masquerade()],
    ],
)  # fmt: skip
def test_other_rules_are_no_masquerade_of_ours(items: Any) -> None:
    rule = nft.Rule(table="rawnl", chain="postrouting", family="ip", expressions=items)
    assert masquerading.masqueraded(nft.Rule.at(rule.encode(), 0)) is None


@pytest.mark.parametrize("source", ["192.168.100.1/24", "10.0.0.0/33", "eth0", "", "2001:db8::1/64", 3.5, object()])
def test_bad_sources(source: Any) -> None:
    with pytest.raises(EncodeError, match=r"source: .*no network"):
        masquerading.network_of(source)


@pytest.mark.parametrize("name", ["", "x" * 16, "a/b", "a b", "a\0", 3, object()])
def test_bad_interfaces(name: Any) -> None:
    with pytest.raises(EncodeError, match=r"out_interface: .*interface"):
        masquerading.interface_of(name)
