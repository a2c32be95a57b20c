"""
Features of ECG as it comes in
==============================

A device gets a few samples at a time and cannot look ahead. An embedder and a classifier learn from
recordings; then they follow the stream of a person whom they have not met, and say each second how
likely the last 10 s are stress. The features come from onnxruntime, which needs neither PyTorch nor
this package.

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
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    export_onnx,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier

# %%
# **Training**, on all people but the last. The filter is causal, as the device's has to be: one
# that runs backwards, too, makes other waves. The network is small and learns for a few epochs.

cohort = make_cohort(n_subjects=12, duration=60, effect=2, effect_spread=0.3, random_state=0)
causal = ECGFilter(sampling_rate=256, low=0.8, high=40, zero_phase=False)
scaled = make_pipeline(causal, TrimmedScaler()).fit_transform(cohort.recordings)
is_new = cohort.subject == cohort.subject[-1]
known, new = np.flatnonzero(~is_new), np.flatnonzero(is_new)
windows, target = Segmenter(256).windows([scaled[i] for i in known], cohort.target[known])
pretrainer = PretextPretrainer(
    filters=(8, 16, 32), max_epochs=6, batch_size=8, precision="float32", random_state=0
)
embedder = SSLEmbedder(pretrainer, aggregate=("mean", "std"))
classifier = linear_classifier().fit(embedder.fit_transform(windows), target)

# %%
# **The device** gets 64 samples every quarter of a second. Its filter keeps its state: windows that
# are filtered one by one would begin with a transient. A ring buffer holds the last 10 s. Mean and
# scale are those of the first 30 s; in training they were those of a whole recording.

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
        trim = len(calibration) // 40
        mean, scale = np.mean(calibration), np.std(np.sort(calibration)[trim:-trim])
    elif end % 256 == 0:
        window = (np.roll(ring, -end)[None] - mean) / scale
        streamed += session.run(["features"], {"windows": window.astype(np.float32)})
        likely.append(classifier.predict_proba(streamed[-1])[0, 1])
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
# window holds nothing else. Grey is where the scale is being found.

mosaic = [["ecg", "latency"], ["likely", "latency"]]
figure, axes = plt.subplot_mosaic(
    mosaic, width_ratios=[3, 1], figsize=(12, 5), layout="constrained"
)
for axis in (axes["ecg"], axes["likely"]):
    axis.set_xlim(0, len(stream) / 256)
    axis.axvspan(0, 30, color="0.92")
    for border in np.cumsum([len(cohort.recordings[i]) for i in new])[:-1]:
        axis.axvline(border / 256, color="0.4", linestyle="--")
axes["ecg"].plot(np.arange(len(stream)) / 256, filtered, color="0.2", linewidth=0.4)
axes["ecg"].set_ylabel("filtered ECG (s.d.)")
axes["ecg"].set_title(", then ".join(cohort.target_names[i] for i in cohort.target[new]))
axes["likely"].plot(np.array(ends) / 256, likely, marker=".")
axes["likely"].set(xlabel="time (s)", ylim=(0, 1))
axes["likely"].set_ylabel(f"probability of {cohort.target_names[1]}")
for name, times in timed.items():
    axes["latency"].hist(times, np.geomspace(0.2, 200, 61), alpha=0.6, label=name)
axes["latency"].set(xscale="log", xlabel="latency of a window (ms)", ylabel="windows")
axes["latency"].margins(y=0.3)
axes["latency"].legend(loc="upper center")
plt.show()
