"""Draw docs/images/reconstruction.png from eegmat, whose recordings file is the argument."""

import sys
from pathlib import Path

import numpy as np

from sklearn_ecgssl import ReconstructionDisplay, Resampler, load_pretrained, load_recordings

PEOPLE, WINDOW = (1, 9), 3

data = load_recordings(sys.argv[1], target=None, where={"ecg_ok": True})
people = np.unique(data.subject)[list(PEOPLE)]
first = [data.recordings[np.flatnonzero(data.subject == one)[0]] for one in people]
model = load_pretrained("masked-open", with_preparation=True)
windows = model[:-1].fit_transform(Resampler(data.sampling_rate, 128).fit_transform(first))
shown = np.stack([own[WINDOW] for own in windows])
display = ReconstructionDisplay.from_estimator(load_pretrained("masked-open"), shown)
display.figure_.savefig(Path(__file__).parents[1] / "images" / "reconstruction.png", dpi=110)
