"""The README keeps its word: its commands are there, its ten lines run, and its table is right, line by line.

Strategy: what is tested is cut out of the file itself. The Python of the table is run from the top to the bottom, as
one script, in a namespace that plays the host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shell_commands import ALL

import rawnl

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Which namespace, address or process it is makes no difference to what has to be typed.
SAME = [
    (r"\b(blue|orange)\b", "red"),
    (r"\b\d+\.\d+\.\d+\.\d+\b(?!/)", "ADDRESS"),
    (r"192\.168\.100\.\d/24", "PREFIX"),
    (r"vethc9051bae", "veth-red-br"),
    (r"peer name \S+", "peer name PEER"),
]


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def rows() -> list[tuple[str, str]]:
    """The rows of the table."""
    lines = [line for line in README.splitlines() if line.startswith("| ") and line != "| shell | rawnl |"]
    return [(row[0], row[1]) for row in (re.split(r"(?<!\\)\|", line.strip("| ")) for line in lines)]


def code(cell: str) -> str:
    """The first piece of code in a cell, "" without one."""
    found = re.search(r"`([^`]+)`", cell)
    return found[1].replace("\\|", "|") if found else ""


def normal(command: str) -> str:
    """The command without what varies."""
    for pattern, word in SAME:
        command = re.sub(pattern, word, command)
    return command


@pytest.mark.parametrize("command", dict.fromkeys(ALL))
def test_every_command_has_a_row(command: str) -> None:
    assert normal(command) in [normal(code(shell)) for shell, _ in rows()]


def test_the_two_commands_are_one_line_each() -> None:
    demo, tests = blocks("sh")[:2]
    assert demo.count("\n") == tests.count("\n") == 1
    assert demo.endswith(".venv/bin/rawnl demo\n")
    assert tests.endswith(".venv/bin/pytest\n")


def test_the_ten_lines_run(capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = blocks("python")
    exec(compile(script, "README.md", "exec"), {})
    assert "192.168.100.3: 1 sent, 1 received" in capsys.readouterr().out


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """What the table takes for granted."""
    pod = "cni-5a457186-93e6-ad40-54b3-2310eafdf4f8"
    with rawnl.netns.create() as machine, rawnl.netns.create(pod), machine.entered(), rawnl.open() as host:
        # The table looks up its index.
        host.links.add("veth-red-br", rawnl.Veth(peer=rawnl.Link(name="other")), index=15)
        try:
            yield {name: getattr(rawnl, name) for name in ("Bridge", "Link", "Veth")} | {"rawnl": rawnl, "host": host}
        finally:
            if "red" in [entry.name for entry in rawnl.netns.list()]:
                rawnl.netns.delete("red")


def test_the_table_is_right(names: dict[str, Any]) -> None:
    # Deleting the namespace comes last, whatever its place in the table.
    table = [(shell, code(python)) for shell, python in rows()]
    script = [line for _, line in table if line and "netns.delete" not in line and "COMMAND" not in line]
    last = [line for _, line in table if "netns.delete" in line]
    assert len(script) > 20
    assert len(last) == 1
    for line in script:
        eval(line.replace("2298", str(os.getpid())), names)
        if line == 'rawnl.netns.create("red")':
            names["red"] = rawnl.open("red")
    result = names["red"].netns.run(["true"])
    assert result.returncode == 0
    names["red"].close()
    eval(last[0], names)
    assert "red" not in [entry.name for entry in rawnl.netns.list()]


def test_every_option_and_file_that_is_named_exists() -> None:
    for path in re.findall(r"`(\.ci/\w+|benchmarks/[\w.]+)`", README):
        assert (ROOT / path).exists()
    assert os.access(ROOT / ".ci/run", os.X_OK)
