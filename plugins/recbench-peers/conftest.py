"""Bridges import their library at the top: if it is missing, pytest must not collect them."""

from importlib.util import find_spec

LIBRARIES = ("surprise", "cornac", "lenskit", "myfm")
collect_ignore = [f"recbench_peers/{name}_bridge.py" for name in LIBRARIES if not find_spec(name)]
