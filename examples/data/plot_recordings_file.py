"""
Your own recordings, in one file
================================

ECG comes as a folder of tables, one a person and condition. A recordings file holds all of them
with whose they are, their labels and what else is known of each, and everything in this package
reads it. The tables of this example are **simulated**.
"""

# %%
# **What a lab has**: a folder with a CSV file for each person and condition, named accordingly.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from sklearn_ecgssl import load_recordings, make_cohort, save_recordings

temporary = TemporaryDirectory()
folder = Path(temporary.name)
cohort = make_cohort(n_subjects=5, duration=30, sampling_rate=250, random_state=3)
for recording, label, who in zip(cohort.recordings, cohort.target, cohort.subject, strict=True):
    table = np.column_stack([np.arange(len(recording)) / 250, recording])
    name = f"P{who:02}_{cohort.target_names[label]}.csv"
    np.savetxt(folder / name, table, fmt="%.5f", delimiter=",", header="time_s,ecg_mV")
names = sorted(path.name for path in folder.glob("*.csv"))
print(*names, sep="\n")

# %%
# **Read them** with whatever reads them best. What is needed of each is one array of one lead, its
# sampling rate, and the person; the label, and facts that you may want to choose by, are fields.

recordings = [np.loadtxt(folder / name, delimiter=",")[:, 1] for name in names]
person = [name.split("_")[0] for name in names]
condition = [name.removesuffix(".csv").split("_", 1)[1] for name in names]

# %%
# **One file** for all. It holds the signal in 16 bits, is much smaller than the tables, and is
# written whole or not at all. Nothing in it can run.

path = save_recordings(
    folder / "my_ecg.npz",
    recordings,
    sampling_rate=250,
    subject=person,
    record=[name.removesuffix(".csv") for name in names],
    fields={"condition": condition, "age": [31, 31, 24, 24, 45, 45, 28, 28, 39, 39]},
    unit="mV",
)
tables = sum((folder / name).stat().st_size for name in names)
print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, the tables {tables / 1e3:.0f} kB")

# %%
# **Loaded**, with a field as the target, and only people who have a recording of each class.

data = load_recordings(path, target="condition", complete_subjects=True)
print(len(data.recordings), "recordings,", data.target_names, "of", *sorted(set(data.subject)))

# %%
# **Look at every recording** before anything learns from it: a lead that is upside down, a loose
# electrode or a wrong unit shows at once.

figure, axes = plt.subplots(5, 2, figsize=(11, 8), sharex=True, sharey=True, layout="constrained")
for axis, recording, record in zip(axes.flat, data.recordings, data.fields["record"], strict=True):
    axis.plot(np.arange(1250) / 250, recording[:1250], linewidth=0.8)
    axis.set_title(record, fontsize=9)
figure.supxlabel("time (s)")
figure.supylabel("ECG (mV)")
plt.show()
temporary.cleanup()

# %%
# From here on it is a data set like any other: ``prepare(RecordingsFiles("my_ecg.npz"), ...)``,
# `compare_protocols`, or a first result in a minute with
# ``make demo DATA=my_ecg.npz ARGS="--target condition"``. What is unusable goes with
# :ref:`one rule <sphx_glr_auto_examples_data_plot_quality.py>`.
