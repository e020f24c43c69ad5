"""Array types, named by what they hold. `IntArray`, `FloatArray` and `BoolArray` are those of the contracts."""

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
RowPointers = Int64Array  # (n_rows + 1,) where each row of a compressed sparse matrix begins: SciPy's `indptr`
