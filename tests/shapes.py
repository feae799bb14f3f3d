"""Values for every declared attribute, derived from the declarations, for hypothesis.

Strategy: what is drawn is a plan, not an object: a class with its values, nested as deep as wanted. The object is built
from the plan, and what was read is compared with the plan value by value, so that no codec's own idea of equality is
asked for its opinion. Values are in the form in which they read back.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as some

from rawnl.attribute import NameTemplate, ip_text
from rawnl.tagged import Opaque, Tagged
from rawnl.wire import Attrs, Field

PACKAGES = ("rawnl.route", "rawnl.route.kinds", "rawnl.nft", "rawnl.conntrack")
DEPTH = 3
# What a tagged attribute's class is chosen by, where that is not simply the kind's name in a sibling.
CHOOSERS = {"port_kind": "slave_kind", "_protinfo_kind": "family"}


class Plan(NamedTuple):
    """An object to be made: its class, and its values by name, which may be plans themselves."""

    cls: type[Attrs]
    values: dict[str, Any]


def built(plan: Any) -> Any:
    """The object that a plan describes."""
    if isinstance(plan, Plan):
        return plan.cls(**{name: built(value) for name, value in plan.values.items()})
    return [built(item) for item in plan] if isinstance(plan, list) else plan


def check(found: Any, plan: Any) -> None:
    """Compare what was read with the plan, value by value."""
    if isinstance(plan, Plan):
        assert type(found) is plan.cls
        for name, value in plan.values.items():
            check(getattr(found, name), value)
        for name in found._encoders:
            if name not in plan.values and not name.startswith(("nlmsg_", "request_")):
                assert not getattr(found, name), name
    elif isinstance(plan, list):
        assert len(found) == len(plan)
        for one, item in zip(found, plan, strict=True):
            check(one, item)
    else:
        assert found == plan
        assert isinstance(found, type(plan)) or isinstance(plan, int)


def plans(cls: type[Attrs], depth: int = DEPTH) -> some.SearchStrategy[Plan]:
    """Objects of a class, each with some of its attributes."""
    return some.deferred(lambda: _plans(cls, depth))


@some.composite
def _plans(draw: some.DrawFn, cls: type[Attrs], depth: int) -> Plan:
    given: dict[str, Any] = {}
    header = [name for name in cls._members if not name.startswith("_")]
    for name in draw(some.lists(some.sampled_from(header), unique=True, max_size=4)) if header else ():
        if value := draw(_member(cls._fields[name])):
            given[name] = value
    declared = list(cls._attributes)
    for name in draw(some.lists(some.sampled_from(declared), unique=True, max_size=6)) if declared else ():
        attribute = cls._attributes[name]
        if attribute.sample[0] == "tagged":
            chooser = CHOOSERS.get(attribute.selector, attribute.selector)
            if depth and chooser not in given:
                given[chooser], member = draw(some.sampled_from(_choices(cls, chooser, attribute.base)))
                given[name] = draw(plans(member, depth - 1))
        elif not (name in given or (depth == 0 and attribute.sample[0] in NESTED)):
            given[name] = draw(values(attribute.sample, depth))
    return Plan(cls, given)


def _members(base: type[Tagged]) -> list[type[Any]]:
    # rawnl's own: another test may have declared some of its own.
    found = {cls for cls in base._registry.values() if cls is not None and cls.__module__.startswith("rawnl.")}
    return sorted(found, key=lambda cls: cls.tag)


def _choices(cls: type[Attrs], chooser: str, base: type[Tagged]) -> list[tuple[Any, type[Any]]]:
    """What the chooser may be, and the class that it chooses then."""
    if chooser == "family":
        return [(7, base.registered("bridge"))]
    if cls._attributes[chooser].sample[0] == "integer":
        return [(number, found) for number in range(256) if (found := base.registered(number)) is not None]
    return [(member.tag, member) for member in _members(base)]


def _member(member: Field) -> some.SearchStrategy[int]:
    bits = 8 * member.packer.size
    signed = member.code.islower()
    return some.integers(-(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1)


NESTED = {"nest", "nests", "tagged", "tagged_list", "expression", "multipath"}
text = some.text(some.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))
names = some.text(some.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="/:%"), min_size=1).map(
    lambda name: name[:15] if name not in (".", "..") else "dot"
)
addresses = (some.binary(min_size=4, max_size=4) | some.binary(min_size=16, max_size=16)).map(ip_text)


def values(sample: tuple[Any, ...], depth: int) -> some.SearchStrategy[Any]:
    """Values of one attribute, in the form in which they read back."""
    kind, *rest = sample
    if kind == "integer":
        return some.integers(rest[0], rest[1])
    if kind == "array":
        return some.lists(some.integers(0, (1 << 8 * rest[0]) - 1), max_size=4).map(tuple)
    if kind == "flag":
        return some.just(True)
    if kind == "binary":
        return some.binary(max_size=20) if rest[0] is None else some.binary(min_size=rest[0], max_size=rest[0])
    if kind == "string":
        limit = rest[0] or 40
        return text.map(lambda word: word.encode()[:limit].decode(errors="ignore"))
    if kind == "ifname":
        return names | names.map(lambda name: NameTemplate(name[:13] + "%d"))
    if kind == "lladdr":
        return some.binary(min_size=1, max_size=20).map(lambda data: data.hex(":"))
    if kind == "ip":
        return addresses
    if kind == "netns":
        return some.integers(0, 2**31 - 1)
    if kind == "bridge_id":
        return some.binary(min_size=8, max_size=8).map(lambda data: f"{data[:2].hex()}.{data[2:].hex()}")
    if kind == "repeated":
        return some.lists(values(rest[0].sample, depth), min_size=1, max_size=3)
    if kind == "nest":
        return plans(rest[0], max(0, depth - 1))
    if kind in ("nests", "multipath"):
        return some.lists(plans(rest[0], max(0, depth - 1)), max_size=3)
    if kind == "expression":
        return expression_plans(rest[0], depth)
    if kind == "tagged_list":
        return some.lists(expression_plans(rest[0], depth), max_size=3)
    raise AssertionError(f"how are values of the shape {sample!r} made?")


def expression_plans(base: type[Tagged], depth: int) -> some.SearchStrategy[Any]:
    known = some.sampled_from(_members(base)).flatmap(lambda cls: plans(cls, max(0, depth - 1)))
    return known | some.builds(Opaque, some.just("unheard-of"), some.none() | some.binary(max_size=9))


def below(cls: type[Any]) -> Iterator[type[Any]]:
    """All subclasses, theirs included."""
    for one in cls.__subclasses__():
        yield one
        yield from below(one)


def declared() -> list[type[Attrs]]:
    """Every class that rawnl declares and that has something to hold, by name."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{name}.{module.name}")
    ours = (*(f"{name}." for name in PACKAGES), "rawnl.control")
    found = {cls for cls in below(Attrs) if cls.__module__.startswith(ours) and (cls._attributes or cls._fields)}
    return sorted(found, key=lambda cls: f"{cls.__module__}.{cls.__name__}")
