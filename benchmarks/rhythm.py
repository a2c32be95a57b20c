"""What frozen features carry: the rate and its variability, the rhythm, who it is.

Each encoder beside the same network untrained, heart-rate variability, and the encoder and
variability side by side. Every encoder gets the signal as it learnt it, in windows that begin at
the same times. --questions says which tables:

- rate: R squared of a ridge from the features of a window to rate and variability in that window.
- labels: macro F1 of the rhythm of cinc2017, with few labels and with all (rhythm_labels.py).
- identity: whose recording it is, among the people of ecgid.
- length, noise: windows of other lengths, and electrode motion, on --data (rhythm_stress.py).

With --choose: rate and labels of these encoders alone, on people held out of the corpus. Without
it, labels are asked of a part of cinc2017 by which nothing was chosen.
"""

import time
from pathlib import Path

import numpy as np

from sklearn_ecgssl.evaluation._carried import explained, recognised

from . import rhythm_labels, rhythm_stress
from .frozen import Frozen, load, load_those_there, pool
from .rhythm_data import (
    HRV,
    HRV_RATE,
    People,
    Signals,
    at_most,
    labelled,
    read,
    read_held_out,
    read_rhythms,
)
from .tables import interval, print_table

TARGETS = ["rate", "SDNN", "RMSSD", "log SDNN", "log RMSSD"]


def run(args) -> None:
    if args.folder is None:
        print("not measured: this needs a folder of recordings files, ARGS='--folder FOLDER'")
        return
    signals = Signals(args.work)
    if args.choose:
        encoders = [load(place, args.device) for place in args.choose]
        rate("people held out of the corpus", read_held_out(args.folder), signals, encoders, False)
        labels(signals, encoders, args)
        return
    encoders = load_those_there(args.list, args.device)
    if "rate" in args.questions:
        held_out = read_held_out(args.folder)
        rate("people held out of the corpus", held_out, signals, encoders, True)
        if args.data is not None:
            rate(Path(args.data).name, [labelled(args)], signals, encoders, True)
    if "labels" in args.questions:
        labels(signals, encoders, args)
    if "identity" in args.questions:
        identity(signals, encoders, args)
    if "length" in args.questions:
        rhythm_stress.length(signals, encoders, args)
    if "noise" in args.questions:
        rhythm_stress.noise(signals, encoders, args)


def rate(
    title: str, of: list[People], signals: Signals, encoders: list[Frozen], twins: bool
) -> None:
    """Print how well rate and variability are told from the features of a window."""
    subject = np.concatenate([named(people, signals) for people in of])
    kept = at_most(subject)
    hrv = np.concatenate([signals.variability(people, 10) for people in of])
    kept = kept[~np.isnan(hrv[kept]).any(axis=1)]
    y, who = targets_of(hrv[kept]), subject[kept]
    rows = []
    for one in encoders:
        X = np.concatenate([signals.windows(people, one.rate)[0] for people in of])[kept]
        for frozen in one.with_twin(X) if twins else [one]:
            start = time.perf_counter()
            scores = explained(frozen.features(X), y, who)
            print(f"{frozen.name}: {time.perf_counter() - start:.0f} s", flush=True)
            rows.append([frozen.name, *(f"{score:.3f}" for score in scores)])
    print(f"\nR squared, {title}: {len(y)} windows of {len(np.unique(who))} people\n")
    print_table(["features", *TARGETS], rows)


def named(people: People, signals: Signals) -> np.ndarray:
    """Name whose each window is, with the file: two files may have the same names."""
    _, recording = signals.windows(people, HRV_RATE)
    return np.array([f"{people.path} {subject}" for subject in people.subject])[recording]


def targets_of(hrv: np.ndarray) -> np.ndarray:
    mean, *variability = hrv[:, :3].T
    logs = [np.log(np.maximum(x, 1.0)) for x in variability]  # in ms: 0 where all beats are alike
    return np.column_stack([mean, *variability, *logs])


def labels(signals: Signals, encoders: list[Frozen], args) -> None:
    """Print how well the rhythm of a recording is told, by the fraction of labels."""
    asked = "held_out" if args.choose else "reserved"
    of = [read_rhythms(args.folder, part) for part in ("learnt", asked)]
    n_train, n_test = map(len, of)
    target = np.concatenate([people.target for people in of])
    task = rhythm_labels.Task(target, np.arange(n_train), n_train + np.arange(n_test))
    fractions = [fraction for fraction in rhythm_labels.DRAWS if fraction < 1 or not args.choose]
    hrv = np.concatenate([signals.variability(people) for people in of])
    rows = [[", ".join(HRV), *rhythm_labels.score([(hrv, 1.0)], task, fractions)]]
    for one in encoders:
        windows, _ = signals.windows(of[1], one.rate)
        for frozen in [one] if args.choose else one.with_twin(windows):
            start = time.perf_counter()
            pooled = pool(signals, frozen, of)
            encoded = time.perf_counter() - start
            rows.append([frozen.name, *rhythm_labels.score(pooled, task, fractions)])
            both = rhythm_labels.score([*pooled, (hrv, 1.0)], task, fractions)
            rows.append([f"{frozen.name}, the four", *both])
            seconds = time.perf_counter() - start
            print(f"{frozen.name}: {seconds:.0f} s, {encoded:.0f} of them to encode", flush=True)
    print(f"\nMacro F1 of rhythm, learnt from {n_train} recordings, asked of {n_test} {asked}\n")
    print_table(["features", *(f"{fraction:.0%} of labels" for fraction in fractions)], rows)


def identity(signals: Signals, encoders: list[Frozen], args) -> None:
    """Print how often a window is nearest to one of the same person, of another recording."""
    everyone = read(Path(args.folder, "ecgid.npz"))
    several = np.isin(everyone.subject, repeated(everyone.subject))
    people = everyone.keep(several).alone()  # who it is must not say how recordings are scaled
    who = everyone.subject[several]
    _, recording = signals.windows(people, HRV_RATE)
    first = np.array([np.flatnonzero(who == one)[0] for one in who])
    enrolled = first[recording] == recording
    subject = who[recording]
    hrv = signals.variability(people, 10)
    hrv = np.where(np.isnan(hrv), np.nanmean(hrv[enrolled], axis=0), hrv)
    found = {", ".join(HRV): (hrv,)}
    for one in encoders:
        X, _ = signals.windows(people, one.rate)
        for frozen in one.with_twin(X):
            features = frozen.features(X)
            found |= {frozen.name: (features,), f"{frozen.name}, the four": (features, hrv)}
    n_people = len(np.unique(subject))
    print(
        f"\nRank-1 accuracy, {(~enrolled).sum()} windows of {n_people} people, mean over people\n"
    )
    rows = [[name, interval(recognised(X, subject, enrolled))] for name, X in found.items()]
    print_table(["features", "of the same person"], rows)


def repeated(subject: np.ndarray) -> np.ndarray:
    names, n_recordings = np.unique(subject, return_counts=True)
    return names[n_recordings > 1]
