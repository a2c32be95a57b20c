"""
A first result in seconds
=========================

An encoder that comes with the package has learnt, without labels, from openly licensed ECG of some
four hundred people. Frozen, it turns windows of other people into features, and any classifier
learns your labels from these. Nothing has to be pretrained, and no GPU is needed.

It runs on a **simulated** cohort, or on a recordings file (see
:func:`sklearn_ecgssl.datasets.load_recordings`)::

    python examples/programs/first_result.py --data my_ecg.npz --target condition

Pretraining on your own recordings is the second step: ``own_encoder.py``.
"""

# %%

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    HRVFeatures,
    PretextPretrainer,
    Resampler,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
    SubjectScaledClassifier,
    TrimmedScaler,
    compare_protocols,
    load_recordings,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
parser.add_argument("--data", help="recordings file or folder; none: a simulated cohort")
parser.add_argument("--target", default="auto", help="field of the file that holds the label")
parser.add_argument("--where", default=[], nargs="*", help="fields that must be true, as ecg_ok")
parser.add_argument("--folds", type=int, default=3, help="of each protocol")
parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder of the PNGs")
args = parser.parse_args()
args.output.mkdir(parents=True, exist_ok=True)

# %%
# **Recordings**: one array for each person and condition, whose it is, and its label. The encoder
# knows ECG of 256 Hz.

if args.data is None:
    cohort, source = make_cohort(n_subjects=12, duration=(55, 75), random_state=0), "SIMULATED"
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
recordings = [
    recording if rate == 256 else Resampler(rate, 256).fit_transform([recording])[0]
    for recording, rate in zip(cohort.recordings, rates, strict=True)
]
print(f"{source}: {len(recordings)} recordings of {len(set(cohort.subject))} people", flush=True)

# %%
# **The pipeline**, from raw recordings to labels of people whom the classifier has not met. The
# encoder has met none of them, unless your recordings are of the data sets that it learnt from:
# ``print(model_card("recognition-open"))`` names them.

pipe = make_pipeline(
    ECGFilter(sampling_rate=256),
    TrimmedScaler(),
    Segmenter(sampling_rate=256),
    SSLEmbedder("recognition-open", aggregate="rhythm"),
    linear_classifier(C=0.003),
)
scores = cross_val_score(
    pipe,
    recordings,
    cohort.target,
    groups=cohort.subject,
    cv=GroupKFold(args.folds),
    scoring="balanced_accuracy",
)
print(f"Recordings of unseen people: balanced accuracy {np.mean(scores):.3f}", flush=True)

# %%
# **Windows, and what the score is worth.** Beside every way to use the encoder stands the same with
# an untrained network of that size: what it has learnt is the difference. Heart rate and a constant
# answer are there too. Each is scored as papers do, on windows of people whom the classifier knows,
# and on people whom it does not. "Scaled" takes no label, but signal of the new person in both
# conditions.

clean = make_pipeline(ECGFilter(sampling_rate=256), TrimmedScaler()).fit_transform(recordings)
untrained = PretextPretrainer(max_epochs=0, random_state=0)
estimators = {}
for name, pretrainer in {"pretrained": "recognition-open", "untrained": untrained}.items():
    maximum = SSLEmbedder(pretrainer)
    rhythm = SSLEmbedder(pretrainer, aggregate="rhythm")
    estimators |= {
        f"max, {name}": make_pipeline(maximum, linear_classifier(C=0.01)),
        f"rhythm, {name}": make_pipeline(rhythm, linear_classifier(C=0.003)),
        f"rhythm, scaled, {name}": SubjectScaledClassifier(rhythm, linear_classifier(C=0.003)),
    }
heart_rate = HRVFeatures(sampling_rate=256)
estimators["heart rate, scaled"] = SubjectScaledClassifier(heart_rate, linear_classifier(C=0.01))
results = compare_protocols(
    estimators,
    clean,
    cohort.target,
    cohort.subject,
    protocols=["windows", "subjects"],
    n_splits=args.folds,
)
print(results)
(args.output / "first_table.md").write_text(f"{source}:\n\n{results.to_markdown()}\n")
display = ScoreDisplay.from_results(results)
display.figure_.savefig(args.output / "first_scores.png", dpi=120, bbox_inches="tight")
print(f"pictures and table: {args.output.resolve()}")
