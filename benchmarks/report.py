"""Tables of what was measured, and the samples as JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from statistics import median
from typing import TextIO

from benchmarks.harness import Results, Work
from benchmarks.rivals.tools import versions


def ratios(results: Results, work: str, size: int, contender: str, against: str) -> list[float]:
    """How many times as long a contender took as another for each item, round by round."""
    theirs = {row["round"]: row["seconds"] / row["items"] for row in results.of(work, size, against)}
    return [
        row["seconds"] / row["items"] / theirs[row["round"]]
        for row in results.of(work, size, contender)
        if row["round"] in theirs
    ]


def per_item(results: Results, work: str, size: int, contender: str) -> list[float]:
    """Microseconds for each item, round by round."""
    return [row["seconds"] / row["items"] * 1e6 for row in results.of(work, size, contender)]


def values(work: Work, results: Results, size: int, contender: str) -> tuple[list[float], list[float]]:
    """What a work is about, by round: microseconds for each item, or megabytes; and divided by the reference's."""
    if not work.memory:
        times = per_item(results, work.name, size, contender)
        return times, ratios(results, work.name, size, contender, work.reference)
    base = {row["round"]: row["rss"] for row in results.of(work.name, size, work.reference)}
    rows = results.of(work.name, size, contender)
    return [row["rss"] / 2**20 for row in rows], [row["rss"] / base[row["round"]] for row in rows]


def measured_in(work: Work) -> str:
    """The unit of its values."""
    return "MB in all" if work.memory else f"µs per {work.unit}"


def print_list(works: Sequence[Work], out: TextIO) -> None:
    """The works and their contenders; the absent ones are said to be so."""
    for work in works:
        print(f"{work.name:12} {work.title} ({', '.join(f'{size:,}' for size in work.sizes)})", file=out)
        for contender in work.contenders:
            print(f"{'':14}{contender.name}{f' - absent: {contender.absent}' if contender.absent else ''}", file=out)


def print_tables(works: Sequence[Work], results: Results, out: TextIO) -> None:
    """A table for each work and size, in Markdown."""
    for work in works:
        for size in results.sizes(work.name):
            print(f"\n### {work.title}: {size:,} (`{work.name}`)\n", file=out)
            print(f"| | {measured_in(work)} | least – most | by {work.reference} | least – most | |", file=out)
            print("|---|---:|---:|---:|---:|---|", file=out)
            for name in results.contenders(work.name, size):
                print(_row(work, results, size, name), file=out)
        for name, why in results.absent.get(work.name, {}).items():
            print(f"\nabsent: {name} ({why})", file=out)


def _row(work: Work, results: Results, size: int, name: str) -> str:
    times, by = values(work, results, size, name)
    contender = next(one for one in work.contenders if one.name == name)
    notes = [contender.note] if contender.note else []
    if contender.share > 1:
        notes.append(f"{size // contender.share:,} of them, per item")
    spread = f"{number(min(times))} – {number(max(times))}"
    ratio = f"{median(by):.2f} | {min(by):.2f} – {max(by):.2f}" if by else " | "
    return f"| {name} | {number(median(times))} | {spread} | {ratio} | {'; '.join(notes)} |"


def number(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def environment() -> dict[str, object]:
    """What the figures depend on."""
    found = {"python": platform.python_version(), **versions()}
    for package in ("rawnl", "pyroute2", "cffi"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {"kernel": platform.release(), "machine": platform.machine(), "cpus": os.cpu_count(), "versions": found}


def write_json(path: str, results: Results, command: Sequence[str]) -> None:
    """Every sample, and what they depend on."""
    whole = {
        "command": ["python", "-m", "benchmarks", *command[1:]],
        "environment": environment(),
        "absent": results.absent,
        "samples": results.samples,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(whole, file, indent=1)
    print(f"\n{len(results.samples)} samples written to {path}", file=sys.stderr)
