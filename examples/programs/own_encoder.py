"""
From raw ECG to a score that holds for new people
=================================================

A network learns, without labels, which of six transformations was applied to a 10-second window of
ECG (Sarkar & Etemad 2020). Its features then feed ordinary classifiers. They are scored as the
papers do, where windows of one person stand in the training and in the test set, and on people
whom no part of the model has seen.

It runs on a **simulated** cohort, or on a recordings file (see
:func:`sklearn_ecgssl.datasets.load_recordings`)::

    python examples/programs/own_encoder.py --data my_ecg.npz --target condition
"""

# %%
# What can be chosen. The defaults take about four minutes on two CPU cores.

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import SVC

from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    HRVFeatures,
    PretextPretrainer,
    Resampler,
    Segmenter,
    SSLEmbedder,
    SubjectScaledClassifier,
    TrimmedScaler,
    load_recordings,
    make_cohort,
)
from sklearn_ecgssl.evaluation import compare_protocols, linear_classifier
from sklearn_ecgssl.plotting import PretextHistoryDisplay, ScoreDisplay, TransformationDisplay

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
parser.add_argument("--data", help="recordings file or folder; none: a simulated cohort")
parser.add_argument("--target", default="auto", help="field of the file that holds the label")
parser.add_argument("--where", default=[], nargs="*", help="fields that must be true, as ecg_ok")
parser.add_argument("--epochs", type=int, default=6, help="of pretraining")
parser.add_argument("--head-epochs", type=int, default=5, help="of the networks and heads")
parser.add_argument("--batch-size", type=int, default=8, help="windows in a batch")
parser.add_argument("--folds", type=int, default=3, help="of each protocol")
parser.add_argument("--jobs", type=int, default=1, help="folds at once")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder of the PNGs")
args = parser.parse_args()
args.output.mkdir(parents=True, exist_ok=True)

# %%
# **Recordings**: one array for each person and condition, at 256 Hz, high-passed at 0.8 Hz and
# scaled one by one. In a cohort from a file, only people with a recording of every class are used.

if args.data is None:
    cohort = make_cohort(n_subjects=12, duration=(55, 75), random_state=args.seed)
    source = "SIMULATED cohort"
else:
    source = Path(args.data).name
    wanted = {"target": args.target, "where": dict.fromkeys(args.where, True)}
    cohort = load_recordings(args.data, **wanted)
    if cohort.target is None:
        sys.exit(
            f"{source} names no label. Choose one of its fields with --target (with make: "
            f"ARGS='--target FIELD'): {', '.join(cohort.fields)}"
        )
    cohort = load_recordings(args.data, **wanted, complete_subjects=True)
rates = np.broadcast_to(cohort.sampling_rate, len(cohort.target))
at_256_hz = [
    recording if rate == 256 else Resampler(rate, 256).fit_transform([recording])[0]
    for recording, rate in zip(cohort.recordings, rates, strict=True)
]
recordings = make_pipeline(ECGFilter(sampling_rate=256), TrimmedScaler()).fit_transform(at_256_hz)
print(f"{source}: {len(recordings)} recordings of {len(set(cohort.subject))} people", flush=True)

# %%
# **A window beside what the network must tell it from.**

pretrainer = PretextPretrainer(
    max_epochs=args.epochs,
    batch_size=args.batch_size,
    memory=args.output / "pretrained",
    random_state=args.seed,
)
display = TransformationDisplay.from_estimator(pretrainer, recordings[0][:2560])
display.figure_.savefig(args.output / "transformations.png", dpi=120)

# %%
# **Classifiers of windows.** All share the network, pretrained once a fold on the training set
# alone. The first three are those of the papers. "Rhythm" are features of the same network that
# keep the heart rate. "Scaled" takes no label, but some signal of a new person.

head = {"hidden": (64, 64), "class_weight": "balanced", "max_epochs": args.head_epochs}
head |= {"batch_size": args.batch_size, "random_state": args.seed}
untrained = clone(pretrainer).set_params(max_epochs=0)
embedding, rhythm = SSLEmbedder(pretrainer), SSLEmbedder(pretrainer, aggregate="rhythm")
heart_rate = HRVFeatures(sampling_rate=256)
linear, regularised = linear_classifier(), linear_classifier(C=0.003)
estimators = {
    "supervised": ECGClassifier(untrained, **head),
    "self-supervised": ECGClassifier(pretrainer, freeze="trunk", **head),
    "fine-tuned": ECGClassifier(pretrainer, **head),
    "embedding, SVM": make_pipeline(embedding, SVC(class_weight="balanced")),
    "embedding": make_pipeline(embedding, linear),
    "embedding and heart rate": make_pipeline(make_union(embedding, heart_rate), linear),
    "rhythm": make_pipeline(rhythm, regularised),
    "embedding, scaled": SubjectScaledClassifier(embedding, linear),
    "rhythm, scaled": SubjectScaledClassifier(rhythm, regularised),
    "heart rate, scaled": SubjectScaledClassifier(heart_rate, linear),
}

# %%
# **The comparison.** Each protocol trains on windows and scores windows; they differ in which
# windows of a person are in the training set. Results are saved as they come: a run that is
# interrupted goes on where it stopped.

results = compare_protocols(
    estimators,
    recordings,
    cohort.target,
    cohort.subject,
    n_splits=args.folds,
    folder=args.output / "results",
    n_jobs=args.jobs,
    verbose=int(sys.stderr.isatty()),
)
print(results)
(args.output / "table.md").write_text(f"{source}:\n\n{results.to_markdown()}\n")

# %%
# What is left of each score on recordings, and on people, that the model has not met:

display = ScoreDisplay.from_results(results)
display.figure_.savefig(args.output / "protocols.png", dpi=120, bbox_inches="tight")

# %%
# **Learning curves** of the pretext tasks, for an encoder that learns from all windows.

windows = Segmenter(sampling_rate=256).windows(recordings)
display = PretextHistoryDisplay.from_estimator(pretrainer.fit(windows))
display.figure_.savefig(args.output / "learning_curves.png", dpi=120, bbox_inches="tight")
print(f"pictures and table: {args.output.resolve()}")
