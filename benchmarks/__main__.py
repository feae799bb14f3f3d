"""`python -m benchmarks [NAME…] [--quick] [--json FILE] [--plot DIR] [--list] [--rounds N]`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import catalogue, figures, report
from benchmarks.harness import LIMIT, SHORT_LIMIT, Failure, Results, measure
from benchmarks.progress import Progress
from benchmarks.rivals import tools


def main() -> int:
    """Measure what is asked for, and print tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="works or groups of works; without any, all of them")
    parser.add_argument("--quick", action="store_true", help="smaller numbers and fewer rounds: about three minutes")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often every contender has its turn")
    parser.add_argument("--json", metavar="FILE", help="write every sample to FILE")
    parser.add_argument("--plot", metavar="DIR", help="draw pictures (PNG and SVG) into DIR; takes matplotlib")
    words = (
        f"how long to wait for a quiet machine at most, before each measurement ({LIMIT:g}; --quick: {SHORT_LIMIT:g})"
    )
    parser.add_argument("--settle", type=float, metavar="SECONDS", help=words)
    parser.add_argument("--list", action="store_true", help="say which works there are")
    options = parser.parse_args()
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds takes a number from 1 on")
    try:
        works = catalogue.chosen(options.names)
    except LookupError as error:
        parser.error(str(error))
    if options.list:
        report.print_list(works, sys.stdout)
        return 0
    if options.plot:
        try:
            from benchmarks import plot
        except ImportError:
            parser.error("--plot takes matplotlib: pip install matplotlib")

    limit = options.settle or (SHORT_LIMIT if options.quick else LIMIT)
    results = Results()
    status = 0
    progress = Progress(catalogue.steps(works, quick=options.quick, rounds=options.rounds))
    try:
        tools.build()
        for work in works:
            measure(work, results, progress, quick=options.quick, rounds=options.rounds, limit=limit)
    except Failure as failure:
        print(f"\nbenchmarks: {failure}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("\nbenchmarks: interrupted; what was measured follows", file=sys.stderr)
        status = 130
    finally:
        progress.close()
    figures.print_figures(results, sys.stdout)
    report.print_tables(works, results, sys.stdout)
    if options.json:
        report.write_json(options.json, results, sys.argv)
    if options.plot:
        plot.draw(works, results, options.plot)
    return status


if __name__ == "__main__":
    sys.exit(main())
