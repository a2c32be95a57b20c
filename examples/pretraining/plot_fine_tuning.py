"""
Supervised, self-supervised, fine-tuned
=======================================

Three networks of the same layers: one learns everything from labels, one keeps a trunk that was
pretrained without labels and learns only the head, one trains on from that trunk.
:func:`~sklearn_ecgssl.compare_protocols` scores all three on the same folds, beside the majority
class and the heart rate.

The ECG is **simulated**: its two conditions differ in heart rate and in its variability, as the
simulator was told. The picture shows how to read such a comparison. It cannot tell which network is
best on people; for that, put recordings of your own in place of the cohort.
"""

# %%
# Recordings, one for each person and condition, filtered and scaled one by one. The conditions are
# made to differ much, and alike in everyone, so that eight people are enough to see something.

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
    n_subjects=8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# Networks are much smaller than the papers' (the defaults), their training is shorter and faster,
# and the sampling rate half of theirs, to run in a minute.

pretrainer = PretextPretrainer(
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    head_dropout=0.2,
    learning_rate=0.003,
    max_epochs=8,
    batch_size=8,
    random_state=0,
)
training = {"hidden": (32,), "learning_rate": 0.003, "max_epochs": 12, "batch_size": 8}
untrained = clone(pretrainer).set_params(max_epochs=0)  # the same layers
estimators = {
    "supervised": ECGClassifier(untrained, **training, random_state=0),
    "self-supervised": ECGClassifier(pretrainer, freeze="trunk", **training, random_state=0),
    "fine-tuned": ECGClassifier(pretrainer, **training, random_state=0),
}

# %%
# The pretrainer learns from the training set of each fold, once for both networks that use it.
# Under "windows", the papers' protocol, windows of one person are in the training and in the test
# set; under "subjects" they are not. Windows are 5 s long. Printing the results shows all scores,
# and what each protocol lets a model see.

results = compare_protocols(
    estimators,
    recordings,
    cohort.target,
    cohort.subject,
    segmenter=Segmenter(sampling_rate=128, window_length=5),
    protocols=["windows", "subjects"],
    n_splits=4,
)
print(results)

# %%
# Look at whether a colour falls from the left to the right, and stays above the gray points, which
# are what one gets without a network. The bars are 95 % confidence intervals from four
# folds, so they are wide: networks whose bars overlap are not told apart.

ScoreDisplay.from_results(results)
print(results.to_markdown("balanced_accuracy"))
plt.show()
