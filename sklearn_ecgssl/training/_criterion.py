"""What the training loop asks of a loss."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Criterion(nn.Module, ABC):
    """Base class of losses that can also say how well the network does.

    Loss and metrics are means over the inputs, so that those of a batch are the weighted means of
    those of its parts.

    Attributes
    ----------
    metric_names : list of str
        What the entries of `metrics` are, for the history.
    """

    metric_names: list[str]

    @abstractmethod
    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        outputs : Tensor of shape (n_inputs, ...)
            What the network made of the inputs.
        targets : Tensor of shape (n_inputs, ...)
            What it should have made.

        Returns
        -------
        Tensor of shape ()
            The loss.
        """

    @abstractmethod
    def metrics(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the metrics.

        Parameters
        ----------
        outputs : Tensor of shape (n_inputs, ...)
            What the network made of the inputs.
        targets : Tensor of shape (n_inputs, ...)
            What it should have made.

        Returns
        -------
        Tensor of shape (n_metrics,)
            One entry for each of `metric_names`, on the device of the outputs.
        """
