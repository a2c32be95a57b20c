"""skorch's net, fitted to batches that are made on the device, and the losses it computes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from ._batches import Batch, EpochBatches, Order, WindowDataset, in_order, parts
from ._device import Generators, autocast
from ._group import Group

#: Makes a batch's network inputs and targets from its windows and labels.
Prepare = Callable[[Tensor, Any, torch.Generator], tuple[Tensor, Tensor]]

#: Batches after which losses are read back from the device, should the epoch be that long.
CHECK_EVERY = 256

#: Times the typical amplitude from which on a window is taken for the cause of a NaN; the typical
#: amplitude from which on all are.
EXTREME = 100.0

#: What a loss must improve by, relatively, for an epoch to be the best.
IMPROVEMENT = 1e-4


class Criterion(nn.Module, ABC):
    """Base class of losses that can also say how well the network does.

    Loss and metrics are means over the inputs, so that those of a batch are the weighted means of
    those of its parts.
    """

    #: What the entries of `metrics` are, for the history.
    metric_names: list[str]

    @abstractmethod
    def forward(self, outputs: Any, targets: Tensor) -> Tensor:
        """Compute the loss, a scalar, of what the network gives."""

    @abstractmethod
    def metrics(self, outputs: Any, targets: Tensor) -> Tensor:
        """Compute the metrics, (n_metrics,), on the device of the outputs."""


class NonFiniteLossError(ValueError):
    """The loss became NaN or infinite."""


@dataclass
class BestEpoch:
    """The weights of the epoch with the lowest loss, and how many epochs came after it."""

    threshold: float = np.inf
    n_since: int = 0
    weights: dict[str, np.ndarray] | None = None

    def see(self, loss: float, weights: dict[str, np.ndarray]) -> None:
        """Keep the weights of an epoch if its loss is lower than those before."""
        if loss < self.threshold:
            self.threshold = loss - IMPROVEMENT * loss
            self.n_since = 0
            self.weights = weights
        else:
            self.n_since += 1


class TrainingNet(NeuralNet):
    """A skorch net that prepares batches on the device and reports named metrics.

    Loss and metrics of the criterion, means over an epoch's samples, go into the history as
    ``train_<name>`` and ``valid_<name>``. Nothing is read back from the device before the end of
    an epoch, or `CHECK_EVERY` batches.
    """

    def __init__(
        self,
        *args: Any,
        network: nn.Module,
        prepare: Prepare,
        precision: torch.dtype,
        weight_decay: float,
        learning_rates: Mapping[str, float],
        schedule: Callable[[int], float],
        generators: Generators,
        order: Order,
        group: Group,
        **kwargs: Any,
    ) -> None:
        self.network = network  # the module, wrapped where several processes train it
        self.prepare = prepare
        self.precision = precision
        self.weight_decay = weight_decay
        self.learning_rates = learning_rates
        self.schedule = schedule
        self.generators = generators
        self.order = order
        self.group = group
        super().__init__(*args, **kwargs)

    @property
    def _default_callbacks(self) -> list:
        return []

    def initialize(self) -> "TrainingNet":
        super().initialize()
        self.schedule_ = LambdaLR(self.optimizer_, self.schedule)
        self.best_ = BestEpoch()
        return self

    def initialize_optimizer(self, triggered_directly: Any = None) -> "TrainingNet":
        """Give kernels the weight decay and biases none, and parts their own learning rate.

        Adam's `weight_decay` adds ``weight_decay * w`` to the gradient, which is the gradient of
        the papers' penalty ``weight_decay * sum(w ** 2) / 2``.
        """
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, parameter in self.get_all_learnable_params():
            decay = self.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((self._learning_rate(name), decay), []).append(parameter)
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

    def get_iterator(self, dataset: WindowDataset, training: bool = False) -> EpochBatches:
        order = self.order if training else in_order
        return EpochBatches(dataset, self.batch_size, order, self.group)

    def run_single_epoch(
        self,
        iterator: EpochBatches | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict],
        **fit_params: Any,
    ) -> None:
        if iterator is None:
            return
        if training:
            self.generators.begin_epoch(len(self.history))
        self.generator_ = self.generators.inputs if training else self.generators.held_out()
        names = ["loss", *self.criterion_.metric_names]
        total = torch.zeros(len(names), dtype=torch.float32, device=self.device)
        losses: list[Tensor] = []
        for i, batch in enumerate(iterator):
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            if training:
                self.schedule_.step()
            losses.append(step["loss"] * (batch.n_windows / batch.n_total))
            total += step["scores"] * batch.n_windows
            self.notify("on_batch_end", batch=batch, training=training, **step)
            if len(losses) == CHECK_EVERY or i + 1 == len(iterator):
                self._check_losses(losses, i + 1 - len(losses), iterator, prefix)
                losses.clear()
        self.group.add(total)
        means = total / len(iterator.dataset)
        for name, mean in zip(names, means.tolist(), strict=True):
            self.history.record(f"{prefix}_{name}", mean)

    def train_step_single(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        self._set_training(True)
        inputs, targets = self.prepare(batch.windows, batch.targets, self.generator_)
        # The processes' gradients are averaged, each weighted by its share of the batch.
        weight = self.group.size * batch.n_windows / batch.n_total
        scores = []
        # Loss and metrics are means over inputs, so the parts' gradients add up to the batch's.
        for part in parts(inputs, self.module_):
            share = (part.stop - part.start) / len(inputs)
            with self.group.accumulating(self.network, last=part.stop == len(inputs)):
                loss, metrics = self._evaluated(self.network, inputs[part], targets[part])
                (loss * (share * weight)).backward()
            scores.append(_joined(loss, metrics) * share)
        return _step(scores)

    def validation_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        self._set_training(False)
        inputs, targets = self.prepare(batch.windows, batch.targets, self.generator_)
        scores = []
        with torch.no_grad():
            for part in parts(inputs, self.module_):
                share = (part.stop - part.start) / len(inputs)
                loss, metrics = self._evaluated(self.module_, inputs[part], targets[part])
                scores.append(_joined(loss, metrics) * share)
            return _step(scores)

    def _evaluated(
        self, network: nn.Module, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        with autocast(torch.device(self.device), self.precision):
            outputs = network(inputs)
        loss = self.criterion_(outputs, targets)
        with torch.no_grad():
            return loss, self.criterion_.metrics(outputs, targets)

    def _check_losses(
        self, losses: list[Tensor], n_before: int, batches: EpochBatches, prefix: str
    ) -> None:
        """Read losses back from the device; name epoch, batch and cause if one is not finite."""
        of_all = torch.stack(losses)
        self.group.add(of_all)  # each process has computed its part of each
        values = of_all.cpu().numpy()
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            number = n_before + int(bad[0])
            raise NonFiniteLossError(
                f"The {prefix} loss became {values[bad[0]]} in epoch {len(self.history)}, batch "
                f"{number + 1} of {len(batches)}. {_probable_cause(batches, number)}"
            )


def module_to_state(module: nn.Module) -> dict[str, np.ndarray]:
    """Copy a module's weights into numpy arrays, by name."""
    return state_to_numpy(module.state_dict())


def state_to_numpy(state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Copy tensors on any device into numpy arrays, by name."""
    return {
        name: tensor.detach().cpu().contiguous().numpy().copy() for name, tensor in state.items()
    }


def plain_history(net: TrainingNet) -> list[dict[str, float]]:
    """List what was measured in each epoch."""
    return [
        {name: row[name] for name in row if name != "batches" and not name.endswith("_best")}
        for row in net.history
    ]


def _joined(loss: Tensor, metrics: Tensor) -> Tensor:
    return torch.cat([loss.detach()[None], metrics])


def _step(scores: list[Tensor]) -> dict[str, Any]:
    """Put together what skorch expects of a step, from the parts' shares of the batch's scores."""
    total = torch.stack(scores).sum(0)
    return {"loss": total[0], "scores": total}


def _probable_cause(batches: EpochBatches, number: int) -> str:
    """Say whether one window of a batch, all windows, or the learning rate made a loss NaN."""
    store = batches.dataset.source.store
    own = batches.chosen[number]
    peaks = np.abs(store.take(own)).max(axis=1)
    largest = (float(peaks.max()), int(own[peaks.argmax()])) if len(own) else (0.0, -1)
    peak, window = max(batches.group.gather(largest))
    some = np.unique(np.linspace(0, len(store) - 1, 256).astype(int))
    typical = float(np.median(np.abs(store.take(some)).max(axis=1)))
    if peak > EXTREME * typical:
        return (
            f"Probably because of window {store.number_of(window)} in it, which reaches {peak:.3g} "
            f"where windows usually reach {typical:.3g}: scale recordings robustly (TrimmedScaler, "
            "scale_subjects) or leave it out."
        )
    if typical > EXTREME:
        return (
            f"Probably because windows usually reach {typical:.3g}, and the networks expect about "
            "1 to 10: scale recordings (TrimmedScaler, scale_subjects)."
        )
    return (
        "No window in it stands out, so probably learning_rate is too high (or l2, where that is "
        "above 1): lower it."
    )
