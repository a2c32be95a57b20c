"""
From raw ECG to a cross-validated emotion classifier
====================================================

A network learns, without labels, which of six transformations was applied to a 10-second window of
ECG (Sarkar & Etemad 2020). Its features then feed ordinary classifiers, which are scored on people
whom nothing has met before, and in the way of the papers, where windows of one person stand in the
training and in the test part.

It runs on a **simulated** cohort, or on a recordings file (see
:func:`sklearn_ecgssl.datasets.load_recordings`)::

    python examples/plot_emotion_recognition.py --data my_ecg.npz --target condition
"""

# %%
# What can be chosen. The defaults take less than three minutes on two CPU cores.

import argparse
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ecgssl import (
    DenseClassifier,
    ECGFilter,
    PretextPretrainer,
    Resampler,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    load_recordings,
    make_cohort,
)
from sklearn_ecgssl.transforms import default_transforms

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
parser.add_argument("--data", help="recordings file or folder; none: a simulated cohort")
parser.add_argument("--target", default="auto", help="field of the file that holds the label")
parser.add_argument("--where", default=[], nargs="*", help="fields that must be true, as ecg_ok")
parser.add_argument("--epochs", type=int, default=8, help="of pretraining")
parser.add_argument("--batch-size", type=int, default=8, help="windows in a batch")
parser.add_argument("--people-folds", type=int, default=3, help="0: leave one person out")
parser.add_argument("--window-folds", type=int, default=3, help="of the papers' protocol")
parser.add_argument("--encoders", type=int, help="pretrained for a protocol; none: one a fold")
parser.add_argument("--protocols", nargs="+", default=["unseen", "mixed"], help="one or both")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder of the PNGs")
args = parser.parse_args()
if args.encoders == 1:
    parser.error("--encoders 1 would leave that encoder no window to learn from: take 2 or more")
args.output.mkdir(parents=True, exist_ok=True)

# %%
# **Recordings**: one array for each person and condition. In a cohort from a file, only people
# with a recording of every class are used.

if args.data is None:
    cohort = make_cohort(n_subjects=12, duration=(55, 75), random_state=args.seed)
    source = "SIMULATED cohort"
else:
    source = Path(args.data).name
    wanted = {"target": args.target, "where": dict.fromkeys(args.where, True)}
    cohort = load_recordings(args.data, **wanted)
    if cohort.target is None:
        sys.exit(
            f"{source} names no label. Choose one of its fields with --target (make demo "
            f"ARGS='--target FIELD'): {', '.join(cohort.fields)}"
        )
    cohort = load_recordings(args.data, **wanted, complete_subjects=True)
labels, target = np.unique(cohort.target, return_inverse=True)
class_names = [str(cohort.target_names[i]) if cohort.target_names else str(i) for i in labels]
subject = np.asarray(cohort.subject)
print(f"{source}: {len(target)} recordings of {len(np.unique(subject))} people")

# %%
# **Windows** of 10 s at 256 Hz, high-passed at 0.8 Hz, scaled recording by recording.

rates = np.broadcast_to(cohort.sampling_rate, len(target))
at_256_hz = [
    recording if rate == 256 else Resampler(rate, 256).fit_transform([recording])[0]
    for recording, rate in zip(cohort.recordings, rates, strict=True)
]
segmenter = Segmenter(sampling_rate=256, window_length=10)
preprocessing = make_pipeline(ECGFilter(sampling_rate=256), TrimmedScaler(), segmenter)
windowed = preprocessing.fit_transform(at_256_hz)
counts = [len(windows) for windows in windowed]
X = np.concatenate(windowed)
y, person = np.repeat(target, counts), np.repeat(subject, counts)
recording_of = np.repeat(np.arange(len(target)), counts)
per_class = [f"{n} {name}" for n, name in zip(np.bincount(y), class_names, strict=True)]
print(f"{len(X)} windows: {', '.join(per_class)}")

# %%
# One window beside what the network must tell it from:

figure, axes = plt.subplots(7, 1, figsize=(9, 10), sharex=True, sharey=True, layout="constrained")
seconds = np.arange(X.shape[1]) / 256
views = [("original", X[0])]
for task, transform in default_transforms():
    settings = {k: v for k, v in transform.get_params().items() if k != "random_state"}
    if "random_state" in transform.get_params():
        transform.set_params(random_state=args.seed)
    label = ", ".join([f"{k} = {v}" for k, v in settings.items()])
    views.append((f"{task} ({label})" if label else task, transform.fit_transform(X[:1])[0]))
for axis, (label, view) in zip(axes, views, strict=True):
    axis.plot(seconds, X[0], color="lightgray", linewidth=0.9)
    axis.plot(seconds, view, linewidth=0.8)
    axis.set_title(label, loc="left", fontsize=10)
axes[-1].set(xlabel="time (s)", xlim=(0, 10))
figure.supylabel("amplitude (standard deviations)")
figure.suptitle(f"A window and its six transformations, the window in gray ({source})")
figure.savefig(args.output / "transformations.png", dpi=120)

# %%
# **The reference** that every embedding has to be compared with: heart rate and two measures of
# its variability, window by window.


def heart_rate_features(recording):
    """Heart rate (1/min), SDNN and RMSSD (ms) of each window; NaN where beats are too few."""
    import neurokit2

    cleaned = neurokit2.ecg_clean(recording, sampling_rate=256)
    beats = neurokit2.ecg_peaks(cleaned, sampling_rate=256)[1]["ECG_R_Peaks"]
    rows = []
    for i in range(segmenter.count(len(recording))):
        rr = np.diff(beats[(beats >= i * 2560) & (beats < (i + 1) * 2560)]) / 0.256
        enough = len(rr) >= 3
        rmssd = np.sqrt(np.mean(np.diff(rr) ** 2)) if enough else np.nan
        rows.append([60e3 / rr.mean(), rr.std(), rmssd] if enough else [np.nan] * 3)
    return rows


linear = make_pipeline(
    SimpleImputer(), StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
)
dense = DenseClassifier.from_preset("icassp2020", class_weight="balanced", random_state=args.seed)
classifiers = {
    "majority class": ("embedding", DummyClassifier()),
    "embedding, SVM": ("embedding", SVC(class_weight="balanced")),
    "embedding, dense head": ("embedding", dense),
    "embedding, logistic regression": ("embedding", linear),
}
try:
    hrv = np.concatenate([heart_rate_features(recording) for recording in at_256_hz])
    classifiers["HR, SDNN, RMSSD, logistic regression"] = ("heart rate", linear)
except ImportError:
    hrv = np.zeros((len(X), 3))
    print("no heart-rate reference: it needs neurokit2, pip install sklearn_ecgssl[hrv]")

# %%
# **Cross-validation.** An encoder is pretrained on the windows of its training part alone. With
# fewer encoders than folds, each serves several folds and is pretrained on none of their test
# windows.

embedder = SSLEmbedder(
    PretextPretrainer(
        max_epochs=args.epochs,
        batch_size=args.batch_size,
        random_state=args.seed,
        verbose=int(sys.stderr.isatty()),
    )
)
histories = []


def mean_of_recordings(features):
    """Pool the windows of each recording, as `SSLEmbedder` does."""
    return np.stack([np.nanmean(features[recording_of == i], axis=0) for i in range(len(target))])


def calibrated(features):
    """Scale features person by person: uses no labels, but some signal of the new person."""
    out = np.empty_like(features)
    for one in np.unique(person):
        rows = features[person == one]
        spread = np.nanstd(rows, axis=0)
        out[person == one] = (rows - np.nanmean(rows, axis=0)) / np.where(spread > 0, spread, 1)
    return out


def as_they_are(features):
    return features


def cross_validate(protocol, test_parts, levels):
    """Predict by classifiers that were trained without each part, at every level of `levels`.

    A level is (function of the windows' features, which window or recording each row is, label of
    each row). Returns the predictions by level and classifier.
    """
    predicted = {
        (level, name): np.empty_like(levels[level][2]) for level in levels for name in classifiers
    }
    everything = np.arange(len(X))
    n_encoders = min(args.encoders or len(test_parts), len(test_parts))
    for number, parts in enumerate(np.array_split(np.arange(len(test_parts)), n_encoders)):
        start = time.perf_counter()
        seen = np.setdiff1d(everything, np.concatenate([test_parts[part] for part in parts]))
        encoder = clone(embedder).fit(X[seen])
        histories.append(encoder.pretrainer_.history_)
        features = {"embedding": encoder.transform(X), "heart rate": hrv}
        for level, (function, row_of, labels) in levels.items():
            rows = {kind: function(values) for kind, values in features.items()}
            for part in parts:
                test = np.unique(row_of[test_parts[part]])
                train = np.setdiff1d(row_of, test)
                for name, (kind, classifier) in classifiers.items():
                    model = clone(classifier).fit(rows[kind][train], labels[train])
                    predicted[level, name][test] = model.predict(rows[kind][test])
        print(
            f"{protocol}: encoder {number + 1} of {n_encoders} learnt from {len(seen)} windows, "
            f"serves {len(parts)} fold(s), {time.perf_counter() - start:.0f} s",
            flush=True,
        )
    return predicted


by_person = GroupKFold(args.people_folds) if args.people_folds else LeaveOneGroupOut()
mixed = StratifiedKFold(args.window_folds, shuffle=True, random_state=args.seed)
windows = np.arange(len(X))
scored = {}
if "unseen" in args.protocols:
    scored |= cross_validate(
        "unseen people",
        [test for _, test in by_person.split(X, y, person)],
        {
            "unseen people: windows": (as_they_are, windows, y),
            "unseen people: windows, calibrated": (calibrated, windows, y),
            "unseen people: recordings": (mean_of_recordings, recording_of, target),
        },
    )
if "mixed" in args.protocols:
    scored |= cross_validate(
        "people mixed",
        [test for _, test in mixed.split(X, y)],
        {"people mixed: windows (papers)": (as_they_are, windows, y)},
    )

# %%
# **The table.** Balanced accuracy: a constant answer gets 1 / number of classes. The papers report
# windows with people mixed; the other columns tell what is left on people whom neither encoder nor
# classifier has met. "Calibrated" scales the features person by person, which needs some unlabelled
# signal of a new person.

columns = list(dict.fromkeys(level for level, _ in scored))
lines = ["| | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
for name in classifiers:
    cells = []
    for column in columns:
        truth = target if column.endswith("recordings") else y
        balanced = balanced_accuracy_score(truth, scored[column, name])
        cells.append(f"{balanced:.2f} ({accuracy_score(truth, scored[column, name]):.2f})")
    lines.append("| " + " | ".join([name, *cells]) + " |")
table = "\n".join([f"{source}, balanced accuracy (accuracy in brackets):", "", *lines])
print("", table, sep="\n")
(args.output / "table.md").write_text(table + "\n")

# %%
# **Learning curves** of the pretext tasks, mean over encoders; the bands are their ranges.

tasks = ["original", *dict(default_transforms())]
epochs = np.arange(1, args.epochs + 1)
figure, axes = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
for axis, measure in zip(axes, ["loss", "accuracy"], strict=True):
    for task in tasks:
        curves = [[row[f"train_{task}_{measure}"] for row in history] for history in histories]
        (line,) = axis.plot(epochs, np.mean(curves, axis=0), marker=".", label=task)
        axis.fill_between(
            epochs,
            np.min(curves, axis=0),
            np.max(curves, axis=0),
            color=line.get_color(),
            alpha=0.15,
        )
    axis.set(xlabel="epoch", ylabel=f"training {measure}", title=f"Pretext tasks: {measure}")
axes[1].axhline(1 - 1 / len(tasks), color="black", linestyle=":", label="constant answer")
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
figure.suptitle(f"{len(histories)} encoders, {source}")
figure.savefig(args.output / "learning_curves.png", dpi=120)
print(f"pictures and table: {args.output.resolve()}")
