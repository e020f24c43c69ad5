"""A recbench plugin in a package: `pyproject.toml` names its modules, each of which has one hook."""
