"""A person's level: what is lost on people whom a classifier has not met, and what brings it back.

People are left out one at a time. Features are ranked within a person (AUC), classified as they
are, relative to the person's mean over a minute of rest, and scaled by all windows of the person;
C is chosen on the training people. Beside the encoders stand the same networks untrained: what
pretraining adds is the difference, person by person. Then how much rest, which minute of it, how
long a window, and a control: whether late rest is told from early rest. The fine-tuned network,
whose own head takes no reference, is scored in four folds of people.
"""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch

from sklearn_ecgssl.classify import (
    ECGClassifier,
    SubjectReferenceClassifier,
    SubjectScaledClassifier,
)
from sklearn_ecgssl.evaluation import (
    ReferenceWindows,
    compare_protocols,
    linear_classifier,
    unseen_subjects,
)
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import Segmenter, scale_subjects

from .ecg import labelled_recordings
from .encoders import METHODS, load_encoders, untrained, windows_of_all
from .tables import cell, interval, print_table

#: Features by encoder: a layer, or how the last one is aggregated.
FEATURES = {
    "recognition": ["max", "rhythm"],
    "masked": ["mean"],
    "rhythm": ["mean, max", "scores"],
}
#: Seeds of the untrained networks. Those of `rhythm` differ much from each other.
SEEDS = {"recognition": [0], "masked": [0], "rhythm": [0, 1, 2]}
#: Also measured by the seconds, and by the part of the rest that is reference.
FEW = ["heart rate", "recognition rhythm", "masked mean", "rhythm mean, max"]
ONE_AT_A_TIME = unseen_subjects(n_splits=None)
LENGTHS = [10, 20, 30, 60]


class Columns(TransformerMixin, BaseEstimator):
    """Some columns of features that were computed once for all folds."""

    def __init__(self, first, end):
        self.first = first
        self.end = end

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, self.first : self.end]

    def __sklearn_is_fitted__(self):
        return True


def run(args) -> None:
    if args.data is None:
        print("not measured: this needs a recordings file, ARGS='--data eegmat.npz'")
        return
    data = features_of(args)
    rest, how = data.rest, {"n_jobs": args.jobs, "verbose": 1}
    minute = ReferenceWindows(rest, seconds=60)
    print(f"{sum(map(len, data.recordings))} windows of {len(np.unique(data.subject))} people")
    print(f"reference: {minute}", flush=True)

    scaled = {f"{name} scaled": by_all(columns) for name, columns in data.columns.items()}
    estimators = {name: by_rest(columns) for name, columns in data.columns.items()} | scaled
    found = compared(estimators, data, reference=minute, **how)
    print_scores("Balanced accuracy and AUC, mean over people", found, scaled)
    print_gains(found)
    few = {name: estimators[name] for name in FEW if name in estimators}
    for title, vary in {
        "seconds of rest": {"reference__seconds": [0, 10, 30, 60, 120]},
        "which part of the rest": {"reference__position": ["first", "last", "random"]},
    }.items():
        found = compared(few, data, reference=minute, vary=vary, **how)
        print_values(f"Balanced accuracy by {title}", found.table(), *vary)
    drift = compared(few, late_rest(data), reference=ReferenceWindows("reference", 60), **how)
    title = "Control: late rest against early rest, the first minute as reference"
    print_values(title, drift.table(), "reference")

    recordings, target, subject = labelled_recordings(args)
    lengths = compare_protocols(
        {},
        recordings,
        target,
        subject,
        protocols=ONE_AT_A_TIME,
        segmenter=Segmenter(256),
        reference=ReferenceWindows(rest),
        vary={"segmenter__window_length": LENGTHS, "reference__seconds": [0, 120]},
        **how,
    )
    table = lengths.table().query("estimator == 'heart rate'")
    title = "Heart rate by the length of a window and the seconds of rest"
    print_values(title, table, "reference__seconds", row="segmenter__window_length")
    table = fine_tuned(args, minute, **how).table().set_index("estimator")
    metrics = ["auc_within", "balanced_accuracy", "balanced_accuracy_bound"]
    rows = [
        [name, *(cell(row, metric) for metric in metrics), row["auc_pooled"]]
        for name, row in table.iterrows()
    ]
    print(
        "\nThe fine-tuned network as is, four folds of people; heart rate with a minute of rest\n"
    )
    print_table(["", *metrics, "auc_pooled"], rows)


def features_of(args) -> Bunch:
    """Compute all features of all windows once, as recordings of rows of columns."""
    data = windows_of_all(args)
    heart_rate = HRVFeatures(sampling_rate=256).fit_transform(data.of["recognition"])
    values = {"heart rate": np.where(np.isnan(heart_rate), np.nanmean(heart_rate, 0), heart_rate)}
    for method, shipped in load_encoders(args).items():
        networks = {"": shipped}
        for seed in SEEDS[method]:
            name = f" untrained {seed}" if seed else " untrained"
            networks[name] = untrained(shipped, data.of[method], seed=seed)
        for name, encoder in networks.items():
            for kind in FEATURES[method]:
                is_layer = kind in encoder.layer_names()
                which = {"layer": kind} if is_layer else {"aggregate": kind.split(", ")}
                embedder = SSLEmbedder(
                    FrozenEstimator(encoder), sampling_rate=METHODS[method][1], **which
                )
                values[f"{method} {kind}{name}"] = embedder.fit_transform(data.of[method])
        if method == "rhythm":
            both = [values[f"{method} {FEATURES[method][0]}"], values["heart rate"]]
            values[f"{method}, heart rate"] = np.hstack(both)
    return side_by_side(values, data.target, data.subject)


def side_by_side(values: dict[str, np.ndarray], target: np.ndarray, subject: np.ndarray) -> Bunch:
    """Put features of windows side by side, as recordings of rows of columns."""
    ends = np.cumsum([v.shape[1] for v in values.values()]).tolist()
    columns = dict(zip(values, map(Columns, [0, *ends[:-1]], ends), strict=True))
    # A recording ends where the person or the label changes.
    borders = np.flatnonzero((subject[1:] != subject[:-1]) | (target[1:] != target[:-1])) + 1
    first = np.concatenate([[0], borders])
    rows = np.column_stack(list(values.values())).astype(np.float32)
    labels, counts = np.unique(target, return_counts=True)
    return Bunch(
        recordings=np.split(rows, borders),
        target=target[first],
        subject=subject[first],
        columns=columns,
        rest=labels[counts.argmax()].item(),
    )


def by_rest(features) -> SubjectReferenceClassifier:
    return SubjectReferenceClassifier(features, linear_classifier(C=None))


def by_all(features) -> SubjectScaledClassifier:
    return SubjectScaledClassifier(features, linear_classifier(C=None))


def compared(estimators: dict, data: Bunch, seconds: float = 10, **how):
    """Compare on rows of columns, as if each were a window of so many seconds."""
    n_columns = data.recordings[0].shape[1]
    return compare_protocols(
        estimators,
        data.recordings,
        data.target,
        data.subject,
        segmenter=Segmenter(n_columns / seconds, window_length=seconds),
        protocols=ONE_AT_A_TIME,
        **how,
    )


def late_rest(data: Bunch) -> Bunch:
    """Cut the rest of each person into the first minute, and an early and a late half."""
    at_rest = [
        (rows, who)
        for rows, label, who in zip(data.recordings, data.target, data.subject, strict=True)
        if label == data.rest
    ]
    parts = [
        (part, name, who)
        for rows, who in at_rest
        for name, part in zip(
            ("reference", "early", "late"),
            (rows[:6], *np.array_split(rows[6:], 2)),
            strict=True,
        )
    ]
    recordings, target, subject = zip(*parts, strict=True)
    return Bunch(recordings=list(recordings), target=np.array(target), subject=np.array(subject))


def fine_tuned(args, minute: ReferenceWindows, **how):
    recordings, target, subject = labelled_recordings(args)
    network = ECGClassifier(
        args.recognition,
        hidden=(64, 64),
        class_weight="balanced",
        max_epochs=args.epochs,
        batch_size=16,
        random_state=0,
    )
    return compare_protocols(
        {"fine-tuned": network},
        scale_subjects(recordings, subject),
        target,
        subject,
        protocols=unseen_subjects(4),
        reference=minute,
        vary={"reference__seconds": [60]},
        **how,
    )


def print_scores(title: str, found, scaled: dict) -> None:
    """Print a row for each kind of features; those scaled by all windows in a column."""
    print(f"\n{title}\n")
    table = found.table().set_index(["estimator", "reference"])
    with_rest = next(name for name in table.index.levels[1] if name != "none")
    rows = []
    for name in dict.fromkeys(table.index.get_level_values("estimator")):
        if name in scaled:
            continue
        as_is, relative = table.loc[name, "none"], table.loc[name, with_rest]
        both = table.loc[(f"{name} scaled", "none")] if f"{name} scaled" in scaled else None
        rows.append(
            [
                name,
                cell(as_is, "auc_within"),
                as_is["auc_pooled"],
                cell(as_is, "balanced_accuracy"),
                cell(relative, "balanced_accuracy"),
                cell(relative, "auc_within"),
                "" if both is None else cell(both, "balanced_accuracy"),
                cell(as_is, "balanced_accuracy_bound"),
                as_is["threshold_spread"],
            ]
        )
    header = ["features", "AUC within", "AUC pooled", "as is", "minus rest", "AUC minus rest"]
    print_table([*header, "scaled by all windows", "best thresholds (bound)", "spread"], rows)
    print(found.failures.to_string() if len(found.failures) else "", flush=True)


def print_gains(found) -> None:
    """Print how far each encoder is ahead of the mean of its untrained networks, over people."""
    people = found.subjects().pivot(index="subject", columns=["reference", "estimator"])
    people = people.sort_index(axis="columns")
    none, minute = sorted(set(found.table()["reference"]), key=lambda name: name != "none")
    rows = []
    for method, kinds in FEATURES.items():
        for name in (f"{method} {kind}" for kind in kinds):
            cells = []
            for metric, reference in [
                ("auc", none),
                ("balanced_accuracy", none),
                ("balanced_accuracy", minute),
            ]:
                scores = people[metric, reference]
                twins = [column for column in scores if column.startswith(f"{name} untrained")]
                twins = [column for column in twins if not column.endswith("scaled")]
                if twins:
                    gain = scores[name] - scores[twins].mean(axis=1)
                    cells.append(interval(gain.to_numpy(), "+"))
            if cells:
                rows.append([name, len(twins), *cells])
    print("\nWhat pretraining adds, mean over people ± 95 % interval\n")
    header = ["features", "untrained networks", "AUC within", "as is", "minus rest"]
    print_table(header, rows)


def print_values(title: str, table: pd.DataFrame, column: str, row: str = "estimator") -> None:
    """Print balanced accuracies, a column for each value of what was varied."""
    print(f"\n{title}\n")
    rows = [
        [name, *(cell(one, "balanced_accuracy") for _, one in own.iterrows())]
        for name, own in table.groupby(row, sort=False)
    ]
    print_table([row, *map(str, table[column].unique())], rows)
