"""The loss of transformation recognition, and how much each task counts in it."""

from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ..training import Criterion

#: Weight of a task's loss; the authors' code gives the two easiest tasks less.
DEFAULT_WEIGHT = 0.195
EASY_TASK_WEIGHTS = {"negate": 0.0125, "flip": 0.0125}


class RecognitionLoss(Criterion):
    """Weighted sum over tasks of the binary cross-entropy of "was this transformation applied?".

    Logits have shape (n_views, n_tasks); labels, of shape (n_views,), say which transformation was
    applied. The metrics are the loss of each task, then the accuracy of each task.
    """

    task_weights: Tensor

    def __init__(self, task_names: list[str], task_weights: list[float]) -> None:
        super().__init__()
        self.metric_names = [f"{name}_loss" for name in task_names]
        self.metric_names += [f"{name}_accuracy" for name in task_names]
        self.register_buffer(
            "task_weights", torch.tensor(task_weights, dtype=torch.float32), persistent=False
        )

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.task_losses(logits, labels) @ self.task_weights

    def metrics(self, logits: Tensor, labels: Tensor) -> Tensor:
        accuracies = ((logits > 0) == self._applied(logits, labels)).float().mean(0)
        return torch.cat([self.task_losses(logits, labels), accuracies])

    def task_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        applied = self._applied(logits, labels)
        return binary_cross_entropy_with_logits(logits, applied.float(), reduction="none").mean(0)

    def _applied(self, logits: Tensor, labels: Tensor) -> Tensor:
        return labels[:, None] == torch.arange(logits.shape[1], device=logits.device)


def task_weights(names: list[str], given: Any) -> list[float]:
    """Give every task its weight: `given` is one for each, a dict of some, or None."""
    weights = {name: EASY_TASK_WEIGHTS.get(name, DEFAULT_WEIGHT) for name in names}
    if isinstance(given, dict):
        weights |= given
    elif given is not None:
        fits = getattr(given, "ndim", 1) == 1 and len(given) == len(names)
        weights = dict(zip(names, given, strict=True)) if fits else {}
    if list(weights) != names or not all(map(_is_weight, weights.values())):
        raise ValueError(
            f"task_weights must be finite numbers of at least 0, one for each of the tasks {names} "
            f"or a dict of some of them, got {given!r}."
        )
    return [float(weight) for weight in weights.values()]


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and 0 <= value < float("inf")
