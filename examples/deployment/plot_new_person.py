"""
A minute of rest of a new person
================================

Hearts rest at different rates. With one threshold for all, a classifier may call one person
stressed all day long, and another one never. A minute that is known to be rest says where a
person's level is. Here people whom a classifier has not met are enrolled with such a minute and
followed. Then everybody is scored: where the loss is, and how much rest brings it back.

The ECG is **simulated**: the pictures show how to read such a comparison. What was found on people
is in the :doc:`guide </guide/new_person>`.
"""

# %%
# **Recordings**: two minutes of rest and two of stress of each person, in windows of 10 s. The
# first minute of rest is the reference: it gives the level, and is neither learnt from nor scored.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    HRVFeatures,
    ScoreDisplay,
    Segmenter,
    SubjectLevelDisplay,
    SubjectReferenceClassifier,
    compare_protocols,
    make_cohort,
)
from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows, linear_classifier

cohort = make_cohort(n_subjects=14, duration=120, sampling_rate=128, random_state=0)
recordings = ECGFilter(sampling_rate=128).fit_transform(cohort.recordings)
condition = np.array(cohort.target_names)[cohort.target]
segmenter, reference = Segmenter(sampling_rate=128), ReferenceWindows("rest", seconds=60)
windows = LabelledWindows.from_recordings(recordings, condition, cohort.subject, segmenter)
X, y, person = windows.take(range(len(windows))), windows.target, windows.subject
is_reference = reference.mask(windows)

# %%
# **Two classifiers** of heart rate and its variability, one of features as they are, one of
# features relative to each person's level. Both learn from all but four people: the two whose
# hearts rest slowest and the two whose hearts rest fastest.

heart_rate = HRVFeatures(sampling_rate=128)
rates = heart_rate.fit_transform(X[is_reference])[:, 0]
rate_at_rest = {who: rates[person[is_reference] == who].mean() for who in np.unique(person)}
in_order = sorted(rate_at_rest, key=rate_at_rest.get)
new = [*in_order[:2], *in_order[-2:]]
known = ~np.isin(person, new)
learnt = known & ~is_reference
as_is = make_pipeline(heart_rate, linear_classifier()).fit(X[learnt], y[learnt])
model = SubjectReferenceClassifier(heart_rate, linear_classifier())
model.fit(X[known], y[known], groups=person[known], reference=is_reference[known])

# %%
# **Follow the stream** of each. `for_subject` makes a classifier of one person, which needs to be
# told nothing more. Grey is the minute that enrols; dashed is where stress begins. As they are, the
# slow hearts look calm throughout and the fast ones stressed from the start.

figure, axes = plt.subplots(2, 2, figsize=(9, 5), sharex=True, sharey=True, layout="constrained")
for axis, who in zip(axes.flat, new, strict=True):
    own = person == who
    wearer = model.for_subject(X[own & is_reference])
    end = 10 * np.arange(1, own.sum() + 1)
    axis.axvspan(0, 60, color="0.92")
    axis.axvline(120, color="0.4", linestyle="--")
    for name, classifier in {"as is": as_is, "relative to rest": wearer}.items():
        axis.plot(end, classifier.predict_proba(X[own])[:, 1], marker=".", label=name)
    axis.set_title(f"rests at {rate_at_rest[who]:.0f} beats/min")
axes[0, 0].set(xlim=(0, 240), ylim=(0, 1))
axes[1, 0].legend(loc="lower right")
figure.supxlabel("end of the window (s)")
figure.supylabel("probability of stress")

# %%
# **Everybody, scored** when others were learnt from. The classifier takes the place of the heart
# rate that is part of each comparison. All rows have the same test windows, however much rest is
# known.

results = compare_protocols(
    {"heart rate": model},
    recordings,
    condition,
    cohort.subject,
    segmenter=segmenter,
    protocols="subjects",
    reference=reference,
    vary={"reference__seconds": [0, 10, 30, 60]},
    n_splits=7,
)
SubjectLevelDisplay.from_results(results)

# %%
# The features rank the windows of one person well (first mark), those of all people less so
# (second), and one threshold for all (third) is far from the bound. With a minute of rest most of
# it comes back. How many seconds that takes is the curve. Intervals of balanced accuracy are over
# seven folds of two people.

ScoreDisplay.from_results(results, x="reference__seconds")
columns = ["reference__seconds", "balanced_accuracy", "auc_within", "auc_pooled"]
rows = results.table().query("estimator == 'heart rate'")
print(rows[columns].round(3).to_string(index=False))
plt.show()
