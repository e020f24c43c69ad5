"""A plugin that is a package: `pyproject.toml` names its modules, each of which has a hook."""
