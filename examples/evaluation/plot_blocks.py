"""
What each block of the network knows
====================================

The features of the papers are those of the last block. Earlier blocks see less of the signal at
once, and may keep what later ones throw away. :func:`~sklearn_ecgssl.evaluation.block_study`
scores a linear classifier of each block's features, and of all together.

The ECG is **simulated**: the picture shows how to read such a study. Which block serves best on ECG
of people it cannot tell.
"""

# %%
# Recordings, one for each person and condition, filtered and scaled one by one. The conditions are
# made to differ much, and alike in everyone, so that eight people are enough to see something.

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    Evaluation,
    PretextPretrainer,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    block_study,
    make_cohort,
)

cohort = make_cohort(
    n_subjects=8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)
evaluation = Evaluation(
    recordings,
    cohort.target,
    cohort.subject,
    segmenter=Segmenter(sampling_rate=128, window_length=5),
    protocols=["subjects"],
    n_splits=4,
)

# %%
# The network is much smaller than the papers' (the default), its training shorter and faster, and
# the sampling rate half of theirs, to run in a minute. It is pretrained once a fold, and read at
# each of its blocks.

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
results = block_study(evaluation, pretrainer)

# %%
# Look at whether "all" is above the best single block: if not, the blocks know the same. Later
# blocks have more features, here 8, 16 and 32, so a higher score need not mean a better block.
# Bars are 95 % confidence intervals from four folds.

ScoreDisplay.from_results(results)
print(results.to_markdown("balanced_accuracy"))

# %%
# In a pipeline of your own, the block is a parameter of the embedder.

print(SSLEmbedder(pretrainer, layer="block2"))
plt.show()
