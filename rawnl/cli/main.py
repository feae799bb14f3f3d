"""The command `rawnl`, also `python -m rawnl`: finds the subcommand, runs it, and turns what goes wrong into one line.

Strategy: `COMMANDS` is the one table of subcommands. A subcommand is a module with two functions, `arguments(parser)`
and `run(options)`, which returns an exit status; it is imported only when its name stands on the command line, so that
adding many does not slow down any.

Exit status: 0 done; 1 it did not work, with one line on stderr; 2 wrong usage; 130 on Ctrl-C, 143 on SIGTERM.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from rawnl.errors import RawnlError

INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141


class Command(NamedTuple):
    """A subcommand: the module that has it, and what it is for in a few words."""

    module: str
    purpose: str


COMMANDS = {
    "demo": Command("rawnl.cli.demo.command", "build three networks of namespaces in a sandbox, step by step"),
    "conntrack": Command("rawnl.cli.conntrack", "list, count and delete the flows that NAT and conntrack track"),
    "nft": Command("rawnl.cli.nft", "NAT in one line, and the nftables ruleset"),
    "netns": Command("rawnl.cli.netns", "list network namespaces"),
}

_USAGE = "rawnl [--version] COMMAND ..."
_EXAMPLES = """examples:
  rawnl demo               everything that rawnl is for, in a second and without root
  rawnl netns list         the named network namespaces

`rawnl COMMAND --help` says more about each.
"""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `rawnl` with these arguments, by default those of the process, and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser(words).parse_args(words)
        run: Callable[[argparse.Namespace], int] = options.run
        status = run(options)
        # Here, so that a reader who has gone away is noticed before the interpreter's own last flush.
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does.
        _silence_stdout()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("rawnl: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (RawnlError, OSError) as error:
        print(f"rawnl: {error}", file=sys.stderr)
        return 1


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; of the subcommands, those whose names are among `words` know their own arguments."""
    top = _Parser(
        prog="rawnl",
        usage=_USAGE,
        description="Raw Linux netlink: network namespaces, links, addresses, routes and NAT.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version)
    commands = top.add_subparsers(prog="rawnl", title="commands", metavar="COMMAND", dest="command", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.purpose,
            description=f"{command.purpose[0].upper()}{command.purpose[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in words:
            module = importlib.import_module(command.module)
            module.arguments(sub)
            sub.set_defaults(run=module.run)
    return top


class _Version(argparse.Action):
    """Prints the version that is installed. Looked up only when asked for, since that takes a while."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib import metadata

        try:
            version = metadata.version("rawnl")
        except metadata.PackageNotFoundError:
            version = "(not installed)"
        print(f"rawnl {version}")
        parser.exit()


def _silence_stdout() -> None:
    # What is still buffered would raise again when the interpreter flushes it at its end.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
