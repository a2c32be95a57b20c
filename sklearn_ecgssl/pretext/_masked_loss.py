"""The loss of masked modelling."""

import torch
from torch import Tensor

from ..training import Criterion


class MaskedLoss(Criterion):
    """Mean squared error of the masked samples."""

    metric_names = ["masked_error", "zero_error"]

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        predictions : Tensor of shape (n_windows, n_times)
            Output of the network.
        targets : Tensor of shape (n_windows, 2, n_times)
            Windows and the weight of each sample, as `mask_windows` makes them.

        Returns
        -------
        Tensor of shape ()
            The error, without the L2 penalty, which the optimiser applies.
        """
        windows, weights = targets.unbind(1)
        return ((predictions - windows).square() * weights).sum(1).mean()

    def metrics(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Compute the error of the predictions and that of predicting zero.

        Parameters
        ----------
        predictions : Tensor of shape (n_windows, n_times)
            Output of the network.
        targets : Tensor of shape (n_windows, 2, n_times)
            Windows and the weight of each sample.

        Returns
        -------
        Tensor of shape (2,)
            The errors.
        """
        nothing = torch.zeros_like(predictions)
        return torch.stack([self(predictions, targets), self(nothing, targets)])
