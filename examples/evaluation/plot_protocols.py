"""
Windows or people: what a score is worth
========================================

Papers on emotion from ECG often shuffle windows before they split them, so that windows of the
tested person, even of the very recording, are in the training part. The same classifiers are scored
here in that way and on people whom they have not met. The one difference is the splitter.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Recordings** of everyone who has both conditions, the first minute of each. (Four recordings
# hold no heart beat, and `fetch_eegmat` leaves them out.)

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ecgssl import (
    ECGFilter,
    HRVFeatures,
    Resampler,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
    fetch_eegmat,
    scale_subjects,
)
from sklearn_ecgssl.evaluation import confidence_interval, linear_classifier

data = fetch_eegmat()
n_of = {person: np.sum(data.subject == person) for person in set(data.subject)}
both = [i for i, person in enumerate(data.subject) if n_of[person] == 2]
clean = make_pipeline(Resampler(500, 256), ECGFilter(sampling_rate=256))
recordings = clean.fit_transform([data.recordings[i][: 60 * 500] for i in both])
recordings = scale_subjects(recordings, data.subject[both])

# %%
# **Windows** of 10 s, each with the label and the person of its recording.

windows, target, person = Segmenter(sampling_rate=256).windows(
    recordings, data.target[both], data.subject[both]
)
print(f"{len(windows)} windows of {len(set(person))} people")

# %%
# **Features**: those of the package's encoder, which is frozen and has met none of these people,
# and four numbers about the heart beats. Both are functions of a single window, so that they may
# be computed before any split.

embedding = SSLEmbedder("recognition-open").fit_transform(windows)
heart_rate = HRVFeatures(sampling_rate=256).fit_transform(windows)
classifiers = {
    "embedding, nearest neighbour": (embedding, KNeighborsClassifier(1)),
    "embedding, SVM": (embedding, SVC(C=10, class_weight="balanced")),
    "embedding, linear": (embedding, linear_classifier()),
    "heart rate, linear": (heart_rate, linear_classifier()),
    "majority class": (embedding, DummyClassifier()),
}

# %%
# **Two splitters.** `StratifiedKFold` deals windows out at random; `GroupKFold` deals out people.

splitters = {
    "shuffled windows": (StratifiedKFold(8, shuffle=True, random_state=0), None),
    "unseen people": (GroupKFold(8), person),
}
scores = {
    (name, protocol): cross_val_score(
        make_pipeline(StandardScaler(), classifier),
        features,
        target,
        groups=groups,
        cv=splitter,
        scoring="balanced_accuracy",
    )
    for name, (features, classifier) in classifiers.items()
    for protocol, (splitter, groups) in splitters.items()
}
for name in classifiers:
    print(f"{name:30}", *(f"{p} {scores[name, p].mean():.3f}" for p in splitters))

# %%
# **The fall.** A colour that falls is a score that was owed to knowing the person. The bars are
# 95 % confidence intervals over the eight folds.

table = pd.DataFrame(
    [(*key, *confidence_interval(folds)) for key, folds in scores.items()],
    columns=["estimator", "protocol", "balanced_accuracy", "balanced_accuracy_ci"],
)
display = ScoreDisplay(table, chance=0.5).plot()
display.ax_.set_title("Rest or mental arithmetic, windows of 10 s")
plt.show()

# %%
# :func:`~sklearn_ecgssl.compare_protocols` makes this comparison, and pretrains where an estimator
# has a pretrainer, anew on the training part of each fold. :doc:`The guide </guide/evaluation>`
# says what each protocol lets a model see.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
