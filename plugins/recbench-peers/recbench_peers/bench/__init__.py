"""The benchmark: every model on every data set, one process each, written up as BENCHMARKS.md.

`python -m recbench_peers.bench`, or `make bench`. `plan` says what is run, `launcher` runs a
process and counts its cost, `measuring` keeps the runs, `machine` says where, `report` writes it up.
"""
