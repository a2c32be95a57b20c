"""Data sets in files of other programs: changed by bytes, or by parts of a workbook."""

import tempfile
from pathlib import Path

import numpy as np

from sklearn_ecgssl import datasets
from sklearn_ecgssl.formats._edf import read_edf_channels, read_edf_signal
from sklearn_ecgssl.formats._wfdb import read_wfdb_header, read_wfdb_signal
from tests.datasets.writers import amigos, ascertain, dreamer, edf, pspm, swell, wfdb, xlsx
from tests.fuzz.mutations import choice, mutate_bytes
from tests.fuzz.reader import Input, Reader


def written(write):
    """The files that `write` makes in a folder, by their names from there."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


class Loader(Reader):
    """A loader of a data set, given a tiny one of which a file is changed."""

    #: No recording left is a ValueError.
    refusals = (ValueError, FileNotFoundError)

    def __init__(self, load, *writes, **options):
        self.load = load
        self.options = [{}, {"on_error": "warn"}, options]
        self.samples = [written(write) for write in writes]

    def mutated(self, rng, canary):
        files = dict(choice(rng, self.samples))
        for _ in range(choice(rng, [1, 1, 1, 3])):
            name = choice(rng, list(files))
            files[name] = self.changed(name, files[name], rng)
        return Input(files, True, int(rng.integers(len(self.options))))

    def changed(self, name, content, rng):
        return mutate_bytes(content, rng)

    def read(self, folder, sample):
        return self.load(folder, **self.options[sample % len(self.options)])

    def use(self, value):
        n = len(value.recordings)
        assert n == len(value.subject) > 0
        assert all(r.dtype == np.float32 and r.ndim == 1 and r.size for r in value.recordings)
        assert all(np.isfinite(recording).all() for recording in value.recordings)
        assert value.target is None or len(value.target) == n
        assert all(column.shape == (n,) for column in value.fields.values())
        assert np.all(np.asarray(value.sampling_rate) > 0)

    def facts(self, value):
        return None


class Swell(Loader):
    """`load_swell`, whose labels are a workbook."""

    def __init__(self):
        super().__init__(
            datasets.load_swell,
            lambda folder: swell.write(folder, blocks=[(2, 1), (2, 2)]),
            keep_relaxation=True,
        )
        self.options = [{**options, "keep_relaxation": True} for options in self.options]
        self.parts = xlsx.parts(swell.rows())

    def changed(self, name, content, rng):
        if not name.endswith(".xlsx") or rng.random() < 0.3:
            return mutate_bytes(content, rng)
        parts = dict(self.parts)
        part = choice(rng, list(parts))
        parts[part] = mutate_bytes(parts[part].encode(), rng)
        return xlsx.archive(parts)


class Signals(Reader):
    """What reads the header of a record, and then each of its signals."""

    def mutated(self, rng, canary):
        files = dict(choice(rng, self.samples))
        name = choice(rng, list(files))
        files[name] = mutate_bytes(files[name], rng)
        return Input(files, True)

    def use(self, value):
        assert all(signal.ndim == 1 and signal.dtype.kind == "f" for signal in value)

    def facts(self, value):
        return None


class Edf(Signals):
    """EDF files."""

    def __init__(self):
        counts = np.arange(12)
        signals = [edf.Signal("ECG ECG", counts, 4), edf.Signal("EEG", counts[:6], 2)]
        plus = edf.Edf([*signals, edf.annotations(3)], reserved="EDF+C")
        self.samples = [{"a.edf": made.to_bytes()} for made in (edf.Edf(signals), plus)]

    def read(self, folder, sample):
        path = folder / "a.edf"
        return [read_edf_signal(path, i) for i in range(len(read_edf_channels(path)))]


class Wfdb(Signals):
    """WFDB records."""

    def __init__(self):
        counts = np.arange(12) * 9
        signals = [
            wfdb.Signal("ECG", counts, samples_per_frame=2),
            wfdb.Signal("RESP", counts[:6], baseline=-3),
        ]
        self.samples = [
            wfdb.record("a", signals, fmt=fmt, comments=["Age: 25"]) for fmt in ("16", "80", "212")
        ]

    def read(self, folder, sample):
        path = folder / "a.hea"
        return [read_wfdb_signal(path, i) for i in range(len(read_wfdb_header(path).channels))]


def write_ascertain(folder):
    ascertain.clip_file(folder, 1, 1)
    ascertain.clip_file(folder, 1, 2, n_columns=3)
    ascertain.ratings_file(folder)


READERS = {
    "swell": Swell,
    "amigos": lambda: Loader(
        datasets.load_amigos,
        *(
            lambda folder, compressed=compressed: amigos.preprocessed(
                folder, n_times=645, compressed=compressed
            )
            for compressed in (True, False)
        ),
        keep_baseline=True,
    ),
    "dreamer": lambda: Loader(
        datasets.load_dreamer,
        *(
            lambda folder, compressed=compressed: dreamer.dreamer(
                folder, compressed=compressed, n_times=10, n_eeg=3
            )
            for compressed in (True, False)
        ),
        attribute="valence",
    ),
    "ascertain": lambda: Loader(datasets.load_ascertain, write_ascertain, attribute="valence"),
    "pspm": lambda: Loader(
        datasets.load_pspm, lambda folder: pspm.pspm(folder / "a.mat"), verbose=0
    ),
    "edf": Edf,
    "wfdb": Wfdb,
}
