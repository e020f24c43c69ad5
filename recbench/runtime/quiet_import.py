"""Imports that hide the lines that a library writes while it starts.

TensorFlow writes some of them from compiled code before any of its settings takes effect, so the process's error
stream is captured during the import, and shown if the import fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from tempfile import TemporaryFile
from types import ModuleType

NOISY = ("tensorflow", "keras")


def import_quietly(name: str) -> ModuleType:
    """Import a module; if it is in `NOISY`, or in such a package, hide what it writes to standard error.

    Raises:
        ImportError: the module can't be imported.
    """
    if name.partition(".")[0] not in NOISY or name in sys.modules:
        return import_module(name)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        return import_module(name)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    sys.stderr.flush()
    saved = os.dup(2)
    with TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(saved, held_back.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
