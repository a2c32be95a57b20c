"""
A first pipeline
================

From recordings of ECG to a label for people whom the classifier has not met, in six lines of
scikit-learn. The features are those of an encoder that comes with the package: it learnt, without
labels, from 80 hours of ECG of thousands of people, and stays as it is. Its three features say how
fast and how unevenly a heart beats. Nothing but the support vector machine is trained.

The ECG is **simulated**, so that nothing has to be downloaded: its two conditions differ in heart
rate, in its variability and in the height of the T wave. What the same steps are worth on real
people is in :ref:`sphx_glr_auto_examples_evaluation_plot_protocols.py`.
"""

# %%
# **Recordings** are arrays of one lead, one for each person and condition, of any length. `target`
# is the label of each, `subject` whose it is.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import (
    ECGFilter,
    Resampler,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    make_cohort,
)

cohort = make_cohort(n_subjects=8, duration=(40, 50), sampling_rate=256, random_state=0)
recordings, target, subject = cohort.recordings, cohort.target, cohort.subject
print(f"{len(recordings)} recordings of {len(set(subject))} people, {cohort.target_names}")

# %%
# **The pipeline**: resample, filter, scale, cut into windows of 10 s, embed, classify. Each step
# keeps one entry for each recording, so that every splitter and scorer of scikit-learn works. In a
# notebook a pipeline shows itself:

pipe = make_pipeline(
    Resampler(256, 100),
    ECGFilter(100, low=0.5, high=40),
    TrimmedScaler(),
    Segmenter(100),
    SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100),
    SVC(),
)
pipe

# %%
# **The score**, each person left out in turn. A constant answer gets 0.5.

scores = cross_val_score(pipe, recordings, target, groups=subject, cv=LeaveOneGroupOut())
print(f"accuracy on people who were left out: {scores.mean():.2f}, person by person {scores}")

# %%
# **What went through it.** A Pipeline can be cut: its first three steps clean the recordings, all
# but the last give one row of features for each.

pipe.fit(recordings, target)
clean = pipe[:3].transform(recordings)
features = pipe[:-1].transform(recordings)
print("features:", features.shape)

figure, axes = plt.subplots(1, 2, width_ratios=[2, 1], figsize=(10, 4), layout="constrained")
time = np.arange(5 * 100) / 100
for label, name in enumerate(cohort.target_names):
    first = np.flatnonzero(target == label)[0]
    axes[0].plot(time, clean[first][: len(time)] - 12 * label, label=name)
axes[0].set(xlabel="time (s)", ylabel="filtered and scaled ECG", yticks=[])
axes[0].legend(loc="upper right", ncols=2)
axes[0].set_title("Five seconds of the first person")
axes[0].set_ylim(top=14)
axes[1].bar([str(person) for person in np.unique(subject)], scores, color="C2")
axes[1].axhline(0.5, color="black", linestyle=":", label="constant answer")
axes[1].set(xlabel="person left out", ylabel="accuracy", ylim=(0, 1.25), yticks=[0, 0.5, 1])
axes[1].legend(loc="upper right")
axes[1].set_title("Recordings classified rightly")
for axis in axes:
    axis.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# To learn an encoder from your own recordings instead, on the training part of each fold alone,
# put ``SSLEmbedder(PretextPretrainer.from_preset("rhythm", random_state=0))`` in the place of the
# fifth step: see
# :ref:`sphx_glr_auto_examples_pretraining_plot_fine_tuning.py`.
