"""
Leave out what is unusable
==========================

Not every window of a recording shows a heart beat. `usable` finds those that do not, by the signal
alone: it looks at no label and at no other window, so that it may choose before any split.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Fetched**: one recording for each person and condition, with what the set says about each. Four
# of its 72 channels hold no heart beat at all; `fetch_eegmat` leaves them out.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_ecgssl import Segmenter, SignalQuality, fetch_eegmat, usable

data = fetch_eegmat()
print(f"{len(data.recordings)} recordings of {len(set(data.subject))} people, in {data.unit}")
print("known of each:", ", ".join(data.fields))

# %%
# **Windows** of 10 s, as they were recorded. `Segmenter.windows`, `prepare` and `compare_protocols`
# take the rule as ``keep=usable``, and say how many windows it leaves out.

segmenter = Segmenter(sampling_rate=500)
windows, target, person = segmenter.windows(data.recordings, data.target, data.subject)
good = usable(windows, sampling_rate=500)
for i in np.flatnonzero(~good):
    print(f"left out: {person[i]}, {data.target_names[target[i]]}")
print(f"kept: {good.sum()} of {len(good)}")

# %%
# **Why?** `SignalQuality` says it in columns. Two count most: whether two beat detectors agree, and
# how much the beats of a window look alike. Windows below .6 in either go.

quality = SignalQuality(sampling_rate=500).set_output(transform="pandas").fit_transform(windows)
agreement, alike = quality["agreement"], quality["template_correlation"]
print(quality[~good].round(2).to_string())

# %%
# **Look at what you leave out**, and at what you nearly did: the windows that go (red), and the
# worst one that stays. A rule that takes ECG away, or lets noise through, shows here.

worst = np.minimum(agreement, alike).where(good).idxmin()
shown = [*np.flatnonzero(~good)[:3], worst]
figure, axes = plt.subplot_mosaic(
    [["map", row] for row in range(len(shown))],
    width_ratios=[2, 3],
    figsize=(12, 6),
    layout="constrained",
)
axes["map"].scatter(agreement, alike, s=12, c=np.where(good, "C0", "C3"))
axes["map"].axhline(0.6, color="0.4", linestyle=":")
axes["map"].axvline(0.6, color="0.4", linestyle=":")
axes["map"].set(xlabel="agreement of two detectors", ylabel="correlation of beats with their mean")
axes["map"].set_title(f"{len(windows)} windows")
for row, i in enumerate(shown):
    axes[row].plot(np.arange(5000) / 500, windows[i], "C0" if good[i] else "C3", linewidth=0.8)
    axes[row].set_ylabel("mV")
    axes[row].set_title(
        f"{'stays' if good[i] else 'goes'}: agreement {agreement[i]:.2f}, beats {alike[i]:.2f}",
        fontsize=10,
    )
axes[row].set_xlabel("time (s)")
plt.show()

# %%
# Report how many windows were left out: a score on what is left is one for people who sit still.
# What the rule keeps of ECG with known noise is in :doc:`/measured/quality`.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
