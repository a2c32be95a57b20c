"""Trainings that are stopped half-way, or go wrong."""

import numpy as np
import pytest

from sklearn_ecgssl.training._net import TrainingNet


@pytest.fixture
def stop_at(monkeypatch):
    """Press Ctrl-C in the n-th training step from now on."""
    train_step = TrainingNet.train_step

    def stop_at(n):
        steps = []

        def counted(self, *args, **kwargs):
            steps.append(1)
            if len(steps) == n:
                raise KeyboardInterrupt
            return train_step(self, *args, **kwargs)

        monkeypatch.setattr(TrainingNet, "train_step", counted)

    return stop_at


@pytest.fixture
def spoil_at(monkeypatch):
    """Make the n-th loss from now on NaN."""
    evaluated = TrainingNet._evaluated

    def spoil_at(n):
        calls = []

        def spoilt(self, network, inputs, targets):
            loss, metrics = evaluated(self, network, inputs, targets)
            calls.append(1)
            return (loss * np.nan if len(calls) == n else loss), metrics

        monkeypatch.setattr(TrainingNet, "_evaluated", spoilt)

    return spoil_at
