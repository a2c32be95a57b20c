"""The corpus that the encoders learn from: which people, which windows, which noise."""

import fnmatch
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils import Bunch

from sklearn_ecgssl import datasets
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter
from sklearn_ecgssl.transforms import WindowTransform


@dataclass(frozen=True)
class Place:
    """Where data sets are read from and prepared files are kept.

    `recordings` is a folder of recordings files; None downloads the sets from PhysioNet.
    """

    work: Path
    recordings: Path | None = None


@dataclass(frozen=True)
class Corpus:
    """Windows to learn from and windows of other people, each with whose it is."""

    learnt: np.ndarray
    held_out: np.ndarray
    learnt_from: np.ndarray
    held_out_of: np.ndarray


def make_corpus(config: dict, recipe: dict, place: Place) -> Corpus:
    """Put the windows of all sets of a recipe together."""
    at_most = windows_per_person(config, recipe)
    windows, person, is_held_out = [], [], []
    for one in sets_of(config, recipe):
        data = load_set(config, one, recipe["method"], place)
        people = np.unique(data.subject)
        held_out = choose_held_out(one, people, config["corpus"]["held_out"])
        for subject in people:
            own = [data.recordings[i] for i in np.flatnonzero(data.subject == subject)]
            windows.append(spread(np.concatenate(own), at_most))
            person += [f"{one['name']}/{subject}"] * len(windows[-1])
            is_held_out += [subject in held_out] * len(windows[-1])
    X, person, out = np.concatenate(windows), np.array(person), np.array(is_held_out)
    return Corpus(X[~out], X[out], person[~out], person[out])


def sets_of(config: dict, recipe: dict) -> list[dict]:
    """List the data sets of a recipe."""
    sets, without = config["corpus"]["sets"], recipe.get("without_sets", [])
    if unknown := set(without) - {one["name"] for one in sets}:
        raise ValueError(
            f"without_sets names {sorted(unknown)}, the sets are "
            f"{[one['name'] for one in sets]}. Correct it in the configuration."
        )
    return [one for one in sets if one["name"] not in without]


def sources_of(config: dict, recipe: dict) -> list[dict]:
    """List all that a recipe is made of: its data sets, and recorded noise where it has any."""
    noise = [config["noise"]] if recipe.get("recorded_noise") else []
    return [*sets_of(config, recipe), *noise]


def windows_per_person(config: dict, recipe: dict) -> int:
    return recipe.get("windows_per_person", config["corpus"]["windows_per_person"])


def load_set(config: dict, one: dict, method: str, place: Place) -> Bunch:
    """Read a data set and cut it into windows, prepared as a method asks."""
    preparation = config["preparation"][method]
    rate = preparation["sampling_rate"]
    settings = {
        "cache": place.work / "cache",
        "sampling_rate": rate,
        "transformer": ECGFilter(rate, **preparation["filter"]),
        "scale": preparation["scale"],
        "segmenter": Segmenter(rate, config["corpus"]["window_length"]),
    }
    data_set, options = data_set_of(one, place)
    data = datasets.prepare(data_set, **options, **settings)
    names = np.array([str(subject).rpartition("/")[2] for subject in data.subject])
    if unknown := set(one.get("without", [])) - set(names):
        raise ValueError(
            f"without names {sorted(unknown)}, who are not in the set {one['name']!r} "
            f"({len(set(names))} people: {names[0]!r}, ...). Correct it in the configuration."
        )
    keep = np.flatnonzero(~np.isin(names, one.get("without", [])))
    data.recordings, data.subject = [data.recordings[i] for i in keep], names[keep]
    return data


def data_set_of(one: dict, place: Place) -> tuple[datasets.DataSet, dict[str, Any]]:
    """Find a data set, and the options that it is loaded with."""
    if place.recordings is not None:
        return datasets.RecordingsFiles(place.recordings / one["file"], target=None), {}
    data_set = getattr(datasets, one["data_set"])
    parameters = {"data_home": home(place), **one.get("parameters", {})}
    return data_set(**parameters), one.get("options", {})


def load(one: dict, place: Place) -> Bunch:
    """Load a data set as it is."""
    if place.recordings is not None:
        return datasets.load_recordings(place.recordings / one["file"], target=None)
    data_set, options = data_set_of(one, place)
    return data_set.load(**options)


def home(place: Place) -> Path:
    """Name the folder that sets are downloaded to."""
    return place.work / "physionet"


def choose_held_out(one: dict, people: np.ndarray, fraction: float) -> set[str]:
    """Choose people by their names alone, so that neither order nor number of others matters."""
    patterns = one.get("never_held_out", [])
    eligible = [p for p in people if not any(fnmatch.fnmatch(p, pattern) for pattern in patterns)]
    drawn = sorted(eligible, key=lambda p: hashlib.sha256(f"{one['name']}/{p}".encode()).digest())
    return set(drawn[: max(1, round(fraction * len(people)))])


def spread(windows: np.ndarray, at_most: int) -> np.ndarray:
    """Take windows that are spread evenly over all that there are."""
    chosen = np.linspace(0, len(windows) - 1, at_most).round().astype(int)
    return windows[chosen] if len(windows) > at_most else windows


def checksum(one: dict, place: Place) -> str:
    """SHA-256 of what a set was read from: the recordings file, or PhysioNet's list of checksums.

    The list names the SHA-256 of every file of the set, and no file is used that has another.
    """
    folder = home(place) if place.recordings is None else place.recordings
    return hashlib.sha256((folder / file_read(one, place)).read_bytes()).hexdigest()


def file_read(one: dict, place: Place) -> str:
    """Name the file whose checksum says what was read."""
    return f"{one['physionet']}/SHA256SUMS.txt" if place.recordings is None else one["file"]


class AddRecordedNoise(WindowTransform):
    """Add a random stretch of recorded noise to each window, at `snr_db` below its power.

    `noise` has the sampling rate of the windows and the shape (n_recordings, n_times).
    """

    def __init__(self, noise: Any, snr_db: float = 15) -> None:
        self.noise = noise
        self.snr_db = snr_db

    def apply(
        self, windows: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        n_windows, n_times = windows.shape
        noise = torch.from_numpy(np.asarray(self.noise, dtype=np.float32)).to(windows.device)
        draw = {"size": (n_windows, 1), "generator": generator, "device": windows.device}
        rows = torch.randint(len(noise), **draw)
        starts = torch.randint(noise.shape[1] - n_times + 1, **draw)
        stretches = noise[rows, starts + torch.arange(n_times, device=windows.device)]
        stretches = stretches - stretches.mean(dim=1, keepdim=True)
        power = windows.square().mean(dim=1, keepdim=True) / 10 ** (self.snr_db / 10)
        own = stretches.square().mean(dim=1, keepdim=True).clamp(min=1e-12)
        return torch.addcmul(windows, stretches, (power / own).sqrt())


def recorded_noise(config: dict, place: Place) -> AddRecordedNoise:
    """Read recorded noise, brought to the rate of the windows and filtered as they are."""
    preparation = config["preparation"]["recognition"]
    rate = preparation["sampling_rate"]
    data = load(config["noise"], place)
    rates = np.broadcast_to(data.sampling_rate, len(data.recordings))
    resampled = [
        Resampler(own, rate).fit_transform([recording])[0]
        for recording, own in zip(data.recordings, rates, strict=True)
    ]
    return AddRecordedNoise(
        np.stack(ECGFilter(rate, **preparation["filter"]).fit_transform(resampled))
    )
