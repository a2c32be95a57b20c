"""
The main job in one screen
==========================

A network learns from ECG without labels; its frozen features then tell two states apart in people
whom neither the network nor the classifier has met.

It runs on a **simulated** cohort, or on a recordings file (see
:func:`sklearn_ecgssl.datasets.load_recordings`)::

    python examples/programs/demo.py --data my_ecg.npz --target condition
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Resampler,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
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
parser.add_argument("--epochs", type=int, default=20, help="of pretraining")
parser.add_argument("--folds", type=int, default=5, help="of each protocol")
parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder of results")
args = parser.parse_args()
start = time.perf_counter()

# %%
# **Recordings**: one array for each person and condition, whose it is, and its label.

if args.data is None:
    cohort = make_cohort(n_subjects=90, duration=31, random_state=0)
    source = "SIMULATED cohort"
else:
    source = Path(args.data).name
    where = dict.fromkeys(args.where, True)
    try:
        cohort = load_recordings(args.data, target=args.target, where=where, complete_subjects=True)
    except (OSError, ValueError) as error:
        sys.exit(
            f"{error}\nHow to write a recordings file: docs/guide/data.md#files. --target names "
            "its label (with make: ARGS='--target FIELD')."
        )
    print(f"Fields, for --target and --where: {', '.join(cohort.fields)}")
subject, target = np.asarray(cohort.subject), np.asarray(cohort.target)
people = np.random.default_rng(0).permutation(np.unique(subject))
if len(people) < 3:
    sys.exit(f"{source} has {len(people)} people with every label; the demo needs at least 3.")
labels = " or ".join(map(str, cohort.get("target_names", np.unique(target))))
print(f"{source}: {len(target)} recordings of {len(people)} people; {labels}")
if len(people) < 10:
    print("These are few people: expect wide intervals.")

# %%
# **Clean recordings and windows**, 10 s at 100 Hz.

rates = np.broadcast_to(cohort.sampling_rate, len(target))
at_100_hz = [
    Resampler(rate, 100).fit_transform([recording])[0]
    for recording, rate in zip(cohort.recordings, rates, strict=True)
]
clean = make_pipeline(ECGFilter(100, low=0.5, high=40), TrimmedScaler())
recordings = clean.fit_transform(at_100_hz)
learn_from, score_on = np.split(people, [len(people) // 3])
to_learn = np.flatnonzero(np.isin(subject, learn_from))
to_score = np.flatnonzero(np.isin(subject, score_on))
segmenter = Segmenter(sampling_rate=100)
windows = segmenter.windows([recordings[i] for i in to_learn])

# %%
# **Pretraining without labels**, on a third of the people: which of two views of a window is the
# faster one, and which the less even?

print(f"Pretraining without labels on {len(windows)} windows of {len(learn_from)} people:")
pretrainer = PretextPretrainer.from_preset("rhythm", batch_size=8, random_state=0, verbose=1)
pretrainer.set_params(max_epochs=args.epochs).fit(windows)
untrained = clone(pretrainer).set_params(max_epochs=0).fit(windows)

# %%
# **Frozen features and a linear classifier**, scored on the other people. "rhythm-open" comes with
# the package, learnt in the same way from 4 875 people; its three scores are what README.md uses.
# What a network has learnt is the difference to the same network untrained.

encoders = {
    "pretrained just now": SSLEmbedder(FrozenEstimator(pretrainer), sampling_rate=100),
    "rhythm-open, scores": SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100),
    "untrained network": SSLEmbedder(FrozenEstimator(untrained), sampling_rate=100),
}
print(f"Frozen features and a linear classifier, on the other {len(score_on)} people:")
results = compare_protocols(
    {name: make_pipeline(encoder, linear_classifier()) for name, encoder in encoders.items()},
    [recordings[i] for i in to_score],
    target[to_score],
    subject[to_score],
    segmenter=segmenter,
    protocols=["windows", "subjects"],
    n_splits=args.folds,
    verbose=1,
)
results.notes["pretrained just now"] = "its encoder has met none of the people who are scored."
print(f"\n{results}\n")

# %%
# **A picture and the table**, as files.

args.output.mkdir(parents=True, exist_ok=True)
(args.output / "table.md").write_text(f"{source}:\n\n{results.to_markdown()}\n")
display = ScoreDisplay.from_results(results)
display.ax_.set_title(f"{source}: {labels}")
display.figure_.savefig(args.output / "scores.png", dpi=120, bbox_inches="tight")
print(f"{time.perf_counter() - start:.0f} s. Table and picture: {args.output.resolve()}")
if args.data is None:
    print(
        "Next, on ECG of yours: make demo DATA=my_ecg.npz (how to write such a file: "
        "docs/guide/data.md#files), or the six lines of README.md."
    )
else:
    print("Next, in Python: the six lines of README.md, and docs/guide/evaluation.md.")
