"""Whom the benchmark `rhythm` asks, their signals as each encoder wants them, and variability."""

import importlib.util
import tomllib
import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from joblib import Memory

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.signal import ECGFilter, Resampler, scale_subjects

#: What made the encoders: how signals are prepared, and who is learnt from.
PRETRAINED = Path(__file__).parents[1] / "examples" / "pretrained"
CONFIG = tomllib.loads((PRETRAINED / "encoders.toml").read_text(encoding="utf-8"))
PREPARATIONS = {own["sampling_rate"]: own for own in CONFIG["preparation"].values()}
#: Fraction of samples at either end that do not count for the scale.
TRIM = {"trimmed": 0.025, "standard": 0.0}
#: The rate at which beats are looked for.
HRV_RATE = 256
HRV = ["mean_hr", "sdnn", "rmssd", "pnn50"]
#: The set whose rhythms are asked, and its label of recordings that are too noisy.
RHYTHMS, NOISY = "cinc2017", "~"
#: Seconds below which a recording has no window, or one that is all edge.
SHORTEST = 10.5
#: Windows of one person that count, so that a day of one does not outweigh everybody.
AT_MOST = 60


@dataclass(frozen=True)
class People:
    """Recordings of a file: names, whose they are, labels, seconds."""

    path: str
    record: np.ndarray
    subject: np.ndarray
    target: np.ndarray | None
    seconds: np.ndarray

    def __len__(self) -> int:
        return len(self.record)

    def keep(self, kept: np.ndarray) -> "People":
        target = None if self.target is None else self.target[kept]
        return People(self.path, self.record[kept], self.subject[kept], target, self.seconds[kept])

    def alone(self) -> "People":
        """The same recordings, each as if it were of somebody else."""
        return replace(self, subject=self.record)


def read(path, target: str | None = None, **how) -> People:
    """Read who is in a recordings file; `how` as of `load_recordings`."""
    data = load_recordings(path, target=target, **how)
    labels = None if target is None else np.array(data.target_names)[data.target]
    seconds = np.array([len(x) for x in data.recordings]) / data.sampling_rate
    return People(str(path), data.fields["record"], data.subject, labels, seconds)


def labelled(args) -> People:
    """Recordings of --data, of people who have all classes of its target."""
    where = dict.fromkeys(args.where, True)
    return read(args.data, args.target, where=where, complete_subjects=True)


def at_most(subject: np.ndarray) -> np.ndarray:
    """Take AT_MOST windows of each person, spread over all that there are."""
    of = [np.flatnonzero(subject == one) for one in np.unique(subject)]
    chosen = [np.unique(np.linspace(0, len(rows) - 1, AT_MOST).astype(int)) for rows in of]
    return np.concatenate([rows[i] for rows, i in zip(of, chosen, strict=True)])


def read_part(folder: str, one: dict, part: str, target: str | None = None) -> People:
    """Read the people of a set who are "learnt" from, "held_out" or "reserved"."""
    everyone = read(Path(folder, one["file"]), target)
    names = np.array([str(subject).rpartition("/")[2] for subject in everyone.subject])
    known = np.unique(names[~np.isin(names, one.get("without", []))])
    parts = corpus().parts_of(one, known, CONFIG["corpus"]["held_out"])
    return everyone.keep(np.array([parts.get(name) == part for name in names]))


def read_rhythms(folder: str, part: str) -> People:
    """Read recordings of a part of cinc2017, with a rhythm."""
    one = next(one for one in CONFIG["corpus"]["sets"] if one["name"] == RHYTHMS)
    people = read_part(folder, one, part, "rhythm")
    return people.keep((people.target != NOISY) & (people.seconds >= SHORTEST))


def read_held_out(folder: str) -> list[People]:
    """Read the people of the corpus who are held out, set by set."""
    sets = [one for one in CONFIG["corpus"]["sets"] if one["name"] != RHYTHMS]
    return [*(read_part(folder, one, "held_out") for one in sets), read_rhythms(folder, "held_out")]


@cache
def corpus() -> ModuleType:
    """Import the module that makes the corpus; its folder is no package."""
    spec = importlib.util.spec_from_file_location("corpus", PRETRAINED / "corpus.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Signals:
    """Prepared recordings and their variability, kept in a folder if there is one."""

    def __init__(self, folder: str | None = None) -> None:
        memory = Memory(folder, verbose=0)
        self._prepared, self._variability = map(memory.cache, (prepared, variability))

    def recordings(self, people: People, rate: int, **how) -> list[np.ndarray]:
        """All recordings at a rate, filtered and scaled."""
        signal, lengths = self._prepared(*names(people), PREPARATIONS[rate], **how)
        return np.split(signal, np.cumsum(lengths)[:-1])

    def windows(self, people: People, rate: int, seconds: float = 10, **how):
        """Windows that begin at the same times at every rate, and the recording of each."""
        of = [
            cut(x, n, round(rate * seconds))
            for x, n in zip(
                self.recordings(people, rate, **how), counts(people, seconds), strict=True
            )
        ]
        return np.concatenate(of), np.repeat(np.arange(len(of)), counts(people, seconds))

    def variability(self, people: People, seconds: float | None = None, **how) -> np.ndarray:
        """Rate and its variability of windows, or of whole recordings."""
        n_windows = None if seconds is None else counts(people, seconds)
        return self._variability(*names(people), PREPARATIONS[HRV_RATE], seconds, n_windows, **how)


def names(people: People) -> tuple[str, np.ndarray, np.ndarray]:
    """What says which signals they are."""
    return people.path, people.record, people.subject


def counts(people: People, seconds: float) -> np.ndarray:
    """Whole windows in each recording."""
    return (people.seconds / seconds + 1e-9).astype(int)


def cut(recording: np.ndarray, n_windows: int, n_times: int) -> np.ndarray:
    return recording[: n_windows * n_times].reshape(n_windows, n_times)


def prepared(path, record, subject, preparation: dict, noise: tuple | None = None):
    """Samples of recordings end to end, and how many of each."""
    data = load_recordings(path, target=None, where={"record": record.tolist()})
    rates = np.broadcast_to(data.sampling_rate, len(record))
    recordings = data.recordings if noise is None else with_noise(data.recordings, rates, *noise)
    scaled = as_learnt(recordings, rates, subject, preparation)
    return np.concatenate(scaled), np.array([len(x) for x in scaled])


def as_learnt(recordings, rates, subject, preparation: dict) -> list[np.ndarray]:
    """Resample, filter and scale recordings as those that an encoder learnt from."""
    rate = preparation["sampling_rate"]
    resampled = [
        Resampler(own, rate).fit_transform([x])[0] for x, own in zip(recordings, rates, strict=True)
    ]
    filtered = ECGFilter(rate, **preparation["filter"]).fit_transform(resampled)
    return scale_subjects(filtered, subject, trim=TRIM[preparation["scale"]])


def with_noise(recordings, rates, path: str, snr_db: float) -> list[np.ndarray]:
    """Add electrode motion, another piece to each recording, at a ratio of variances."""
    noise = load_recordings(path, target=None, where={"noise": "electrode_motion"})
    rng = np.random.default_rng(0)
    noisy = []
    for x, rate in zip(recordings, rates, strict=True):
        motion = noise.recordings[rng.integers(len(noise.recordings))]
        motion = Resampler(noise.sampling_rate, rate).fit_transform([motion])[0]
        start = rng.integers(max(1, len(motion) - len(x)))
        piece = np.resize(motion[start:], len(x))
        ratio = np.var(x) / np.var(piece)
        noisy.append(x + piece * np.sqrt(ratio / 10 ** (snr_db / 10)))
    return noisy


def variability(path, record, subject, preparation, seconds, n_windows, noise=None) -> np.ndarray:
    signal, lengths = prepared(path, record, subject, preparation, noise)
    X = np.split(signal, np.cumsum(lengths)[:-1])
    if seconds is not None:
        n_times = round(HRV_RATE * seconds)
        X = np.concatenate([cut(x, n, n_times) for x, n in zip(X, n_windows, strict=True)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # where there are too few beats
        return HRVFeatures(HRV_RATE, features=HRV).fit_transform(X)
