"""
A grid search over transformation parameters
============================================

How loud the noise is that the network learns to recognise, into how many pieces a window is cut,
and which transformations there are at all: these are parameters of a Pipeline, under names such as
``embed__pretrainer__noise__snr_db``. `GridSearchCV` reaches them beside those of the classifier.

The ECG is **simulated**, and networks are much smaller than the papers' (the defaults), to run in
less than a minute: what the search chooses here says nothing about people.
"""

# %%

from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier

cohort = make_cohort(
    n_subjects=8, duration=40, sampling_rate=128, effect=2, effect_spread=0.3, random_state=0
)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# **The pipeline.** Pretraining takes nearly all the time of a search. With `memory`, two
# classifiers on the same features cost one pretraining a fold, and a search that was interrupted
# does not begin again. The pretrainer knows its fits by their parameters and windows, so that other
# pipelines and tomorrow's searches find them too.

pretrainer = PretextPretrainer(
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    head_dropout=0.2,
    learning_rate=0.003,
    max_epochs=5,
    batch_size=8,
    memory=mkdtemp(prefix="pretrained-"),
    random_state=0,
)
pipe = Pipeline(
    [
        ("segment", Segmenter(sampling_rate=128)),
        ("embed", SSLEmbedder(pretrainer)),
        ("classify", linear_classifier()),
    ]
)
pipe

# %%
# **What can be searched** is what `get_params` lists; of the transformations alone that is:

names = [name for name in pipe.get_params() if name.startswith("embed__pretrainer__")]
parts = ("noise__", "scale__", "permute__", "warp__")
print(*[name for name in names if any(part in name for part in parts)], sep="\n")

# %%
# **The grid**: noise of three strengths, with and without time warping, and two classifiers. Each
# fold tests people whom neither the network nor the classifier has met.

grid = {
    "embed__pretrainer__noise__snr_db": [5, 15, 25],
    "embed__pretrainer__warp": [pretrainer.get_params()["warp"], "drop"],
    "classify": [linear_classifier(), SVC()],
}
search = GridSearchCV(pipe, grid, cv=GroupKFold(2), scoring="balanced_accuracy", refit=False)
search.fit(recordings, cohort.target, groups=cohort.subject)
print("chosen:", search.best_params_)

# %%
# **Look at all of them**, not at the best alone. With two folds of eight people, the best of twelve
# is as good as chance would make it; look for a row or a column that stands out.

scores = search.cv_results_["mean_test_score"].reshape(2, 3, 2)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True, layout="constrained")
for axis, values, name in zip(axes, scores, ["logistic regression", "SVM"], strict=True):
    image = axis.imshow(values, vmin=0, vmax=1, cmap="PuOr")
    for (row, column), value in np.ndenumerate(values):
        color = "white" if value > 0.75 else "black"
        axis.text(column, row, f"{value:.2f}", color=color, ha="center", va="center")
    axis.set(xticks=[0, 1], xticklabels=["with warp", "without"], title=name)
    axis.set(yticks=[0, 1, 2], yticklabels=[5, 15, 25])
axes[0].set_ylabel("SNR of the noise (dB)")
figure.colorbar(image, ax=axes, label="balanced accuracy")
plt.show()

# %%
# For an honest score of the whole choice, pass the search itself to `cross_val_score`, with
# `groups` (and metadata routing for those of the inner split). A cluster searches the same grid
# inside ``parallel_config(backend="dask")`` of joblib.
