"""
ECG as it comes in, in one file for a device
============================================

A device gets a few samples at a time. What was learnt about rest and mental arithmetic from other
people, and a minute of rest of the person who wears it, go into one ONNX file: change of rate,
filter, scale, encoder, level and classifier. On the device, onnxruntime takes the last 10 s in mV
and says how likely they are arithmetic. It needs neither PyTorch nor this package.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# Needed beside the package: ``pip install "sklearn_ecgssl[datasets,onnx,plot]"``.

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
    Segmenter,
    SubjectReferenceClassifier,
    export_onnx,
    fetch_eegmat,
    load_pretrained,
)
from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows, linear_classifier

torch.set_num_threads(1)

# %%
# **Training**, on all people but one. Recordings are cut before anything else is done to them,
# so that each window is filtered and scaled by itself, as on the device: no state is kept between
# windows, and a filter may run backwards, too, over 10 s that are there as a whole. The steps are
# those that were saved with the encoder; the recordings have 500 Hz, the encoder 100 Hz.

beatless = (2, 13, 20, 35)  # one channel of each of these holds no heart beat
data = fetch_eegmat(subjects=[f"Subject{n:02}" for n in range(36) if n not in beatless])
condition = np.array(data.target_names)[data.target]
known = np.flatnonzero(data.subject != "Subject34")
windows = LabelledWindows.from_recordings(
    [data.recordings[i] for i in known], condition[known], data.subject[known], Segmenter(500)
)
encoder = load_pretrained("rhythm-open", with_preparation=True)
encoder.set_params(sslembedder__layer="scores")
features = make_pipeline(Resampler(500, 100), encoder)
model = SubjectReferenceClassifier(features, linear_classifier())
is_rest = ReferenceWindows("rest", seconds=60).mask(windows)
model.fit(windows.take(range(len(windows))), windows.target, windows.subject, is_rest)

# %%
# **Enrolment.** The first minute of the new person is rest. It gives the level; the classifier of
# this person, from mV to probabilities, becomes the file.

rest, arithmetic = (data.recordings[i] for i in np.flatnonzero(data.subject == "Subject34"))
stream = np.concatenate([rest[: 180 * 500], arithmetic[: 60 * 500]])  # their ends are flat
wearer = model.for_subject(stream[: 60 * 500].reshape(6, 5000))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
with TemporaryDirectory() as folder:
    path = export_onnx(wearer, Path(folder, "wearer.onnx"), n_times=5000)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    session = onnxruntime.InferenceSession(path, options)
    print(session.get_modelmeta().custom_metadata_map)

# %%
# **The device** gets 125 samples every quarter of a second. A buffer holds the last 10 s, and each
# second the model is asked about them.

latest = np.zeros(5000, dtype=np.float32)
ends, likely, latency = [], [], []
for end in range(125, len(stream) + 1, 125):
    latest = np.append(latest[125:], stream[end - 125 : end])
    if end > 60 * 500 and end % 500 == 0:
        began = perf_counter()
        (probabilities,) = session.run(["probabilities"], {"recordings": latest[None]})
        latency.append(1000 * (perf_counter() - began))
        likely.append(probabilities[0, 0])
        ends.append(end)

# %%
# **The same by the Pipeline**, a window at a time. It builds its network again at every call, which
# is most of its time here.

timed = {"onnxruntime": latency, "Pipeline": []}
differences = []
for end, probability in zip(ends, likely, strict=True):
    began = perf_counter()
    expected = wearer.predict_proba(stream[None, end - 5000 : end])
    timed["Pipeline"].append(1000 * (perf_counter() - began))
    differences.append(abs(probability - expected[0, 0]))
print(f"largest difference from the probabilities of the Pipeline: {max(differences):.1e}")
assert max(differences) < 1e-4
for name, times in timed.items():
    print(f"{name:12}{np.median(times):6.2f} ms, 95th percentile {np.quantile(times, 0.95):.2f} ms")

# %%
# Each probability stands at the end of its window: after the change (dashed) it takes 10 s until a
# window holds nothing else. Grey is the rest that gives the level.

_, axes = plt.subplot_mosaic("EL;PL", width_ratios=[3, 1], figsize=(12, 5), layout="constrained")
for axis in (axes["E"], axes["P"]):
    axis.set_xlim(0, len(stream) / 500)
    axis.axvspan(0, 60, color="0.92")
    axis.axvline(180, color="0.4", linestyle="--")
axes["E"].plot(np.arange(len(stream)) / 500, stream, color="0.2", linewidth=0.4)
axes["E"].set(ylabel="ECG as it comes in (mV)", title="rest, then mental arithmetic")
axes["P"].plot(np.array(ends) / 500, likely, marker=".")
axes["P"].set(xlabel="time (s)", ylabel="probability of arithmetic", ylim=(0, 1))
for name, times in timed.items():
    axes["L"].hist(times, np.geomspace(0.2, 1000, 61), alpha=0.6, label=name)
axes["L"].set(xscale="log", xlabel="latency of a window (ms)", ylabel="windows")
axes["L"].margins(y=0.3)
axes["L"].legend(loc="upper center")
plt.show()

# %%
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
