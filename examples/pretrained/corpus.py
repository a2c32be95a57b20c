"""The corpus that the encoders learn from: which people, which windows."""

import fnmatch
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from sklearn_ecgssl import datasets
from sklearn_ecgssl.signal import ECGFilter, Segmenter


@dataclass(frozen=True)
class Place:
    """Where prepared files are kept, and a folder of recordings files; None downloads the sets."""

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
    without = recipe.get("without_sets", [])
    return [one for one in config["corpus"]["sets"] if one["name"] not in without]


def windows_per_person(config: dict, recipe: dict) -> int:
    return recipe.get("windows_per_person", config["corpus"]["windows_per_person"])


def load_set(config: dict, one: dict, method: str, place: Place) -> Bunch:
    """Read a data set and cut it into windows, prepared as a method asks."""
    preparation = config["preparation"][method]
    rate = preparation["sampling_rate"]
    data_set, options = data_set_of(one, place)
    data = datasets.prepare(
        data_set,
        cache=place.work / "cache",
        sampling_rate=rate,
        transformer=ECGFilter(rate, **preparation["filter"]),
        scale=preparation["scale"],
        segmenter=Segmenter(rate, config["corpus"]["window_length"]),
        **options,
    )
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
    parameters = {"data_home": place.work / "physionet", **one.get("parameters", {})}
    return data_set(**parameters), one.get("options", {})


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


def file_read(one: dict, place: Place) -> tuple[str, str]:
    """Name what says what was read, a recordings file or PhysioNet's checksums, and its SHA-256."""
    folder, name = place.recordings, one["file"]
    if folder is None:
        folder, name = place.work / "physionet", f"{one['physionet']}/SHA256SUMS.txt"
    return name, hashlib.sha256((folder / name).read_bytes()).hexdigest()
