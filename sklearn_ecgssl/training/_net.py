"""skorch's training loop, fitted to batches that are made on the device."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from torch import Tensor

from ._batches import BatchIterator, WindowDataset

#: Makes a batch's network inputs and targets from its windows and labels.
Prepare = Callable[[Tensor, Any, torch.Generator], tuple[Tensor, Tensor]]

#: Samples that a CPU takes through the network at once: 64 windows of 10 s, whose widest layer has
#: 10 MB in bfloat16. Whole batches are 1.7 times slower, out of cache and allocated anew each step.
CACHED_SAMPLES = 64 * 2560


class TrainingNet(NeuralNet):
    """A skorch net that prepares batches on the device and reports named metrics.

    `prepare(windows, labels, generator)` gives the module's input and the criterion's target. The
    criterion has a method `metrics(outputs, targets)` that returns named scalars; their mean over
    an epoch's samples goes into the history as ``train_<name>`` and ``valid_<name>``. Nothing is
    read back from the device before the end of an epoch.
    """

    def __init__(
        self,
        *args: Any,
        prepare: Prepare,
        precision: torch.dtype,
        weight_decay: float,
        seeds: list[int],
        **kwargs: Any,
    ) -> None:
        self.prepare = prepare
        self.precision = precision
        self.weight_decay = weight_decay
        self.seeds = seeds
        super().__init__(*args, **kwargs)

    @property
    def _default_callbacks(self) -> list:
        return []

    def initialize_optimizer(self, triggered_directly: Any = None) -> "TrainingNet":
        """Give kernels the weight decay and biases none.

        Adam's `weight_decay` adds ``weight_decay * w`` to the gradient, which is the gradient of
        the papers' penalty ``weight_decay * sum(w ** 2) / 2``.
        """
        parameters = [p for _, p in self.get_all_learnable_params()]
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer_ = self.optimizer(groups, lr=self.lr)
        return self

    def get_split_datasets(self, X: Any, y: Any = None, **params: Any) -> tuple:
        return X

    def get_iterator(self, dataset: WindowDataset, training: bool = False) -> BatchIterator:
        order = np.random.default_rng(self.seeds[0]) if training else None
        return BatchIterator(dataset, self.batch_size, torch.device(self.device), order)

    def run_single_epoch(
        self,
        iterator: Iterable | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict],
        **fit_params: Any,
    ) -> None:
        if iterator is None:
            return
        if not training:
            # The same views every epoch: held-out losses differ by the weights alone.
            self.valid_generator_ = self._generator(self.seeds[2])
        elif not hasattr(self, "train_generator_"):
            self.train_generator_ = self._generator(self.seeds[1])
        totals: dict[str, Tensor] = {}
        n_samples = 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            n = len(batch[0])
            n_samples += n
            for name, value in {"loss": step["loss"], **step["metrics"]}.items():
                totals[name] = totals.get(name, 0) + value * n
            self.notify("on_batch_end", batch=batch, training=training, **step)
        for name, total in totals.items():
            self.history.record(f"{prefix}_{name}", float(total) / n_samples)
        self._check_finite(prefix)

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        self._set_training(True)
        inputs, targets = self._prepared(batch, self.train_generator_)
        steps = []
        for part, share in self._parts(inputs):
            step = self._evaluated(inputs[part], targets[part], share)
            step["loss"].backward()
            steps.append(step)
        return _summed(steps)

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        self._set_training(False)
        inputs, targets = self._prepared(batch, self.valid_generator_)
        with torch.no_grad():
            return _summed(
                self._evaluated(inputs[part], targets[part], share)
                for part, share in self._parts(inputs)
            )

    def _prepared(self, batch: Any, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        windows, labels = batch
        return self.prepare(windows, labels, generator)

    def _parts(self, inputs: Tensor) -> Iterator[tuple[slice, float]]:
        """Cut a batch into parts that stay in the processor's cache, with each one's share.

        Loss and metrics are means over inputs, so the shares' gradients add up to the batch's.
        """
        size = len(inputs)
        if inputs.device.type == "cpu":
            size = max(1, CACHED_SAMPLES // inputs[0].numel())
        for start in range(0, len(inputs), size):
            part = slice(start, min(start + size, len(inputs)))
            yield part, (part.stop - part.start) / len(inputs)

    def _evaluated(self, inputs: Tensor, targets: Tensor, share: float) -> dict[str, Any]:
        with autocast(torch.device(self.device), self.precision):
            outputs = self.module_(inputs)
        loss = self.criterion_(outputs, targets) * share
        with torch.no_grad():
            metrics = self.criterion_.metrics(outputs, targets)
        return {"loss": loss, "metrics": {name: m * share for name, m in metrics.items()}}

    def _check_finite(self, prefix: str) -> None:
        loss = self.history[-1, f"{prefix}_loss"]
        if not np.isfinite(loss):
            raise ValueError(
                f"The {prefix} loss became {loss} in epoch {len(self.history)}. Lower the learning "
                "rate, or look for windows of extreme amplitude (TrimmedScaler)."
            )

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self.device).manual_seed(seed)


def _summed(steps: Iterable[dict[str, Any]]) -> dict[str, Any]:
    steps = list(steps)
    names = steps[0]["metrics"]
    return {
        "loss": sum(step["loss"].detach() for step in steps),
        "metrics": {name: sum(step["metrics"][name] for step in steps) for name in names},
    }


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Run what follows in `precision` where that is safe.

    Parameters
    ----------
    device : torch.device
        Where it runs.
    precision : torch.dtype
        float32 or bfloat16.

    Returns
    -------
    torch.autocast
        A context manager.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == torch.bfloat16)
