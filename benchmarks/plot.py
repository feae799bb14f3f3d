"""Pictures: bars for each work, curves for growth, as PNG and SVG.

Strategy: one picture a work and size, bars from the fastest to the slowest, rawnl's own in colour, labelled with the
time per item and the ratio to the work's reference; a logarithmic axis where the slowest takes over 20 times as long as
the fastest. Growth is time per item over the number of items, both logarithmic, so that a flat line means that the
cost of an item does not grow.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median
from typing import Any

import matplotlib

from benchmarks.harness import Results, Work
from benchmarks.report import measured_in, number, per_item, values

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter

OWN, FLOOR, OTHER, INK = "#0b6e99", "#8a8f98", "#d9a441", "#22262b"
# Of one kind, in their order: the strongest first.
SHADES = {OWN: [OWN, "#4fa8cc", "#6d5bb0"], FLOOR: [FLOOR, "#4b5058"], OTHER: [OTHER, "#c0504d"]}
LOGARITHMIC_FROM = 20

plt.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "svg.fonttype": "none",
        "svg.hashsalt": "benchmarks",
    }
)


def draw(works: Sequence[Work], results: Results, directory: str) -> None:
    """Draw all that was measured."""
    os.makedirs(directory, exist_ok=True)
    for work in works:
        sizes = results.sizes(work.name)
        if len(sizes) > 2 or work.name.startswith("growth"):
            _save(_curves(work, results, sizes), directory, work.name)
        elif sizes:
            _save(_bars(work, results, sizes[-1]), directory, work.name)


def _save(figure: Any, directory: str, name: str) -> None:
    for kind, options in (("png", {"dpi": 130}), ("svg", {"metadata": {"Date": None}})):
        figure.savefig(os.path.join(directory, f"{name}.{kind}"), bbox_inches="tight", **options)
    plt.close(figure)


def _colour(work: Work, name: str) -> str:
    if name.startswith(("ip ", "Go", "pyroute2", "seed")):
        return OTHER
    if name.startswith(("C floor", "bare")):
        return FLOOR
    # Different ways of the floor: the one that is rawnl's stands out.
    return OTHER if work.name.startswith("path") and name != work.reference else OWN


def _bars(work: Work, results: Results, size: int) -> Any:
    names = results.contenders(work.name, size)
    times = {name: values(work, results, size, name)[0] for name in names}
    names.sort(key=lambda name: -median(times[name]))
    middle = [median(times[name]) for name in names]
    low = [value - min(times[name]) for name, value in zip(names, middle, strict=True)]
    high = [max(times[name]) - value for name, value in zip(names, middle, strict=True)]
    figure, axes = plt.subplots(figsize=(8.5, 0.42 * len(names) + 1.3))
    axes.barh(names, middle, color=[_colour(work, name) for name in names], height=0.68)
    axes.errorbar(middle, range(len(names)), xerr=[low, high], fmt="none", ecolor=INK, elinewidth=0.8, capsize=2)
    spread = max(middle) / min(middle)
    if spread > LOGARITHMIC_FROM:
        axes.set_xscale("log")
        axes.set_xlim(min(middle) / 2.5, max(middle) * 12)
    else:
        axes.set_xlim(0, max(value + above for value, above in zip(middle, high, strict=True)) * 1.3)
    for row, name in enumerate(names):
        by = median(values(work, results, size, name)[1] or [1])
        label = f"{number(middle[row])} {'MB' if work.memory else 'µs'}" + (
            "" if name == work.reference else f"  ·  {number(by)}×"
        )
        axes.annotate(label, (middle[row] + high[row], row), (6, 0), textcoords="offset points", va="center", size=9)
    axes.set_xlabel(f"{measured_in(work)}{', logarithmic' if spread > LOGARITHMIC_FROM else ''}")
    title = f"{work.title}: {size:,}" if size > 1 else work.title
    axes.set_title(f"{title}   (× {work.reference})", loc="left", weight="bold", size=11)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    words = "shorter is better; whiskers: least and most"
    axes.annotate(words, (1, 0), (0, -34), xycoords="axes fraction", textcoords="offset points", ha="right", size=8)
    return figure


def _curves(work: Work, results: Results, sizes: Sequence[int]) -> Any:
    figure, axes = plt.subplots(figsize=(8.5, 4.6))
    highest = lowest = None
    shades = {kind: list(colours) for kind, colours in SHADES.items()}
    for contender in work.contenders:
        points = [(size, times) for size in sizes if (times := per_item(results, work.name, size, contender.name))]
        if not points:
            continue
        across = [size for size, _ in points]
        middle = [median(times) for _, times in points]
        colour = shades[_colour(work, contender.name)].pop(0)
        style = "--" if contender.name.startswith("C ") else "-"
        axes.plot(across, middle, style, color=colour, marker="o", markersize=4, label=contender.name)
        axes.fill_between(
            across, [min(t) for _, t in points], [max(t) for _, t in points], color=colour, alpha=0.12, linewidth=0
        )
        axes.annotate(
            f"{number(middle[-1])}", (across[-1], middle[-1]), (7, 0), textcoords="offset points", va="center", size=9
        )
        highest = max([*middle, highest or 0])
        lowest = min([*middle, lowest or middle[0]])
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    if highest and lowest and highest / lowest > LOGARITHMIC_FROM:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel(f"{work.unit}s")
    axes.set_ylabel(f"µs per {work.unit}")
    axes.set_title(work.title, loc="left", weight="bold", size=11)
    axes.grid(axis="y", color="#e6e8eb", linewidth=0.8)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(-0.01, -0.13), ncols=3)
    return figure
