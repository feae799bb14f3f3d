"""Steps, and how they are carried out.

Strategy: a step is data. Its line of Python is what is shown and, at the same time, what is run, so the two cannot
differ; afterwards its check reads back what the step was for and raises `Shortfall` if it is not so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import rawnl


class Shortfall(Exception):
    """A step did not have the effect that it should."""


class World:
    """What the lines of Python see as their variables, and what the checks look at."""

    def __init__(self, names: Mapping[str, Any], *, patience: float = 5.0) -> None:
        """`patience`: for how many seconds a check may wait for what the kernel does in its own time."""
        self.names: dict[str, Any] = dict(names)
        self.patience = patience
        self.round_trips: list[float] = []
        self.waited = 0.0

    def connection(self, name: str) -> rawnl.Connection:
        """The connection that a step opened under this name. Raises Shortfall."""
        found = self.names.get(name)
        if not isinstance(found, rawnl.Connection):
            raise Shortfall(f"there is no connection {name!r}")
        return found

    def settles(self, condition: Callable[[], bool]) -> bool:
        """Whether `condition` comes true within the patience."""
        deadline = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.002)
        return True

    def connections(self) -> list[rawnl.Connection]:
        """Every connection that the steps opened."""
        return [value for value in self.names.values() if isinstance(value, rawnl.Connection)]

    def inodes(self) -> set[int]:
        """The numbers of the namespaces that these hold open."""
        return {each.netns.inode for each in self.connections() if not each.netns.closed}

    def close(self) -> None:
        """Close every connection that the steps opened."""
        for connection in self.connections():
            connection.close()


Check: TypeAlias = "Callable[[World, Any], list[str]]"
"""Looks at the world and at the value of the step's line; returns lines to show. Raises Shortfall."""


@dataclass(frozen=True)
class Step:
    """`shell` is the command that the line `python` stands for, `note` says what there is to say about it."""

    shell: str
    python: str
    check: Check
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Steps under a heading."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Part:
    """Sections under a heading."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of a step. `seconds` is what its line took, without the check; `problem` is "" when all is well."""

    number: int
    part: str
    section: str
    step: Step
    seconds: float
    shown: list[str] = field(default_factory=list)
    problem: str = ""


def play(parts: tuple[Part, ...], world: World, first: int = 1) -> Iterator[Outcome]:
    """Carry out the steps one after the other, numbered from `first`; the first that falls short is the last."""
    number = first
    for part in parts:
        for section in part.sections:
            for step in section.steps:
                outcome = _perform(number, part, section, step, world)
                yield outcome
                if outcome.problem:
                    return
                number += 1


def _perform(number: int, part: Part, section: Section, step: Step, world: World) -> Outcome:
    seconds = 0.0
    shown: list[str] = []
    problem = ""
    started = time.perf_counter()
    try:
        value, seconds = execute(step.python, world.names)
        shown = step.check(world, value)
    except Exception as error:
        # Whatever it was: the step did not do what it should, and the demo says which one and why.
        known = isinstance(error, (Shortfall, rawnl.RawnlError))
        problem = str(error) if known else f"{type(error).__name__}: {error}"
        seconds = seconds or time.perf_counter() - started
    return Outcome(number, part.title, section.title, step, seconds, shown, problem)


def execute(line: str, names: dict[str, Any]) -> tuple[Any, float]:
    """Run a line of Python; its value (None for a statement), and the seconds that it took."""
    try:
        code = compile(line, "<demo>", "eval")
    except SyntaxError:
        code = compile(line, "<demo>", "exec")
    started = time.perf_counter()
    value = eval(code, names)
    return value, time.perf_counter() - started
