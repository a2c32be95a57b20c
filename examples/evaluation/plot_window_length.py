"""
How long a window should be
===========================

The papers cut ECG into windows of 10 s. A longer one holds more heart beats, but the answer about
a person comes later. :func:`~sklearn_ecgssl.compare_protocols` cuts the recordings once for each
length and scores.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Recordings**, the first minute of each, so that all lengths divide it. They must be given whole:
# windows cannot be cut to another length.

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    Resampler,
    ScoreDisplay,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    compare_protocols,
    fetch_eegmat,
)
from sklearn_ecgssl.evaluation import linear_classifier

beatless = (2, 13, 20, 35)  # one channel of each of these holds no heart beat
data = fetch_eegmat(subjects=[f"Subject{n:02}" for n in range(36) if n not in beatless])
clean = make_pipeline(Resampler(500, 100), ECGFilter(100, low=0.5, high=40), TrimmedScaler())
recordings = clean.fit_transform([recording[: 60 * 500] for recording in data.recordings])

# %%
# **One encoder for all lengths.** "rhythm-open" takes windows from 5 to 60 s and is used as it is.
# The heart rate, which is part of each comparison, comes from more beats in a longer window, too.

encoder = SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100)
results = compare_protocols(
    {"rhythm-open": make_pipeline(encoder, linear_classifier())},
    recordings,
    data.target,
    data.subject,
    segmenter=Segmenter(100),
    protocols="subjects",
    vary={"segmenter__window_length": [5, 10, 20, 30]},
    n_splits=4,
)

# %%
# **Within a person**: how well the windows of one person, whom the classifier has not met, are
# ranked. Bars are 95 % confidence intervals over people.

ScoreDisplay.from_results(results, metric="auc_within")
print(results.to_markdown("auc_within"))
plt.show()

# %%
# Windows of different lengths are not the same samples. Recordings are: here the windows of each
# vote for its label, and what is scored is the balanced accuracy, with one threshold for everyone.

votes = results.recordings().pivot(
    index="estimator", columns="segmenter__window_length", values="balanced_accuracy"
)
print(votes.round(3).to_string())

# %%
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
