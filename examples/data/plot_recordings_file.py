"""
Your own recordings, in one file
================================

ECG comes as a folder of tables, one a person and condition. A recordings file holds all of them
with whose they are, their labels and what else is known of each, and everything in this package
reads it. The tables of this example are **simulated**, with one that is too noisy to be used.
"""

# %%
# **What a lab has**: a folder with a CSV file for each person and condition, named accordingly.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from sklearn_ecgssl import ECGFilter, load_recordings, make_cohort, save_recordings

temporary = TemporaryDirectory()
folder = Path(temporary.name)
cohort = make_cohort(n_subjects=5, duration=30, sampling_rate=250, random_state=3)
rng = np.random.default_rng(0)
for i, recording in enumerate(cohort.recordings):
    condition = cohort.target_names[cohort.target[i]]
    if i == 5:
        recording = recording + rng.normal(0, 0.6, len(recording))  # a loose electrode
    table = np.column_stack([np.arange(len(recording)) / 250, recording])
    name = f"P{cohort.subject[i]:02}_{condition}.csv"
    np.savetxt(folder / name, table, fmt="%.5f", delimiter=",", header="time_s,ecg_mV")
names = sorted(path.name for path in folder.glob("*.csv"))
print(*names, sep="\n")

# %%
# **Read them** with whatever reads them best. What is needed of each is one array of one lead, its
# sampling rate, and the person; the label, and facts that you may want to choose by, are fields.

recordings, person, condition = [], [], []
for name in names:
    table = np.loadtxt(folder / name, delimiter=",")
    recordings.append(table[:, 1])
    person.append(name.split("_")[0])
    condition.append(name.removesuffix(".csv").split("_")[1])

# %%
# **Is it ECG?** Between the beats, good ECG is quiet. A simple measure, the median size of the
# steps from sample to sample beside the largest ones, finds the loose electrode. Look at what it
# finds before you leave it out.

filtered = ECGFilter(sampling_rate=250).fit_transform(recordings)
steps = [np.abs(np.diff(recording)) for recording in filtered]
noise = np.array([np.median(step) / np.quantile(step, 0.995) for step in steps])
good = noise < 0.15
print("noise of each:", noise.round(3), "left out:", [names[i] for i in np.flatnonzero(~good)])

figure, axes = plt.subplots(5, 2, figsize=(11, 8), sharex=True, sharey=True, layout="constrained")
for i, axis in enumerate(axes.flat):
    axis.plot(np.arange(1250) / 250, filtered[i][:1250], "C0" if good[i] else "C3", linewidth=0.8)
    axis.set_title(f"{names[i]}{'' if good[i] else ': not ECG'}", fontsize=9)
figure.supxlabel("time (s)")
figure.supylabel("filtered ECG (mV)")
plt.show()

# %%
# **One file** for all. It holds the signal in 16 bits, is a fifth of the tables' size here, and is
# written whole or not at all. Nothing in it can run.

path = save_recordings(
    folder / "my_ecg.npz",
    recordings,
    sampling_rate=250,
    subject=person,
    record=[name.removesuffix(".csv") for name in names],
    fields={"condition": condition, "ecg_ok": good},
    unit="mV",
)
tables = sum((folder / name).stat().st_size for name in names)
print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, the tables {tables / 1e3:.0f} kB")

# %%
# **Loaded**: with a field as the target, good recordings alone, and only people who have one of
# each class.

data = load_recordings(path, target="condition", where={"ecg_ok": True}, complete_subjects=True)
print(len(data.recordings), "recordings,", data.target_names, "of", *sorted(set(data.subject)))
original = dict(zip(names, recordings, strict=True))
difference = max(
    np.abs(loaded - original[f"{record}.csv"]).max()
    for loaded, record in zip(data.recordings, data.fields["record"], strict=True)
)
print(f"sampling rate {data.sampling_rate:.0f} Hz, rounded by at most {difference:.1e} mV")
temporary.cleanup()

# %%
# From here on it is a data set like any other: ``prepare(RecordingsFiles("my_ecg.npz"), ...)``,
# :doc:`compare_protocols </guide/evaluation>`, or a first result in a minute with
# ``make demo DATA=my_ecg.npz ARGS="--target condition"``. `load_recordings` says what is in
# the file.
