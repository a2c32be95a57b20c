"""The recordings file, the package's own format.

A recordings file is an ``.npz`` archive, without pickles, of these arrays for n recordings:

========== ============= =====================================================================
name       shape         content
========== ============= =====================================================================
ecg        (n_samples,)  all recordings end to end, integer counts (other numbers are read)
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

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._files import UnreadableFileError, reading, replacing

REQUIRED = ("ecg", "start", "scale", "offset", "fs", "subject")
RESERVED = (*REQUIRED, "unit", "meta")
_LABELS = "biufUS"  # numbers, booleans and text


@dataclass
class RecordingsFile:
    """The content of one file; `fields` holds `record` and every field."""

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


def recordings_files(path: Path) -> list[Path]:
    """Return a file, or the visible files of a folder, sorted by name."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("[!.]*.npz"))
    if not found:
        raise FileNotFoundError(f"There is no .npz file in the folder {path.absolute()}.")
    return found


def read_recordings(path: Path) -> RecordingsFile:
    """Read one recordings file."""
    if not path.exists():
        around = sorted(one.name for one in path.parent.glob("[!.]*.npz"))[:10]
        raise FileNotFoundError(
            f"There is no {path}. In {path.parent.absolute()} there are: "
            f"{', '.join(around) or 'no .npz files'}."
        )
    with reading(path, "a recordings file"):
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: _array(archive, name) for name in archive.files}
        missing = [name for name in REQUIRED if arrays.get(name) is None]
        if missing:
            raise UnreadableFileError(
                f"{path} is not a recordings file: it lacks {', '.join(missing)}. It has "
                f"{', '.join(sorted(arrays)) or 'nothing'}."
            )
        return _checked(arrays)


def _array(archive: Any, name: str) -> np.ndarray | None:
    """Return an array; None for one of objects, which only a pickle could hold."""
    try:
        return np.asarray(archive[name])
    except ValueError:
        return None


def _checked(arrays: Mapping[str, Any]) -> RecordingsFile:
    """Check that arrays belong together."""
    ecg, start = arrays["ecg"], arrays["start"]
    n = len(start) - 1
    if ecg.ndim != 1 or (np.diff(start) <= 0).any() or start[0] < 0 or start[-1] > len(ecg):
        raise ValueError(
            f"'start' goes from {start[0]} to {start[-1]}, and does not increase within the "
            f"samples of 'ecg', of shape {ecg.shape}"
        )
    arrays = {"record": np.arange(n).astype(str), **arrays}
    for name in ("scale", "offset", "fs", "subject", "record"):
        if arrays[name].shape != (n,):
            raise ValueError(f"{name!r} is of shape {arrays[name].shape}, not ({n},)")
    fields = {
        name: array
        for name, array in arrays.items()
        if name not in RESERVED
        and array is not None
        and array.shape == (n,)
        and array.dtype.kind in _LABELS
    }
    return RecordingsFile(
        ecg=ecg,
        start=start,
        scale=arrays["scale"],
        offset=arrays["offset"],
        fs=arrays["fs"].astype(np.float64),
        subject=arrays["subject"],
        unit=str(arrays.get("unit", "mV")),
        fields=fields,
        meta=dict(json.loads(str(arrays.get("meta", "{}")))),
    )


def write_recordings(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file atomically; the same arrays give the same bytes."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            # A time of its own would make other bytes of the same arrays.
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
