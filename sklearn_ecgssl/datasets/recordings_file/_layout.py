"""The recordings file: reading one into memory with every defect named, writing one whole.

A recordings file is an ``.npz`` archive, without pickles, of these arrays for n recordings:

========== ============= =====================================================================
name       shape         content
========== ============= =====================================================================
ecg        (n_samples,)  all recordings end to end, int16 counts (other number types are read)
start      (n + 1,)      recording i is ``ecg[start[i]:start[i + 1]]``
scale      (n,)          ``ecg * scale + offset`` is the signal, in `unit`
offset     (n,)
fs         (n,)          sampling rate in Hz
subject    (n,)          the person
record     (n,)          optional: the name of the recording
unit       ()            optional, "mV" if absent
meta       ()            optional: a JSON object; its "target_names" name the target 0, 1, ...
any other  (n,)          a field: a label or a fact for each recording, "target" among them
any other  other shapes  left alone
========== ============= =====================================================================
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..._nesting import parse_json
from ...formats._archive import read_archive

REQUIRED = ("ecg", "start", "scale", "offset", "fs", "subject")
RESERVED = (*REQUIRED, "unit", "meta")
#: Numbers, booleans and text.
LABELS = "biufUS"


@dataclass
class RecordingsFile:
    """The checked content of one file; `fields` holds `record` and every field."""

    ecg: np.ndarray
    start: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    fs: np.ndarray
    subject: np.ndarray
    unit: str
    fields: dict[str, np.ndarray]
    meta: dict[str, Any] = field(default_factory=dict)

    def signal(self, i: int) -> np.ndarray:
        """Return recording i in `unit`, float32 of shape (n_times,)."""
        counts = self.ecg[self.start[i] : self.start[i + 1]]
        signal = counts.astype(np.result_type(self.scale.dtype, np.float32))
        signal *= self.scale[i]
        signal += self.offset[i]
        return signal.astype(np.float32, copy=False)


def read_file(path: Path) -> RecordingsFile:
    """Read and check one recordings file. Raises FileNotFoundError or ValueError."""
    arrays = _read_arrays(path)
    missing = [name for name in REQUIRED if name not in arrays]
    if missing:
        raise ValueError(
            f"{path} is not a recordings file: it lacks {', '.join(map(repr, missing))}. "
            f"It needs {', '.join(REQUIRED)}, and has {', '.join(sorted(arrays)) or 'nothing'}."
        )
    ecg, start = arrays["ecg"], arrays["start"]
    _check_ecg(path, ecg, start)
    n = len(start) - 1
    for name in ("subject", "scale", "offset", "fs"):
        _check_per_recording(path, name, arrays[name], n)
    fields = {"record": arrays.get("record", np.arange(n).astype(str))}
    _check_per_recording(path, "record", fields["record"], n)
    fields |= {
        name: array
        for name, array in arrays.items()
        if name not in RESERVED and array.shape == (n,) and array.dtype.kind != "V"
    }
    return RecordingsFile(
        ecg=ecg,
        start=start,
        scale=arrays["scale"],
        offset=arrays["offset"],
        fs=arrays["fs"].astype(np.float64),
        subject=arrays["subject"],
        unit=_text(path, "unit", arrays.get("unit", np.array("mV"))),
        fields=fields,
        meta=_parse_meta(path, arrays.get("meta", np.array("{}"))),
    )


def npz_files(folder: Path) -> list[Path]:
    """Return the visible .npz files of a folder, sorted by name."""
    return sorted(path for path in folder.glob("*.npz") if not path.name.startswith("."))


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}. {_files_around(path)}")
    if not path.is_file():
        raise ValueError(f"{path} is neither a file nor a folder.")
    with open(path, "rb") as stream:
        try:
            return read_archive(stream)
        except ValueError as error:
            raise ValueError(f"{path} cannot be read as a recordings file: {error}.") from error


def _files_around(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    around = [found.name for found in npz_files(path.parent)]
    if not around:
        return f"There is no .npz file in {path.parent.absolute()}."
    shown = ", ".join(around[:10]) + (", ..." if len(around) > 10 else "")
    return f"In {path.parent.absolute()} there are: {shown}."


def _check_ecg(path: Path, ecg: np.ndarray, start: np.ndarray) -> None:
    if ecg.ndim != 1 or ecg.dtype.kind not in "iuf":
        raise ValueError(
            f"{path}: 'ecg' must be a 1-D array of numbers, is {ecg.dtype} of shape {ecg.shape}."
        )
    if start.ndim != 1 or start.dtype.kind not in "iu" or len(start) < 2:
        raise ValueError(
            f"{path}: 'start' must be a 1-D array of n + 1 integers, n at least 1, "
            f"is {start.dtype} of shape {start.shape}."
        )
    # Unsigned starts would wrap around in a difference.
    falls = np.flatnonzero(start[1:] <= start[:-1])
    if len(falls):
        i = int(falls[0])
        raise ValueError(
            f"{path}: 'start' must increase, but recording {i} goes from {start[i]} "
            f"to {start[i + 1]}."
        )
    if start[0] < 0 or start[-1] > len(ecg):
        raise ValueError(
            f"{path}: 'start' goes from {start[0]} to {start[-1]}, outside of 'ecg', "
            f"which has {len(ecg)} samples."
        )


def _check_per_recording(path: Path, name: str, array: np.ndarray, n: int) -> None:
    if array.shape != (n,):
        raise ValueError(
            f"{path}: {name!r} has shape {array.shape}, not ({n},): 'start' says {n} recordings."
        )
    if name in ("subject", "record"):
        if array.dtype.kind not in LABELS:
            raise ValueError(f"{path}: {name!r} must hold numbers or text, is {array.dtype}.")
        return
    if array.dtype.kind not in "iuf" or not np.isfinite(array.astype(np.float64)).all():
        raise ValueError(f"{path}: {name!r} must hold finite numbers.")
    if name == "fs" and (array <= 0).any():
        raise ValueError(f"{path}: 'fs' must hold sampling rates above 0 Hz.")


def _text(path: Path, name: str, array: np.ndarray) -> str:
    if array.shape != () or array.dtype.kind != "U":
        raise ValueError(f"{path}: {name!r} must be one text, is {array.dtype} of {array.shape}.")
    return str(array)


def _parse_meta(path: Path, meta: np.ndarray) -> dict[str, Any]:
    text = _text(path, "meta", meta)
    try:
        parsed = parse_json(text)
    except ValueError as error:
        raise ValueError(f"{path}: 'meta' is not JSON: {error}.") from error
    if not isinstance(parsed, dict):
        raise ValueError(f"{path}: 'meta' must be a JSON object, is {type(parsed).__name__}.")
    return parsed
