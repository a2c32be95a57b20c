"""
Pretrain once, try many classifiers
===================================

Pretraining takes nearly all the time of a search, and whatever follows it does not change it. With
`memory`, as in any Pipeline of scikit-learn, it is done once a fold, for all that share it, and
found again tomorrow. The pretrainer's own `memory` goes further: it is shared between pipelines.

The ECG is **simulated**, and the network is much smaller than the papers' (the default), to run in
less than a minute.
"""

# %%

from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    make_cohort,
)

cohort = make_cohort(n_subjects=6, duration=40, sampling_rate=128, random_state=0)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)
pretrainer = PretextPretrainer(
    filters=(8, 16, 32), head_hidden=(32,), max_epochs=4, batch_size=8, random_state=0
)
pipe = Pipeline(
    [
        ("segment", Segmenter(sampling_rate=128)),
        ("embed", SSLEmbedder(pretrainer)),
        ("classify", SVC()),
    ]
)
grid = {"classify": [SVC(C=1), SVC(C=10), KNeighborsClassifier(3)]}


def seconds_of(pipe):
    """Seconds that a search over three classifiers takes, in two folds of people."""
    search = GridSearchCV(pipe, grid, cv=GroupKFold(2), refit=False)
    began = perf_counter()
    search.fit(recordings, cohort.target, groups=cohort.subject)
    return perf_counter() - began, search.cv_results_["mean_test_score"]


# %%
# **Without memory** each of three classifiers pretrains in each of two folds: six times. **With the
# Pipeline's memory** there are two pretrainings, and the scores are the same to the last bit.

folder = TemporaryDirectory()
seconds, scores = {}, {}
name = "no memory"
seconds[name], scores[name] = seconds_of(pipe)
name = "memory of the Pipeline"
remembering = clone(pipe).set_params(memory=folder.name + "/pipeline")
seconds[name], scores[name] = seconds_of(remembering)
name = "the same, once more"
seconds[name], scores[name] = seconds_of(remembering)

# %%
# A Pipeline finds its own steps again. Another pipeline with another step in front of the
# classifier does not share them, but the pretrainer's memory does: it knows its fits by their
# parameters and windows, whoever asks.

shared = clone(pretrainer).set_params(memory=folder.name + "/pretrainer")
name = "memory of the pretrainer"
seconds[name], scores[name] = seconds_of(clone(pipe).set_params(embed__pretrainer=shared))
name = "another pipeline with it"
other = clone(pipe).set_params(embed__pretrainer=shared)
other.steps.insert(2, ("scale", StandardScaler()))
seconds[name], _ = seconds_of(other)
folder.cleanup()

assert all((found == scores["no memory"]).all() for found in scores.values())
for name, duration in seconds.items():
    print(f"{name:25} {duration:5.1f} s, {seconds['no memory'] / duration:4.1f} times as fast")

# %%
# What is left of the time, where everything was found again, is the embedding of the windows, which
# the Pipeline keeps as well and the pretrainer does not.

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
bars = axis.barh([*seconds], [*seconds.values()], color=["C3", "C0", "C0", "C2", "C2"])
axis.bar_label(bars, fmt="%.1f s", padding=4)
axis.invert_yaxis()
axis.set(xlabel="duration of the search (s)", xlim=(0, 1.15 * max(seconds.values())))
axis.set_title("A search over three classifiers in two folds")
axis.spines[["top", "right"]].set_visible(False)
plt.show()
