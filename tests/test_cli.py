"""The command: help, version, wrong usage, errors as one line, and what it costs to import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from witness import require

import rawnl
from rawnl.cli.main import COMMANDS, main, parser

ROOT = Path(__file__).resolve().parent.parent


def command(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m rawnl` with these words; `code` is Python that is run before, in the same process."""
    program = ["-m", "rawnl"]
    if code:
        program = ["-c", f"{code}\nimport sys\nfrom rawnl.cli.main import main\nsys.exit(main())"]
    return subprocess.run(
        [sys.executable, *program, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_command() -> None:
    result = command("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for name, entry in COMMANDS.items():
        assert name in result.stdout
        assert entry.purpose.split()[0] in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_own_help(name: str) -> None:
    result = command(name, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"rawnl {name}" in result.stdout


def test_version() -> None:
    result = command("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("rawnl ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dmeo"], "invalid choice: 'dmeo'"),
        (["--nonsense"], "the following arguments are required: COMMAND"),
        (["demo", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["demo", "red"], "unrecognized arguments: red"),
        (["demo", "--json", "--keep"], "do not go together"),
        (["netns"], "the following arguments are required: VERB"),
        (["netns", "lits"], "invalid choice: 'lits'"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(words: list[str], said: str) -> None:
    result = command(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (
            "rawnl.KernelError.of(1, request='make a sandbox', hint='a hint')",
            1,
            "rawnl: make a sandbox: Operation not permitted (EPERM); a hint\n",
        ),
        ("rawnl.EncodeError('no name')", 1, "rawnl: no name\n"),
        ("OSError(5, 'Input/output error', '/a/file')", 1, "rawnl: [Errno 5] Input/output error: '/a/file'\n"),
        ("KeyboardInterrupt()", 130, "rawnl: interrupted\n"),
    ],
)
def test_errors_are_one_line_without_a_traceback(error: str, status: int, line: str) -> None:
    code = f"import rawnl\ndef fail(options): raise {error}\nimport rawnl.cli.netns as m\nm.run = fail"
    result = command("netns", "list", code=code)
    assert (result.returncode, result.stdout, result.stderr) == (status, "", line)


def test_a_sandbox_that_the_system_refuses_is_one_line() -> None:
    code = "import rawnl.kernel as m\ndef refuse(flags): raise PermissionError(1, 'no')\nm.unshare = refuse"
    result = command("demo", code=code)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("rawnl: make a sandbox: Operation not permitted (EPERM); ")
    assert result.stderr.count("\n") == 1


def test_a_command_is_imported_only_when_it_is_named() -> None:
    script = (
        "import sys, rawnl.cli.main as m\n"
        "m.parser(['netns', 'list'])\n"
        "print(*(name for name in sys.modules if name.startswith('rawnl.')))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = result.stdout.split()
    assert "rawnl.cli.netns" in loaded
    assert not [name for name in loaded if name.startswith(("rawnl.cli.demo", "rawnl.conn", "rawnl.kernel"))]


def test_the_library_does_not_import_the_command() -> None:
    script = "import sys, rawnl\nrawnl.open, rawnl.netns\nprint(*(n for n in sys.modules if n.startswith('rawnl.cli')))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_every_command_of_the_table_can_be_run() -> None:
    for name in COMMANDS:
        assert parser([name]).format_help()


class TestNetns:
    def test_list_as_ip_prints_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        ip = require("ip")
        with rawnl.netns.create("cli-a"), rawnl.netns.create("cli-b") as b, rawnl.open() as host:
            host.links.add("cli-near", rawnl.Veth(peer=rawnl.Link(name="cli-far", netns=b)))
            assert main(["netns", "list"]) == 0
            listed = capsys.readouterr().out
            assert main(["netns", "list", "--json"]) == 0
            as_json = json.loads(capsys.readouterr().out)
            witnessed = subprocess.run([ip, "netns", "list"], capture_output=True, text=True, check=True).stdout
            witnessed_json = subprocess.run([ip, "-j", "netns", "list"], capture_output=True, text=True, check=True)
        assert sorted(listed.split("\n")) == sorted(line.rstrip() for line in witnessed.split("\n"))
        by_name = sorted(json.loads(witnessed_json.stdout), key=lambda entry: str(entry["name"]))
        assert as_json == by_name
        assert {entry["name"]: "id" in entry for entry in as_json} == {"cli-a": False, "cli-b": True}

    def test_list_of_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        before = [entry.name for entry in rawnl.netns.list()]
        assert main(["netns", "list"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == len(before)
