"""A person's level by the length of windows, and features of ECG with recorded electrode motion."""

from pathlib import Path

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import GroupKFold

from sklearn_ecgssl.evaluation import ReferenceWindows, linear_classifier
from sklearn_ecgssl.evaluation._linear import linear_regressor

from . import level
from .frozen import Frozen
from .rhythm_data import Signals, labelled
from .tables import cell, interval, print_table

LENGTHS = [5, 10, 30, 60]
SNR_DB = [None, 6, 0, -6]
RATE_AND_SPREAD = slice(0, 3)


def length(signals: Signals, encoders: list[Frozen], args) -> None:
    """Print what windows of each length are worth, as they are and minus a minute of rest."""
    if args.data is None:
        print("\nlength: not measured, this needs ARGS='--data eegmat.npz'")
        return
    people = labelled(args)
    rows = []
    for seconds in LENGTHS:
        _, recording = signals.windows(people, 256, seconds)
        values = {"heart rate": heart_rate(signals, people, seconds)}
        for one in filter(lambda one: seconds == 10 or one.any_length, encoders):
            X, _ = signals.windows(people, one.rate, seconds)
            ten, _ = signals.windows(people, one.rate)
            for frozen in one.with_twin(ten):
                values[frozen.name] = frozen.features(X)
        data = level.side_by_side(values, people.target[recording], people.subject[recording])
        estimators = {name: level.by_rest(columns) for name, columns in data.columns.items()}
        reference = ReferenceWindows(data.rest, seconds=60)
        how = {"seconds": seconds, "reference": reference, "n_jobs": args.jobs}
        table = level.compared(estimators, data, **how).table()
        for name in values:
            own = table[table.estimator == name]
            as_is, minus_rest = (own[(own.reference == "none") == is_none] for is_none in (1, 0))
            cells = [
                cell(part.iloc[0], metric)
                for metric in ("auc_within", "balanced_accuracy")
                for part in (as_is, minus_rest)
            ]
            rows.append([name, seconds, *cells])
    print("\nBy the seconds of a window: mean over people ± 95 % interval\n")
    header = ["AUC within", "AUC minus rest", "balanced accuracy", "minus rest"]
    print_table(["features", "seconds", *header], rows)


def noise(signals: Signals, encoders: list[Frozen], args) -> None:
    """Print what is left where only the ECG that is tested has electrode motion in it."""
    if args.data is None:
        print("\nnoise: not measured, this needs ARGS='--data eegmat.npz'")
        return
    people = labelled(args)
    _, recording = signals.windows(people, 256)
    target, subject = people.target[recording], people.subject[recording]
    file = str(Path(args.folder, "nstdb_noise.npz"))
    noises = [None if snr is None else (file, snr) for snr in SNR_DB]
    beats = [heart_rate(signals, people, 10, noise=own) for own in noises]
    found = {"heart rate": (beats, [r2_score(beats[0][:, 0], own[:, 0]) for own in beats])}
    for one in encoders:
        X = [signals.windows(people, one.rate, noise=own)[0] for own in noises]
        for frozen in one.with_twin(X[0]):
            features = [frozen.features(own) for own in X]
            found[frozen.name] = features, explained(features, beats[0][:, 0], subject)
    rows = []
    for name, (features, r2) in found.items():
        auc = auc_within(features, target, subject)
        rows.append([name, *(f"{score:.3f}" for score in r2), *map(interval, auc)])
    names = ["clean" if snr is None else f"{snr} dB" for snr in SNR_DB]
    print("\nElectrode motion in what is tested: R squared of heart rate, AUC within a person\n")
    print_table(["features", *(f"rate, {n}" for n in names), *(f"AUC, {n}" for n in names)], rows)


def heart_rate(signals: Signals, people, seconds: float, **how) -> np.ndarray:
    """Rate, SDNN and RMSSD of windows; their means where there are too few beats."""
    found = signals.variability(people, seconds, **how)[:, RATE_AND_SPREAD]
    return np.where(np.isnan(found), np.nanmean(found, axis=0), found)


def explained(features: list[np.ndarray], rate: np.ndarray, subject: np.ndarray) -> list[float]:
    """R squared of heart rate, of a ridge that learnt from the first features of other people."""
    predicted = np.empty((len(features), len(rate)))
    for train, test in GroupKFold(5).split(rate, rate, subject):
        ridge = linear_regressor().fit(features[0][train], rate[train], groups=subject[train])
        predicted[:, test] = [ridge.predict(X[test]) for X in features]
    return [r2_score(rate, own) for own in predicted]


def auc_within(features: list[np.ndarray], target: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """AUC of each person, of a classifier that learnt from the first features of the others."""
    scores = []
    for person in np.unique(subject):
        own = subject == person
        classifier = linear_classifier(C=None)
        classifier.fit(features[0][~own], target[~own], groups=subject[~own])
        decisions = [classifier.decision_function(tested[own]) for tested in features]
        scores.append([roc_auc_score(target[own], decision) for decision in decisions])
    return np.transpose(scores)
