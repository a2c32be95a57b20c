"""The scripts of the package's encoders, and a small configuration to run them on."""

import sys
import tomllib

import pytest

from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from tests.checkout import checkout

RECIPE = checkout() / "examples" / "pretrained"
OWN = ("build", "card", "corpus", "manifest", "overlaps")  # names that other modules may have
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(RECIPE)
    for name in OWN:
        patch.delitem(sys.modules, name, raising=False)
    import build
    import card as cards  # noqa: F401  (for the tests, as the two below)
    import corpus  # noqa: F401
    import overlaps  # noqa: F401

    for name in OWN:
        del sys.modules[name]

RATE = 128  # of the recordings
CONFIG = """
[corpus]
window_length = 2
windows_per_person = 6
held_out = 0.25

[[corpus.sets]]
name = "first"
physionet = "first/1.0.0"
title = "First Database 1.0.0"
data_set = "MitDb"
file = "first.npz"
licence = "ODC-By 1.0"
cite = "A. Nobody, First, 2001, doi:10.1000/first"

[[corpus.sets]]
name = "second"
physionet = "second/1.0.0"
title = "Second Database 1.0.0, without sel1"
data_set = "QtDb"
file = "second.npz"
licence = "ODC-By 1.0"
cite = "B. Nobody, Second, 2002, doi:10.1000/second"
without = ["sel1"]
never_held_out = ["sele*"]

[preparation.recognition]
sampling_rate = 64
filter = { low = 0.8, order = 4 }
scale = "trimmed"

[preparation.masked]
sampling_rate = 32
filter = { low = 0.8, high = 12, order = 8 }
scale = "standard"

[encoders.tiny-recognition]
method = "recognition"

[encoders.tiny-recognition.parameters]
filters = [3, 4]
kernel_sizes = [8, 4]
head_hidden = [5]
batch_size = 16
max_epochs = 3
random_state = 0
precision = "float32"

[encoders.tiny-masked]
method = "masked"

[encoders.tiny-masked.parameters]
filters = [4, 6]
kernel_sizes = [9, 5]
feedforward = 8
span_length = 4
mask_ratio = 0.1
head_hidden = [5]
batch_size = 16
max_epochs = 3
random_state = 0
precision = "float32"

[candidates.without-first]
method = "masked"
without_sets = ["first"]
parameters = {}
"""
NAMES = {
    "first": [f"p{i}" for i in range(8)],
    "second": ["sel0", "sel1", "sele2", "sele3", "sel4"],
}
TINY = {"tiny-recognition": PretextPretrainer, "tiny-masked": MaskedPretrainer}
each_encoder = pytest.mark.parametrize("name", TINY)
#: The configuration that the encoders were made from.
REAL = tomllib.loads((RECIPE / "encoders.toml").read_text("utf-8"))
SETS = {one["name"]: one for one in REAL["corpus"]["sets"]}


def command(files, work, *args):
    """Run build.py in this process."""
    where = ["--recordings", files.folder, "--config", files.folder / "config.toml"]
    where += ["--downstream", files.folder / "scores.md", "--work", work]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["build.py", *map(str, [*where, *args])])
        build.main()
