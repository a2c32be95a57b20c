"""A loss that is no number: in which batch, and why."""

import numpy as np
import torch
from torch import Tensor

from ._batches import BatchIterator

#: Batches after which losses are read back from the device, should the epoch be that long.
CHECK_EVERY = 256

#: Times the typical amplitude from which on a window is taken for the cause; the typical amplitude
#: from which on all are.
EXTREME = 100.0


class NonFiniteLossError(ValueError):
    """The loss became NaN or infinite."""


class LossWatch:
    """Look at the losses of an epoch, without making the device wait for each.

    Parameters
    ----------
    prefix : str
        "train" or "valid".
    epoch : int
        Number of the epoch, from 1.
    iterator : BatchIterator
        Of the batches, whose epoch has begun.
    device : str
        Where the losses are.
    """

    def __init__(self, prefix: str, epoch: int, iterator: BatchIterator, device: str) -> None:
        self.prefix = prefix
        self.epoch = epoch
        self.iterator = iterator
        n_batches = len(iterator.share.batches)
        self.losses = torch.zeros(n_batches, dtype=torch.float32, device=device)
        self.seen = 0
        self.checked = 0

    def see(self, loss: Tensor) -> None:
        """Keep the loss of the next batch.

        Parameters
        ----------
        loss : Tensor of shape ()
            On the device.

        Raises
        ------
        NonFiniteLossError
            If the loss of this or of an earlier batch is no number.
        """
        self.losses[self.seen] = loss
        self.seen += 1
        if self.seen % CHECK_EVERY == 0:
            self.check()

    def check(self) -> None:
        """Look at all losses seen.

        Raises
        ------
        NonFiniteLossError
            If one is NaN or infinite: names epoch and batch, and what probably made it so.
        """
        # each process has its part of every loss, and all must see the same ones
        self.iterator.group.add(self.losses[self.checked : self.seen])
        self.checked = self.seen
        losses = self.losses.cpu().numpy()
        bad = np.flatnonzero(~np.isfinite(losses[: self.seen]))
        if len(bad):
            raise NonFiniteLossError(
                f"The {self.prefix} loss became {losses[bad[0]]} in epoch {self.epoch}, batch "
                f"{bad[0] + 1} of {len(losses)}. {self._cause(int(bad[0]))}"
            )

    def _cause(self, batch: int) -> str:
        store = self.iterator.dataset.source.store
        members = self.iterator.share.batches[batch]
        peaks = np.abs(store.take(members)).max(axis=1)
        own = float(peaks.max()), int(members[peaks.argmax()])
        peak, window = max(self.iterator.group.gather(own))
        some = np.unique(np.linspace(0, len(store) - 1, 256).astype(int))
        typical = float(np.median(np.abs(store.take(some)).max(axis=1)))
        if peak > EXTREME * typical:
            return (
                f"Probably because of window {window} in it, which reaches {peak:.3g} where "
                f"windows usually reach {typical:.3g}: scale recordings robustly (TrimmedScaler, "
                "scale_subjects) or leave it out."
            )
        if typical > EXTREME:
            return (
                f"Probably because windows usually reach {typical:.3g}, and the networks expect "
                "about 1 to 10: scale recordings (TrimmedScaler, scale_subjects)."
            )
        return (
            "No window in it stands out, so probably learning_rate is too high (or l2, where that "
            "is above 1): lower it."
        )
