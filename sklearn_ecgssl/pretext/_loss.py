"""The loss of transformation recognition."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ..training import Criterion


class RecognitionLoss(Criterion):
    """Weighted sum over tasks of the binary cross-entropy of "was this transformation applied?".

    Parameters
    ----------
    task_names : list of str
        Names of the tasks, in label order.
    task_weights : list of float
        Weight of each task's loss.
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
        """Compute the loss.

        Parameters
        ----------
        logits : Tensor of shape (n_views, n_tasks)
            Output of the network.
        labels : Tensor of shape (n_views,), int64
            Which transformation was applied.

        Returns
        -------
        Tensor of shape ()
            The weighted loss, without the L2 penalty, which the optimiser applies.
        """
        return self.task_losses(logits, labels) @ self.task_weights

    def task_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of each task, (n_tasks,)."""
        applied = self._applied(logits, labels)
        return binary_cross_entropy_with_logits(logits, applied.float(), reduction="none").mean(0)

    def metrics(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute loss and accuracy of each task.

        Parameters
        ----------
        logits : Tensor of shape (n_views, n_tasks)
            Output of the network.
        labels : Tensor of shape (n_views,), int64
            Which transformation was applied.

        Returns
        -------
        Tensor of shape (2 * n_tasks,)
            The losses, then the accuracies.
        """
        accuracies = ((logits > 0) == self._applied(logits, labels)).float().mean(0)
        return torch.cat([self.task_losses(logits, labels), accuracies])

    def _applied(self, logits: Tensor, labels: Tensor) -> Tensor:
        return labels[:, None] == torch.arange(logits.shape[1], device=logits.device)
