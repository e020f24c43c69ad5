"""Read-only arrays, and the bytes that identify an array's content."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def owned(values: Any, dtype: type[Any] | None = None) -> npt.NDArray[Any]:
    """Return the values as a contiguous, read-only array that shares no memory with a writeable one.

    An array that meets these conditions is returned itself, not copied.

    Raises:
        ValueError: `dtype` is an integer type that cannot hold a value exactly.
    """
    given = np.asarray(values)
    array = np.asarray(given, dtype=dtype)
    if array.dtype.kind == "i" and array.dtype != given.dtype and not np.array_equal(array, given):
        raise ValueError(
            f"values from {given.min()} to {given.max()} are not all whole numbers that {array.dtype} can hold"
        )
    if array.flags.writeable or array.base is not None or not array.flags.c_contiguous:
        array = np.array(array, dtype=dtype, order="C")
        array.flags.writeable = False
    return array


def content(array: npt.NDArray[Any] | None) -> bytes:
    """Return bytes that differ if type, shape or values differ; None has bytes of its own."""
    if array is None:
        return b"absent"
    if array.dtype.kind in "biuf":
        return f"{array.dtype}{array.shape}".encode() + array.tobytes()
    return b"text" + b"".join(
        len(text).to_bytes(4, "little") + text for text in (str(v).encode() for v in array.tolist())
    )
