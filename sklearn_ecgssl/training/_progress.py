"""A progress bar over a whole training."""

from typing import Any

from skorch.callbacks import Callback
from tqdm.auto import tqdm


class TrainingProgress(Callback):
    """One bar for all batches of all epochs, with the losses beside it.

    Parameters
    ----------
    label : str
        What is being trained.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.bar_ = tqdm(desc=self.label, unit=" batches", dynamic_ncols=True)

    def on_epoch_begin(self, net: Any, dataset_train: Any = None, **kwargs: Any) -> None:
        if self.bar_.total is None:
            steps = -(-len(dataset_train) // net.batch_size)
            self.bar_.reset(total=net.max_epochs * steps)
            # Epochs of an earlier sitting are done, but say nothing about the speed of this one.
            self.bar_.n = self.bar_.initial = (len(net.history) - 1) * steps

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        if training:
            self.bar_.update()

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        last = net.history[-1]
        losses = {
            name: f"{last[name]:.3f}" for name in ("train_loss", "valid_loss") if name in last
        }
        self.bar_.set_postfix({"epoch": last["epoch"], **losses})

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        self.bar_.close()
