"""
Which transformations teach something, and how hard they should be
==================================================================

Pretraining asks which of several transformations a window went through. One that is recognised at
once teaches little, and one that cannot be recognised teaches nothing. Here noise is made louder
and fainter, and each transformation is left out in turn.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Recordings**, 20 s of each, filtered and scaled one by one.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    AddNoise,
    ECGFilter,
    Permute,
    PretextPretrainer,
    Resampler,
    Segmenter,
    SSLEmbedder,
    TimeWarp,
    TrimmedScaler,
    compare_protocols,
    fetch_eegmat,
)
from sklearn_ecgssl.evaluation import (
    linear_classifier,
    opposite_halves,
    pretext_accuracy,
    unseen_subjects,
)

beatless = (2, 13, 20, 35)  # one channel of each of these holds no heart beat
data = fetch_eegmat(subjects=[f"Subject{n:02}" for n in range(36) if n not in beatless])
clean = make_pipeline(Resampler(500, 100), ECGFilter(sampling_rate=100), TrimmedScaler())
recordings = clean.fit_transform([recording[: 20 * 500] for recording in data.recordings])

# %%
# **Six pretrainers** of three transformations. The network is much smaller than the papers' (the
# default), its training shorter, and the sampling rate lower, to run in half a minute.

pretrainer = PretextPretrainer(
    [("noise", AddNoise()), ("permute", Permute()), ("warp", TimeWarp())],
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    learning_rate=0.003,
    max_epochs=5,
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
# **Each learns from one half of the people and is asked about the other**, and the other way round:
# with `opposite_halves`, all folds need two pretrainings. `compare_protocols` varies a parameter,
# here the pretrainer itself; `pretext_accuracy` measures how well the transformations are
# recognised.

results = compare_protocols(
    {"embedding": make_pipeline(SSLEmbedder(pretrainer), linear_classifier())},
    recordings,
    data.target,
    data.subject,
    segmenter=Segmenter(sampling_rate=100, window_length=5),
    protocols=opposite_halves(unseen_subjects(4)),
    vary={"sslembedder__pretrainer": variants},
    measure=pretext_accuracy,
)

# %%
# **Read both.** On the left, how often a network answers rightly whether a window was changed in
# this way: a constant answer is right in 3 of 4 cases with three transformations, in 2 of 3 with
# two. After so short a training, noise of 5 dB is nearly always found; fainter noise is lost among
# what the recordings hold already, and warping is not found. On the right, how well the features
# rank the windows of a person, with the heart rate for comparison (dotted). Bars are 95 %
# confidence intervals over people: here they hardly tell the six apart.

table = results.table()
network = table[table["estimator"] == "embedding"].set_index("sslembedder__pretrainer")
network = network.loc[[*variants]]
heart_rate = table.loc[table["estimator"] == "heart rate", "auc_within"].iloc[0]
recognised = network[[f"{name}_accuracy" for name in names]].to_numpy(float)

_, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
left.imshow(recognised, vmin=0.5, vmax=1, cmap="Blues", aspect="auto")
for (row, column), value in np.ndenumerate(recognised):
    if not np.isnan(value):
        color = "white" if value > 0.85 else "black"
        left.text(column, row, f"{value:.0%}", color=color, ha="center", va="center")
left.set(xticks=range(3), xticklabels=names, yticks=range(6), yticklabels=[*variants])
left.set_title("recognised in unseen people")
score, interval = network["auc_within"], network["auc_within_ci"]
right.errorbar(score, range(6), xerr=interval, fmt="o", capsize=4)
right.axvline(heart_rate, color="0.4", linestyle=":")
right.set(xlabel="AUC within a person", xlim=(0.4, 1))
right.set_title("what the features are worth")
print(score.round(3).to_string(), f"\nheart rate {heart_rate:.3f}")
plt.show()

# %%
# To choose a value rather than to study it, search for it:
# :ref:`sphx_glr_auto_examples_search_plot_grid_search.py`.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
