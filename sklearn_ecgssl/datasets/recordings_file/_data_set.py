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
        self.name = self.folder.stem  # type: ignore[misc]
        self.where = dict(where or {})
        self.paths = npz_files(self.folder) if self.folder.is_dir() else [self.folder]
        if not self.paths:
            raise FileNotFoundError(f"There is no .npz file in {self.folder.absolute()}.")
        first = _read(self.paths[0])
        self.unit = first.unit  # type: ignore[misc]
        self.target = _target_field(target, first.fields, self.folder)
        names = first.meta.get("target_names") if self.target == "target" else None
        self.attributes: dict[str, Attribute] = {  # type: ignore[misc]
            name: AsItIs(name, names if name == self.target else None) for name in first.fields
        }

    @cached_property
    def _people(self) -> dict[str, list[Path]]:
        """Where the recordings of each person are."""
        people: dict[str, list[Path]] = {}
        for path in self.paths:
            for subject in dict.fromkeys(_read(path).subject.astype(str).tolist()):
                people.setdefault(subject, []).append(path)
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
            file = _read(path)
            if file.unit != self.unit:
                raise UnreadableFileError(
                    f"{path} is in {file.unit}, but {self.paths[0].name} in {self.unit}."
                )
            for i in np.flatnonzero(file.subject.astype(str) == subject):
                labels = {name: values[i].item() for name, values in file.fields.items()}
                if self._is_wanted(labels | {"subject": file.subject[i], "fs": file.fs[i]}):
                    record, lead = labels.pop("record"), labels.pop("lead", "ECG")
                    yield Trial(str(record), {str(lead): file.signal(int(i))}, file.fs[i], labels)

    def _is_wanted(self, labels: Mapping[str, Any]) -> bool:
        unknown = [name for name in self.where if name not in labels]
        if unknown:
            raise ValueError(f"where: {self.folder} has no field {unknown[0]!r}.")
        return all(np.isin(labels[name], _values(wanted)) for name, wanted in self.where.items())


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
