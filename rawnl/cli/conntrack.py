"""`rawnl conntrack`: the flows that the kernel tracks, and what NAT made of them, as conntrack(8) shows them.

Strategy: filters are the same for every verb, and become those of `conn.conntrack.list`. People read a table, programs
`--json` or, with `--lines`, the very lines of `conntrack -L -o extended`.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, TypeAlias

from rawnl.cli.screen import Screen, columns
from rawnl.cli.where import connection, options_of_place
from rawnl.conntrack.flow import Flow
from rawnl.conntrack.header import Protocol, protocol_name
from rawnl.conntrack.parts import FlowTuple
from rawnl.conntrack.status import Status
from rawnl.conntrack.text import flow_text
from rawnl.enumeration import enum_value

_EXAMPLES = """examples:
  rawnl conntrack list                            every flow, with what NAT made of it
  rawnl conntrack list -p tcp --dport 443 --json
  rawnl conntrack -n red list --translated        only what NAT changed, in namespace red
  rawnl conntrack count -6
  rawnl conntrack delete -s 192.168.100.2         forget what comes from there
  rawnl conntrack flush                           forget all flows

A namespace tracks flows only once a rule asks for that: NAT, or `ct state`. Packets and bytes are counted while
net.netfilter.nf_conntrack_acct is on.
"""

Row: TypeAlias = "tuple[str, ...]"

_FILTERS = (
    *("protocol", "source", "destination", "sport", "dport", "reply_source", "reply_destination"),
    *("mark", "zone", "status", "without", "state", "translated"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What follows `rawnl conntrack`."""
    parser.epilog = _EXAMPLES
    options_of_place(parser, behind=False)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    listing = _verb(verbs, "list", "the flows, each with its translation, state and seconds left")
    listing.add_argument("--lines", action="store_true", help="as `conntrack -L -o extended` prints them")
    _verb(verbs, "count", "how many flows there are")
    _verb(verbs, "delete", "forget the flows that the filters let through; at least one filter")
    _verb(verbs, "flush", "forget all flows, or those that the filters let through")
    _verb(verbs, "stats", "what each processor counted", filters=False)


def _verb(verbs: Any, name: str, purpose: str, *, filters: bool = True) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = verbs.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
    )
    options_of_place(sub, behind=True)
    if filters:
        _filters(sub.add_argument_group("filters"))
    return sub


def _filters(group: Any) -> None:
    group.add_argument("-p", "--protocol", metavar="PROTO", help="tcp, udp, icmp, icmpv6 …, or a number")
    group.add_argument("-s", "--source", metavar="ADDRESS", help="where the first packet came from, or a prefix")
    group.add_argument("-d", "--destination", metavar="ADDRESS", help="where it went, or a prefix")
    group.add_argument("--sport", type=int, metavar="PORT", help="its source port")
    group.add_argument("--dport", type=int, metavar="PORT", help="its destination port")
    group.add_argument("--reply-source", metavar="ADDRESS", help="where answers come from (after DNAT the real server)")
    group.add_argument("--reply-destination", metavar="ADDRESS", help="where they go (after SNAT the address outside)")
    group.add_argument("-m", "--mark", type=_mark, metavar="MARK[/MASK]", help="the mark, decimal or 0x…")
    group.add_argument("-z", "--zone", type=int, metavar="ZONE", help="the conntrack zone")
    group.add_argument("--status", metavar="BITS", help="what must be on: assured, seen_reply, src_nat, dst_nat …")
    group.add_argument("--without", metavar="BITS", help="what must be off, such as seen_reply")
    group.add_argument("--state", metavar="STATE", help="of TCP or SCTP: established, syn_sent, time_wait …")
    group.add_argument(
        "--translated", action=argparse.BooleanOptionalAction, default=None, help="whether NAT changed the flow"
    )


def _mark(text: str) -> int | tuple[int, int]:
    mark, slash, mask = text.partition("/")
    try:
        return (int(mark, 0), int(mask, 0)) if slash else int(mark, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, nor two with a slash between") from None


def run(options: argparse.Namespace) -> int:
    """`rawnl conntrack VERB`."""
    filters = _chosen(options)
    if options.verb == "delete" and not filters:
        print("rawnl conntrack delete: which flows? Give a filter; `rawnl conntrack flush` takes all", file=sys.stderr)
        return 2
    with connection(options) as nl:
        if options.verb == "list":
            _show(nl.conntrack.list(**filters), options)
        elif options.verb == "count":
            _number("flows", nl.conntrack.count(**filters), options.json, "{}")
        elif options.verb == "stats":
            _statistics(nl, options)
        else:
            number = nl.conntrack.flush(**filters)
            _number("deleted", number, options.json, f"{{}} {'flow' if number == 1 else 'flows'} deleted")
            return 1 if options.verb == "delete" and not number else 0
    return 0


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    """The filters that were given, as the verbs take them."""
    if options.verb == "stats":
        return {}
    found = {name: value for name in _FILTERS if (value := getattr(options, name)) is not None}
    if "protocol" in found and found["protocol"].isdecimal():
        found["protocol"] = int(found["protocol"])
    if options.family is not None:
        found["family"] = f"ipv{options.family}"
    return found


def _number(name: str, number: int, as_json: bool, sentence: str) -> None:
    print(json.dumps({name: number}) if as_json else sentence.format(number))


def _statistics(nl: Any, options: argparse.Namespace) -> None:
    rows = []
    for processor in nl.conntrack.stats():
        counts = {name: value for name, value in processor.as_dict().items() if name != "res_id"}
        rows.append({"cpu": processor.cpu, **counts})
    if options.json:
        print(json.dumps(rows))
        return
    screen = Screen(sys.stdout)
    # What never happened anywhere would only fill the line.
    names = [name for name in rows[0] if name == "cpu" or any(row.get(name) for row in rows)] if rows else []
    table = columns([names, *([row.get(name, 0) for name in names] for row in rows)], right=range(len(names)))
    for number, line in enumerate(table):
        screen.write(line if number else screen.paint("faint", line))


# --- the table -------------------------------------------------------------------------------------------------------


def _show(flows: list[Flow], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps([flow.as_json() for flow in flows]))
    elif options.lines:
        for flow in flows:
            print(flow_text(flow, extended=True))
    elif flows:
        screen = Screen(sys.stdout)
        arrow = screen.sign("arrow")
        flows.sort(key=_order)
        rows: list[Row] = [
            ("proto", "source", "", "destination", "seen as", "state", "left", "packets", "mark", "zone")
        ]
        rows += [_row(flow, arrow) for flow in flows]
        head, *lines = columns(_without_empty(rows), right=[6, 7])
        screen.write(screen.paint("faint", head))
        for line in lines:
            screen.write(line)


def _without_empty(rows: list[Row]) -> list[Row]:
    """The rows, with an empty heading over the columns in which nothing stands, so that they are left out."""
    head, *others = rows
    used = [any(row[number] for row in others) for number in range(len(head))]
    return [tuple(word if use else "" for word, use in zip(head, used, strict=True)), *others]


def _order(flow: Flow) -> tuple[str, ...]:
    """By protocol, then by who began."""
    original = flow.original
    if original is None:
        return ("",)
    return protocol_name(flow.protocol), str(original.source), str(original.destination), f"{original.sport or 0:5}"


def _row(flow: Flow, arrow: str) -> Row:
    original, reply = flow.original or FlowTuple(), flow.reply or FlowTuple()
    packets = [counters.packets or 0 for counters in (flow.counters_orig, flow.counters_reply) if counters is not None]
    name = protocol_name(flow.protocol)
    return (
        name if isinstance(flow.protocol, Protocol) else str(flow.protocol),
        _end(original.source, original.sport, original.icmp_id),
        arrow,
        _end(original.destination, original.dport, None),
        _seen_as(flow, reply),
        _state(flow),
        f"{flow.timeout}s" if flow.timeout is not None else "",
        "+".join(map(str, packets)),
        str(flow.mark or ""),
        "" if flow.zone is None else str(flow.zone),
    )


def _seen_as(flow: Flow, reply: FlowTuple) -> str:
    """What NAT shows to the far end, or where it leads."""
    words = []
    if flow.source_translated:
        words.append(f"from {_end(reply.destination, reply.dport, reply.icmp_id)}")
    if flow.destination_translated:
        words.append(f"to {_end(reply.source, reply.sport, None)}")
    return " ".join(words)


def _state(flow: Flow) -> str:
    words = [] if flow.state is None else [str(getattr(flow.state, "name", flow.state)).lower()]
    status = enum_value(Status, flow.status or 0)
    if not status & Status.SEEN_REPLY:
        words.append("unreplied")
    elif status & Status.ASSURED:
        words.append("assured")
    return " ".join(words)


def _end(address: str | None, port: int | None, icmp_id: int | None) -> str:
    if port is not None:
        return f"[{address}]:{port}" if address and ":" in address else f"{address}:{port}"
    return f"{address} id {icmp_id}" if icmp_id is not None else str(address)
