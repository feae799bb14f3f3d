"""All works, by name, and the groups in which they can be asked for.

A file's works are made by its function `works()`. To add one, name its module here.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from benchmarks.harness import Work

MODULES = {
    "create": "links_create",
    "delete": "links_delete",
    "pods": "pods",
    "links": "links_dump",
    "routes": "routes",
    "codec": "encode_decode",
    "import": "import_cost",
    "path": "kernel_path",
    "growth": "growth",
    "nft-rules": "nft_rules",
    "nft-elements": "nft_elements",
    "nft-map": "nft_map",
}


def chosen(names: Sequence[str]) -> list[Work]:
    """The works of these names, each that of a module or of a single work. Raises LookupError for a strange one."""
    known = {module: importlib.import_module(f"benchmarks.{file}").works() for module, file in MODULES.items()}
    every = [work for works in known.values() for work in works]
    found: list[Work] = []
    for name in names:
        matching = known.get(name) or [work for work in every if work.name == name]
        if not matching:
            there = ", ".join(dict.fromkeys([*known, *(work.name for work in every)]))
            raise LookupError(f"there is no work {name!r}; there are {there}")
        found += [work for work in matching if work not in found]
    return found if names else every


def steps(works: Sequence[Work], *, quick: bool, rounds: int | None) -> int:
    """How many measurements there will be."""
    total = 0
    for work in works:
        present = sum(1 for contender in work.contenders if not contender.absent)
        total += present * work.turns(quick, rounds) * len(work.quick if quick else work.sizes)
    return total
