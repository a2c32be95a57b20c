"""What several modules about pretrainers need."""

import pytest

from sklearn_ecgssl.pretext import _base
from tests.tiny import tiny_comparing, tiny_masked, tiny_pretrainer


@pytest.fixture
def fitted(tiny, fitted_recognition, fitted_masked, fitted_comparing):
    """The session's pretrainer that `tiny` makes, fitted on ``waves()``."""
    return {
        tiny_pretrainer: fitted_recognition,
        tiny_masked: fitted_masked,
        tiny_comparing: fitted_comparing,
    }[tiny]


@pytest.fixture
def trainings(monkeypatch):
    """The training set and the validation set, as indices, of each time a network is trained."""
    splits, train = [], _base.train
    monkeypatch.setattr(_base, "train", lambda *args: splits.append(args[5]) or train(*args))
    return splits
