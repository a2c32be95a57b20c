"""What a process of a group does in the tests of data-parallel training.

``torchrun --nproc-per-node 2 -m tests.training.together <what> <folder>`` writes what each process
has got into ``<folder>/<rank>.pickle``.
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

torch.set_num_threads(1)

#: 33 windows in batches of 16: in the last one there is a window for one process only.
X, Y = waves(45)
GROUPS = np.arange(45) // 5
FEW = X[:33]


class SameMasks(MaskedPretrainer):
    """Masks the same samples of every window, so that nothing is drawn."""

    def _draw_masks(self, windows, generator):
        masked = torch.zeros(windows.shape, dtype=torch.bool, device=windows.device)
        masked[:, 3:9] = masked[:, 20:30] = True
        return masked


def without_draws(**params):
    """A recognition pretrainer for which nothing is drawn while it trains."""
    tasks = [("scale", Scale()), ("negate", Negate()), ("flip", FlipTime())]
    return tiny_pretrainer(transforms=tasks, head_dropout=0.0, batch_size=16, **params)


def masked_without_draws(**params):
    """The same of masked modelling."""
    masked = tiny_masked(dropout=0.0, batch_size=16, **params)
    return SameMasks(**masked.get_params())


HELD_OUT = {"validation_fraction": 0.3, "patience": 2, "max_epochs": 5}

#: Fits in which nothing is drawn but the order: one process and two must agree.
FITS = {
    "recognition": (without_draws(max_epochs=3), X, None),
    "recognition, few": (without_draws(max_epochs=2, lr_decay=0.5, lr_decay_steps=2), FEW, None),
    "recognition, held out": (without_draws(**HELD_OUT), X, GROUPS),
    "masked": (masked_without_draws(max_epochs=3, learning_rate=0.02), X, None),
    "masked, held out": (masked_without_draws(learning_rate=0.05, **HELD_OUT), X, GROUPS),
}


def error_of(fit):
    """Call a function that must fail."""
    try:
        fit()
    except Exception as error:
        return type(error).__name__, str(error)
    return None


def fitted(folder):
    """Fit everything of FITS."""
    return {
        name: attributes(clone(estimator).fit(X, groups=groups))
        for name, (estimator, X, groups) in FITS.items()
    }


def attributes(estimator):
    return {"state": estimator.state_, "history": estimator.history_}


def various(folder):
    """Fit with draws, keep fits, refuse what cannot be."""
    rank = int(os.environ["RANK"])
    results = {}
    results["unseeded"] = attributes(tiny_pretrainer(random_state=None).fit(X))
    results["seeded"] = [attributes(tiny_masked(max_epochs=2).fit(X)) for _ in range(2)]

    # each process has a folder of its own, and only the first one's decides
    kept = tiny_pretrainer(random_state=None, memory=str(folder / f"memory-{rank}"))
    results["memory"] = [attributes(clone(kept).fit(X)) for _ in range(2)]
    files = [path for path in folder.glob("memory-*/**/*") if path.name == "output.pkl"]
    results["in memory"] = [path.relative_to(folder).parts[0] for path in files]

    results["other windows"] = error_of(lambda: tiny_pretrainer().fit(X + rank))
    results["odd batch"] = error_of(lambda: tiny_pretrainer(batch_size=5).fit(X))
    kept = tiny_pretrainer(checkpoint=str(folder / "checkpoint"))
    kept.fit(X)
    results["another fit"] = error_of(lambda: clone(kept).set_params(l2=0.5).fit(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extreme = X.copy()
        extreme[7] *= 1e30
        results["diverged"] = error_of(lambda: tiny_pretrainer().fit(extreme))

    pipe = make_pipeline(SSLEmbedder(tiny_pretrainer()), SVC())
    results["in a worker"] = cross_val_score(pipe, X, Y, cv=2, n_jobs=2).tolist()
    results["here"] = cross_val_score(pipe, X, Y, cv=2).tolist()
    return results


def slow(folder):
    """Train for long, so that there is time to kill a process."""
    estimator = tiny_pretrainer(max_epochs=10_000, checkpoint=str(folder / "checkpoint"))
    try:
        estimator.fit(X)
    except RuntimeError as error:
        return {"error": str(error), "epochs": estimator.n_epochs_}


def size(folder):
    """Fit, and count the processes that do."""
    found = attributes(tiny_pretrainer().fit(X))
    return found | {"size": torch.distributed.get_world_size()}


def go_on(folder):
    """Go on with what `slow` left, and train for as many epochs without a stop."""
    n_epochs = int((folder / "epochs").read_text())
    resumed = tiny_pretrainer(max_epochs=n_epochs, checkpoint=str(folder / "checkpoint"))
    whole = tiny_pretrainer(max_epochs=n_epochs)
    return [attributes(estimator.fit(X)) for estimator in (resumed, whole)]


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    results = globals()[what](folder)
    rank = os.environ["RANK"]
    (folder / f"{what}-{rank}.pickle").write_bytes(pickle.dumps(results))
