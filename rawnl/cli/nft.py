"""`rawnl nft`: NAT in one line each, undone by the same line behind `del`; and the ruleset as nft(8) shows it.

Strategy: what can be asked for stands in `nft_statements`; here are the verbs round it. All of it is idempotent: what
is there already is no error, and what is gone already is only told. rawnl keeps to tables of its own; only
`flush --all` touches those of others.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rawnl.cli.nft_statements import STATEMENTS, add_arguments, as_json, as_words, do, undo, version_of
from rawnl.cli.where import connection, options_of_place
from rawnl.nft.header import Family, family_name, family_number
from rawnl.nft.objects import Table
from rawnl.nft.ownership import COMMENT, TABLE

if TYPE_CHECKING:
    from rawnl.nft.reader import Ruleset
    from rawnl.nft.transaction import Transaction

_EXAMPLES = """examples:
  rawnl nft masquerade 192.168.100.0/24           what comes from there leaves with the address of its way out
  rawnl nft masquerade 2001:db8::/64 -o eth0
  rawnl nft del masquerade 192.168.100.0/24       undo it
  rawnl nft forward 8080 192.168.100.2:80         a port of this machine, to one behind it
  rawnl nft balance 443 10.0.0.2 10.0.0.3 --by source
  rawnl nft del forward 8080
  rawnl nft list nat                              what was asked for, in these words
  rawnl nft list                                  the whole ruleset, as `nft list ruleset`
  rawnl nft list own                              the tables that rawnl made
  rawnl nft -n red list table ip nat --json
  rawnl nft flush                                 undo all that rawnl made
  rawnl nft flush --all                           every table, also those of others

Asking twice is no error and makes nothing twice. rawnl keeps to a table of its own.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What follows `rawnl nft`."""
    parser.epilog = _EXAMPLES
    options_of_place(parser, behind=False)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    for name, statement in STATEMENTS.items():
        sub = _verb(verbs, name, statement.purpose)
        add_arguments(sub, name, undo=False)
        sub.add_argument("--comment", metavar="TEXT", help="kept with the rule, and shown by nft")
    undo = _verb(verbs, "del", "undo one of the above, said in the same words or only the first")
    undone = undo.add_subparsers(title="what", metavar="WHAT", dest="what", required=True)
    for name, statement in STATEMENTS.items():
        sub = _verb(undone, name, f"no longer {statement.purpose}")
        add_arguments(sub, name, undo=True)
    listing = _verb(verbs, "list", "the ruleset, or a part of it, as nft prints it")
    listing.add_argument(
        "part",
        nargs="*",
        metavar="PART",
        help="ruleset (when not said), nat, own, tables, or table [FAMILY] NAME",
    )
    flush = _verb(verbs, "flush", "delete rawnl's own tables, with all that is in them")
    flush.add_argument("--all", action="store_true", help="delete every table, also those of others")


def _verb(verbs: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = verbs.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
    )
    options_of_place(sub, behind=True)
    return sub


def run(options: argparse.Namespace) -> int:
    """`rawnl nft VERB`."""
    if options.verb == "list" and options.part == ["nat"]:
        with connection(options) as nl:
            _list_nat(nl.nft.nats(), options)
        return 0
    if options.verb == "list":
        keep = _part(options)
        if keep is None:
            print(
                f"rawnl nft list: {' '.join(options.part)!r} is no ruleset, nat, own, tables, table NAME",
                file=sys.stderr,
            )
            return 2
        with connection(options) as nl:
            _list(narrowed(nl.nft.ruleset(), keep), options)
        return 0
    with connection(options) as nl:
        if options.verb == "flush":
            _flushed(_flush(nl.nft, options), options.json)
        elif options.verb == "del":
            return _undone(undo(nl.nft, options.what, options), options)
        else:
            made = do(nl.nft, options.verb, options)
            if options.json:
                handle = getattr(made, "handle", None)
                print(json.dumps(as_json(made) if handle is None else {"handle": handle}))
    return 0


def _undone(number: int, options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps({"deleted": number}))
    elif not number:
        print(f"rawnl nft del: there is no such {options.what}", file=sys.stderr)
    return 0 if number else 1


# --- listing ---------------------------------------------------------------------------------------------------------


def _part(options: argparse.Namespace) -> Callable[[Any], bool] | None:
    """Which tables are meant, by a test on any of the ruleset's objects; None where the words make no sense."""
    family = _family(options)
    words = options.part or ["ruleset"]
    if words in (["ruleset"], ["tables"]):
        return lambda table: family in (None, table.family)
    if words == ["own"]:
        return lambda table: family in (None, table.family) and _is_own(table)
    if words[0] == "table" and len(words) in (2, 3):
        name = words[-1]
        # As for nft: a table without a family is one of IPv4.
        wanted = family_number(words[1]) if len(words) == 3 else family or Family.IP
        return lambda table: (table.family, table.name) == (wanted, name)
    return None


def _family(options: argparse.Namespace) -> Family | None:
    return {4: Family.IP, 6: Family.IP6}.get(options.family)


def _is_own(table: Table) -> bool:
    return table.name == TABLE and table.comment == COMMENT


def narrowed(ruleset: Ruleset, keep: Callable[[Table], bool]) -> Ruleset:
    """The tables that `keep` lets through, with all that is in them."""
    kept = {(table.family, table.name) for table in ruleset.tables if keep(table)}
    found = copy.copy(ruleset)
    for name, value in vars(ruleset).items():
        if isinstance(value, list):
            setattr(found, name, [item for item in value if _place(item) in kept])
    return found


def _place(item: Any) -> tuple[Any, Any]:
    """The family and name of the table that something is in; elements say it through their set."""
    subject = getattr(item, "set", item)
    return subject.family, subject.name if isinstance(subject, Table) else subject.table


def _list_nat(entries: list[Any], options: argparse.Namespace) -> None:
    chosen = [entry for entry in entries if options.family in (None, version_of(entry))]
    if options.json:
        print(json.dumps([as_json(entry) for entry in chosen]))
    else:
        for entry in chosen:
            print(as_words(entry))


def _list(ruleset: Ruleset, options: argparse.Namespace) -> None:
    wanted = options.part
    if wanted and wanted[0] == "table" and not ruleset.tables:
        raise FileNotFoundError(f"there is no {' '.join(wanted)}")
    if wanted == ["tables"]:
        tables = [{"family": family_name(table.family), "name": table.name} for table in ruleset.tables]
        if options.json:
            print(json.dumps({"nftables": [{"table": table} for table in tables]}))
        else:
            for table in tables:
                print(f"table {table['family']} {table['name']}")
    elif options.json:
        print(ruleset.json())
    elif ruleset.tables:
        print(str(ruleset).rstrip("\n"))


# --- flushing --------------------------------------------------------------------------------------------------------


def _flush(nft: Any, options: argparse.Namespace) -> list[str]:
    """Delete the tables that are meant; returns what they are called."""
    family = _family(options)

    def work(transaction: Transaction) -> list[str]:
        doomed = [table for table in nft.tables() if family in (None, table.family) and (options.all or _is_own(table))]
        for table in doomed:
            transaction.delete(table)
        return [table.title for table in doomed]

    names: list[str] = nft.guarded(work, idempotent=True)
    return names


def _flushed(names: list[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"deleted": names}))
        return
    for name in names:
        print(f"{name} deleted")
