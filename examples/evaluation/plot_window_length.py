"""
How long a window should be
===========================

The papers cut ECG into windows of 10 s. A longer one holds more heartbeats, but a recording then
gives fewer of them to learn from. :func:`~sklearn_ecgssl.compare_protocols` cuts the recordings
anew for each length, pretrains, and scores.

The ECG is **simulated**: the picture shows how to read such a comparison. How long a window
must be on ECG of people it cannot tell.
"""

# %%
# Recordings, one for each person and condition, filtered and scaled one by one. They must be given
# whole: windows cannot be cut to another length. The conditions are made to differ much, and alike
# in everyone, so that eight people are enough to see something.

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    compare_protocols,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier

cohort = make_cohort(
    n_subjects=8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# The network is much smaller than the papers' (the default), its training shorter and faster, and
# the sampling rate half of theirs, to run in a minute.

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
results = compare_protocols(
    {"embedding": make_pipeline(SSLEmbedder(pretrainer), linear_classifier())},
    recordings,
    cohort.target,
    cohort.subject,
    segmenter=Segmenter(sampling_rate=128),
    protocols=["subjects"],
    vary={"segmenter__window_length": [5, 10, 20]},
    n_splits=4,
)

# %%
# Look at the heart rate as well: it, too, comes from more beats in a longer window, without any
# network. An epoch has fewer batches where windows are longer, so that part of a difference may be
# one of training.

ScoreDisplay.from_results(results)
print(results.to_markdown("balanced_accuracy"))

# %%
# Scores of windows of different lengths are not of the same samples. Scores of recordings, for
# whose label their windows vote, are.

print(results.recordings().drop(columns="protocol").round(3).to_string(index=False))
plt.show()
