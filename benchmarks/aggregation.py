"""Features of unseen people by how the network's activations are aggregated over time.

Balanced accuracy on windows of people who are left out one at a time, of a linear classifier, with
features as they are and scaled person by person without labels. Two encoders are pretrained, each
on every second person; a person is always embedded by the one that has not met him or her.
"""

import numpy as np
from joblib import Parallel, delayed

from sklearn_ecgssl.classify._subject_scaled import scale_rows
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.pretext import PretextPretrainer

from .ecg import labelled_windows
from .linear_scores import interval, score_person
from .tables import print_table

#: Features side by side, and the C of the logistic regression, chosen on every second person.
ROWS = {
    "heart rate (HR, SDNN, RMSSD)": (["hrv"], 1.0),
    "max (the papers')": (["max"], 1.0),
    "max, more regularised": (["max"], 0.01),
    "max, mean, std": (["max", "mean", "std"], 1.0),
    "rhythm": (["rhythm"], 0.003),
    "max, heart rate": (["max", "hrv"], 1.0),
    "rhythm, heart rate": (["rhythm", "hrv"], 0.003),
}


def run(args) -> None:
    windows, target, subject = labelled_windows(args)
    people = np.unique(subject)
    halves = [np.isin(subject, people[i::2]) for i in (0, 1)]
    print(f"{len(windows)} windows of {len(people)} people, {args.epochs} epochs of pretraining\n")
    for seed in range(args.seeds):
        learnt_from = [windows[half] for half in halves]
        encoders = Parallel(n_jobs=2)(delayed(_pretrained)(X, seed, args) for X in learnt_from)
        # the encoder that learnt from the first half serves the second, and the other way round
        features = [_features(encoder, windows) for encoder in reversed(encoders)]
        print(f"seed {seed}\n")
        _print_scores(features, target, subject, people, halves)


def _pretrained(windows, seed, args) -> PretextPretrainer:
    pretrainer = PretextPretrainer(max_epochs=args.epochs, batch_size=32, random_state=seed)
    return pretrainer.fit(windows)


def _features(encoder, windows) -> dict[str, np.ndarray]:
    ways = {way: encoder.encode(windows, aggregate=way) for way in encoder.aggregations()}
    hrv = HRVFeatures(256, features=["mean_hr", "sdnn", "rmssd"]).fit_transform(windows)
    return ways | {"hrv": hrv}


def _print_scores(features, target, subject, people, halves) -> None:
    scores = {
        name: [_by_person(features, ways, c, *args) for args in _columns(target, subject, halves)]
        for name, (ways, c) in ROWS.items()
    }
    reference = next(iter(scores.values()))
    groups = {"all": people, "people 1, 3, ...": people[0::2], "people 2, 4, ...": people[1::2]}
    for title, some in groups.items():
        kept = np.isin(people, some)
        rows = []
        for name, columns in scores.items():
            own = [interval(column[kept]) for column in columns]
            beside = [
                interval(c[kept] - r[kept], "+") for c, r in zip(columns, reference, strict=True)
            ]
            rows.append([name, *own, *beside])
        print(f"Scored on {title}: mean ± 95 % interval over people\n")
        header = ["features", "as they are", "scaled by person", "minus heart rate", "scaled"]
        print_table(header, rows)
        print()


def _columns(target, subject, halves):
    return [(target, subject, halves, scaled) for scaled in (False, True)]


def _by_person(features, ways, c, target, subject, halves, scaled) -> np.ndarray:
    """Score of each person, whose windows the classifier has not seen."""
    rows = [np.hstack([own[way] for way in ways]) for own in features]
    rows = [scale_rows(X, subject) if scaled else X for X in rows]
    scores = []
    for person in np.unique(subject):
        test = subject == person
        X = rows[0] if halves[0][test].all() else rows[1]
        scores.append(score_person(X, target, test, c))
    return np.array(scores)
