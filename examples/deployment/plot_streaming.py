"""
ECG as it comes in, in one file for a device
============================================

A device gets a few samples at a time. What was learnt about stress from other people, and 30 s of
rest of the person who wears it, go into one ONNX file: change of rate, filter, scale, encoder,
level and classifier. On the device, onnxruntime takes the last 10 s in mV and says how likely they
are stress. It needs neither PyTorch nor this package.

The ECG is **simulated**. With recordings of your own, ``load_recordings("my_ecg.npz",
target="condition", complete_subjects=True)`` takes the place of the cohort.
"""

# %%
# Needed beside the package: ``pip install "sklearn_ecgssl[onnx,plot]"``.

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import torch
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    Resampler,
    SubjectReferenceClassifier,
    export_onnx,
    load_pretrained,
    make_cohort,
)
from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows, linear_classifier

torch.set_num_threads(1)

# %%
# **Training**, on all people but the last. Recordings are cut before anything else is done to them,
# so that each window is filtered and scaled by itself, as on the device: no state is kept between
# windows, and a filter may run backwards, too, over 10 s that are there as a whole. The steps are
# those that were saved with the encoder; the cohort has 256 Hz, the encoder 100 Hz.

cohort = make_cohort(n_subjects=12, duration=60, effect=2, effect_spread=0.3, random_state=0)
known = np.flatnonzero(cohort.subject != cohort.subject[-1])
windows = LabelledWindows.from_recordings(
    [cohort.recordings[i] for i in known], cohort.target[known], cohort.subject[known]
)
features = make_pipeline(Resampler(256, 100), load_pretrained("rhythm-open", with_preparation=True))
model = SubjectReferenceClassifier(features, linear_classifier(C=0.01))
is_rest = ReferenceWindows(0, seconds=30).mask(windows)
model.fit(windows.take(range(len(windows))), windows.target, windows.subject, is_rest)

# %%
# **Enrolment.** The first 30 s of the new person are rest. They give the level; the classifier of
# this person, from mV to probabilities, becomes the file.

stream = np.concatenate(cohort.recordings[-2:]).astype(np.float32)
wearer = model.for_subject(stream[: 30 * 256].reshape(3, 2560))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
with TemporaryDirectory() as folder:
    path = export_onnx(wearer, Path(folder, "wearer.onnx"), n_times=2560)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    session = onnxruntime.InferenceSession(path, options)
    print(session.get_modelmeta().custom_metadata_map)

# %%
# **The device** gets 64 samples every quarter of a second. A buffer holds the last 10 s, and each
# second the model is asked about them.

latest = np.zeros(2560, dtype=np.float32)
ends, likely, latency = [], [], []
for end in range(64, len(stream) + 1, 64):
    latest = np.append(latest[64:], stream[end - 64 : end])
    if end > 30 * 256 and end % 256 == 0:
        began = perf_counter()
        (probabilities,) = session.run(["probabilities"], {"recordings": latest[None]})
        latency.append(1000 * (perf_counter() - began))
        likely.append(probabilities[0, 1])
        ends.append(end)

# %%
# **The same by the Pipeline**, a window at a time. It builds its network anew at every call, which
# is most of its time here.

timed = {"onnxruntime": latency, "Pipeline": []}
differences = []
for end, probability in zip(ends, likely, strict=True):
    began = perf_counter()
    expected = wearer.predict_proba(stream[None, end - 2560 : end])
    timed["Pipeline"].append(1000 * (perf_counter() - began))
    differences.append(abs(probability - expected[0, 1]))
print(f"largest difference from the probabilities of the Pipeline: {max(differences):.1e}")
assert max(differences) < 1e-4
for name, times in timed.items():
    print(f"{name:12}{np.median(times):6.2f} ms, 95th percentile {np.quantile(times, 0.95):.2f} ms")

# %%
# Each probability stands at the end of its window: after a change (dashed) it takes 10 s until a
# window holds nothing else. Grey is the rest that gives the level.

_, axes = plt.subplot_mosaic("EL;PL", width_ratios=[3, 1], figsize=(12, 5), layout="constrained")
for axis in (axes["E"], axes["P"]):
    axis.set_xlim(0, len(stream) / 256)
    axis.axvspan(0, 30, color="0.92")
    axis.axvline(len(cohort.recordings[-2]) / 256, color="0.4", linestyle="--")
axes["E"].plot(np.arange(len(stream)) / 256, stream, color="0.2", linewidth=0.4)
axes["E"].set(ylabel="ECG as it comes in (mV)", title="rest, then stress")
axes["P"].plot(np.array(ends) / 256, likely, marker=".")
axes["P"].set(xlabel="time (s)", ylabel="probability of stress", ylim=(0, 1))
for name, times in timed.items():
    axes["L"].hist(times, np.geomspace(0.2, 200, 61), alpha=0.6, label=name)
axes["L"].set(xscale="log", xlabel="latency of a window (ms)", ylabel="windows")
axes["L"].margins(y=0.3)
axes["L"].legend(loc="upper center")
plt.show()
