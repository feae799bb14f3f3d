"""How a work is measured: sandboxes, alternation, quiet in between, and the final state read back.

Strategy: what is timed drifts with the machine's mood by far more than contenders differ, so absolute times of
different runs are worth little. Therefore, in each round every contender has its turn, one behind the other; the ratio
of two is taken within a round, and the median over the rounds is quoted. Which of them begins moves on from round to
round. A contender is a process of its own, in a sandbox that is either fresh for it (works that change something) or
shared by all (works that only read). Removing namespaces and links goes on in kernel workers after the call that asked
for it: nothing is timed until those are done and the machine is quiet. Afterwards the state that a contender left is
read back; one that differs from what was asked for ends the run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import rawnl
from benchmarks.progress import Progress
from rawnl import sandbox, teardown

ROOT = Path(__file__).resolve().parent.parent
# What a contender answers: "seconds", "items", and what else there is to tell.
Outcome: TypeAlias = "dict[str, Any]"

# How long to wait for quiet at most, in seconds: on a machine that others use it may never come. The second is for
# between readers, who change nothing that would have to settle, and for quick runs.
LIMIT = 15.0
SHORT_LIMIT = 0.5


class Failure(Exception):
    """A contender that did not work, or left something else behind than was asked for."""


@dataclass(frozen=True)
class Contender:
    """Who does a work. `run(items)` does it in the sandbox and says how long it took.

    - `absent`: why it cannot be run here.
    - `share`: it does only every share-th part of the items, being too slow for more; compared per item.
    - `note`: what a reader of the table should know.
    """

    name: str
    run: Callable[[int], Outcome]
    absent: str = ""
    share: int = 1
    note: str = ""


@dataclass(frozen=True)
class Work:
    """Something to be done by all contenders.

    - `prepare(size)`: in the sandbox, before the clock starts.
    - `state(size, done)`: raises Failure unless the sandbox holds what `done` items done must leave.
    - `preflight`: in a sandbox of its own, once: that contenders who claim to send the same messages do.
    - `shared`: one sandbox for all, since nothing is changed.
    - `reference`: the contender by whom the others are divided.
    - `memory`: it is about the memory that a process takes at its end ("rss"), and not about time.
    """

    name: str
    title: str
    unit: str
    contenders: Sequence[Contender]
    sizes: Sequence[int]
    quick: Sequence[int]
    reference: str
    prepare: Callable[[int], None] = lambda size: None
    state: Callable[[int, int], None] = lambda size, done: None
    preflight: Callable[[], None] | None = None
    shared: bool = False
    rounds: int = 5
    memory: bool = False

    def turns(self, quick: bool, rounds: int | None) -> int:
        """How many rounds there are to be."""
        return rounds or (min(self.rounds, 2) if quick else self.rounds)


@dataclass
class Results:
    """All samples of a run: {"work", "size", "contender", "round", "seconds", "items", …} each."""

    samples: list[Outcome] = field(default_factory=list)
    absent: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, work: str, size: int, contender: str) -> list[Outcome]:
        """The samples of one contender at one size, by round."""
        wanted = (work, size, contender)
        return [row for row in self.samples if (row["work"], row["size"], row["contender"]) == wanted]

    def sizes(self, work: str) -> list[int]:
        """The sizes at which a work was done."""
        return sorted({row["size"] for row in self.samples if row["work"] == work})

    def contenders(self, work: str, size: int) -> list[str]:
        """Those who did a work at this size, in their order."""
        names = [row["contender"] for row in self.samples if (row["work"], row["size"]) == (work, size)]
        return list(dict.fromkeys(names))


# --- the measuring


def measure(work: Work, results: Results, progress: Progress, *, quick: bool, rounds: int | None, limit: float) -> None:
    """Do a work at all its sizes, so and so many rounds, and add the samples. `limit`: of the waits for quiet."""
    present = [contender for contender in work.contenders if not contender.absent]
    results.absent[work.name] = {one.name: one.absent for one in work.contenders if one.absent}
    count = work.turns(quick, rounds)
    if work.preflight is not None and all(not contender.absent for contender in work.contenders[:2]):
        sandboxed(work.preflight)
    for size in work.quick if quick else work.sizes:
        turns = [(number, one) for number in range(count) for one in _rotated(present, number)]
        if work.shared:
            results.samples += sandboxed(partial(_in_one, work, size, turns, progress, limit))
            progress.catch_up(len(turns))
            continue
        for number, contender in turns:
            progress.step(f"{work.name} {size:,}: {contender.name}, round {number + 1}")
            quiet = settle(limit)
            outcome = sandboxed(partial(_in_its_own, work, size, contender, limit))
            results.samples.append(_sample(work, size, contender, number, quiet, outcome))


def _rotated(contenders: Sequence[Contender], number: int) -> list[Contender]:
    start = number % len(contenders)
    return [*contenders[start:], *contenders[:start]]


def _in_one(
    work: Work, size: int, turns: Sequence[tuple[int, Contender]], progress: Progress, limit: float
) -> list[Outcome]:
    work.prepare(size)
    settle(limit)
    samples = []
    for number, contender in turns:
        progress.step(f"{work.name} {size:,}: {contender.name}, round {number + 1}")
        quiet = settle(SHORT_LIMIT)
        outcome = contender.run(size // contender.share)
        samples.append(_sample(work, size, contender, number, quiet, outcome))
    work.state(size, size)
    clean_up()
    return samples


def _in_its_own(work: Work, size: int, contender: Contender, limit: float) -> Outcome:
    work.prepare(size)
    settle(limit)
    items = size // contender.share
    outcome = contender.run(items)
    try:
        work.state(size, items)
    except Failure as failure:
        raise Failure(f"{work.name}, {contender.name}: {failure}") from None
    clean_up()
    return outcome


def _sample(work: Work, size: int, contender: Contender, number: int, quiet: bool, outcome: Outcome) -> Outcome:
    who = {"work": work.name, "size": size, "contender": contender.name, "round": number, "quiet": quiet}
    return {"items": size // contender.share, **outcome, **who}


# --- the sandboxes


def sandboxed(function: Callable[[], Any]) -> Any:
    """What `function`, run in a fresh sandbox, returns, which goes through JSON. Raises Failure when it fails."""
    descriptor = os.memfd_create("result", os.MFD_CLOEXEC)

    def inside() -> int:
        try:
            result = {"value": function()}
        except Failure as failure:
            result = {"failure": str(failure)}
        os.write(descriptor, json.dumps(result).encode())
        return 0

    with os.fdopen(descriptor, "rb") as file:
        status = sandbox.run(inside)
        if status == 130:
            raise KeyboardInterrupt
        file.seek(0)
        text = file.read()
    if status or not text:
        raise Failure(f"what ran in a sandbox ended with status {status}")
    result = json.loads(text)
    if "failure" in result:
        raise Failure(result["failure"])
    return result["value"]


def clean_up() -> None:
    """Remove all links and namespaces of this sandbox, each at the price of one, so that little is left to workers."""
    rawnl.netns.delete_many([entry.name for entry in rawnl.netns.list()])
    with rawnl.open() as nl:
        teardown.delete_all(nl.channel)


def settle(limit: float) -> bool:
    """Wait until no kernel worker takes namespaces down and the processors are idle; whether that came about.

    Workers are waited for up to `limit` seconds, idleness up to a fifth of it, for it may be others who are busy.
    """
    began = time.monotonic()
    calm = 0
    while calm < 2:
        waited = time.monotonic() - began
        before = _busy_time()
        time.sleep(0.05)
        total, busy = (after - then for after, then in zip(_busy_time(), before, strict=True))
        working = _workers_busy()
        if waited > (limit if working else limit / 5):
            return False
        calm = calm + 1 if not working and busy <= 0.15 * total else 0
    return True


def _busy_time() -> tuple[int, int]:
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, idle, iowait, *rest = (int(word) for word in file.readline().split()[1:9])
    busy = user + nice + system + sum(rest)
    return busy + idle + iowait, busy


def _workers_busy() -> bool:
    """Whether a kernel worker is at cleanup_net; one that is has "+netns" in its name."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/comm", encoding="utf-8", errors="replace") as file:
                    if "+netns" in file.read():
                        return True
            except OSError:
                continue  # It ended meanwhile.
    return False


# --- the contenders' processes


def process(arguments: Sequence[str | os.PathLike[str]], text: str = "", **environment: str) -> Outcome:
    """Run a contender that keeps the time itself, and prints its outcome as the last line, in JSON."""
    done = _run(arguments, text, environment, subprocess.PIPE)
    outcome: Outcome = json.loads(done.stdout.splitlines()[-1])
    return outcome


def clocked(arguments: Sequence[str | os.PathLike[str]], text: str = "") -> Outcome:
    """Run a program as its users do, the time taken from outside; what it prints is thrown away."""
    start = time.perf_counter()
    _run(arguments, text, {}, subprocess.DEVNULL)
    return {"seconds": time.perf_counter() - start}


def python(module: str, *arguments: object, text: str = "", **environment: str) -> Outcome:
    """Run a contender that is a module of this suite."""
    return process([sys.executable, "-m", module, *map(str, arguments)], text, **environment)


def _run(
    arguments: Sequence[str | os.PathLike[str]], text: str, environment: dict[str, str], output: int
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        arguments,
        input=text,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    if done.returncode:
        words = " ".join(map(str, arguments))[:200]
        raise Failure(f"`{words}` ended with status {done.returncode}: {done.stderr.strip()[-1500:]}")
    return done
