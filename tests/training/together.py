"""What a process of a group does in the tests of data-parallel training.

``torchrun --nproc-per-node 2 -m tests.training.together <what> <folder>`` writes what each process
has got into ``<folder>/<what>-<rank>.pickle``.
"""

import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import MaskedPretrainer
from sklearn_ecgssl.transforms import FlipTime, Negate, Scale
from tests.tiny import tiny_masked, tiny_pretrainer, waves

X, Y = waves(45)
GROUPS = np.arange(45) // 5
HELD_OUT = {"validation_fraction": 0.3, "patience": 2, "max_epochs": 5, "batch_size": 16}


class SameMasks(MaskedPretrainer):
    """Masks the same samples of every window, so that nothing is drawn."""

    def _draw_masks(self, windows, generator):
        masked = torch.zeros(windows.shape, dtype=torch.bool, device=windows.device)
        masked[:, 3:9] = masked[:, 20:30] = True
        return masked


def without_draws(**params):
    """A recognition pretrainer for which nothing is drawn while it trains."""
    tasks = [("scale", Scale()), ("negate", Negate()), ("flip", FlipTime())]
    return tiny_pretrainer(transforms=tasks, head_dropout=0.0, **params)


def masked_without_draws(**params):
    """The same of masked modelling."""
    return SameMasks(**tiny_masked(dropout=0.0, **params).get_params())


#: Fits in which nothing is drawn but the order: one process and two must agree.
FITS = {
    # In the last batch there is a window for one process only.
    "recognition": (without_draws(batch_size=16, lr_decay=0.5, lr_decay_steps=2), X[:33], None),
    "recognition, held out": (without_draws(**HELD_OUT), X, GROUPS),
    "masked, held out": (masked_without_draws(learning_rate=0.05, **HELD_OUT), X, GROUPS),
}


def attributes(estimator):
    return {"state": estimator.state_, "history": estimator.history_}


def size(folder):
    """Fit, and count the processes that do."""
    found = attributes(tiny_pretrainer().fit(X))
    return found | {"size": torch.distributed.get_world_size()}


def fits(folder):
    """Fit everything of FITS, with draws, with a memory, and in a worker of joblib."""
    found = {
        name: attributes(clone(estimator).fit(windows, groups=groups))
        for name, (estimator, windows, groups) in FITS.items()
    }
    found["unseeded"] = attributes(tiny_pretrainer(random_state=None).fit(X))
    found["seeded"] = [attributes(tiny_masked().fit(X)) for _ in range(2)]

    # Each process has a folder of its own, and only the first one's decides.
    memory = folder / f"memory-{os.environ['RANK']}"
    kept = tiny_pretrainer(random_state=None, memory=memory)
    found["memory"] = [attributes(clone(kept).fit(X)) for _ in range(2)]
    files = folder.glob("memory-*/**/output.pkl")
    found["in memory"] = [path.relative_to(folder).parts[0] for path in files]

    pipe = make_pipeline(SSLEmbedder(tiny_pretrainer()), SVC())
    found["in a worker"] = cross_val_score(pipe, X, Y, cv=2, n_jobs=2).tolist()
    return found


def errors(folder):
    """What each process says when it is asked for something that cannot be."""
    extreme = X.copy()
    extreme[7] *= 1e30
    checkpoint = tiny_pretrainer(checkpoint=folder / "checkpoint").fit(X)
    warnings.simplefilter("ignore")
    tries = {
        "other windows": (tiny_pretrainer(), X + int(os.environ["RANK"])),
        "odd batch": (tiny_pretrainer(batch_size=5), X),
        "another fit": (clone(checkpoint).set_params(l2=0.5), X),
        "diverged": (tiny_pretrainer(), extreme),
    }
    found = {}
    for name, (estimator, windows) in tries.items():
        try:
            estimator.fit(windows)
        except Exception as error:
            found[name] = type(error).__name__, str(error)
    return found


def slow(folder):
    """Train for long, so that there is time to kill a process."""
    estimator = tiny_pretrainer(max_epochs=10_000, checkpoint=folder / "checkpoint")
    try:
        estimator.fit(X)
    except RuntimeError as error:
        return {"error": str(error), "epochs": estimator.n_epochs_}


def go_on(folder):
    """Go on with what `slow` left, and train for as many epochs without a stop."""
    n_epochs = int((folder / "epochs").read_text())
    resumed = tiny_pretrainer(max_epochs=n_epochs, checkpoint=folder / "checkpoint")
    whole = tiny_pretrainer(max_epochs=n_epochs)
    return [attributes(estimator.fit(X)) for estimator in (resumed, whole)]


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, folder = sys.argv[1], Path(sys.argv[2])
    results = globals()[what](folder)
    (folder / f"{what}-{os.environ['RANK']}.pickle").write_bytes(pickle.dumps(results))
