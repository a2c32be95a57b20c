"""The prepared recordings of one person, in files that are found again."""

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from ..._nesting import parse_json
from ...formats import UnreadableFileError
from ...formats._atomic import write_whole
from ...formats._lock import waited_for
from ...signal import Segmenter
from ...signal._segment import window_samples
from ..reading import DataSet, LeftOut
from ..reading._load import column, common_unit
from ..reading._people import Recording, read_person
from ..reading._trial import UNREADABLE
from ..recordings_file import save_recordings
from ..recordings_file._layout import RecordingsFile, read_file
from ._recipe import SCALED, Recipe, check_rate


class Prepared(NamedTuple):
    """What is there of a person.

    Attributes
    ----------
    n_recordings : int
        How many there are in the recordings file, which is not there if there is none.
    left_out : list of LeftOut
        What is not there.
    """

    n_recordings: int
    left_out: list[LeftOut]


class Person:
    """The files of one person in a cache.

    A recordings file holds what was prepared. A small one beside it, written last, says of which
    sources it was made: as long as these are as they were, nothing is done again. While they are
    made, other processes wait for them.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are.
    subject : str
        The person.
    """

    def __init__(self, folder: Path, subject: str) -> None:
        name = quote(subject, safe=" ")  # any text is a name of a file
        self.subject = subject
        self.recordings_path = folder / f"{name}.npz"
        self.facts_path = folder / f"{name}.json"
        self.folder = folder
        self.name = name

    def prepare(
        self,
        data_set: DataSet,
        recipe: Recipe,
        segmenter: Segmenter | None,
        leads: Sequence[str] | None,
        go_on: bool,
    ) -> Prepared:
        """Write the files of this person, unless they are there.

        Parameters
        ----------
        data_set : DataSet
            Where the person is read from.
        recipe : Recipe
            What is done to the recordings.
        segmenter : Segmenter or None
            Cuts them into windows besides.
        leads : sequence of str or None
            Which leads.
        go_on : bool
            Whether what cannot be read or prepared is left out instead of raised.

        Returns
        -------
        Prepared
            For `recordings`.
        """
        try:
            sources = _fingerprint(data_set.sources(self.subject))
        except (UnreadableFileError, OSError) as error:  # downloads, too
            if not go_on:
                raise
            return Prepared(0, [LeftOut(self.subject, "", f"{UNREADABLE}: {error}")])
        prepared = self._found(sources)
        if prepared is None:
            with waited_for(self.folder / f".{self.name}.lock"):
                prepared = self._found(sources)  # another process was faster
                if prepared is None:
                    found = read_person(data_set, self.subject, leads, go_on)
                    prepared = self._make(found, data_set, recipe, sources, go_on)
        if segmenter is not None and prepared.n_recordings:
            prepared = Prepared(
                prepared.n_recordings, [*prepared.left_out, *self._cut(segmenter, data_set.name)]
            )
        return prepared

    def recordings(self, segmenter: Segmenter | None, prepared: Prepared) -> list[Recording]:
        """Return what is there: recordings, or their windows as views of a memory-map."""
        if not prepared.n_recordings:
            return []
        file = read_file(self.recordings_path)
        if len(file.fs) != prepared.n_recordings:
            raise self._changed()
        signals: list[np.ndarray | None]
        if segmenter is None:
            signals = [file.signal(i) for i in range(len(file.fs))]
        else:
            signals = self._windows(file, segmenter)
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
            if signal is not None
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
        try:
            with self._named():
                self._write(recordings, recipe, common_unit(recordings, data_set.unit))
        except ValueError as error:
            if not go_on:
                raise ValueError(f"{data_set.name}, {self.subject}: {error}") from error
            defect = LeftOut(self.subject, "", f"cannot be prepared: {error}")
            return Prepared(0, [*left_out, defect])
        if not any(one.is_failure for one in left_out):
            self._sign(sources, left_out, len(recordings))
        return Prepared(len(recordings), left_out)

    def _found(self, sources: list[Any]) -> Prepared | None:
        """Return what there is; None if the files are to be made."""
        try:
            facts = parse_json(self.facts_path.read_bytes())
            left_out = [LeftOut(*map(str, one)) for one in facts["left_out"]]
            n_recordings = int(facts["n_recordings"])
            there = not n_recordings or len(read_file(self.recordings_path).fs) == n_recordings
            whole = there and facts["sources"] == sources
            return Prepared(n_recordings, left_out) if whole else None
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None

    def _write(self, recordings: list[Recording], recipe: Recipe, unit: str) -> None:
        self.facts_path.unlink(missing_ok=True)
        # A copy of the folder may lose the times, which tell windows of these from older ones.
        for windows in self.folder.glob(f"{escape(self.name)}.windows-*.npy"):
            windows.unlink(missing_ok=True)
        self.recordings_path.unlink(missing_ok=True)
        if not recordings:
            return
        signals, rates = recipe.apply(
            [one.signal for one in recordings], [one.sampling_rate for one in recordings]
        )
        labels = dict.fromkeys(name for one in recordings for name in one.labels)
        save_recordings(
            self.recordings_path,
            signals,
            rates,
            [one.subject for one in recordings],
            record=[one.record for one in recordings],
            fields={
                "lead": [one.lead for one in recordings],
                "original_rate": [one.sampling_rate for one in recordings],
                **{name: column([one.labels.get(name) for one in recordings]) for name in labels},
            },
            unit=SCALED if recipe.scale else unit,
        )

    def _sign(self, sources: list[Any], left_out: list[LeftOut], n_recordings: int) -> None:
        facts = {"sources": sources, "left_out": left_out, "n_recordings": n_recordings}
        write_whole(self.facts_path, json.dumps(facts).encode())

    def _cut(self, segmenter: Segmenter, data_set: str) -> list[LeftOut]:
        """Write the windows, unless they are there. Returns the recordings that are too short."""
        file = read_file(self.recordings_path)
        for rate in np.unique(file.fs).tolist():
            check_rate(segmenter, rate, f"segmenter ({data_set}, {self.subject})")
        counts = [segmenter.count(n) for n in np.diff(file.start).tolist()]
        if self._mapped(segmenter, file, sum(counts)) is None and any(counts):
            with self._named():
                self._write_windows(segmenter, file, counts)
        return [
            LeftOut(self.subject, str(file.fields["record"][i]), "is shorter than a window")
            for i, count in enumerate(counts)
            if not count
        ]

    def _write_windows(
        self, segmenter: Segmenter, file: RecordingsFile, counts: Sequence[int]
    ) -> None:
        path = self._windows_path(segmenter)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        try:
            with open(temporary, "xb") as stream:
                shape = (sum(counts), _n_times(segmenter))
                header = {"descr": "<f4", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(stream, header)
                for i, count in enumerate(counts):
                    if count:
                        windows = segmenter.transform([file.signal(i)])[0]
                        stream.write(np.ascontiguousarray(windows, dtype="<f4").data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def _windows(self, file: RecordingsFile, segmenter: Segmenter) -> list[np.ndarray | None]:
        counts = [segmenter.count(n) for n in np.diff(file.start).tolist()]
        if not any(counts):
            return [None] * len(counts)
        mapped = self._mapped(segmenter, file, sum(counts))
        if mapped is None:
            raise self._changed()
        stops = np.cumsum(counts)
        return [
            mapped[stop - count : stop] if count else None
            for count, stop in zip(counts, stops, strict=True)
        ]

    def _mapped(
        self, segmenter: Segmenter, file: RecordingsFile, n_windows: int
    ) -> np.ndarray | None:
        """Map the windows into memory; None if they are not there or not of these recordings."""
        path = self._windows_path(segmenter)
        try:
            if path.stat().st_mtime_ns < self.recordings_path.stat().st_mtime_ns:
                return None
            mapped: np.ndarray = np.lib.format.open_memmap(path, mode="r")
        except (FileNotFoundError, ValueError):
            return None
        fits = mapped.shape == (n_windows, _n_times(segmenter)) and mapped.dtype == np.float32
        return mapped if fits else None

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say of an error of writing where it was, such as of a disk that is full."""
        try:
            yield
        except OSError as error:
            if error.errno is None or error.filename is not None:
                raise
            raise OSError(
                error.errno,
                f"{error.strerror}. Those who are prepared stay: make room and call again. It was",
                str(self.recordings_path),
            ) from error

    def _changed(self) -> RuntimeError:
        return RuntimeError(
            f"{self.recordings_path} has changed since it was prepared: another process prepares "
            "other versions of the data set's files into this cache. Call again when it is done."
        )

    def _windows_path(self, segmenter: Segmenter) -> Path:
        key = Recipe(transformer=segmenter).key()
        return self.folder / f"{self.name}.windows-{key}.npy"


def _n_times(segmenter: Segmenter) -> int:
    return window_samples(segmenter.sampling_rate, segmenter.window_length, segmenter.overlap)[0]


def _fingerprint(paths: Sequence[Path]) -> list[Any]:
    """Tell whether files have changed, without reading them."""
    stats = [(str(path.resolve()), path.stat()) for path in paths]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]
