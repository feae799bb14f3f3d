"""`rawnl demo`: plays the story in a sandbox and tells it; `--keep` opens a shell in between.

Strategy: everything happens in the sandbox's process. Whatever becomes of it, the kernel takes the namespaces away with
it; the parent only waits, passes signals on, and says the last word.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
import time
from typing import Any

import rawnl
from rawnl import kernel, sandbox
from rawnl.cli.demo import story
from rawnl.cli.demo.play import Part, World, play
from rawnl.cli.demo.tell import JsonTeller, Teller
from rawnl.cli.demo.traffic import exchange
from rawnl.cli.main import BROKEN_PIPE, INTERRUPTED, TERMINATED
from rawnl.cli.screen import Screen

_SIGNAL_WORDS = {INTERRUPTED: "interrupted", TERMINATED: "terminated", 128 + signal.SIGHUP: "hung up"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What follows `rawnl demo`."""
    parser.description = (
        "Builds networks of namespaces in a sandbox of its own, step by step beside the shell commands that do the "
        "same, verifies each step, and takes it all down. Needs no root; nothing outside of the sandbox is touched."
    )
    parser.add_argument("--keep", action="store_true", help="open a shell in the sandbox with the networks up")
    parser.add_argument("--json", action="store_true", help="the steps, their times and what came of them as JSON")
    parser.add_argument("--plain", action="store_true", help="without colour (as where NO_COLOR is set, or in a pipe)")
    parser.add_argument("--user", action="store_true", help="make a user namespace also where root does not need one")


def run(options: argparse.Namespace) -> int:
    """Play the demo; the exit status is 0 only when every step was verified."""
    if options.json and options.keep:
        print("rawnl demo: --json and --keep do not go together", file=sys.stderr)
        return 2
    status = sandbox.run(lambda: _inside(options), user=True if options.user else None)
    if status in _SIGNAL_WORDS:
        print(f"rawnl demo: {_SIGNAL_WORDS[status]}; the sandbox is gone, with all that was in it", file=sys.stderr)
    return status


def _inside(options: argparse.Namespace) -> int:
    """The part that happens in the sandbox."""
    screen = Screen(sys.stdout, plain=options.plain)
    teller = JsonTeller(screen) if options.json else Teller(screen)
    world = World(variables())
    try:
        return _tell(teller, world, options.keep)
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        print(f"rawnl demo: {error}", file=sys.stderr)
        return 1
    finally:
        world.close()


def variables() -> dict[str, Any]:
    """What the lines of the story can name from the start, and all modules loaded that they need.

    Left to itself rawnl loads each when it is first used, and the times of the first steps would be those of imports.
    """
    for module in ("conn", "nft.nat", "ping"):
        importlib.import_module(f"rawnl.{module}")
    return {
        "rawnl": rawnl,
        "Bridge": rawnl.Bridge,
        "Link": rawnl.Link,
        "Veth": rawnl.Veth,
        "exchange": exchange,
    }


def _tell(teller: Teller, world: World, keep: bool) -> int:
    started = time.perf_counter()
    counted: list[float] = []
    teller.opening()
    problem = _chapters(story.BUILD, world, teller, counted)
    if keep and not problem:
        _shell(teller, world)
        # What the visitor changed cannot be verified; it all ends with the sandbox anyhow.
        return 0
    if not problem:
        problem = _chapters((story.CLEAN_UP,), world, teller, counted)
    teller.closing(
        {
            "ok": not problem,
            "steps": len(counted),
            "seconds": time.perf_counter() - started,
            "seconds_waited_in_vain": world.waited,
            "round_trips": world.round_trips,
        }
    )
    if problem:
        print(f"rawnl demo: {problem}", file=sys.stderr)
    return 1 if problem else 0


def _chapters(parts: tuple[Part, ...], world: World, teller: Teller, counted: list[float]) -> str:
    """Play some parts; the problem that ended them, or ""."""
    for outcome in play(parts, world, len(counted) + 1):
        counted.append(outcome.seconds)
        teller.step(outcome)
        if outcome.problem:
            return f"step {outcome.number} fell short, {outcome.step.python}: {outcome.problem}"
    return ""


# --- the shell of --keep


def _shell(teller: Teller, world: World) -> None:
    """Run the user's shell beside the networks, and end what it leaves running."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    teller.look_around(shell, sys.executable)
    # Ctrl-C and Ctrl-\ are for what runs in the shell, not for the demo that waits for it.
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        subprocess.run([shell], check=False, preexec_fn=_before_shell)
    finally:
        _end_leftovers(world)
        for number, handler in kept.items():
            signal.signal(number, handler)


def _before_shell() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    # When the demo dies in whatever way, the shell does too.
    kernel.parent_death_signal(signal.SIGKILL)


def _end_leftovers(world: World) -> None:
    """End the programs that still run in our networks, such as a server left in the background of the shell.

    Ours are those that the story's connections hold open, not whatever has a name by now: the shell may have given one
    to a namespace from outside.
    """
    networks = world.inodes()
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and int(entry) != os.getpid():
            try:
                if os.stat(f"/proc/{entry}/ns/net").st_ino in networks:
                    os.kill(int(entry), signal.SIGKILL)
            except OSError:
                continue  # Gone meanwhile, or nothing of ours.
