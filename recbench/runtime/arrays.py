"""Arrays that nobody else can write to, and their bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def owned(values: Any, dtype: type[Any] | None = None) -> npt.NDArray[Any]:
    """A contiguous, read-only array that shares no memory with a writeable one.

    An array that is all this already is returned as it is.

    Raises:
        ValueError: a value is no whole number of the integer type asked for.
    """
    given = np.asarray(values)
    array = np.asarray(given, dtype=dtype)
    if array.dtype.kind == "i" and array.dtype != given.dtype and not np.array_equal(array, given):
        raise ValueError(f"values from {given.min()} to {given.max()} are no whole numbers of type {array.dtype}")
    if array.flags.writeable or array.base is not None or not array.flags.c_contiguous:
        array = np.array(array, dtype=dtype, order="C")
        array.flags.writeable = False
    return array


def content(array: npt.NDArray[Any] | None) -> bytes:
    """The bytes that tell one content from another, the type included; absence is content too."""
    if array is None:
        return b"absent"
    if array.dtype.kind in "biuf":
        return f"{array.dtype}{array.shape}".encode() + array.tobytes()
    return b"text" + b"".join(
        len(text).to_bytes(4, "little") + text for text in (str(v).encode() for v in array.tolist())
    )
