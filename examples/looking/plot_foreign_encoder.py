"""
What an encoder from elsewhere carries
======================================

`FrozenEncoder` makes a transformer of a network that others trained, in whatever library. `probe`
then asks what a linear model reads off its features about people whom it has not met: heart rate,
whose recording it is, the condition. Each encoder stands beside the same network untrained.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **An encoder**: any torch module that turns windows into numbers. This one needs no training:
# random convolutions, of each the maximum and the share of time in which it is positive, after
# ROCKET [2]_.

import matplotlib.pyplot as plt
import torch
from torch import nn

from sklearn_ecgssl import (
    ECGFilter,
    FrozenEncoder,
    Resampler,
    Segmenter,
    SSLEmbedder,
    fetch_eegmat,
    probe,
    scale_subjects,
)


class RandomConvolutions(nn.Module):
    """Windows (n, 1, t) to two features of each of 32 kernels in each of six dilations."""

    def __init__(self):
        super().__init__()
        dilations = [1, 2, 4, 8, 16, 32]
        self.kernels = nn.ModuleList(nn.Conv1d(1, 32, 9, dilation=d) for d in dilations)

    def forward(self, windows):
        maps = [kernel(windows) for kernel in self.kernels]
        maxima = [m.amax(dim=2) for m in maps]
        return torch.cat([*maxima, *((m > 0).float().mean(dim=2) for m in maps)], dim=1)


# %%
# **As a transformer** it has to be told what the model takes and what comes in. It resamples, cuts
# and scales by itself, and goes wherever `SSLEmbedder` goes. ``"encoder.onnx"`` in the place of the
# module is as good.

torch.manual_seed(1)
rocket = FrozenEncoder(
    RandomConvolutions(),
    sampling_rate=100,
    window_length=10,
    input_rate=256,
    scaling="standard",
)
encoders = {
    "rhythm-open": SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100),
    "recognition-open": SSLEmbedder("recognition-open"),
    "random convolutions": rocket,
}

# %%
# **Probed** on half a minute of each recording, filtered, and scaled person by person.

data = fetch_eegmat()
resampled = Resampler(500, 256).fit_transform([signal[: 30 * 500] for signal in data.recordings])
recordings = scale_subjects(ECGFilter(sampling_rate=256).fit_transform(resampled), data.subject)
table = probe(encoders, recordings, data.target, data.subject, segmenter=Segmenter(256), n_splits=3)
print(table.round(2).to_string(index=False))

# %%
# **What was learnt** is the way from the hollow point, the network untrained, to the full one. The
# random convolutions have learnt nothing: their twin is another draw, and the way between the two
# says how much the draw of an untrained network matters. Dotted is the heart rate with its
# variability.

columns = {
    "r2_rate": "heart rate (R²)",
    "r2_rmssd": "RMSSD (R²)",
    "identity": "same person (rank 1)",
    "auc_within": "condition (AUC)",
}
_, axes = plt.subplots(1, 4, figsize=(12, 2.8), sharey=True, layout="constrained")
for axis, (column, title) in zip(axes, columns.items(), strict=True):
    value = table.set_index(["encoder", "untrained"])[column].clip(lower=0)
    for row, name in enumerate(encoders):
        axis.plot(value[name, True], row, "o", color="C0", markersize=9, fillstyle="none")
        axis.plot(value[name, False], row, "o", color="C0", markersize=9)
        axis.plot([value[name, True], value[name, False]], [row, row], color="C0", alpha=0.4)
    axis.axvline(value["heart rate", False], color="0.4", linestyle=":")
    axis.set(title=title, xlim=(-0.05, 1.05), ylim=(2.5, -0.5))
axes[0].set(yticks=range(3), yticklabels=[*encoders])
plt.show()

# %%
# An R² below 0 is drawn at 0. Recipes for three published encoders: :doc:`/guide/foreign`.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
# .. [2] A. Dempster et al., Data Mining and Knowledge Discovery 34, 2020,
#    doi:10.1007/s10618-020-00701-z.
