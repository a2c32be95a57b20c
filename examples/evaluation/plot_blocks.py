"""
What each block of the network knows
====================================

The features of the papers are those of the last block. Earlier blocks see less of the signal at
once, and may keep what later ones throw away. Here a linear classifier of each block's features is
scored, and one of all together: :func:`~sklearn_ecgssl.compare_protocols` varies a parameter.

The ECG is **simulated**: the picture shows how to read such a comparison. Which block serves
best on ECG of people it cannot tell.
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
from sklearn_ecgssl.evaluation import linear_classifier

cohort = make_cohort(
    n_subjects=8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# The network is much smaller than the papers' (the default), its training shorter and faster, and
# the sampling rate half of theirs, to run in a minute. It is pretrained once a fold, and read at
# each of its blocks: the layer is a parameter of the embedder.

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
    segmenter=Segmenter(sampling_rate=128, window_length=5),
    protocols=["subjects"],
    vary={"sslembedder__layer": ["block1", "block2", "block3", "all"]},
    n_splits=4,
)

# %%
# Look at whether "all" is above the best single block: if not, the blocks know the same. Later
# blocks have more features, here 8, 16 and 32, so a higher score need not mean a better block.
# Bars are 95 % confidence intervals from four folds.

ScoreDisplay.from_results(results)
print(results.to_markdown("balanced_accuracy"))
plt.show()
