"""The only exit path: an exception becomes one line on standard error and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from recbench.cli import command
from recbench.config.explain import explain
from recbench.registry.registry import installed
from recbench.usage import CheckFailed


def leave(message: str, status: int) -> NoReturn:
    """Print an error in one line and exit; Hydra lets the exit pass, where it would catch an exception."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)


@contextmanager
def exit_on_error(args: Sequence[str] = ()) -> Iterator[None]:
    """Exit if the block raises: 2 for a user's error, 1 for any other, 130 if interrupted.

    `args` are the command line, which explains some of Hydra's errors. An error that is neither the user's nor
    the system's keeps its traceback.
    """
    try:
        yield
    except CheckFailed as failure:
        print(failure)
        sys.exit(1)
    except KeyboardInterrupt:
        leave("interrupted; completed jobs are saved in the run's folder", 130)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader of a pipe has closed it, as `head` does
    except Exception as error:
        mistake = explain(error, installed(), args, command.names())
        if mistake is not None:
            leave(str(mistake), 2)
        if isinstance(error, OSError):
            leave(f"{error}; completed jobs are kept; fix the problem and rerun the same command", 1)
        traceback.print_exc()
        sys.exit(1)
