"""
Supervised, frozen, fine-tuned, with few labels
===============================================

Recordings are cheap, labels are not. Three networks of the same layers: one learns everything from
labels, one keeps a trunk that was pretrained without labels and learns only the head, one trains on
from that trunk. With ``label_fractions``, `compare_protocols` scores all three with all labels and
with few.

The ECG is **simulated**: the picture shows how to read the curves. Where they cross on ECG of
people, and whether they do, it cannot tell; for that, put recordings of your own in the place of
the cohort.
"""

# %%
# **Recordings**, one for each person and condition, filtered and scaled one by one. The conditions
# are made to differ much, and alike in everyone, so that eight people are enough to see something.

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    PretextPretrainer,
    ScoreDisplay,
    Segmenter,
    TrimmedScaler,
    compare_protocols,
    make_cohort,
)

cohort = make_cohort(
    n_subjects=8, duration=40, sampling_rate=100, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=100), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# **Three networks**, much smaller than the papers' (the defaults), with a shorter training and a
# lower sampling rate, to run in half a minute.

pretrainer = PretextPretrainer(
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    head_dropout=0.2,
    learning_rate=0.003,
    max_epochs=5,
    batch_size=8,
    random_state=0,
)
training = {"hidden": (32,), "learning_rate": 0.003, "max_epochs": 8, "batch_size": 8}
untrained = clone(pretrainer).set_params(max_epochs=0)  # the same layers
estimators = {
    "supervised": ECGClassifier(untrained, **training, random_state=0),
    "frozen": ECGClassifier(pretrainer, freeze="trunk", **training, random_state=0),
    "fine-tuned": ECGClassifier(pretrainer, **training, random_state=0),
}

# %%
# **The same folds for all.** Pretraining uses all windows of the training people, as it needs no
# labels, once a fold for all fractions and networks. The smallest fraction leaves one labelled
# window of 5 s for each person and class. The people of a test set are unseen.

results = compare_protocols(
    estimators,
    recordings,
    cohort.target,
    cohort.subject,
    segmenter=Segmenter(sampling_rate=100, window_length=5),
    protocols=["subjects"],
    label_fractions=[1.0, 0.25, 0.08],
    n_splits=4,
)

# %%
# **Look at which lines fall** towards the left, where labels are few, and at how wide their bars
# are: networks whose bars overlap are not told apart. The heart rate is a line as well; a network
# is worth its training where it lies above.

ScoreDisplay.from_results(results)
print(results.to_markdown("balanced_accuracy"))
plt.show()
