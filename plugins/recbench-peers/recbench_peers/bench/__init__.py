"""The benchmark: every model on every dataset, one process each, reported in BENCHMARKS.md.

Run it by `make bench` or `python -m recbench_peers.bench`. `plan` lists the runs, `launcher` runs a process and
measures its cost, `measuring` stores the runs, `machine` describes the machine, and `report` writes the report.
"""
