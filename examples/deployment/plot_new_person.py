"""
A minute of rest of a new person
================================

Hearts rest at different rates. With one threshold for all, a classifier may call one person
busy all day long, and another one never. A minute that is known to be rest says where a
person's level is. Here people whom a classifier has not met are enrolled with such a minute and
followed. Then everybody is scored: how much does how long a rest bring back?

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Recordings**: three minutes of rest and one of arithmetic of each person, in windows of 10 s.
# The first minute of rest is the reference: it gives the level, and is neither learnt from nor
# scored.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    HRVFeatures,
    ScoreDisplay,
    Segmenter,
    SubjectReferenceClassifier,
    compare_protocols,
    fetch_eegmat,
)
from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows, linear_classifier

beatless = (2, 13, 20, 35)  # one channel of each of these holds no heart beat
data = fetch_eegmat(subjects=[f"Subject{n:02}" for n in range(36) if n not in beatless])
recordings = ECGFilter(sampling_rate=500).fit_transform(data.recordings)
condition = np.array(data.target_names)[data.target]
segmenter, reference = Segmenter(sampling_rate=500), ReferenceWindows("rest", seconds=60)
windows = LabelledWindows.from_recordings(recordings, condition, data.subject, segmenter)
X, y, person = windows.take(range(len(windows))), windows.target, windows.subject
is_reference = reference.mask(windows)

# %%
# **Two classifiers** of heart rate and its variability, one of features as they are, one of
# features relative to each person's level. Both learn from all but four people: the two whose
# hearts rest slowest and the two whose hearts rest fastest.

heart_rate = HRVFeatures(sampling_rate=500)
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
# told nothing more. Grey is the minute that enrols; dashed is where the arithmetic begins.

figure, axes = plt.subplots(2, 2, figsize=(9, 5), sharex=True, sharey=True, layout="constrained")
for axis, who in zip(axes.flat, new, strict=True):
    own = np.flatnonzero(person == who)
    own = own[np.argsort(y[own] == "arithmetic", kind="stable")]  # rest came first
    wearer = model.for_subject(X[own[is_reference[own]]])
    end = 10 * np.arange(1, len(own) + 1)
    axis.axvspan(0, 60, color="0.92")
    axis.axvline(10 * np.sum(y[own] == "rest"), color="0.4", linestyle="--")
    for name, classifier in {"as is": as_is, "relative to rest": wearer}.items():
        axis.plot(end, classifier.predict_proba(X[own])[:, 0], marker=".", label=name)
    axis.set_title(f"rests at {rate_at_rest[who]:.0f} beats/min")
axes[0, 0].set(xlim=(0, 240), ylim=(0, 1))
axes[0, 0].legend(loc="upper left")
figure.supxlabel("end of the window (s)")
figure.supylabel("probability of arithmetic")

# %%
# **Everybody, scored** when others were learnt from. The classifier takes the place of the heart
# rate that is part of each comparison. All rows have the same test windows, however much rest is
# known.

results = compare_protocols(
    {"heart rate": model},
    recordings,
    condition,
    data.subject,
    segmenter=segmenter,
    protocols="subjects",
    reference=reference,
    vary={"reference__seconds": [0, 10, 30, 60]},
    n_splits=4,
)

# %%
# **How many seconds of rest?** At 0 s there is one threshold for all. Bars are 95 % confidence
# intervals over four folds of eight people. `auc_within` ranks the windows of each person by
# themselves. That needs no rest: it says whether the features tell what a person does.

ScoreDisplay.from_results(results, x="reference__seconds")
columns = ["reference__seconds", "balanced_accuracy", "auc_within", "auc_pooled"]
rows = results.table().query("estimator == 'heart rate'")
print(rows[columns].round(3).to_string(index=False))
plt.show()

# %%
# Of eegmat, rest always came before the task. An encoder in the place of the heart rate is in the
# :doc:`guide </guide/new_person>`, with what was found.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
