"""The prepared recordings of one person, in files that are found again."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from filelock import FileLock

from .._files import UnreadableFileError, write_whole
from ..signal import Segmenter
from ._data_set import DataSet, LeftOut
from ._load import UNREADABLE, Options, Recording, labels_of, read_person, unit_of
from ._prepare_windows import write_windows
from ._recipe import SCALED, Cut, Recipe, cache_key, check_rate
from ._recordings_file import RecordingsFile, read_recordings
from ._save_recordings import save_recordings


class Prepared(NamedTuple):
    """How many recordings there are of a person, and what is left out."""

    n_recordings: int
    left_out: list[LeftOut]


class PreparedPerson:
    """The files of one person in a cache: the recordings, and of which sources they were made."""

    def __init__(self, folder: Path, subject: str) -> None:
        self.subject = subject
        self.folder = folder
        self.name = quote(subject, safe=" ")  # any text is a name of a file
        self.recordings_path = folder / f"{self.name}.npz"
        self.facts_path = folder / f"{self.name}.json"

    def prepare(
        self, data_set: DataSet, options: Options, recipe: Recipe, cut: Cut | None
    ) -> Prepared:
        """Write the files of this person, unless they are there."""
        go_on = options.on_error == "warn"
        try:
            # A cache in the data set's own folder is none of its files.
            cache = self.folder.parent.resolve()
            paths = [path.resolve() for path in data_set.sources(self.subject)]
            sources = _fingerprint([path for path in paths if not path.is_relative_to(cache)])
        except (UnreadableFileError, OSError) as error:  # downloads, too
            if not go_on:
                raise
            return Prepared(0, [LeftOut(self.subject, "", f"{UNREADABLE}: {error}")])
        with FileLock(self.folder / f".{self.name}.lock"):
            prepared = self._found(sources)
            if prepared is None:
                found = read_person(data_set, self.subject, options.leads, go_on)
                prepared = self._make(found, data_set, recipe, sources, go_on)
            if cut is not None and prepared.n_recordings:
                short = self._cut(cut, data_set.name)
                prepared = Prepared(prepared.n_recordings, [*prepared.left_out, *short])
        return prepared

    def recordings(self, cut: Cut | None, prepared: Prepared) -> list[Recording]:
        """Return what is there: recordings, or their windows as views of a memory-map."""
        if not prepared.n_recordings:
            return []
        file = read_recordings(self.recordings_path)
        if cut is None:
            signals = [file.signal(i) for i in range(len(file.fs))]
        else:
            signals = self._windows(cut.segmenter, file)
        names = [name for name in file.fields if name not in ("record", "lead")]
        return [
            Recording(
                self.subject,
                str(file.fields["record"][i]),
                str(file.fields["lead"][i]),
                signal,
                float(file.fs[i]),
                {name: file.fields[name][i].item() for name in names},
                file.unit,
            )
            for i, signal in enumerate(signals)
            if len(signal)
        ]

    def _make(
        self,
        found: Sequence[Recording | LeftOut],
        data_set: DataSet,
        recipe: Recipe,
        sources: list[Any],
        go_on: bool,
    ) -> Prepared:
        recordings = [one for one in found if isinstance(one, Recording)]
        left_out = [one for one in found if isinstance(one, LeftOut)]
        self.facts_path.unlink(missing_ok=True)
        for old in self.folder.glob(f"{self.name}.windows-*.npy"):
            old.unlink(missing_ok=True)
        try:
            if recordings:
                self._write(recordings, recipe)
        except ValueError as error:
            if not go_on:
                raise ValueError(f"{data_set.name}, {self.subject}: {error}") from error
            defect = LeftOut(self.subject, "", f"cannot be prepared: {error}")
            return Prepared(0, [*left_out, defect])
        if not any(one.reason.startswith(UNREADABLE) for one in left_out):
            facts = {"sources": sources, "left_out": left_out, "n_recordings": len(recordings)}
            write_whole(self.facts_path, json.dumps(facts).encode())
        return Prepared(len(recordings), left_out)

    def _found(self, sources: list[Any]) -> Prepared | None:
        """Return what there is; None if the files are to be made."""
        if not self.facts_path.exists():
            return None
        facts = json.loads(self.facts_path.read_bytes())
        found = Prepared(facts["n_recordings"], [LeftOut(*one) for one in facts["left_out"]])
        is_there = not found.n_recordings or self.recordings_path.exists()
        return found if is_there and facts["sources"] == sources else None

    def _write(self, recordings: list[Recording], recipe: Recipe) -> None:
        signals, rates = recipe.apply(
            [one.signal for one in recordings], [one.sampling_rate for one in recordings]
        )
        save_recordings(
            self.recordings_path,
            signals,
            rates,
            [one.subject for one in recordings],
            record=[one.record for one in recordings],
            fields={
                "lead": [one.lead for one in recordings],
                "original_rate": [one.sampling_rate for one in recordings],
                **labels_of(recordings),
            },
            unit=SCALED if recipe.scale else unit_of(recordings),
        )

    def _cut(self, cut: Cut, data_set: str) -> list[LeftOut]:
        """Write the windows, unless they are there; return the recordings that are too short."""
        file = read_recordings(self.recordings_path)
        for rate in np.unique(file.fs).tolist():
            check_rate(cut.segmenter, rate, f"segmenter ({data_set}, {self.subject})")
        records = file.fields["record"].astype(str).tolist()
        is_long = cut.is_long(np.diff(file.start).tolist(), records)
        path = self._windows_path(cut.segmenter)
        if any(is_long) and not path.exists():
            signals = (file.signal(int(i)) for i in np.flatnonzero(is_long))
            write_windows(path, (cut.segmenter.transform([one])[0] for one in signals))
        return [
            LeftOut(self.subject, record, "is shorter than a window")
            for record, long in zip(records, is_long, strict=True)
            if not long
        ]

    def _windows(self, segmenter: Segmenter, file: RecordingsFile) -> list[np.ndarray]:
        """Map each recording's windows into memory."""
        counts = [segmenter.count(n_times) for n_times in np.diff(file.start).tolist()]
        if not any(counts):
            return [np.empty((0, 0))] * len(counts)
        mapped = np.lib.format.open_memmap(self._windows_path(segmenter), mode="r")
        return np.split(mapped, np.cumsum(counts)[:-1])

    def _windows_path(self, segmenter: Segmenter) -> Path:
        return self.folder / f"{self.name}.windows-{cache_key(segmenter)}.npy"


def _fingerprint(paths: Sequence[Path]) -> list[Any]:
    """Tell whether files have changed, without reading them."""
    stats = [(str(path), path.stat()) for path in paths]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]
