"""Features of both pretraining methods, and of both side by side, on the same unseen people.

Encoders learn from one recordings file (--corpus) and are frozen; a linear classifier of their
features is scored on the people of another (--data), left out one at a time.
"""

import numpy as np

from sklearn_ecgssl.classify._subject_scaled import scale_rows
from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer

from .linear_scores import interval, score_person
from .reconstruction import RATE, prepared
from .tables import print_table

#: Seconds that are learnt from of each recording.
SECONDS = 150
BATCH_SIZE = 8
#: Features side by side.
ROWS = {
    "recognition, max": ["recognition max"],
    "masked, class token": ["masked cls"],
    "masked, mean": ["masked mean"],
    "both": ["recognition max", "masked mean"],
    "recognition, rhythm": ["recognition rhythm"],
    "masked, rhythm": ["masked rhythm"],
    "heart rate (HR, SDNN, RMSSD)": ["heart rate"],
}
UNTRAINED = {
    "recognition, max": ["recognition max"],
    "masked, class token": ["masked cls"],
    "masked, mean": ["masked mean"],
    "both": ["recognition max", "masked mean"],
}
WAYS = {"recognition": ["max", "rhythm"], "masked": ["cls", "mean", "rhythm"]}


def run(args) -> None:
    if args.data is None or args.corpus is None:
        print("not measured: this needs ARGS='--data eegmat.npz --corpus qtdb.npz'")
        return
    learnt_from = most_people(*windows_of(args.corpus))
    where = dict.fromkeys(args.where, True)
    cohort = load_recordings(args.data, target=args.target, where=where, complete_subjects=True)
    X, target, subject = prepared(cohort, cohort.target, cohort.subject)
    print(f"{len(learnt_from)} windows to learn from, {args.epochs} epochs; scored on {len(X)}")
    for epochs, rows in ((args.epochs, ROWS), (0, UNTRAINED)):
        features = _features(_encoders(epochs, args.memory), learnt_from, X)
        print(f"\n{'Pretrained' if epochs else 'As they are initialised'}\n")
        _print_scores({name: np.hstack([features[w] for w in ways]) for name, ways in rows.items()},
                      target, subject)  # fmt: skip


def windows_of(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Windows and subjects of a recordings file."""
    cohort = load_recordings(path)
    return prepared(cohort, cohort.subject, seconds=SECONDS)


def most_people(windows: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """Windows of four fifths of the people; the others were once looked at for errors."""
    people = np.random.default_rng(0).permutation(np.unique(subject))
    return windows[~np.isin(subject, people[: len(people) // 5])]


def _encoders(epochs: int, memory) -> dict[str, PretextPretrainer | MaskedPretrainer]:
    shared = {"max_epochs": epochs, "batch_size": BATCH_SIZE, "memory": memory, "random_state": 0}
    return {
        "recognition": PretextPretrainer(**shared, verbose=1),
        "masked": MaskedPretrainer(**shared, verbose=1),
    }


def _features(encoders, learnt_from: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    found = {
        "heart rate": HRVFeatures(RATE, features=["mean_hr", "sdnn", "rmssd"]).fit_transform(X)
    }
    for name, encoder in encoders.items():
        encoder.fit(learnt_from)
        for way in WAYS[name]:
            found[f"{name} {way}"] = encoder.encode(X, aggregate=way, sampling_rate=RATE)
    return found


def _print_scores(features: dict[str, np.ndarray], target, subject) -> None:
    rows = []
    for name, X in features.items():
        c = 0.003 if "rhythm" in name else 1.0  # as the benchmark "aggregation" has it
        scores = [
            [score_person(columns, target, subject == person, c) for person in np.unique(subject)]
            for columns in (X, scale_rows(X, subject))
        ]
        rows.append([name, X.shape[1], *(interval(np.array(s)) for s in scores)])
    print_table(["features", "columns", "as they are", "scaled by person"], rows)
