"""What several modules about pretrainers need."""

import pytest

from sklearn_ecgssl.pretext import _base
from tests.tiny import tiny_pretrainer


@pytest.fixture
def fitted(tiny, fitted_recognition, fitted_masked):
    """The session's pretrainer that `tiny` makes, fitted on ``waves()``."""
    return fitted_recognition if tiny is tiny_pretrainer else fitted_masked


@pytest.fixture
def trainings(monkeypatch):
    """The training set and the validation set, as indices, of each time a network is trained."""
    splits, train = [], _base.train
    monkeypatch.setattr(_base, "train", lambda *args: splits.append(args[5]) or train(*args))
    return splits
