"""
A transformation of your own
============================

Which transformations a network learns to recognise is open. A new one is a small class: `apply`
gets a batch of windows on the device of the network and returns it transformed. Its parameters are
parameters of the pretrainer, so that a grid search reaches them.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads about 50 MB.
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
    PretextPretrainer,
    Resampler,
    Segmenter,
    TransformationDisplay,
    TrimmedScaler,
    fetch_eegmat,
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
# **Look at it** before anything learns from it, beside two of the papers: half a minute of each
# recording of ten people, in windows of 5 s. The filter has taken their own slow waves out.

data = fetch_eegmat(subjects=[f"Subject{number:02}" for number in range(3, 13)])
clean = make_pipeline(Resampler(500, 128), ECGFilter(sampling_rate=128), TrimmedScaler())
recordings = clean.fit_transform([recording[: 30 * 500] for recording in data.recordings])
windows, subject = Segmenter(sampling_rate=128, window_length=5).windows(recordings, data.subject)
pretrainer = PretextPretrainer(
    [("breathe", Breathe(sampling_rate=128)), ("permute", Permute()), ("flip", FlipTime())],
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    head_dropout=0.2,
    learning_rate=0.003,
    max_epochs=15,
    batch_size=8,
    validation_fraction=0.25,
    random_state=0,
)
TransformationDisplay.from_estimator(pretrainer, windows[2], sampling_rate=128)
plt.show()

# %%
# **Does the network learn it, and how high should the wave be?** A quarter of the people is held
# out. Three transformations and the original make four views of a window, so that a constant answer
# is right in 3 of 4 cases. (The network is much smaller than the papers', which is the default, to
# run in seconds.)

for height in (1, 0.3, 0.1):
    pretrainer.set_params(breathe__height=height).fit(windows, groups=subject)
    last = pretrainer.history_[-1]
    found = {task: f"{last[f'valid_{task}_accuracy']:.0%}" for task in pretrainer.task_names_}
    print(f"height {height}: recognised in people held out:", found)

# %%
# In a Pipeline the height is ``embed__pretrainer__breathe__height``, for a
# :ref:`grid search <sphx_glr_auto_examples_search_plot_grid_search.py>`.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
