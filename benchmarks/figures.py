"""The figures that rawnl is to reach, and whether it does.

Strategy: each is a sequence of values, one a round, and a bound for their median. They are told only where the works
were measured that they are about, and with the sizes of that run: `--quick` is too small to prove anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TextIO

from benchmarks.harness import Results
from benchmarks.report import number, per_item, ratios

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Figure:
    """One bound.

    - `values(results, size)`: what was measured, by round, at one size of `work`.
    - `most` or `least`: the bound, `unit` written behind it.
    - `size`: which of the work's sizes: 0 the smallest, -1 the largest.
    """

    what: str
    against: str
    work: str
    values: Callable[[Results, int], list[float]]
    most: float | None = None
    least: float | None = None
    unit: str = "×"
    size: int = -1

    def met(self, value: float) -> bool:
        """Whether a value is within the bound, to the digits that are shown."""
        if self.most is not None:
            return round(value, 2) <= self.most
        return self.least is None or round(value, 2) >= self.least

    @property
    def target(self) -> str:
        """The bound in words."""
        return f"≤ {self.most:g} {self.unit}" if self.most is not None else f"≥ {self.least:g} {self.unit} faster"


def _slower(work: str, contender: str, against: str) -> Callable[[Results, int], list[float]]:
    return lambda results, size: ratios(results, work, size, contender, against)


def _faster(work: str, contender: str, against: str) -> Callable[[Results, int], list[float]]:
    return lambda results, size: ratios(results, work, size, against, contender)


def _more(work: str, contender: str, base: str, key: str, unit: float) -> Callable[[Results, int], list[float]]:
    def values(results: Results, size: int) -> list[float]:
        bare = {row["round"]: row[key] for row in results.of(work, size, base)}
        rows = results.of(work, size, contender)
        return [(row[key] - bare[row["round"]]) * unit for row in rows if row["round"] in bare]

    return values


def _at_most(work: str, contender: str, against: str, most: float, what: str, size: int = -1) -> Figure:
    return Figure(what, against, work, _slower(work, contender, against), most=most, size=size)


def _at_least(work: str, contender: str, against: str, least: float, what: str) -> Figure:
    return Figure(what, against, work, _faster(work, contender, against), least=least)


_IMPORT_TIME = _more("import", "rawnl", "bare interpreter", "seconds", 1e3)
_IMPORT_MEMORY = _more("import", "rawnl", "bare interpreter", "rss", 1 / MEGABYTE)
_PAIRS, _PODS = "create pairs", "make pods"
_SIX = "list links and read six attributes"
_ROUTES = "list routes, dst and gateway read"

BULK = [
    _at_most("create", "rawnl, queues=None", "C floor", 1.05, f"{_PAIRS}, same messages"),
    _at_most("create", "rawnl", "C floor, one queue", 1.05, f"{_PAIRS}, same messages, one queue"),
    _at_least("create", "rawnl", "pyroute2", 3, f"{_PAIRS}, bulk default"),
    _at_least("create", "rawnl", "Go", 1.3, f"{_PAIRS}, bulk default"),
    _at_least("create", "rawnl", "ip -batch", 1.3, f"{_PAIRS}, bulk default"),
    _at_least("delete", "rawnl", "ip -batch", 30, "delete pairs"),
    _at_least("delete", "rawnl", "Go", 30, "delete pairs"),
    _at_least("delete", "rawnl", "pyroute2", 30, "delete pairs"),
    _at_most("delete", "rawnl", "C floor, group", 1.15, "delete pairs, regrouping included"),
    _at_most("pods", "rawnl", "C floor", 1.2, _PODS),
    _at_least("pods", "rawnl", "seed's shell", 12, _PODS),
    _at_least("pods", "rawnl", "pyroute2", 8, _PODS),
    _at_most("links", "rawnl list", "C floor", 1.4, "list links"),
    _at_most("links", "rawnl list", "Go LinkList", 0.8, "list links"),
    _at_least("links", "rawnl list", "pyroute2", 30, "list links"),
    _at_most("links", "rawnl list, read", "Go LinkList", 1.0, _SIX),
    _at_most("links", "rawnl list, read", "ip -j link", 1.0, _SIX),
    _at_most("add-routes", "rawnl", "C floor", 1.5, "add routes"),
    _at_least("add-routes", "rawnl", "ip -batch", 3, "add routes"),
    _at_most("routes", "rawnl list, read", "ip route show", 1.5, f"{_ROUTES}, objects"),
    _at_most("routes", "rawnl columns", "ip route show", 1.0, f"{_ROUTES}, columns"),
    _at_least("routes", "rawnl list, read", "pyroute2", 30, f"{_ROUTES}, objects"),
    _at_least("routes", "rawnl columns", "pyroute2", 30, f"{_ROUTES}, columns"),
    Figure(
        "memory of listed routes",
        "bare interpreter",
        "memory",
        _more("memory", "rawnl list", "bare interpreter", "rss", 1 / MEGABYTE),
        most=40,
        unit="MB more",
    ),
    Figure("import rawnl: time", "bare interpreter", "import", _IMPORT_TIME, most=20, unit="ms more"),
    Figure("import rawnl: memory", "bare interpreter", "import", _IMPORT_MEMORY, most=6, unit="MB more"),
]

FIRST = [
    Figure("import rawnl: time", "bare interpreter", "import", _IMPORT_TIME, most=30, unit="ms more"),
    Figure("import rawnl: memory", "bare interpreter", "import", _IMPORT_MEMORY, most=8, unit="MB more"),
    Figure(
        "encode a fully specified pair",
        "",
        "encode",
        lambda results, size: per_item(results, "encode", size, "object built before"),
        most=10,
        unit="µs",
    ),
    _at_most("links", "rawnl list", "C floor", 1.6, "list links", 0),
    _at_most("links", "rawnl list, read", "C floor", 2.5, _SIX, 0),
]

GROUPS = {"Bulk work at the kernel's speed": BULK, "First use": FIRST}


def print_figures(results: Results, out: TextIO) -> None:
    """A table for each group, of those that were measured."""
    for title, figures in GROUPS.items():
        rows = [row for figure in figures if (row := _row(figure, results))]
        if rows:
            print(f"\n## {title}\n", file=out)
            print("| work | against | target | measured | least – most | met |", file=out)
            print("|---|---|---:|---:|---:|---|", file=out)
            print("\n".join(rows), file=out)


def _row(figure: Figure, results: Results) -> str:
    sizes = results.sizes(figure.work)
    values = figure.values(results, sizes[figure.size]) if sizes else []
    if not values:
        return ""
    size = sizes[figure.size]
    what = figure.what if size == 1 else f"{figure.what} ({size:,})"
    value = median(values)
    spread = f"{number(min(values))} – {number(max(values))}"
    verdict = "yes" if figure.met(value) else f"**no**, by {_short(figure, value)}"
    return f"| {what} | {figure.against} | {figure.target} | {number(value)} | {spread} | {verdict} |"


def _short(figure: Figure, value: float) -> str:
    bound = figure.most if figure.most is not None else figure.least or 1.0
    return f"{abs(value / bound - 1):.0%}"
