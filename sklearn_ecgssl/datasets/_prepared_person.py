"""The prepared recordings of one person, in files that are found again."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from filelock import FileLock

from .._files import UnreadableFileError, replacing, write_whole
from ..signal._keep import kept_of_one
from ._data_set import DataSet, LeftOut
from ._load import UNREADABLE, Options, Recording, labels_of, read_person, unit_of
from ._prepare_windows import write_windows
from ._recipe import SCALED, Cut, Recipe, check_rate
from ._recordings_file import RecordingsFile, read_recordings
from ._save_recordings import save_recordings

#: Why a recording is left out.
NONE_KEPT = "has no window that `keep` keeps"


class Prepared(NamedTuple):
    """How many recordings there are of a person, and what is left out."""

    n_recordings: int
    left_out: list[LeftOut]
    #: Of the windows that are cut, which are kept.
    kept: np.ndarray = np.ones(0, dtype=bool)


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
                without, kept = self._cut(cut, data_set.name)
                prepared = Prepared(prepared.n_recordings, [*prepared.left_out, *without], kept)
        return prepared

    def recordings(self, cut: Cut | None, prepared: Prepared) -> list[Recording]:
        """Return what is there: recordings, or their windows as views of a memory-map."""
        if not prepared.n_recordings:
            return []
        file = read_recordings(self.recordings_path)
        if cut is None:
            signals = [file.signal(i) for i in range(len(file.fs))]
        else:
            signals = self._windows(cut, file)
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

    def _cut(self, cut: Cut, data_set: str) -> tuple[list[LeftOut], np.ndarray]:
        """Write the windows, unless they are there; return who has none, and which are kept."""
        file = read_recordings(self.recordings_path)
        for rate in np.unique(file.fs).tolist():
            check_rate(cut.segmenter, rate, f"segmenter ({data_set}, {self.subject})")
        records = file.fields["record"].astype(str).tolist()
        is_long = cut.is_long(np.diff(file.start).tolist(), records)
        counts = _counts(cut, file)

        def windows() -> Iterator[np.ndarray]:
            for i in np.flatnonzero(counts).tolist():
                yield cut.segmenter.transform([file.signal(i)])[0]

        path, kept = self._windows_path(cut), self._kept(cut, windows, sum(counts))
        masks = np.split(kept, np.cumsum(counts)[:-1])
        if kept.any() and not path.exists():
            of_long = filter(len, masks)
            write_windows(path, (x[mask] for x, mask in zip(windows(), of_long, strict=True)))
        without = [
            LeftOut(self.subject, record, NONE_KEPT if long else "is shorter than a window")
            for record, long, mask in zip(records, is_long, masks, strict=True)
            if not mask.any()
        ]
        return without, kept

    def _kept(
        self, cut: Cut, windows: Callable[[], Iterator[np.ndarray]], n_windows: int
    ) -> np.ndarray:
        """Return which windows are kept, and write it beside them."""
        if cut.keep is None or not n_windows:
            return np.ones(n_windows, dtype=bool)
        path = self._kept_path(cut)
        if not path.exists():
            rate = cut.segmenter.sampling_rate
            kept = np.concatenate([kept_of_one(cut.keep, one, rate) for one in windows()])
            with replacing(path) as part, open(part, "wb") as stream:
                np.save(stream, kept)
        return np.load(path)

    def _windows(self, cut: Cut, file: RecordingsFile) -> list[np.ndarray]:
        """Map each recording's windows into memory."""
        counts = _counts(cut, file)
        if cut.keep is not None and any(counts):
            masks = np.split(np.load(self._kept_path(cut)), np.cumsum(counts)[:-1])
            counts = [int(mask.sum()) for mask in masks]
        if not any(counts):
            return [np.empty((0, 0))] * len(counts)
        mapped = np.lib.format.open_memmap(self._windows_path(cut), mode="r")
        return np.split(mapped, np.cumsum(counts)[:-1])

    def _windows_path(self, cut: Cut) -> Path:
        return self.folder / f"{self.name}.windows-{cut.key()}.npy"

    def _kept_path(self, cut: Cut) -> Path:
        return self._windows_path(cut).with_suffix(".kept.npy")


def _counts(cut: Cut, file: RecordingsFile) -> list[int]:
    """Count the windows of each recording."""
    return [cut.segmenter.count(n_times) for n_times in np.diff(file.start).tolist()]


def _fingerprint(paths: Sequence[Path]) -> list[Any]:
    """Tell whether files have changed, without reading them."""
    stats = [(str(path), path.stat()) for path in paths]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]
