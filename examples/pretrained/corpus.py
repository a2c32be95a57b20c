"""The corpus that the encoders learn from: which people, which windows."""

import fnmatch
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch

from sklearn_ecgssl import datasets
from sklearn_ecgssl.signal import ECGFilter, Segmenter, TrimmedScaler

#: A window that varies less, relative to its recordings, is flat, and in no corpus.
FLAT = 1e-3


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
    n_flat: int = 0
    noise: np.ndarray | None = None


def make_corpus(config: dict, recipe: dict, place: Place) -> Corpus:
    """Put the windows of all sets of a recipe together, without those of reserved people."""
    at_most = windows_per_person(config, recipe)
    windows: dict[str, list[np.ndarray]] = {"learnt": [], "held_out": []}
    person: dict[str, list[str]] = {"learnt": [], "held_out": []}
    n_flat = 0
    for one in sets_of(config, recipe):
        data = load_set(config, one, recipe["method"], place)
        parts = parts_of(one, np.unique(data.subject), config["corpus"]["held_out"])
        segmenter = Segmenter(data.sampling_rate, config["corpus"]["window_length"])
        X, subject = segmenter.windows(data.recordings, data.subject, short="drop")
        varies = np.isfinite(X).all(axis=1) & (X.std(axis=1) > FLAT)
        X, subject, n_flat = X[varies], subject[varies], n_flat + int((~varies).sum())
        for name, own in each_person(X, subject):
            if (part := parts[name]) != "reserved":
                windows[part].append(spread(own, at_most))
                person[part] += [f"{one['name']}/{name}"] * len(windows[part][-1])
    learnt, held_out = (np.concatenate(windows[part]) for part in windows)
    learnt_from, held_out_of = (np.array(person[part]) for part in person)
    noise = recorded_noise(config, recipe["method"], place) if recipe.get("noise") else None
    return Corpus(learnt, held_out, learnt_from, held_out_of, n_flat, noise)


def sets_of(config: dict, recipe: dict) -> list[dict]:
    """List the data sets of a recipe: those that are for its method, but for some that it names."""
    without, method = recipe.get("without_sets", []), recipe["method"]
    return [
        one
        for one in config["corpus"]["sets"]
        if method in one.get("methods", [method]) and one["name"] not in without
    ]


def sources_of(config: dict, recipe: dict) -> list[dict]:
    """List all that a recipe reads: its data sets, and the noise."""
    return [*sets_of(config, recipe), *([config["noise"]] if recipe.get("noise") else [])]


def windows_per_person(config: dict, recipe: dict) -> int:
    return recipe.get("windows_per_person", config["corpus"]["windows_per_person"])


def load_set(config: dict, one: dict, method: str, place: Place) -> Bunch:
    """Read a data set, prepared as a method asks, without the people whom it leaves out."""
    data = prepare_set(config, one, method, place, scale=config["preparation"][method]["scale"])
    names = np.array([str(subject).rpartition("/")[2] for subject in data.subject])
    if unknown := set(one.get("without", [])) - set(names):
        raise ValueError(
            f"without names {sorted(unknown)}, who are not in the set {one['name']!r} "
            f"({len(set(names))} people: {names[0]!r}, ...). Correct it in the configuration."
        )
    keep = np.flatnonzero(~np.isin(names, one.get("without", [])))
    data.recordings, data.subject = [data.recordings[i] for i in keep], names[keep]
    return data


def recorded_noise(config: dict, method: str, place: Place) -> np.ndarray:
    """Read noise without ECG, prepared as ECG is; each recording has a standard deviation of 1."""
    data = prepare_set(config, config["noise"], method, place, scale=None)
    return np.stack(TrimmedScaler(trim=0).fit_transform(data.recordings))


def prepare_set(config: dict, one: dict, method: str, place: Place, scale: str | None) -> Bunch:
    """Read a data set, resampled and filtered as a method asks."""
    rate = config["preparation"][method]["sampling_rate"]
    data_set, options = data_set_of(one, place)
    return datasets.prepare(
        data_set,
        cache=place.work / "cache",
        sampling_rate=rate,
        transformer=ECGFilter(rate, **config["preparation"][method]["filter"]),
        scale=scale,
        **options,
    )


def preparation_of(config: dict, method: str) -> Pipeline:
    """Write the preparation of a method as steps, by which a recording is scaled by itself."""
    settings = config["preparation"][method]
    rate = settings["sampling_rate"]
    return make_pipeline(
        ECGFilter(rate, **settings["filter"]),
        TrimmedScaler(trim={"trimmed": 0.025, "standard": 0.0}[settings["scale"]]),
        Segmenter(rate, config["corpus"]["window_length"]),
    )


def data_set_of(one: dict, place: Place) -> tuple[datasets.DataSet, dict[str, Any]]:
    """Find a data set, and the options that it is loaded with."""
    if place.recordings is not None:
        return datasets.RecordingsFiles(place.recordings / one["file"], target=None), {}
    if "data_set" not in one:
        raise SystemExit(
            f"{one['title']}, is not downloaded: pass --recordings, a folder with {one['file']}."
        )
    data_set = getattr(datasets, one["data_set"])
    parameters = {"data_home": place.work / "physionet", **one.get("parameters", {})}
    return data_set(**parameters), one.get("options", {})


def parts_of(one: dict, people: Iterable[str], fraction: float) -> dict[str, str]:
    """Say who of a set is learnt from, held out or reserved, by names alone.

    A fraction of all people of a set is held out, at least one, to choose among encoders. Who is
    reserved is in no part of the corpus, and is for one score at the end. A set may have fractions
    of its own.
    """
    people = [str(person) for person in people]
    patterns = one.get("never_held_out", [])
    eligible = [p for p in people if not any(fnmatch.fnmatch(p, pattern) for pattern in patterns)]
    drawn = sorted(eligible, key=lambda p: hashlib.sha256(f"{one['name']}/{p}".encode()).digest())
    n_held_out = max(1, round(one.get("held_out", fraction) * len(people)))
    n_reserved = round(one.get("reserved", 0) * len(people))
    parts = dict.fromkeys(people, "learnt")
    parts.update(dict.fromkeys(drawn[:n_held_out], "held_out"))
    parts.update(dict.fromkeys(drawn[n_held_out : n_held_out + n_reserved], "reserved"))
    return parts


def each_person(X: np.ndarray, subject: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Give the windows of each person, in the order of their names."""
    order = np.argsort(subject, kind="stable")
    names, start = np.unique(subject[order], return_index=True)
    for name, own in zip(names, np.split(order, start[1:]), strict=True):
        yield str(name), X[own]


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
