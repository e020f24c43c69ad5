"""TensorFlow, without the lines that it writes while it starts: importing this module imports it."""

from __future__ import annotations

from typing import Any

from recbench.runtime.quiet_import import import_quietly

__all__ = ["tf"]

tf: Any = import_quietly("tensorflow")
