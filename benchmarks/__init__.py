"""The benchmark suite: `python -m benchmarks --list` says what there is, README.md what came out."""
