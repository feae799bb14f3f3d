"""`rawnl netns`: the named network namespaces, as `ip netns` shows them."""

from __future__ import annotations

import argparse
import json

import rawnl


def arguments(parser: argparse.ArgumentParser) -> None:
    """What follows `rawnl netns`."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    listing = verbs.add_parser(
        "list",
        help="the names under /run/netns, with the ids by which this namespace knows them",
        description="The names under /run/netns, with the ids by which this namespace knows them, as `ip netns list`.",
    )
    listing.add_argument("--json", action="store_true", help="in the shape of `ip -j netns list`")


def run(options: argparse.Namespace) -> int:
    """`rawnl netns list`."""
    entries = rawnl.netns.list()
    if options.json:
        print(json.dumps([{"name": e.name} if e.nsid is None else {"name": e.name, "id": e.nsid} for e in entries]))
        return 0
    for entry in entries:
        print(entry)
    return 0
