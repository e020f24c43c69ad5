"""Array types by element type. The contracts use `IntArray`, `FloatArray` and `BoolArray`, of any width."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer[Any]]
FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
RowPointers = Int64Array  # (n_rows + 1,) start of each row of a compressed sparse matrix: SciPy's `indptr`
