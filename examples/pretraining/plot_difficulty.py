"""
How hard a transformation should be
===================================

A transformation that is recognised at once teaches little, and one that cannot be recognised
teaches nothing. :func:`~sklearn_ecgssl.compare_protocols` varies one of its parameters, and
:func:`~sklearn_ecgssl.evaluation.pretext_accuracy` measures how well it is recognised, beside how
well the features classify.

The ECG is **simulated**, and its noise with it: the pictures show how to choose, not what to
choose for ECG of people.
"""

# %%
# Recordings, one for each person and condition, filtered and scaled one by one. The conditions are
# made to differ much, and alike in everyone, so that eight people are enough to see something.

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
from sklearn_ecgssl.evaluation import linear_classifier, pretext_accuracy

cohort = make_cohort(
    n_subjects=8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# The signal-to-noise ratio of the added noise: 5 dB is loud, 25 dB faint. The network is much
# smaller than the papers' (the default), its training shorter and faster, and the sampling rate
# half of theirs, to run in a minute.

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
results = compare_protocols(
    {"embedding": make_pipeline(SSLEmbedder(pretrainer), linear_classifier())},
    recordings,
    cohort.target,
    cohort.subject,
    segmenter=Segmenter(sampling_rate=128, window_length=5),
    protocols=["subjects"],
    vary={"sslembedder__pretrainer__noise__snr_db": [5, 15, 25]},
    measure=pretext_accuracy,
    n_splits=4,
)

# %%
# On the left, how well noise is recognised in windows of unseen people. A constant answer is right
# in 6 of 7 cases, as there are seven views of a window: look for values above that. On the right,
# what the features are worth.

_, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
ScoreDisplay(results.table(), metric="noise_accuracy", chance=6 / 7).plot(axes[0])
ScoreDisplay.from_results(results, ax=axes[1])
print(results.to_markdown("noise_accuracy"), results.to_markdown("balanced_accuracy"), sep="\n")
plt.show()

# %%
# To choose a value rather than to study it, search for it:
# :ref:`sphx_glr_auto_examples_search_plot_grid_search.py`.
