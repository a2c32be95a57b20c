"""
Which transformations teach something, and how hard they should be
==================================================================

Pretraining asks which of several transformations a window went through. One that is recognised at
once teaches little, and one that cannot be recognised teaches nothing. Here noise is made louder
and fainter, and each transformation is left out in turn.

The ECG is **simulated**, and its noise with it: the picture shows how to choose, not what to choose
for ECG of people.
"""

# %%
# **Recordings**, one for each person and condition, filtered and scaled one by one. The conditions
# are made to differ much, and alike in everyone, so that eight people are enough to see something.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    AddNoise,
    ECGFilter,
    Permute,
    PretextPretrainer,
    Segmenter,
    SSLEmbedder,
    TimeWarp,
    TrimmedScaler,
    compare_protocols,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier, pretext_accuracy

cohort = make_cohort(8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())

# %%
# **Six pretrainers** of three transformations. The network is much smaller than the papers' (the
# default), its training shorter, and the sampling rate half of theirs, to run in half a minute.

pretrainer = PretextPretrainer(
    [("noise", AddNoise()), ("permute", Permute()), ("warp", TimeWarp())],
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    learning_rate=0.003,
    max_epochs=8,
    batch_size=8,
    random_state=0,
)
variants = {
    f"all, noise of {snr} dB": clone(pretrainer).set_params(noise__snr_db=snr)
    for snr in (5, 15, 25)
}
names = pretrainer.transform_names()
variants |= {f"without {name}": pretrainer.without(name) for name in names}

# %%
# **Each is fitted in every fold** and its features are classified: `compare_protocols` varies a
# parameter, here the pretrainer itself. `pretext_accuracy` measures, in windows of the people who
# are left out, how well the transformations are recognised.

results = compare_protocols(
    {"embedding": make_pipeline(SSLEmbedder(pretrainer), linear_classifier())},
    clean.fit_transform(cohort.recordings),
    cohort.target,
    cohort.subject,
    segmenter=Segmenter(sampling_rate=128, window_length=5),
    protocols="subjects",
    vary={"sslembedder__pretrainer": variants},
    measure=pretext_accuracy,
    n_splits=3,
)
print(results.to_markdown("balanced_accuracy"))

# %%
# **Read both.** On the left, how often a network answers rightly whether a window was changed in
# this way: a constant answer is right in 3 of 4 cases with three transformations, in 2 of 3 with
# two. On the right, what the features are worth, with the heart rate for comparison (dotted). Bars
# are 95 % confidence intervals from three folds; differences within them are none.

table = results.table()
network = table[table["estimator"] == "embedding"].set_index("sslembedder__pretrainer")
network = network.loc[[*variants]]
heart_rate = table.loc[table["estimator"] == "heart rate", "balanced_accuracy"].iloc[0]
recognised = network[[f"{name}_accuracy" for name in names]].to_numpy(float)

_, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
left.imshow(recognised, vmin=0.5, vmax=1, cmap="Blues", aspect="auto")
for (row, column), value in np.ndenumerate(recognised):
    if not np.isnan(value):
        color = "white" if value > 0.85 else "black"
        left.text(column, row, f"{value:.0%}", color=color, ha="center", va="center")
left.set(xticks=range(3), xticklabels=names, yticks=range(6), yticklabels=[*variants])
left.set_title("recognised in unseen people")
score, interval = network["balanced_accuracy"], network["balanced_accuracy_ci"]
right.errorbar(score, range(6), xerr=interval, fmt="o", capsize=4)
right.axvline(heart_rate, color="0.4", linestyle=":")
right.set(xlabel="balanced accuracy, unseen people", xlim=(0.3, 1.05))
right.set_title("what the features are worth")
plt.show()

# %%
# To choose a value rather than to study it, search for it:
# :ref:`sphx_glr_auto_examples_search_plot_grid_search.py`.
