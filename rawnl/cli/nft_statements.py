"""What `rawnl nft` can be asked for: each kind of NAT with its words on the command line, both ways.

Strategy: `STATEMENTS` is the one table. A statement has the name of the verb of `conn.nft` that does it, and its words
have the names of that verb's arguments, which are also those of the entries that `conn.nft.nats()` gives back. So the
same few lines make the parser, do what is asked, find what is to be undone, and show what is there, as words that can
be typed again.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from typing import Any, NamedTuple

from rawnl.nft.masquerading import Masqueraded, interface_of
from rawnl.nft.nat_entries import Entry, Forward, network_text, port_text, target_text


class Word(NamedTuple):
    """A positional argument: what stands for it in the help, what it is, and how it is spelled to be compared."""

    metavar: str
    help: str
    spelled: Callable[[Any], Any]
    several: bool = False


class Option(NamedTuple):
    """An option: its letters, and what argparse has to know of it; `tells`: whether entries are told apart by it."""

    letters: tuple[str, ...]
    tells: bool
    settings: dict[str, Any]


class Statement(NamedTuple):
    """A kind of NAT: its purpose, its positional arguments (the first says which one) and the names of its options."""

    purpose: str
    words: dict[str, Word]
    options: tuple[str, ...]


def _targets(values: Any) -> tuple[str, ...]:
    return tuple(target_text(value, "targets") for value in values)


_PORT = Word("PORT", "a port, or a range such as 8000-8010", port_text)
_SOURCE = Word("SOURCE", "a network, IPv4 or IPv6; 0.0.0.0/0 or ::/0 for all", network_text)
_FLAG = {"action": "store_true"}

OPTIONS = {
    "out_interface": Option(("-o", "--out"), True, {"metavar": "IF", "help": "only what leaves by this interface"}),
    "in_interface": Option(("-i", "--in"), True, {"metavar": "IF", "help": "only what comes in by this interface"}),
    "protocol": Option(
        ("-p", "--protocol"), True, {"choices": ("tcp", "udp"), "default": "tcp", "help": "tcp when not said"}
    ),
    "destination": Option(
        ("-d", "--destination"), True, {"metavar": "ADDRESS", "help": "only at this address or network"}
    ),
    "local": Option(("--local",), False, {**_FLAG, "help": "also for what this machine itself sends"}),
    "persistent": Option(("--persistent",), False, {**_FLAG, "help": "the same address for the same client"}),
    "fully_random": Option(("--fully-random",), False, {**_FLAG, "help": "source ports chosen at random"}),
    "by": Option(
        ("--by",),
        False,
        {
            "choices": ("numgen", "random", "source"),
            "default": "numgen",
            "help": "one after the other (numgen, when not said), at random, or the same for the same source",
        },
    ),
}
_INWARD = ("in_interface", "local")
_OF_PORT = ("protocol", "destination", *_INWARD)

STATEMENTS = {
    "masquerade": Statement(
        "give what comes from SOURCE the address of the interface that it leaves by",
        {"source": _SOURCE},
        ("out_interface", "fully_random"),
    ),
    "snat": Statement(
        "give what comes from SOURCE another address, or one of a range",
        {"source": _SOURCE, "to": Word("TO", "an address, a network, or a range FROM-TO", target_text)},
        ("out_interface", "persistent", "fully_random"),
    ),
    "dnat": Statement(
        "send what goes to an address elsewhere, with all its ports",
        {
            "destination": Word("ADDRESS", "an address or network", lambda value: network_text(value, "destination")),
            "to": Word("TO", "where to: an address", target_text),
        },
        _INWARD,
    ),
    "forward": Statement(
        "forward a port of this machine",
        {"port": _PORT, "to": Word("TO", "where to: 10.0.0.2:80, [2001:db8::2]:80, or without a port", target_text)},
        _OF_PORT,
    ),
    "balance": Statement(
        "spread what arrives at a port of this machine over several targets",
        {"port": _PORT, "targets": Word("TO", "where to, several times", _targets, several=True)},
        (*_OF_PORT, "by"),
    ),
    "redirect": Statement(
        "answer here, at TO-PORT, what goes to a port of any address",
        {"port": _PORT, "to_port": Word("TO-PORT", "the port here", port_text)},
        _OF_PORT,
    ),
    "netmap": Statement(
        "translate a prefix to another of the same size, host by host, both ways",
        {
            "prefix": Word("PREFIX", "as others see it", lambda value: network_text(value, "prefix")),
            "to": Word("TO", "as it is", lambda value: network_text(value, "to")),
        },
        (),
    ),
    "hairpin": Statement(
        "let clients in NETWORK reach what is forwarded back into it",
        {"network": Word("NETWORK", "a network", lambda value: network_text(value, "network"))},
        (),
    ),
}


def add_arguments(parser: argparse.ArgumentParser, name: str, *, undo: bool) -> None:
    """The arguments of a statement; to undo it the first word is enough."""
    statement = STATEMENTS[name]
    for number, (argument, word) in enumerate(statement.words.items()):
        count = "*" if undo and word.several else "+" if word.several else "?" if undo and number else None
        parser.add_argument(argument, metavar=word.metavar, help=word.help, nargs=count)
    for option in statement.options:
        letters, tells, settings = OPTIONS[option]
        if tells or not undo:
            parser.add_argument(*letters, dest=option, **settings)


def do(nft: Any, name: str, options: argparse.Namespace) -> Any:
    """Do what is asked for; returns what the verb returned."""
    statement = STATEMENTS[name]
    given = {word: getattr(options, word) for word in statement.options}
    if options.comment is not None:
        given["comment"] = options.comment
    if name == "redirect":
        given["version"] = options.family or 4
    words = [getattr(options, word) for word in statement.words]
    return getattr(nft, name)(*words, **{word: value for word, value in given.items() if value not in (None, False)})


def undo(nft: Any, name: str, options: argparse.Namespace) -> int:
    """Undo all that the words fit; returns how many there were."""
    statement = STATEMENTS[name]
    wanted: dict[str, Any] = {}
    for argument, word in statement.words.items():
        value = getattr(options, argument)
        if value not in (None, []):
            wanted[argument] = word.spelled(value)
    for option in statement.options:
        if OPTIONS[option].tells:
            value = getattr(options, option)
            if option.endswith("interface"):
                value = interface_of(value)
            wanted[option] = network_text(value, option) if option == "destination" and value else value
    entries = [
        entry
        for entry in nft.nats()
        if word_of(entry) == name
        and options.family in (None, version_of(entry))
        and all(_fits(entry, argument, value) for argument, value in wanted.items())
    ]
    return sum(bool(nft.remove(entry)) for entry in entries)


def _fits(entry: Entry | Masqueraded, argument: str, value: Any) -> bool:
    found = value_of(entry, argument)
    if argument == "to" and isinstance(entry, Forward) and found != value:
        # An address alone stands for the same port there.
        return found in (f"{value}:{entry.port}", f"[{value}]:{entry.port}")
    return bool(found == value)


# --- entries as words ------------------------------------------------------------------------------------------------


def word_of(entry: Entry | Masqueraded) -> str:
    """The name of the statement that an entry comes from."""
    return "masquerade" if isinstance(entry, Masqueraded) else entry.word


def version_of(entry: Entry | Masqueraded) -> int:
    """4 or 6."""
    return entry.source.version if isinstance(entry, Masqueraded) else entry.version


def value_of(entry: Entry | Masqueraded, name: str) -> Any:
    """One of its values, as the words spell it."""
    value = getattr(entry, name)
    return network_text(value) if isinstance(entry, Masqueraded) and name == "source" else value


def as_words(entry: Entry | Masqueraded) -> str:
    """An entry as what can be typed behind `rawnl nft` to have it again."""
    name = word_of(entry)
    statement = STATEMENTS.get(name)
    if statement is None:
        # A map of many ports, which no single line makes.
        return f"# {name}, see `rawnl nft list own`"
    words = [name]
    for argument in statement.words:
        shown: Any = value_of(entry, argument)
        words += shown if isinstance(shown, tuple) else [str(shown)]
    for option in statement.options:
        letters, _, settings = OPTIONS[option]
        value = getattr(entry, option, None)
        if value is True:
            words.append(letters[-1])
        elif value not in (None, False, settings.get("default")):
            words += [letters[0], str(value)]
    if name == "redirect" and version_of(entry) == 6:
        words.append("-6")
    if entry.comment:
        words += ["--comment", entry.comment]
    return shlex.join(words)


def as_json(entry: Entry | Masqueraded) -> dict[str, Any]:
    """An entry in plain types."""
    name = word_of(entry)
    statement = STATEMENTS.get(name)
    names = (*statement.words, *statement.options) if statement else ("protocol", "in_interface", "local")
    found: dict[str, Any] = {"nat": name, "family": f"ipv{version_of(entry)}"}
    for argument in (*names, "comment"):
        value = value_of(entry, argument) if hasattr(entry, argument) else None
        if value not in (None, False):
            found[argument] = list(value) if isinstance(value, tuple) else value
    return found
