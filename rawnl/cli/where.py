"""What the subcommands that work in a namespace share: `-n NS`, `-4`, `-6`, `--json`, and the connection they lead to.

Strategy: the options may stand before the verb and behind it. Those behind have no default, so that they do not undo
what was said before.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawnl.conn import Connection


def options_of_place(parser: argparse.ArgumentParser, *, behind: bool) -> None:
    """Add the options to a parser; `behind` the verb, or before it."""
    unset = argparse.SUPPRESS
    parser.add_argument(
        "-n", "--netns", metavar="NS", default=unset if behind else None, help="in the namespace of this name"
    )
    for number in (4, 6):
        parser.add_argument(
            f"-{number}",
            dest="family",
            action="store_const",
            const=number,
            default=unset if behind else None,
            help=f"IPv{number} only",
        )
    parser.add_argument("--json", action="store_true", default=unset if behind else False, help="as JSON")


def connection(options: argparse.Namespace) -> Connection:
    """A connection in the namespace that `-n` names, or in the process's own. Raises KernelError."""
    from rawnl.conn import Connection

    return Connection(options.netns)
