"""
A transformation of your own
============================

Which transformations a network learns to recognise is open. A new one is a small class: `apply`
gets a batch of windows on the device of the network and returns it transformed. Its parameters are
parameters of the pretrainer, so that a grid search reaches them.

The ECG is **simulated**. What a new task is worth on people, a
:doc:`study </auto_examples/pretraining/plot_difficulty>` on their ECG can tell.
"""

# %%
# **Breathing** moves the baseline of an ECG. The new task is to tell whether a slow wave, of
# a frequency and phase of its own for each window, was added. All random numbers come from the
# generator that is passed, so that the same seed gives the same windows; there is no loop over the
# batch, so that it is as fast on a GPU as the others.

import matplotlib.pyplot as plt
import torch
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    FlipTime,
    Permute,
    PretextHistoryDisplay,
    PretextPretrainer,
    Segmenter,
    TransformationDisplay,
    TrimmedScaler,
    make_cohort,
)
from sklearn_ecgssl.transforms import WindowTransform


class Breathe(WindowTransform):
    """Add a slow wave: `height` in standard deviations of the window, 0.15 to 0.4 Hz."""

    def __init__(self, height=1.0, sampling_rate=256):
        self.height = height
        self.sampling_rate = sampling_rate

    def apply(self, windows, generator=None):
        random = torch.rand(2, len(windows), 1, generator=generator, device=windows.device)
        frequency, phase = 0.15 + 0.25 * random[0], 2 * torch.pi * random[1]
        time = torch.arange(windows.shape[1], device=windows.device) / self.sampling_rate
        wave = torch.sin(2 * torch.pi * frequency * time + phase)
        return windows + self.height * windows.std(dim=1, keepdim=True) * wave


# %%
# **Look at it** before anything learns from it, beside those of the papers.

cohort = make_cohort(n_subjects=6, duration=60, sampling_rate=128, random_state=0)
clean = make_pipeline(ECGFilter(sampling_rate=128), TrimmedScaler())
windows, subject = Segmenter(sampling_rate=128, window_length=5).windows(
    clean.fit_transform(cohort.recordings), cohort.subject
)
pretrainer = PretextPretrainer(
    [
        ("breathe", Breathe(sampling_rate=128)),
        ("permute", Permute()),
        ("flip", FlipTime()),
    ],
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    head_dropout=0.2,
    learning_rate=0.003,
    max_epochs=20,
    batch_size=8,
    validation_fraction=0.25,
    random_state=0,
)
TransformationDisplay.from_estimator(pretrainer, windows[2], sampling_rate=128)
plt.show()

# %%
# **Does the network learn it?** A quarter of the people is held out. Three transformations and the
# original make four views of a window, so that a constant answer is right in 3 of 4 cases. (The
# network is much smaller than the papers', which is the default, to run in seconds.)

pretrainer.fit(windows, groups=subject)
PretextHistoryDisplay.from_estimator(pretrainer, part="valid")
last = pretrainer.history_[-1]
for task in pretrainer.task_names_:
    print(f"{task:10} recognised in people held out: {last[f'valid_{task}_accuracy']:.0%}")
plt.show()

# %%
# **How hard should it be?** Its height is a parameter like any other: of the pretrainer, and with
# ``embed__pretrainer__breathe__height`` of a Pipeline, in a grid search or in
# :func:`~sklearn_ecgssl.compare_protocols`.

for height in (0.1, 0.3):
    pretrainer.set_params(breathe__height=height, max_epochs=10).fit(windows, groups=subject)
    accuracy = pretrainer.history_[-1]["valid_breathe_accuracy"]
    print(f"height {height}: recognised {accuracy:.0%}")
