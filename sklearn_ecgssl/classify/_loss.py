"""The losses of classification."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ..training import Criterion


class ClassificationLoss(Criterion):
    """Cross-entropy, of one logit for two classes and of one logit a class for more.

    Parameters
    ----------
    class_weights : Tensor of shape (n_classes,)
        Weight of each class's samples.
    """

    class_weights: Tensor
    metric_names = ["accuracy"]

    def __init__(self, class_weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("class_weights", class_weights, persistent=False)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the mean loss.

        Parameters
        ----------
        logits : Tensor of shape (n_samples, 1) or (n_samples, n_classes)
            Output of the network.
        labels : Tensor of shape (n_samples,), int64
            Index of each sample's class.

        Returns
        -------
        Tensor of shape ()
            Weighted mean; the weights are relative to balanced ones, not to the batch.
        """
        if logits.shape[1] == 1:
            losses = binary_cross_entropy_with_logits(
                logits[:, 0], labels.to(logits.dtype), reduction="none"
            )
        else:
            losses = cross_entropy(logits, labels, reduction="none")
        return (losses * self.class_weights[labels]).mean()

    def metrics(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the accuracy.

        Parameters
        ----------
        logits : Tensor of shape (n_samples, 1) or (n_samples, n_classes)
            Output of the network.
        labels : Tensor of shape (n_samples,), int64
            Index of each sample's class.

        Returns
        -------
        Tensor of shape (1,)
            The accuracy.
        """
        predicted = (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(dim=1)
        return (predicted == labels).float().mean()[None]


def logits_to_proba(logits: Tensor) -> Tensor:
    """Turn logits into one probability a class.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, 1) or (n_samples, n_classes)
        Output of the network.

    Returns
    -------
    Tensor of shape (n_samples, n_classes), float64
        Rows sum to 1.
    """
    logits = logits.double()
    if logits.shape[1] == 1:
        return torch.cat([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=1)
    return torch.softmax(logits, dim=1)
