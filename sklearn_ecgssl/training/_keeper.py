"""What is kept of a training, epoch by epoch, whatever stops it."""

import warnings
from typing import Any

import numpy as np
from skorch.callbacks import Callback

from ._checkpoint import Checkpoint, early_stopping, plain_history
from ._net import TrainingNet
from ._state import module_to_state, state_to_numpy


class EpochKeeper(Callback):
    """Keep weights and history of the last epoch, in memory and in checkpoints.

    Parameters
    ----------
    max_epochs : int
        Epochs of the whole training.
    checkpoint : Checkpoint or None
        Where snapshots go.

    Attributes
    ----------
    state : dict of str to ndarray or None
        Weights after the last whole epoch, the best ones where training may stop early. None
        before there is one.
    history : list of dict
        One dict a whole epoch.
    """

    def __init__(self, max_epochs: int, checkpoint: Checkpoint | None) -> None:
        self.max_epochs = max_epochs
        self.checkpoint = checkpoint
        self.state: dict[str, np.ndarray] | None = None
        self.history: list[dict[str, float]] = []

    def resume(self, net: TrainingNet) -> None:
        """Go on from the checkpoint, if an earlier sitting left one.

        Parameters
        ----------
        net : TrainingNet
            What will train.

        Raises
        ------
        ValueError
            If it has more epochs than are asked for.
        """
        if self.checkpoint is None:
            return
        self.checkpoint.restore(net)
        if len(net.history) > self.max_epochs:
            raise ValueError(
                f"checkpoint={str(self.checkpoint.file.parent)!r} holds {len(net.history)} epochs, "
                f"max_epochs={self.max_epochs} is less. Raise it."
            )
        if len(net.history):
            self._keep(net)

    def on_epoch_end(self, net: TrainingNet, **kwargs: Any) -> None:
        """Keep an epoch."""
        self._keep(net)
        if self.checkpoint is not None:
            self._save(net, self.checkpoint)

    def last(self, net: TrainingNet) -> None:
        """Keep the epoch after which training stops early, for good.

        Parameters
        ----------
        net : TrainingNet
            What trained.
        """
        self._keep(net)
        if self.checkpoint is not None:
            self._save(net, self.checkpoint)

    def explain(self, error: BaseException) -> None:
        """Tell the user what is left of a training that stopped half-way.

        Parameters
        ----------
        error : KeyboardInterrupt or NonFiniteLossError
            What stopped it.
        """
        kept = f"the estimator is fitted with {len(self.history)} of {self.max_epochs} epochs"
        if isinstance(error, KeyboardInterrupt):
            more = "" if self.checkpoint is None else "; the same fit goes on from its checkpoint"
            warnings.warn(f"Interrupted: {kept}{more}.", stacklevel=2)
        else:
            error.args = (f"{error} Until then all was well: {kept}.",)

    def _save(self, net: TrainingNet, checkpoint: Checkpoint) -> None:
        try:
            checkpoint.save(net)
        except OSError as error:  # hours of training are worth more than a checkpoint of them
            warnings.warn(
                f"Epoch {len(self.history)} could not be saved in "
                f"checkpoint={str(checkpoint.file.parent)!r}: {error}. Training goes on, and "
                "the checkpoint before is whole.",
                stacklevel=2,
            )

    def _keep(self, net: TrainingNet) -> None:
        stopping = early_stopping(net)
        best = None if stopping is None else stopping.best_model_weights_
        self.state = module_to_state(net.module_) if best is None else state_to_numpy(best)
        self.history = plain_history(net)
