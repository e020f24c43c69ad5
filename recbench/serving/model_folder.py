"""Save a fitted model to a folder of safe files and load it: arrays in npz, everything else in JSON.

Loading runs no code from the folder: the model's class is looked up in the registry by its name, and arrays are
read with pickle disabled.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.contracts import RatingModel
from recbench.registry.options import convert, options_of, plain

ABOUT, ARRAYS, BESIDE = "model.json", "arrays.npz", "beside.npz"
DAMAGE = (
    *(LookupError, ValueError, TypeError, AttributeError, OSError, EOFError, MemoryError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)


def save(
    model: RatingModel,
    kind: str,
    folder: Path,
    about: Mapping[str, Any] | None = None,
    beside: Mapping[str, npt.NDArray[Any]] | None = None,
) -> None:
    """Write the fitted model to a new folder, completely or not at all.

    `kind` is its registered name; `about` (data digest, versions) and the arrays `beside` (ids) are saved with it.

    Raises:
        FileExistsError: `folder` exists and is not empty.
        TypeError: the model's state or `beside` contains more than arrays, scalars and tuples of arrays.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} exists and is not empty; choose another folder or remove it")
    arrays, scalars, lengths = _split_state(model.state())
    more = None if beside is None else _split_state(beside)[0]
    text: dict[str, Any] = {
        "schema": 1,
        "kind": kind,
        "options": plain(model),
        "scalars": scalars,
        "tuples": lengths,
        "about": dict(about or {}),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        np.savez_compressed(temporary / ARRAYS, **arrays)
        text["arrays"] = _digest((temporary / ARRAYS).read_bytes())
        if more is not None:
            np.savez_compressed(temporary / BESIDE, **more)
            text["beside"] = _digest((temporary / BESIDE).read_bytes())
        text["checksum"] = _checksum(text)
        (temporary / ABOUT).write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.chmod(0o755)
        temporary.replace(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def load(folder: Path, find: Callable[[str], Callable[..., RatingModel]]) -> RatingModel:
    """Load the model that `save` wrote; `find` returns the factory that is registered under a name.

    Raises:
        FileNotFoundError: `folder` has no model.
        ValueError: a file is damaged, or of a schema that this version does not read.
        LookupError: no plugin registers the model's name.
    """
    text = read_about(folder)
    factory = find(text["kind"])
    kinds = options_of(factory)
    try:
        options = {name: convert(kinds[name].annotation, value, name) for name, value in text["options"].items()}
        arrays = _unpacked(folder / ARRAYS, text["arrays"])
        state = {name: array for name, array in arrays.items() if "." not in name} | text["scalars"]
        for name, length in text["tuples"].items():
            state[name] = tuple(arrays[f"{name}.{number}"] for number in range(length))
        if _checksum(text) != text["checksum"]:
            raise ValueError(f"{ABOUT}: checksum mismatch")
    except DAMAGE as error:
        raise ValueError(f"the model in {folder} is damaged ({error}); fit and save it again") from error
    made: Any = factory if inspect.isclass(factory) else type(factory(**options))
    model: RatingModel = made.from_state(options, state)
    return model


def load_beside(folder: Path) -> dict[str, npt.NDArray[Any]]:
    """Load the arrays that `save` wrote beside the model, by name; empty if there are none.

    Raises:
        FileNotFoundError, ValueError: as for `load`.
    """
    text = read_about(folder)
    try:
        if _checksum(text) != text["checksum"]:
            raise ValueError(f"{ABOUT}: checksum mismatch")
        return _unpacked(folder / BESIDE, text["beside"]) if "beside" in text else {}
    except DAMAGE as error:
        raise ValueError(f"the model in {folder} is damaged ({error}); fit and save it again") from error


def read_about(folder: Path) -> dict[str, Any]:
    """Read `model.json`: the model's registered name, its options and what was saved with them.

    Raises:
        FileNotFoundError, ValueError: as for `load`.
    """
    if not (folder / ABOUT).is_file():
        raise FileNotFoundError(f"no model at {folder}: no file {ABOUT}; give the folder that a model was saved to")
    try:
        text = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{folder / ABOUT} is not valid JSON ({error}); fit and save the model again") from error
    parts = {"kind": str, "options": dict, "scalars": dict, "tuples": dict, "arrays": str, "checksum": str}
    if not isinstance(text, dict) or text.get("schema") != 1:
        raise ValueError(f"{folder / ABOUT} has a schema that this version does not read; fit and save the model again")
    if wrong := [name for name, kind in parts.items() if not isinstance(text.get(name), kind)]:
        raise ValueError(f"{folder / ABOUT} lacks {wrong}; fit and save the model again")
    return text


def _unpacked(path: Path, digest: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays in a file.

    Raises:
        ValueError: the file does not have this digest.
    """
    packed = path.read_bytes()
    if _digest(packed) != digest:
        raise ValueError(f"{path.name}: checksum mismatch")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum(text: Mapping[str, Any]) -> str:
    """Return the SHA-256 of `model.json` without its checksum, whatever the order of its fields."""
    content = json.dumps({name: value for name, value in text.items() if name != "checksum"}, sort_keys=True)
    return _digest(content.encode())


def _split_state(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
    """Split the state into named arrays, named scalars, and the lengths of its tuples."""
    arrays: dict[str, Any] = {}
    scalars: dict[str, Any] = {}
    lengths: dict[str, int] = {}
    for name, value in state.items():
        if isinstance(value, tuple):
            lengths[name] = len(value)
            arrays |= {f"{name}.{number}": np.asarray(part) for number, part in enumerate(value)}
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, (bool, int, float, str, np.generic)) or value is None:
            scalars[name] = value.item() if isinstance(value, np.generic) else value
        else:
            raise TypeError(f"state {name!r} is {type(value).__name__}; keep arrays, scalars and tuples of arrays")
    if objects := [name for name, array in arrays.items() if array.dtype.kind not in "biufU"]:
        raise TypeError(f"state {objects} holds Python objects; keep numbers or fixed-width text in arrays")
    return arrays, scalars, lengths
