"""Recordings from a file, or from a folder of files."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from .._checks import check_choice
from .._files import UnreadableFileError
from ._attribute import AnyLabel, Attribute
from ._data_set import DataSet, LeftOut, Trial
from ._load import one_rate
from ._recordings_file import RecordingsFile, read_recordings, recordings_files


def load_recordings(
    path: str | os.PathLike[str],
    *,
    target: str | None = "auto",
    where: Mapping[str, Any] | None = None,
    complete_subjects: bool = False,
) -> Bunch:
    """Load recordings from a recordings file, or from all those of a folder.

    A recordings file is an ``.npz`` archive with the arrays ``ecg`` (all recordings end to
    end, integer counts), ``start`` (n + 1), ``scale``, ``offset``, ``fs``, ``subject`` (n each),
    and optionally ``record``, any further label per recording (n each), ``unit`` and ``meta``
    (JSON); the signal of recording i is ``ecg[start[i]:start[i + 1]] * scale[i] + offset[i]``.
    `save_recordings` writes it. Nothing in it is ever unpickled. Arrays of other lengths, such
    as beat annotations, are left for ``numpy.load``.

    Parameters
    ----------
    path : path-like
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
    UnreadableFileError
        If a file is damaged, lacks an array or contradicts itself.
    ValueError
        If the file has not the field asked for, files differ in unit, or no recording is left.

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
    path = Path(path).expanduser()
    paths = recordings_files(path)
    files = [read_recordings(found) for found in paths]
    _check_alike(paths, files, target)
    counts = [len(file.fs) for file in files]
    fields = {
        name: _joined([file.fields[name] for file in files])
        for name in files[0].fields
        if all(name in file.fields for file in files)
    }
    if path.is_dir():
        fields["file"] = np.repeat([found.stem for found in paths], counts)
    subject = _joined([file.subject for file in files])
    fs = np.concatenate([file.fs for file in files])
    values, names = _find_target(path, _target_field(target, fields, path), fields, files[0])
    keep = _matches(path, where, {**fields, "subject": subject, "fs": fs})
    if complete_subjects:
        if values is None or values.dtype.kind == "f":
            raise ValueError(
                "complete_subjects=True needs a target of classes; "
                f"target={target!r} gives none in {path}. Fields: {', '.join(fields)}."
            )
        keep &= _complete(subject, values, keep)
    if not keep.any():
        raise ValueError(
            f"No recording of {path} is left of {len(keep)} with where={where!r} "
            f"and complete_subjects={complete_subjects}."
        )
    places = [(file, i) for file in files for i in range(len(file.fs))]
    data = Bunch(
        recordings=[file.signal(i) for (file, i), kept in zip(places, keep, strict=True) if kept],
        target=None if values is None else values[keep],
        target_names=names,
        subject=subject[keep],
        sampling_rate=one_rate(fs[keep]),
        fields={name: column[keep] for name, column in fields.items()},
        unit=files[0].unit,
        meta=files[0].meta,
    )
    if path.is_dir():
        data.meta = {found.stem: file.meta for found, file in zip(paths, files, strict=True)}
    lengths = np.array([len(recording) for recording in data.recordings])
    minutes = (lengths / data.sampling_rate).sum() / 60
    data.DESCR = (
        f"{len(lengths)} recordings of {len(np.unique(data.subject))} subjects, {minutes:.1f} min, "
        f"in {data.unit}, from {path.name}.\n"
    )
    data.DESCR += "".join(f"{name}: {value}\n" for name, value in data.meta.items())
    return data


@dataclass
class RecordingsFiles(DataSet):
    """Recordings files, read person by person like any other data set, for `prepare`.

    Parameters
    ----------
    path : path-like
        A file, or a folder of such files.
    target : str or None, default="auto"
        Field that is the target unless another is asked for: "auto" takes "target", else "label",
        else none.
    where : mapping, default=None
        Keeps only recordings whose field has the value, or one of the list of values.
    """

    target: str | None = field(default="auto", repr=False)
    where: Mapping[str, Any] | None = None

    name = "recordings"
    DESCR = "Recordings files."

    def __post_init__(self) -> None:
        self.name = Path(os.path.abspath(self.folder)).stem  # type: ignore[misc]
        self._paths = recordings_files(self.folder)
        self.one_file = len(self._paths) == 1  # type: ignore[misc]
        self._last: tuple[Any, RecordingsFile] | None = None
        first = self._read(self._paths[0])
        self.unit = first.unit  # type: ignore[misc]
        default = _target_field(self.target, first.fields, self.folder)
        names = first.meta.get("target_names") if default == "target" else None
        self.default_attribute = default  # type: ignore[misc]
        self.attributes: dict[str, Attribute] = {  # type: ignore[misc]
            name: AnyLabel(name, names if name == default else None) for name in first.fields
        }

    @cached_property
    def _people(self) -> dict[str, list[Path]]:
        """The files in which each person stands; one that cannot be read is its own person's."""
        people: dict[str, list[Path]] = {}
        first = self._read(self._paths[0])
        for path in self._paths:
            try:
                file = self._read(path)
            except UnreadableFileError:
                people[path.stem] = [path]
                continue
            _check_alike([self._paths[0], path], [first, file], self.default_attribute)
            for subject in dict.fromkeys(file.subject.astype(str)[self._wanted(file)].tolist()):
                people.setdefault(subject, []).append(path)
        if not people:
            raise ValueError(f"No recording of {self.folder} is left with where={self.where!r}.")
        return people

    def subjects(self) -> list[str]:
        """Name the people."""
        return list(self._people)

    def sources(self, subject: str) -> list[Path]:
        """List the files in which a person stands."""
        return self._people[subject]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person."""
        for path in self._people[subject]:
            file = self._read(path)
            for i in np.flatnonzero((file.subject.astype(str) == subject) & self._wanted(file)):
                labels = {name: values[i].item() for name, values in file.fields.items()}
                record, lead = labels.pop("record"), labels.pop("lead", "ECG")
                yield Trial(str(record), {str(lead): file.signal(int(i))}, file.fs[i], labels)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_last": None}

    def _read(self, path: Path) -> RecordingsFile:
        """Read a file, or give the last one again: the next person is often in it, too."""
        stat = path.stat() if path.exists() else None
        key = path, stat and stat.st_size, stat and stat.st_mtime_ns
        if self._last is None or self._last[0] != key:
            self._last = None  # before another is read: they are large
            self._last = key, read_recordings(path)
        return self._last[1]

    def _wanted(self, file: RecordingsFile) -> np.ndarray:
        columns = {**file.fields, "subject": file.subject, "fs": file.fs}
        return _matches(self.folder, self.where, columns)


def _check_alike(paths: list[Path], files: list[RecordingsFile], target: str | None) -> None:
    is_named = target in ("auto", "target")
    first, *others = [
        {"unit": file.unit, "target_names": file.meta.get("target_names") if is_named else None}
        for file in files
    ]
    for path, other in zip(paths[1:], others, strict=True):
        if other != first:
            raise UnreadableFileError(
                f"The files of a folder must have one unit, and one list of target_names, but "
                f"{paths[0].name} has {first} and {path.name} {other}. Load them one by one."
            )


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Join arrays; text and numbers together become text."""
    if any(array.dtype.kind in "US" for array in arrays):
        arrays = [array.astype(str) for array in arrays]
    return np.concatenate(arrays)


def _target_field(target: str | None, fields: Mapping[str, Any], path: Path) -> str | None:
    if target == "auto":
        return next((name for name in ("target", "label") if name in fields), None)
    if target is not None:
        check_choice(f"target (a field of {path})", target, fields)
    return target


def _find_target(
    path: Path, name: str | None, fields: Mapping[str, np.ndarray], first: RecordingsFile
) -> tuple[np.ndarray | None, list[str] | None]:
    if name is None:
        return None, None
    values = fields[name]
    if values.dtype.kind == "f":
        return values, None
    if values.dtype.kind not in "iu":
        classes, codes = np.unique(values, return_inverse=True)
        return codes, [str(value) for value in classes]
    names = first.meta.get("target_names") if name == "target" else None
    if names is None:
        classes = np.unique(values)
        is_index = np.array_equal(classes, np.arange(len(classes)))
        return values, [str(value) for value in classes] if is_index else None
    if values.min() < 0 or values.max() >= len(names):
        raise UnreadableFileError(
            f"{path}: target has values from {values.min()} to {values.max()}, which are no "
            f"index into the target_names {names!r} of its meta."
        )
    return values, [str(one) for one in names]


def _matches(
    path: Path, where: Mapping[str, Any] | None, columns: Mapping[str, np.ndarray]
) -> np.ndarray:
    keep = np.ones(len(columns["fs"]), dtype=bool)
    for name, wanted in (where or {}).items():
        check_choice(f"where: a field of {path}", name, columns)
        wanted = np.ravel(list(wanted) if isinstance(wanted, set | frozenset) else wanted)
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
