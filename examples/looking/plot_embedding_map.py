"""
A map of an embedding
=====================

Each window of 10 s is a point in the 128 dimensions of an encoder's features. Drawn in two, and
coloured by condition and by person, they show what lies near what: here, windows of one person.
That is why a classifier that has met a person has an easy time with this person's other windows.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Windows**, six of each recording. Each person's recordings are scaled together.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl import (
    ECGFilter,
    EmbeddingDisplay,
    HRVFeatures,
    Resampler,
    Segmenter,
    SSLEmbedder,
    fetch_eegmat,
    scale_subjects,
)

data = fetch_eegmat()
clean = make_pipeline(Resampler(500, 256), ECGFilter(sampling_rate=256))
recordings = clean.fit_transform([recording[: 60 * 500] for recording in data.recordings])
windows, target, person = Segmenter(sampling_rate=256).windows(
    scale_subjects(recordings, data.subject), data.target, data.subject
)
condition = np.array(data.target_names)[target]
features = SSLEmbedder("recognition-open").fit_transform(windows)
print(f"{len(windows)} windows of {len(set(person))} people, {features.shape[1]} features")

# %%
# **The map**, three times the same: t-SNE puts windows that are neighbours in 128 dimensions beside
# each other. It cannot be read from afar: only what is near means something.

rate = HRVFeatures(sampling_rate=256).fit_transform(windows)[:, 0]
figure, axes = plt.subplots(1, 3, figsize=(15, 5), layout="constrained")
shown = {"condition": condition, "person": person, "heart rate (1/min)": rate}
for axis, (name, color) in zip(axes, shown.items(), strict=True):
    EmbeddingDisplay.from_features(features, color, color_name=name, method="tsne", ax=axis)
plt.show()

# %%
# **The same in numbers**, in all dimensions. A window's nearest neighbour is mostly of the same
# person, where chance would be 1 in 36, and so of the same condition. Among windows of *other*
# people, the nearest one says little about the condition: chance is 1 in 2.

distance = pairwise_distances(StandardScaler().fit_transform(features))
np.fill_diagonal(distance, np.inf)
nearest = distance.argmin(axis=1)
print(f"nearest window of the same person: {np.mean(person[nearest] == person):.0%}")
print(f"nearest window of the same condition: {np.mean(target[nearest] == target):.0%}")
distance[person[:, None] == person] = np.inf
nearest = distance.argmin(axis=1)
print(f"nearest of other people, same condition: {np.mean(target[nearest] == target):.0%}")

# %%
# The same picture of an embedder in a pipeline of yours is one line,
# ``EmbeddingDisplay.from_features(pipe[:-1].transform(recordings), target)``.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
