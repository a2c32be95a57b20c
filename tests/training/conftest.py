"""Trainings that are stopped half-way."""

import pytest

from sklearn_ecgssl.training._net import TrainingNet


@pytest.fixture
def stop_at(monkeypatch):
    """Make the n-th training step of this process raise."""

    def stop_at(n, error=KeyboardInterrupt):
        steps, train_step = [], TrainingNet.train_step

        def counted(self, *args, **kwargs):
            steps.append(1)
            if len(steps) == n:
                raise error
            return train_step(self, *args, **kwargs)

        monkeypatch.setattr(TrainingNet, "train_step", counted)

    return stop_at
