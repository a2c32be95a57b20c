"""skorch's training loop, fitted to batches that are made on the device."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor

from ._batches import BatchIterator, Share, WindowDataset
from ._group import Group
from ._loss_watch import LossWatch
from ._orders import EpochOrder, InOrder
from ._parts import parts
from ._streams import RandomStreams

#: Makes a batch's network inputs and targets from its windows and labels.
Prepare = Callable[[Tensor, Any, torch.Generator], tuple[Tensor, Tensor]]


class TrainingNet(NeuralNet):
    """A skorch net that prepares batches on the device and reports named metrics.

    `prepare(windows, labels, generator)` gives the module's input and the criterion's target.
    Loss and metrics of the criterion, means over an epoch's samples, go into the history as
    ``train_<name>`` and ``valid_<name>``. Nothing is read back from the device before the end of
    an epoch.
    """

    def __init__(
        self,
        *args: Any,
        prepare: Prepare,
        precision: torch.dtype,
        weight_decay: float,
        learning_rates: Mapping[str, float],
        streams: RandomStreams,
        order: EpochOrder,
        group: Group,
        **kwargs: Any,
    ) -> None:
        self.prepare = prepare
        self.precision = precision
        self.weight_decay = weight_decay
        self.learning_rates = learning_rates
        self.streams = streams
        self.order = order
        self.group = group
        super().__init__(*args, **kwargs)

    @property
    def _default_callbacks(self) -> list:
        return []

    def initialize_optimizer(self, triggered_directly: Any = None) -> "TrainingNet":
        """Give kernels the weight decay and biases none, and parts their own learning rate.

        Adam's `weight_decay` adds ``weight_decay * w`` to the gradient, which is the gradient of
        the papers' penalty ``weight_decay * sum(w ** 2) / 2``.
        """
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, parameter in self.get_all_learnable_params():
            decay = self.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((self._learning_rate(name), decay), []).append(parameter)
        self.replica_ = self.group.replica(self.module_)
        # One kernel for all parameters; elsewhere it may be missing.
        fused = torch.device(self.device).type in ("cpu", "cuda")
        self.optimizer_ = self.optimizer(
            [
                {"params": parameters, "lr": rate, "weight_decay": decay}
                for (rate, decay), parameters in groups.items()
            ],
            lr=self.lr,
            fused=fused or None,
        )
        return self

    def _learning_rate(self, name: str) -> float:
        rates = [rate for start, rate in self.learning_rates.items() if name.startswith(start)]
        return rates[0] if rates else self.lr

    def get_split_datasets(self, X: Any, y: Any = None, **params: Any) -> tuple:
        return X

    def get_iterator(self, dataset: WindowDataset, training: bool = False) -> BatchIterator:
        order = self.order if training else InOrder()
        return BatchIterator(dataset, self.batch_size, order, self.group)

    def run_single_epoch(
        self,
        iterator: BatchIterator | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict],
        **fit_params: Any,
    ) -> None:
        if iterator is None:
            return
        if training:
            self.streams.begin_epoch(len(self.history))
        self.generator_ = self.streams.inputs if training else self.streams.held_out()
        names = ["loss", *self.criterion_.metric_names]
        total = torch.zeros(len(names), dtype=torch.float32, device=self.device)
        iterator.begin()
        watch = LossWatch(prefix, len(self.history), iterator, self.device)
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            watch.see(step["loss"] * (batch.count / batch.total))
            total += step["scores"] * batch.count
            self.notify("on_batch_end", batch=batch, training=training, **step)
        watch.check()
        self.group.add(total)
        means = total / len(iterator.dataset)
        for name, mean in zip(names, means.tolist(), strict=True):
            self.history.record(f"{prefix}_{name}", mean)

    def train_step_single(self, batch: Share, **fit_params: Any) -> dict[str, Any]:
        self._set_training(True)
        inputs, targets = self._prepared(batch)
        weight = self.replica_.scale * batch.count / batch.total
        scores = []
        # Loss and metrics are means over inputs, so the shares' gradients add up to the batch's.
        for part, share in self._shares(inputs):
            with self.replica_.part(last=part.stop == len(inputs)):
                loss, metrics = self._evaluated(self.replica_, inputs[part], targets[part])
                (loss * (share * weight)).backward()
            scores.append(_joined(loss, metrics) * share)
        return _step(scores)

    def validation_step(self, batch: Share, **fit_params: Any) -> dict[str, Any]:
        self._set_training(False)
        inputs, targets = self._prepared(batch)
        with torch.no_grad():
            return _step(
                [
                    _joined(*self._evaluated(self.module_, inputs[part], targets[part])) * share
                    for part, share in self._shares(inputs)
                ]
            )

    def _prepared(self, batch: Share) -> tuple[Tensor, Tensor]:
        return self.prepare(batch.windows, batch.targets, self.generator_)

    def _evaluated(
        self, network: Callable[[Tensor], Tensor], inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        with autocast(torch.device(self.device), self.precision):
            outputs = network(inputs)
        loss = self.criterion_(outputs, targets)
        with torch.no_grad():
            return loss, self.criterion_.metrics(outputs, targets)

    def _shares(self, inputs: Tensor) -> Iterator[tuple[slice, float]]:
        """Cut a batch into parts, with each one's share of it."""
        for part in parts(inputs, self.module_):
            yield part, (part.stop - part.start) / len(inputs)


def _joined(loss: Tensor, metrics: Tensor) -> Tensor:
    return torch.cat([loss.detach()[None], metrics])


def _step(scores: list[Tensor]) -> dict[str, Any]:
    """Put together what skorch expects of a step, from the shares of the batch's scores."""
    total = torch.stack(scores).sum(0)
    return {"loss": total[0], "scores": total}


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
