"""What the demo says, line by line, or as JSON.

        $ the shell command that people know
0.61 ms ✓ the line of rawnl that did the same
            what was then read back

Strategy: the time stands in a margin of its own, so that the longest lines still fit 80 columns, and what belongs
together starts in the same column.
"""

from __future__ import annotations

import json
import textwrap
from typing import Any

from rawnl.cli.demo.play import Outcome
from rawnl.cli.screen import Screen, duration

WIDTH = 80
MARGIN = 10
INDENT = 12


class Teller:
    """Says what happens, as it happens."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.part = ""
        self.section = ""

    def opening(self) -> None:
        """What this is, and how to read it."""
        paint, sign = self.screen.paint, self.screen.sign
        self.screen.write(paint("strong", "rawnl demo"))
        self.screen.write("Networks of namespaces, built by raw netlink in a sandbox of their own (user,")
        self.screen.write("mount and network namespaces): nothing outside of it is touched.")
        self.screen.write()
        self.screen.write(paint("faint", f"{'$':>{MARGIN - 1}} the shell command that people know"))
        self.screen.write(f"{'time':>{MARGIN - 3}} {paint('good', sign('tick'))} the line of rawnl that did the same")
        self.screen.write(" " * INDENT + paint("quoted", "what was then read back"))

    def step(self, outcome: Outcome) -> None:
        """A step that was carried out, under its headings."""
        screen, step = self.screen, outcome.step
        self._headings(outcome)
        if step.shell:
            screen.write(screen.paint("faint", f"{'$':>{MARGIN - 1}} {step.shell}"))
        if step.note:
            screen.write(screen.paint("faint", f"{'#':>{MARGIN - 1}} {step.note}"))
        mark = (
            screen.paint("bad", screen.sign("cross")) if outcome.problem else screen.paint("good", screen.sign("tick"))
        )
        time = screen.paint("faint", f"{duration(outcome.seconds):>{MARGIN - 3}}")
        screen.write(f"{time} {mark} {step.python}")
        for line in outcome.shown:
            screen.write(" " * INDENT + screen.paint("quoted", line))
        if outcome.problem:
            for line in textwrap.wrap(outcome.problem, WIDTH - MARGIN):
                screen.write(" " * MARGIN + screen.paint("bad", line))

    def closing(self, summary: dict[str, Any]) -> None:
        """The sum of it."""
        screen = self.screen
        screen.write()
        if not summary["ok"]:
            return
        trips = summary["round_trips"]
        screen.write(
            screen.paint("strong", f"{summary['steps']} steps, all verified, in {duration(summary['seconds'])}.")
        )
        screen.write(
            f"{duration(summary['seconds_waited_in_vain'])} of it went by waiting for answers that must not come."
        )
        screen.write(
            f"{len(trips)} pings took {min(trips) * 1000:.3f} to {max(trips) * 1000:.3f} ms there and back. "
            "Nothing is left behind."
        )

    def look_around(self, shell: str, python: str) -> None:
        """What there is to be done in the shell that `--keep` opens."""
        screen = self.screen
        screen.write()
        screen.write(screen.paint("strong", "The networks are up, and this is a shell beside them."))
        hints = (
            ("ip netns list", "the namespaces red, blue, orange, internet"),
            ("ip netns exec red ping -c1 203.0.113.9", "out through the translation"),
            ("nft list ruleset", "the translation"),
            ("exit", "leaves the shell, and all of it is gone"),
        )
        for command, meaning in hints:
            screen.write(f"  {command:<40} {screen.paint('faint', meaning)}")
        screen.write(screen.paint("faint", f"  ({shell}; in Python, `import rawnl` in {python})"))
        screen.write()

    def _headings(self, outcome: Outcome) -> None:
        screen = self.screen
        if outcome.part != self.part:
            self.part, self.section = outcome.part, ""
            rule = screen.sign("rule")
            left, right = rule * 2, rule * (WIDTH - len(outcome.part) - 4)
            screen.write()
            title = screen.paint("strong", outcome.part)
            screen.write(f"{screen.paint('faint', left)} {title} {screen.paint('faint', right)}")
        if outcome.section != self.section:
            self.section = outcome.section
            screen.write()
            screen.write(" " * MARGIN + screen.paint("strong", outcome.section))


class JsonTeller(Teller):
    """Says nothing before the end, and then all of it as one JSON object."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.steps: list[dict[str, Any]] = []

    def opening(self) -> None:
        """Nothing."""

    def step(self, outcome: Outcome) -> None:
        """Keeps the step for the end."""
        self.steps.append(
            {
                "number": outcome.number,
                "part": outcome.part,
                "section": outcome.section,
                "shell": outcome.step.shell,
                "python": outcome.step.python,
                "seconds": round(outcome.seconds, 9),
                "shown": outcome.shown,
                "ok": not outcome.problem,
                "problem": outcome.problem,
            }
        )

    def closing(self, summary: dict[str, Any]) -> None:
        """Everything."""
        self.screen.write(json.dumps({**summary, "steps": self.steps}, indent=2))
