"""Recordings files, read person by person like any other data set."""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...formats import UnreadableFileError
from ..reading import DataSet, LeftOut, Trial
from ..reading._attribute import AsItIs, Attribute
from ._layout import RecordingsFile, npz_files, read_file


class RecordingsFiles(DataSet):
    """A recordings file, or all those of a folder.

    Parameters
    ----------
    path : path-like
        The file or folder.
    target : str or None, default="auto"
        Field that is the target: "auto" takes "target", else "label", else none.
    where : mapping, default=None
        Keeps only recordings whose field has the value, or one of the list of values.
    complete_subjects : False
        Choosing people by all of their recordings needs all of them: choose afterwards.
    """

    description = "Recordings files."
    indifferent = ("target",)

    def __init__(
        self,
        path: str | os.PathLike[str],
        target: str | None = "auto",
        where: Mapping[str, Any] | None = None,
        complete_subjects: bool = False,
    ) -> None:
        super().__init__(Path(path))
        if complete_subjects:
            raise TypeError(
                "complete_subjects needs the recordings of all people at once: prepare all of "
                "them, and choose afterwards."
            )
        self.name = Path(os.path.abspath(path)).stem  # type: ignore[misc]
        self.where = dict(where or {})
        self.paths = npz_files(self.folder) if self.folder.is_dir() else [self.folder]
        if not self.paths:
            raise FileNotFoundError(f"There is no .npz file in {self.folder.absolute()}.")
        self.one_file = len(self.paths) == 1  # type: ignore[misc]
        self._last: tuple[list[Any], RecordingsFile] | None = None
        first = self._read(self.paths[0])
        self.unit = first.unit  # type: ignore[misc]
        self.target = _target_field(target, first.fields, self.folder)
        self.class_names = self._names(first)
        self.attributes: dict[str, Attribute] = {  # type: ignore[misc]
            name: AsItIs(name, self.class_names if name == self.target else None)
            for name in first.fields
        }

    @cached_property
    def _people(self) -> dict[str, list[Path]]:
        """Where the recordings of each person are."""
        people: dict[str, list[Path]] = {}
        for path in self.paths:
            file = self._read(path)
            self._check_like_first(path, file)
            wanted = file.subject.astype(str)[self._wanted(file)]
            for subject in dict.fromkeys(wanted.tolist()):
                people.setdefault(subject, []).append(path)
        if not people:
            raise ValueError(f"No recording of {self.folder} is left with where={self.where!r}.")
        return people

    @property
    def subjects(self) -> list[str]:
        """Names of the people."""
        return list(self._people)

    def sources(self, subject: str) -> list[Path]:
        """Files in which a person stands."""
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
        """Read a file; the last one is kept, for the next person is often in it, too."""
        # Its size and time, too: one that has changed since must not pass for what is there now.
        stat = path.stat() if path.exists() else None
        key = [path, stat and stat.st_size, stat and stat.st_mtime_ns]
        if self._last is None or self._last[0] != key:
            self._last = None  # before another is read: they are large
            self._last = key, _read(path)
        return self._last[1]

    def _check_like_first(self, path: Path, file: RecordingsFile) -> None:
        # Of all files, also of those that were prepared before the first of now was there.
        if file.unit != self.unit:
            raise UnreadableFileError(
                f"{path} is in {file.unit}, but {self.paths[0].name} in {self.unit}."
            )
        if self._names(file) != self.class_names:
            raise UnreadableFileError(
                f"{path} and {self.paths[0].name} differ in the target_names of their meta."
            )

    def _names(self, file: RecordingsFile) -> Any:
        return file.meta.get("target_names") if self.target == "target" else None

    def _wanted(self, file: RecordingsFile) -> np.ndarray:
        columns = {**file.fields, "subject": file.subject, "fs": file.fs}
        unknown = [name for name in self.where if name not in columns]
        if unknown:
            raise ValueError(f"where: {self.folder} has no field {unknown[0]!r}.")
        wanted = np.ones(len(file.fs), dtype=bool)
        for name, values in self.where.items():
            wanted &= np.isin(columns[name], _values(values))
        return wanted


def _values(wanted: Any) -> np.ndarray:
    return np.ravel(list(wanted) if isinstance(wanted, (set, frozenset)) else wanted)


def _read(path: Path) -> RecordingsFile:
    try:
        return read_file(path)
    except FileNotFoundError:
        raise
    except ValueError as error:
        raise UnreadableFileError(str(error)) from error


def _target_field(target: str | None, fields: Mapping[str, Any], folder: Path) -> str | None:
    if target == "auto":
        return next((name for name in ("target", "label") if name in fields), None)
    if target is not None and target not in fields:
        raise ValueError(f"{folder} has no field {target!r}. Fields: {', '.join(fields)}.")
    return target
