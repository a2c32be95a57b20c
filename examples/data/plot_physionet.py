"""
A data set of PhysioNet
=======================

`fetch_eegmat` downloads ECG that anyone may use, checks every file, and keeps it; a second call
reads what is there. `prepare` then filters, resamples and scales it person by person, once.

The ECG is real: eegmat [1]_, people at rest and while subtracting numbers in the head. Here two of
its 36 people are enough, 10 MB to download.
"""

# %%
# **Fetched**: one recording for each person and condition, and what the set says about each.

from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from sklearn_ecgssl import ECGFilter, HRVFeatures, Segmenter, fetch_eegmat, prepare
from sklearn_ecgssl.datasets import EegMat

people = ["Subject05", "Subject06"]
data = fetch_eegmat(subjects=people)
for recording, label, person in zip(data.recordings, data.target, data.subject, strict=True):
    seconds = len(recording) / data.sampling_rate
    print(f"{person}, {data.target_names[label]}: {seconds:.0f} s at {data.sampling_rate:.0f} Hz")
print("known of each:", ", ".join(data.fields))
print(data.DESCR[:240], "...")

# %%
# **Prepared** for the networks. `prepare` takes the data set itself, ``EegMat()``, and brings it to
# 256 Hz, high-passed at 0.8 Hz, the recordings of each person scaled together. What is prepared
# stays in the folder, so that the second time takes no time; it is a recordings file that others
# can read without the originals.

folder = TemporaryDirectory()
prepared = prepare(
    EegMat(),
    subjects=people,
    cache=folder.name,
    sampling_rate=256,
    transformer=ECGFilter(sampling_rate=256),
)
print(f"{len(prepared.recordings)} recordings at {prepared.sampling_rate:.0f} Hz, {prepared.unit}")

# %%
# **Look at it.** Ten seconds of each recording, as it was fetched and as it was prepared, one
# below the other.

figure, axes = plt.subplots(4, 2, figsize=(12, 8), sharex=True, layout="constrained")
for row, (raw, clean) in enumerate(zip(data.recordings, prepared.recordings, strict=True)):
    axes[row, 0].plot(np.arange(5000) / 500, raw[5000:10000], linewidth=0.8)
    axes[row, 1].plot(np.arange(2560) / 256, clean[2560:5120], linewidth=0.8, color="C1")
    axes[row, 0].set_ylabel(f"{data.subject[row]}\n{data.target_names[data.target[row]]}")
axes[0, 0].set_title("fetched: mV, 500 Hz")
axes[0, 1].set_title("prepared: standard deviations, 256 Hz")
for axis in axes[-1]:
    axis.set_xlabel("time (s)")
plt.show()

# %%
# **First numbers**: the heart rate of each window of 10 s, by condition.

windows, target, person = Segmenter(sampling_rate=256).windows(
    prepared.recordings, prepared.target, prepared.subject
)
rate = HRVFeatures(sampling_rate=256).fit_transform(windows)[:, 0]
for name in people:
    of = [rate[(person == name) & (target == label)].mean() for label in (0, 1)]
    print(f"{name}: {of[0]:.0f} beats a minute at rest, {of[1]:.0f} in arithmetic")
folder.cleanup()

# %%
# Without `subjects`, the whole set comes, 180 MB. Other sets of PhysioNet have functions of their
# own (`fetch_ecgid`, `fetch_mitdb`, `fetch_qtdb`, `fetch_drivedb`), and `fetch_physionet` reads any
# that is open: :doc:`/guide/datasets`.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
