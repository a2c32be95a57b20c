"""
Features of ECG as it comes in
==============================

A device gets a few samples at a time and cannot look ahead. An embedder and a classifier learn from
recordings; then they follow the stream of a person of whom they know nothing but 30 s of rest, and
say each second how likely the last 10 s are stress. The features come from onnxruntime, which needs
neither PyTorch nor this package.

The ECG is **simulated**. With recordings of your own, ``load_recordings("my_ecg.npz",
target="condition", complete_subjects=True)`` takes the place of the cohort.
"""

# %%
# Needed beside the package: ``pip install "sklearn_ecgssl[onnx,plot]" onnxruntime``.

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import torch
from scipy.signal import butter, sosfilt, sosfilt_zi

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    SSLEmbedder,
    SubjectReferenceClassifier,
    export_onnx,
    make_cohort,
)
from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows, linear_classifier

# %%
# **Training**, on all people but the last. As on the device, scale and level of each are those of
# 30 s of rest, and the filter is causal: one that runs backwards, too, makes other waves.

cohort = make_cohort(n_subjects=12, duration=60, effect=2, effect_spread=0.3, random_state=0)
causal = ECGFilter(sampling_rate=256, low=0.8, high=40, zero_phase=False)
filtered, person = causal.fit_transform(cohort.recordings), cohort.subject
known, new = np.flatnonzero(person != person[-1]), np.flatnonzero(person == person[-1])
rest = {person[i]: filtered[i][: 30 * 256] for i in np.flatnonzero(cohort.target == 0)}
scaled = [(filtered[i] - rest[person[i]].mean()) / rest[person[i]].std() for i in known]
windows = LabelledWindows.from_recordings(scaled, cohort.target[known], person[known])
is_reference = ReferenceWindows(0, seconds=30).mask(windows)
pretrainer = PretextPretrainer(
    filters=(8, 16, 32), max_epochs=6, batch_size=8, precision="float32", random_state=0
)
embedder = SSLEmbedder(pretrainer, aggregate=("mean", "std"))
model = SubjectReferenceClassifier(embedder, linear_classifier(C=0.01))
X = windows.take(range(len(windows)))
embedder = model.fit(X, windows.target, windows.subject, is_reference).features_

# %%
# **The device** gets 64 samples every quarter of a second. Its filter keeps its state: windows that
# are filtered one by one would begin with a transient. A ring buffer holds the last 10 s. The first
# 30 s enrol the wearer: what classifies features from then on knows his or her level.

with TemporaryDirectory() as folder:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(export_onnx(embedder, Path(folder, "e.onnx")), options)
stream = np.concatenate([cohort.recordings[i] for i in new])
sos = butter(4, [0.8, 40], "bandpass", fs=256, output="sos")
state = sosfilt_zi(sos) * stream[0]
ring, calibration = np.zeros(2560), []
ends, streamed, likely, latency = [], [], [], []
for end in range(64, len(stream) + 1, 64):
    began = perf_counter()
    chunk, state = sosfilt(sos, stream[end - 64 : end], zi=state)
    ring[np.arange(end - 64, end) % 2560] = chunk
    if end <= 30 * 256:
        calibration.extend(chunk)
        if end == 30 * 256:
            mean, scale = np.mean(calibration), np.std(calibration)
            wearer = model.for_subject((np.reshape(calibration, (3, 2560)) - mean) / scale)[1:]
    elif end % 256 == 0:
        window = (np.roll(ring, -end)[None] - mean) / scale
        streamed += session.run(["features"], {"windows": window.astype(np.float32)})
        likely.append(wearer.predict_proba(streamed[-1])[0, 1])
        latency.append(1000 * (perf_counter() - began))
        ends.append(end)

# %%
# **The same at once**: the whole stream filtered, cut, and embedded by PyTorch. Then each takes one
# window at a time, on one thread. `SSLEmbedder.transform` builds its network anew at every call,
# which is most of its time here. A whole step of the device is from a chunk to a probability.

filtered = (causal.transform([stream])[0] - mean) / scale
windows = np.stack([filtered[end - 2560 : end] for end in ends]).astype(np.float32)
difference = np.abs(np.concatenate(streamed) - embedder.transform(windows)).max()
print(f"largest difference between streamed features and those of PyTorch: {difference:.1e}")
assert difference < 1e-4
torch.set_num_threads(1)
timed = {"whole step": latency, "onnxruntime": [], "transform": []}
for window in windows[:, None]:
    began = perf_counter()
    session.run(["features"], {"windows": window})
    between = perf_counter()
    embedder.transform(window)
    timed["onnxruntime"].append(1000 * (between - began))
    timed["transform"].append(1000 * (perf_counter() - between))
for name, times in timed.items():
    print(f"{name:12}{np.median(times):6.2f} ms, 95th percentile {np.quantile(times, 0.95):.2f} ms")
ratio = np.median(timed["transform"]) / np.median(timed["onnxruntime"])
print(f"onnxruntime makes the features of a window {ratio:.1f} times as fast as transform")

# %%
# Each probability stands at the end of its window: after a change (dashed) it takes 10 s until a
# window holds nothing else. Grey is the rest that gives scale and level.

_, axes = plt.subplot_mosaic("EL;PL", width_ratios=[3, 1], figsize=(12, 5), layout="constrained")
for axis in (axes["E"], axes["P"]):
    axis.set_xlim(0, len(stream) / 256)
    axis.axvspan(0, 30, color="0.92")
    axis.axvline(len(cohort.recordings[new[0]]) / 256, color="0.4", linestyle="--")
axes["E"].plot(np.arange(len(stream)) / 256, filtered, color="0.2", linewidth=0.4)
axes["E"].set(ylabel="filtered ECG (s.d.)", title="rest, then stress")
axes["P"].plot(np.array(ends) / 256, likely, marker=".")
axes["P"].set(xlabel="time (s)", ylabel="probability of stress", ylim=(0, 1))
for name, times in timed.items():
    axes["L"].hist(times, np.geomspace(0.2, 200, 61), alpha=0.6, label=name)
axes["L"].set(xscale="log", xlabel="latency of a window (ms)", ylabel="windows")
axes["L"].margins(y=0.3)
axes["L"].legend(loc="upper center")
plt.show()
