"""Recordings from a file or from a folder of files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ...formats._archive import may_take
from ._layout import RecordingsFile, npz_files, read_file


def load_recordings(
    path: str | os.PathLike[str],
    *,
    target: str | None = "auto",
    where: Mapping[str, Any] | None = None,
    complete_subjects: bool = False,
) -> Bunch:
    """Load recordings from a recordings file, or from all those of a folder.

    A recordings file is an ``.npz`` archive with the arrays ``ecg`` (all recordings end to
    end, int16 counts), ``start`` (n + 1), ``scale``, ``offset``, ``fs``, ``subject`` (n each),
    and optionally ``record``, any further label per recording (n each), ``unit`` and ``meta``
    (JSON); the signal of recording i is ``ecg[start[i]:start[i + 1]] * scale[i] + offset[i]``.
    `save_recordings` writes it. Nothing in it is ever unpickled. Arrays of other lengths, such
    as beat annotations, are left for ``numpy.load``.

    Parameters
    ----------
    path : str or path-like
        A file, or a folder: every ``.npz`` file in it, sorted by name, one after another.
        The same subject in two files is taken for the same person.
    target : str or None, default="auto"
        The field to return as target. "auto" takes "target", else "label", else nothing;
        None takes nothing.
    where : mapping, default=None
        Keeps only recordings whose field has the value, or one of the list of values:
        ``{"ecg_ok": True, "condition": ["rest", "stress"]}``. Besides the fields, "subject"
        and "fs" can be asked for.
    complete_subjects : bool, default=False
        Keep only subjects who have, after `where`, every class of the target, so that a
        comparison between classes is within people.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            In `unit`; lengths may differ.
        target : ndarray of shape (n_recordings,) or None
            Numbers as they are in the file; strings and booleans become indices into
            `target_names`, which is sorted.
        target_names : list of str or None
            Names of the classes, for which `target` is the index, all that there are before
            `where`; None for floats and for integers that are no index.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float or float64 ndarray of shape (n_recordings,)
            In Hz; an array where recordings differ.
        fields : dict of ndarray of shape (n_recordings,)
            "record" and every other label; of a folder those that all files have, and "file",
            the name of the file.
        unit : str
            Of the recordings, as the file has it.
        meta : dict
            What the file says of itself; of a folder, one entry a file.
        DESCR : str
            What was loaded, in words.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`; names the ``.npz`` files that are around.
    ValueError
        If a file is damaged, lacks an array, contradicts itself, unpacks to more than 16 MiB
        and 100 times its size (real recordings to 3 times), or has not the field asked for; if
        files differ in unit; if no recording is left.

    See Also
    --------
    save_recordings : Write such a file.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn_ecgssl.datasets import load_recordings, make_cohort, save_recordings
    >>> cohort = make_cohort(n_subjects=3, duration=(20, 30), random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_recordings(
    ...         os.path.join(folder, "cohort.npz"),
    ...         cohort.recordings,
    ...         cohort.sampling_rate,
    ...         cohort.subject,
    ...         target=cohort.target,
    ...         target_names=cohort.target_names,
    ...         fields={"usable": [True, True, True, False, True, True]},
    ...     )
    ...     data = load_recordings(path, where={"usable": True}, complete_subjects=True)
    >>> data.subject, data.target, data.target_names, data.sampling_rate
    (array([0, 0, 2, 2]), array([0, 1, 0, 1]), ['rest', 'stress'], 256.0)
    """
    path = Path(path)
    if path.is_dir():
        paths = npz_files(path)
        if not paths:
            raise FileNotFoundError(f"There is no .npz file in the folder {path.absolute()}.")
    else:
        paths = [path]
    files = [read_file(found) for found in paths]
    unit = _common_unit(paths, files)
    fields = _common_fields(files)
    if path.is_dir():
        fields["file"] = np.repeat([found.stem for found in paths], [len(f.fs) for f in files])
    subject = _concatenate("subject", [file.subject for file in files])
    fs = np.concatenate([file.fs for file in files])

    target_values, target_names = _find_target(path, target, fields, files)
    keep = _matches(path, {} if where is None else where, {**fields, "subject": subject, "fs": fs})
    if complete_subjects:
        if target_values is None or target_values.dtype.kind == "f":
            raise ValueError(
                "complete_subjects=True needs a target of classes; "
                f"target={target!r} gives none in {path}. Fields: {', '.join(fields)}."
            )
        keep &= _complete(subject, target_values, keep)
    if not keep.any():
        raise ValueError(
            f"No recording of {path} is left of {len(keep)} with where={where!r} "
            f"and complete_subjects={complete_subjects}."
        )

    file_of, row_of = _rows(files)
    rates = fs[keep]
    data = Bunch(
        recordings=[files[f].signal(i) for f, i in zip(file_of[keep], row_of[keep], strict=True)],
        target=None if target_values is None else target_values[keep],
        target_names=target_names,
        subject=subject[keep],
        sampling_rate=float(rates[0]) if (rates == rates[0]).all() else rates,
        fields={name: values[keep] for name, values in fields.items()},
        unit=unit,
        meta={found.stem: file.meta for found, file in zip(paths, files, strict=True)}
        if path.is_dir()
        else files[0].meta,
    )
    data.DESCR = _describe(path, data)
    return data


def _common_unit(paths: list[Path], files: list[RecordingsFile]) -> str:
    for path, file in zip(paths, files, strict=True):
        if file.unit != files[0].unit:
            raise ValueError(
                f"The files of a folder must have one unit, but {paths[0].name} is in "
                f"{files[0].unit} and {path.name} in {file.unit}. Load them one by one."
            )
    return files[0].unit


def _common_fields(files: list[RecordingsFile]) -> dict[str, np.ndarray]:
    return {
        name: _concatenate(name, [file.fields[name] for file in files])
        for name in files[0].fields
        if all(name in file.fields for file in files)
    }


def _concatenate(name: str, arrays: list[np.ndarray]) -> np.ndarray:
    """Join arrays; text and numbers together become text."""
    try:
        if any(array.dtype.kind in "US" for array in arrays):
            arrays = [array.astype(str) for array in arrays]
        # Each entry becomes as wide as the longest text of any file.
        n_bytes = sum(map(len, arrays)) * max(array.itemsize for array in arrays)
        if n_bytes > may_take(sum(array.nbytes for array in arrays)):
            raise ValueError(f"its texts are too long, {n_bytes} bytes in all")
        return np.concatenate(arrays)
    except (TypeError, ValueError) as error:
        kinds = ", ".join(sorted({str(array.dtype) for array in arrays}))
        raise ValueError(f"The files' {name!r} ({kinds}) cannot be joined: {error}.") from error


def _rows(files: list[RecordingsFile]) -> tuple[np.ndarray, np.ndarray]:
    counts = [len(file.fs) for file in files]
    return np.repeat(np.arange(len(files)), counts), np.concatenate([*map(np.arange, counts)])


def _find_target(
    path: Path, target: str | None, fields: dict[str, np.ndarray], files: list[RecordingsFile]
) -> tuple[np.ndarray | None, list[str] | None]:
    if target == "auto":
        target = next((name for name in ("target", "label") if name in fields), None)
    if target is None:
        return None, None
    if target not in fields:
        raise ValueError(f"{path} has no field {target!r}. Fields: {', '.join(fields)}.")
    values = fields[target]
    if values.dtype.kind == "f":
        return values, None
    if values.dtype.kind in "iu":
        return values, _class_names(path, values, target, files)
    classes, codes = np.unique(values, return_inverse=True)
    return codes, [str(value) for value in classes]


def _class_names(
    path: Path, values: np.ndarray, target: str, files: list[RecordingsFile]
) -> list[str] | None:
    """Name the values 0, 1, ... of a target of integers; None if these are not its values."""
    names = files[0].meta.get("target_names") if target == "target" else None
    if names is None:
        classes = np.unique(values)
        is_index = np.array_equal(classes, np.arange(len(classes)))
        return [str(value) for value in classes] if is_index else None
    if any(file.meta.get("target_names") != names for file in files):
        raise ValueError(f"The files of {path} differ in the target_names of their meta.")
    if not isinstance(names, list) or values.min() < 0 or values.max() >= len(names):
        raise ValueError(
            f"{path}: target has values from {values.min()} to {values.max()}, which are no "
            f"index into the target_names {names!r} of its meta."
        )
    return [str(name) for name in names]


def _matches(path: Path, where: Mapping[str, Any], columns: dict[str, np.ndarray]) -> np.ndarray:
    if not isinstance(where, Mapping):
        raise TypeError(f"where must be a mapping of fields to values, got {where!r}.")
    keep = np.ones(len(columns["fs"]), dtype=bool)
    for name, wanted in where.items():
        if name not in columns:
            raise ValueError(
                f"where: {path} has no field {name!r}. Fields: {', '.join(sorted(columns))}."
            )
        wanted = np.ravel(wanted if not isinstance(wanted, set | frozenset) else list(wanted))
        keep &= np.isin(columns[name], wanted)
    return keep


def _complete(subject: np.ndarray, target: np.ndarray, keep: np.ndarray) -> np.ndarray:
    n_classes = len(np.unique(target[keep]))
    complete = [
        person
        for person in np.unique(subject[keep])
        if len(np.unique(target[keep & (subject == person)])) == n_classes
    ]
    return np.isin(subject, complete)


def _describe(path: Path, data: Bunch) -> str:
    minutes = sum(
        len(recording) / rate
        for recording, rate in zip(
            data.recordings,
            np.broadcast_to(data.sampling_rate, len(data.recordings)),
            strict=True,
        )
    )
    lines = [
        f"{len(data.recordings)} recordings of {len(np.unique(data.subject))} subjects, "
        f"{minutes / 60:.1f} min, in {data.unit}, from {path.name}.",
        *(f"{name}: {value}" for name, value in data.meta.items()),
    ]
    return "\n".join(lines) + "\n"
