"""
Windows or people: what a score is worth
========================================

Papers on emotion from ECG often shuffle windows before they split them, so that windows of the
tested person, even of the very recording, are in the training set. The same classifiers are scored
here in that way and on people whom they have not met. The one difference is the split.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Recordings**, the first minute of each, cleaned. Those of a person are scaled together.

import matplotlib.pyplot as plt
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl import (
    ECGFilter,
    Resampler,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
    compare_protocols,
    fetch_eegmat,
    scale_subjects,
)
from sklearn_ecgssl.evaluation import linear_classifier

beatless = (2, 13, 20, 35)  # one channel of each of these holds no heart beat
data = fetch_eegmat(subjects=[f"Subject{n:02}" for n in range(36) if n not in beatless])
clean = make_pipeline(Resampler(500, 100), ECGFilter(100, low=0.5, high=40))
recordings = clean.fit_transform([recording[: 60 * 500] for recording in data.recordings])
recordings = scale_subjects(recordings, data.subject)

# %%
# **Two classifiers** of the same features: those of an encoder that comes with the package, which
# is used as it is and has met none of these people.

encoder = SSLEmbedder("rhythm-open", sampling_rate=100)
classifiers = {
    "nearest neighbour": make_pipeline(encoder, StandardScaler(), KNeighborsClassifier(1)),
    "linear": make_pipeline(encoder, linear_classifier()),
}

# %%
# **Two protocols.** "windows" deals windows of 10 s out at random, "subjects" people. The majority
# class and the heart rate are scored beside.

results = compare_protocols(
    classifiers,
    recordings,
    data.target,
    data.subject,
    segmenter=Segmenter(100),
    protocols=["windows", "subjects"],
    n_splits=4,
)
print(results)

# %%
# **The fall.** A colour that falls is a score that was owed to knowing the person. Bars are 95 %
# confidence intervals over the four folds.

display = ScoreDisplay.from_results(results)
display.ax_.set_title("Rest or mental arithmetic, windows of 10 s")
plt.show()

# %%
# :doc:`The guide </guide/evaluation>` says what each protocol lets a model see. A pretrainer
# instead of the encoder learns from the training set of each fold.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
