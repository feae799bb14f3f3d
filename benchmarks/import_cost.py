"""What `import rawnl` costs: time and memory over an interpreter that does nothing.

Strategy: many short processes in turns, the time taken from outside, the memory told by the process itself at its end.
The files are in the page cache, and compiled, from the first round on. The interpreters are started so that no .pth
file is read: what an editable installation hooks in there would import half of the standard library beforehand.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from benchmarks.harness import ROOT, Contender, Outcome, Work, process
from benchmarks.rivals import tools

TELL = """
with open('/proc/self/status') as file:
    for line in file:
        if line.startswith('VmRSS'):
            print('{"rss": %d}' % (int(line.split()[1]) * 1024))
"""


def _starting(statement: str, items: int) -> Outcome:
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    start = time.perf_counter()
    outcome = process([sys.executable, "-I", "-S", "-c", f"import site, sys; sys.path += {paths}; {statement}{TELL}"])
    return {**outcome, "seconds": time.perf_counter() - start, "items": 1}


def works() -> list[Work]:
    """The one work of this file."""
    return [
        Work(
            name="import",
            title="Start an interpreter, and import",
            unit="process",
            contenders=[
                Contender("bare interpreter", partial(_starting, "pass")),
                Contender("rawnl", partial(_starting, "import rawnl")),
                Contender("rawnl, open", partial(_starting, "import rawnl; rawnl.open().close()")),
                Contender("pyroute2", partial(_starting, "import pyroute2"), tools.pyroute2_absent()),
            ],
            sizes=(1,),
            quick=(1,),
            reference="bare interpreter",
            shared=True,
            rounds=25,
        )
    ]
