"""The demo: whole, falling short, interrupted, killed, kept; and nothing left behind in any case.

Strategy: it runs as users run it, as a process of its own, and what it leaves is looked for from outside: the network
namespaces of every process that /proc shows, before and after. That its checks are worth something is shown by
holding each of them against a step that was not done.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from shell_commands import WALKTHROUGH
from witness import require

ROOT = Path(__file__).resolve().parent.parent
MIDWAY = "Internet connection config"
SECONDS = 60


def demo(*options: str, env: dict[str, str] | None = None, code: str = "", **more: Any) -> subprocess.Popen[str]:
    """`rawnl demo` as a process; `code` is Python that is run before it, in the same process."""
    program = [sys.executable, "-c", f"{code}\nimport sys\nfrom rawnl.cli.main import main\nsys.exit(main())"]
    return subprocess.Popen(
        [*program, "demo", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"} | (env or {}),
        stdin=more.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def finish(process: subprocess.Popen[str], text: str | None = None) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    try:
        out, err = process.communicate(text, timeout=SECONDS)
    finally:
        process.kill()
    return process.returncode, out, err


def namespaces() -> set[int]:
    """The network namespaces of all processes that can be seen."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(path.stat().st_ino)
        except OSError:
            continue
    return found


def child(process: subprocess.Popen[str]) -> int:
    """The process of the sandbox."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def midway(process: subprocess.Popen[str]) -> tuple[int, int]:
    """Wait until the demo is well under way; the sandbox's process, and its network namespace."""
    assert process.stdout is not None
    for line in process.stdout:
        if MIDWAY in line:
            inside = child(process)
            return inside, os.stat(f"/proc/{inside}/ns/net").st_ino
    raise AssertionError("the demo ended before its middle")


def runs(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be reaped by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(inside: int, inode: int) -> bool:
    """Whether the sandbox's process and its namespace go in time, also on a busy machine."""
    deadline = time.monotonic() + 20
    while runs(inside) or inode in namespaces():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """No named namespace and no mount of ours has come up outside of the sandbox."""
    names = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else None
    mounts = Path("/proc/self/mountinfo").read_text()
    yield
    assert (sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else None) == names
    assert Path("/proc/self/mountinfo").read_text() == mounts


@pytest.fixture(scope="module", params=["", "--user"], ids=["as is", "user namespace"])
def told(request: pytest.FixtureRequest) -> str:
    """What a whole demo says."""
    options: Sequence[str] = [request.param] if request.param else []
    started = time.monotonic()
    status, out, err = finish(demo(*options))
    assert (status, err) == (0, "")
    assert time.monotonic() - started < 30
    return out


class TestWhole:
    def test_says_every_command_of_the_walkthrough_in_order(self, told: str) -> None:
        commands = [line.partition("$ ")[2] for line in told.splitlines() if line.lstrip().startswith("$ ")]
        position = 0
        for wanted in WALKTHROUGH:
            assert wanted in commands
            # The lists of links are asked for more often than in the walkthrough, never at another place.
            if wanted in commands[position:]:
                position = commands.index(wanted, position)

    def test_every_step_is_ticked_and_timed(self, told: str) -> None:
        ticked = [line for line in told.splitlines() if line[8:9] == "✓" and "ms" in line[:8]]
        assert len(ticked) > 80
        assert f"{len(ticked)} steps, all verified, in " in told
        assert "✗" not in told

    def test_shows_what_it_read_back(self, told: str) -> None:
        for wanted in ("veth-red@if", "master cnio0", "peer_ifindex: ", "round trip ", "seen there as 203.0.113.1:"):
            assert wanted in told

    def test_fits_80_columns_and_has_no_colour_in_a_pipe(self, told: str) -> None:
        assert max(map(len, told.splitlines())) <= 80
        assert "\x1b" not in told


def test_json() -> None:
    status, out, err = finish(demo("--json"))
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["ok"] is True
    assert all(step["ok"] and step["seconds"] > 0 for step in told["steps"])
    assert {step["shell"] for step in told["steps"]} >= set(WALKTHROUGH)
    assert len(told["round_trips"]) == 6


@pytest.mark.parametrize(
    ("env", "options", "coloured"),
    [
        ({"TERM": "xterm"}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({}, ["--plain"], False),
        ({"TERM": "dumb"}, [], False),
    ],
)
def test_colour_only_where_it_is_wanted(env: dict[str, str], options: list[str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    cleaned = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-m", "rawnl", "demo", *options],
        cwd=ROOT,
        env=cleaned | {"TERM": "xterm"} | env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        out = b""
        try:
            while part := os.read(ours, 65536):
                out += part
        except OSError:
            pass  # EIO: the other side of the terminal is closed.
        assert process.wait(SECONDS) == 0
    os.close(ours)
    assert (b"\x1b[" in out) is coloured


def test_an_output_without_unicode_gets_ascii() -> None:
    status, out, err = finish(demo(env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}))
    assert (status, err) == (0, "")
    assert out.isascii()
    assert " + host.links.list()" in out


def test_a_reader_who_leaves_is_no_error() -> None:
    with demo() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


class TestFallsShort:
    EVERY_CHECK = """
import sys
from rawnl import sandbox
from rawnl.cli.demo import command, play, story

def inside():
    world, done, credulous = play.World(command.variables(), patience=0), 0, []
    for part in (*story.BUILD, story.CLEAN_UP):
        for section in part.sections:
            for step in section.steps:
                world.patience = 0
                try:
                    step.check(world, None)
                    credulous.append(step.python)
                except Exception:
                    pass
                world.patience = 5
                value, _ = play.execute(step.python, world.names)
                try:
                    step.check(world, value)
                except play.Shortfall as problem:
                    sys.exit(f"{step.python}: {problem}")
                done += 1
    print(done, credulous)
    return 0

sys.exit(sandbox.run(inside))
"""

    def test_no_check_is_content_with_a_step_that_was_not_done(self) -> None:
        result = subprocess.run(
            [sys.executable, "-c", self.EVERY_CHECK], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS
        )
        assert (result.returncode, result.stderr) == (0, "")
        done, _, credulous = result.stdout.strip().partition(" ")
        assert int(done) > 80
        assert credulous == "[]"

    @pytest.mark.parametrize(
        ("fault", "step"),
        [
            ("import rawnl.nft.nat as m; m.Nft.masquerade = lambda *_, **__: None", "host.nft.masquerade("),
            ("import rawnl.verbs.links as m; m.Links.set = lambda *_, **__: None", 'host.links.set("veth-red"'),
            ("import rawnl.verbs.addresses as m; m.Addresses.add = lambda *_, **__: None", "red.addresses.add("),
            ("import rawnl.netns as m; m.NetNS.ping = lambda n, a, **_: m.delete('red')", "red.netns.ping("),
            ("import rawnl.sysctl as m; m.Sysctl.set = lambda *_: 1 / 0", "host.sysctl.set("),
            ("import rawnl.netns as m; m.delete = lambda *_, **__: None", 'rawnl.netns.delete("red")'),
        ],
    )
    def test_exits_with_1_and_names_the_step(self, fault: str, step: str) -> None:
        status, out, err = finish(demo(code=fault))
        assert status == 1
        assert err.count("\n") == 1
        assert "fell short" in err
        assert step in err
        last = [line for line in out.splitlines() if line[8:9] in ("✓", "✗")][-1]
        assert last[8] == "✗"
        assert step in last
        assert "all verified" not in out

    def test_json_tells_it_too(self) -> None:
        status, out, _ = finish(demo("--json", code="import rawnl.sysctl as m; m.Sysctl.set = lambda *_: None"))
        told = json.loads(out)
        assert status == 1
        assert told["ok"] is False
        assert [step["ok"] for step in told["steps"]].index(False) == len(told["steps"]) - 1
        assert "net.ipv4.ip_forward" in told["steps"][-1]["problem"]


@pytest.mark.usefixtures("nothing_left")
class TestInterrupted:
    @pytest.mark.parametrize("options", [[], ["--user"]], ids=["as is", "user namespace"])
    @pytest.mark.parametrize(
        ("number", "status", "word"),
        [
            (signal.SIGINT, 130, "interrupted"),
            (signal.SIGTERM, 143, "terminated"),
            (signal.SIGHUP, 129, "hung up"),
        ],
    )
    def test_by_a_signal_to_its_process(self, options: list[str], number: int, status: int, word: str) -> None:
        process = demo(*options)
        inside, inode = midway(process)
        process.send_signal(number)
        found, _, err = finish(process)
        assert (found, err) == (status, f"rawnl demo: {word}; the sandbox is gone, with all that was in it\n")
        assert gone(inside, inode)

    def test_by_control_c_which_reaches_every_process_of_the_terminal(self) -> None:
        process = demo(start_new_session=True)
        inside, inode = midway(process)
        os.killpg(process.pid, signal.SIGINT)
        status, _, err = finish(process)
        assert (status, err.count("\n")) == (130, 1)
        assert gone(inside, inode)

    @pytest.mark.parametrize("options", [[], ["--user"]], ids=["as is", "user namespace"])
    def test_by_the_death_of_its_parent(self, options: list[str]) -> None:
        with demo(*options) as process:
            inside, inode = midway(process)
            process.kill()
        assert gone(inside, inode)

    def test_by_the_death_of_the_sandbox(self) -> None:
        process = demo()
        inside, inode = midway(process)
        os.kill(inside, signal.SIGKILL)
        assert finish(process)[0] == 137
        assert gone(inside, inode)


@pytest.mark.usefixtures("nothing_left")
class TestKept:
    def test_the_shell_comes_up_beside_the_networks(self) -> None:
        require("ip")
        process = demo("--keep", env={"SHELL": "/bin/sh"}, stdin=subprocess.PIPE)
        status, out, err = finish(process, "echo; ip netns list; ip -n red -br address; exit 3\n")
        assert (status, err) == (0, "")
        _, _, shell = out.partition("this is a shell beside them")
        assert {line.split()[0] for line in shell.splitlines() if "(id: " in line} == {
            "red",
            "blue",
            "orange",
            "internet",
        }
        assert "192.168.100.2/24" in shell

    def test_the_shell_is_told_how_to_look_around(self) -> None:
        status, out, err = finish(demo("--keep", env={"SHELL": "/bin/true"}))
        assert (status, err) == (0, "")
        for hint in ("ip netns list", "exit"):
            assert hint in out

    def test_what_the_shell_leaves_running_is_ended(self) -> None:
        process = demo("--keep", env={"SHELL": "/bin/sh"}, stdin=subprocess.PIPE)
        # The redirection lets the pipes close although the program goes on.
        script = "sleep 1000 >/dev/null 2>&1 & echo left $! in $(stat -Lc %i /proc/self/ns/net)\n"
        status, out, _ = finish(process, script)
        assert status == 0
        left = out.rpartition("left ")[2].split()
        assert gone(int(left[0]), int(left[2]))

    def test_the_shell_ends_with_the_demo(self) -> None:
        with demo("--keep", env={"SHELL": "/bin/cat"}, stdin=subprocess.PIPE) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "import rawnl" in line:
                    break
            inside = child(process)
            inode = os.stat(f"/proc/{inside}/ns/net").st_ino
            deadline = time.monotonic() + 20
            shells: list[str] = []
            while not shells and time.monotonic() < deadline:
                shells = Path(f"/proc/{inside}/task/{inside}/children").read_text().split()
            process.kill()
        assert shells
        assert gone(int(shells[0]), inode)

    def test_a_shell_that_is_not_there(self) -> None:
        status, _, err = finish(demo("--keep", env={"SHELL": "/nowhere/shell"}))
        assert status == 1
        assert err.count("\n") == 1
        assert "/nowhere/shell" in err
