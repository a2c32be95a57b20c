"""The tasks of pretraining: named transformations and comparisons, their weights and losses."""

from contextlib import suppress
from numbers import Real
from typing import Any, Self

import torch
from sklearn.base import clone
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .._compat import _BaseComposition
from ..training import Criterion
from ..transforms import WindowComparison, WindowTransform, default_transforms

#: Weight of a task's loss; the authors' code gives the two easiest tasks less.
DEFAULT_WEIGHT = 0.195
EASY_TASK_WEIGHTS = {"negate": 0.0125, "flip": 0.0125}
#: Of a comparison.
COMPARISON_WEIGHT = 1.0


class TaskComposition(_BaseComposition):
    """Give an estimator's tasks names, as `FeatureUnion` does for its transformers.

    An estimator has a task for each of its `transforms` and one for the window as it is, and one
    for each of its `comparisons`, weighed by `task_weights`. ``transforms=None`` stands for the
    default ones, whose parameters can be got and set all the same: the first that is set makes the
    list.
    """

    transforms: list | None
    comparisons: list | None
    task_weights: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get parameters, those of the tasks included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include transformations and comparisons and their parameters.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return self._get_params("_named_tasks", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the tasks included.

        Parameters
        ----------
        **params : dict
            For instance ``batch_size=32``, ``noise__snr_db=5``, ``warp="drop"`` or
            ``tempo__stretch=1.3``.

        Returns
        -------
        self : object
            The estimator.
        """
        for lists in ("transforms", "comparisons"):
            if lists in params:
                setattr(self, lists, params.pop(lists))
        defaults = default_transforms()
        named = {name for name, _ in defaults} & {key.partition("__")[0] for key in params}
        if self.transforms is None and named:
            self.transforms = defaults
        with suppress(TypeError):  # what is no list of pairs is refused in `fit`
            for name in [name for name, _ in self._named_comparisons if name in params]:
                self._replace_estimator("comparisons", name, params.pop(name))
        self._set_params("transforms", **params)
        return self

    def transform_names(self) -> list[str]:
        """Name the transformations that are not dropped.

        Returns
        -------
        list of str
            Names, in label order from 1.
        """
        return [name for name, _ in self._active_transforms()]

    def comparison_names(self) -> list[str]:
        """Name the comparisons that are not dropped.

        Returns
        -------
        list of str
            Names.
        """
        return [name for name, _ in self._active_comparisons()]

    def without(self, *names: str) -> Self:
        """Copy the pretrainer, unfitted, without some of its transformations or comparisons.

        Parameters
        ----------
        *names : str
            Transformations and comparisons to leave out.

        Returns
        -------
        estimator
            With the others, and their `task_weights`.

        Examples
        --------
        >>> from sklearn_ecgssl.pretext import PretextPretrainer
        >>> PretextPretrainer().without("noise", "warp").transform_names()
        ['scale', 'negate', 'flip', 'permute']
        """
        known = self.transform_names() + self.comparison_names()
        if unknown := set(names) - set(known):
            raise ValueError(f"names must be of {known}, got {sorted(unknown)} among them.")
        fewer = clone(self).set_params(**dict.fromkeys(names, "drop"))
        if self.task_weights is not None:
            weights = dict(zip(self._task_names(), self._task_weights(), strict=True))
            fewer.task_weights = {name: weights[name] for name in fewer._task_names()}
        return fewer

    @property
    def _named_transforms(self) -> list:
        return default_transforms() if self.transforms is None else self.transforms

    @property
    def _named_comparisons(self) -> list:
        return self.comparisons if isinstance(self.comparisons, list) else []

    @property
    def _named_tasks(self) -> list:
        transforms = self._named_transforms
        return transforms + self._named_comparisons if isinstance(transforms, list) else transforms

    def _active_transforms(self) -> list:
        return [(name, t) for name, t in self._named_transforms if not isinstance(t, str)]

    def _active_comparisons(self) -> list:
        _check_named("comparisons", self._named_comparisons, "comparison", WindowComparison)
        return [(name, c) for name, c in self._named_comparisons if not isinstance(c, str)]

    def _recognised(self) -> list[str]:
        """Name the views to tell apart: the window as it is, and each transformation, if any."""
        names = self.transform_names()
        return ["original", *names] if names else []

    def _task_names(self) -> list[str]:
        return [*self._recognised(), *self.comparison_names()]

    def _task_weights(self) -> list[float]:
        weights = {
            **{name: EASY_TASK_WEIGHTS.get(name, DEFAULT_WEIGHT) for name in self._recognised()},
            **dict.fromkeys(self.comparison_names(), COMPARISON_WEIGHT),
        }
        return task_weights(weights, self.task_weights)

    def _check_tasks(self) -> None:
        _check_named("transforms", self._named_transforms, "transform", WindowTransform)
        _check_named("comparisons", self._named_comparisons, "comparison", WindowComparison)
        self._validate_names([name for name, _ in self._named_tasks])
        names = self.transform_names() + self.comparison_names()
        if not names or "original" in names:
            raise ValueError(
                "transforms must have at least one to recognise, where there are no comparisons, "
                f"and none named 'original', which is the window as it is, got {names}."
            )
        for _, task in self._active_transforms() + self._active_comparisons():
            task._validate_params()


def _check_named(name: str, entries: list, what: str, kind: type) -> None:
    for entry in entries:
        is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
        if not (is_pair and (isinstance(entry[1], kind) or entry[1] == "drop")):
            raise TypeError(
                f"{name} must be a list of (name, {what}), each {what} an instance of "
                f"{kind.__name__} or 'drop', got {entry!r} in it."
            )


class RecognitionLoss(Criterion):
    """Weighted sum over tasks of the binary cross-entropy of "was this transformation applied?".

    Logits have shape (n_views, n_tasks); labels, of shape (n_views,), say which transformation was
    applied. The metrics are the loss of each task, then the accuracy of each task.
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
        return self.task_losses(logits, labels) @ self.task_weights

    def metrics(self, logits: Tensor, labels: Tensor) -> Tensor:
        accuracies = ((logits > 0) == self._applied(logits, labels)).float().mean(0)
        return torch.cat([self.task_losses(logits, labels), accuracies])

    def task_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        applied = self._applied(logits, labels)
        return binary_cross_entropy_with_logits(logits, applied.float(), reduction="none").mean(0)

    def _applied(self, logits: Tensor, labels: Tensor) -> Tensor:
        return labels[:, None] == torch.arange(logits.shape[1], device=logits.device)


class ComparisonLoss(Criterion):
    """The loss of recognition and that of each comparison, weighed and added.

    Outputs are logits, (n_windows, n_views, n_tasks), which may be of no view, and differences of
    scores, (n_windows, n_comparisons); targets are the differences that were drawn. The metrics are
    those of recognition, then those of each comparison.
    """

    def __init__(
        self,
        recognised: list[str],
        comparisons: list[tuple[str, WindowComparison]],
        weights: list[float],
    ) -> None:
        super().__init__()
        self.recognition = RecognitionLoss(recognised, weights[: len(recognised)])
        self.comparisons = comparisons
        self.weights = weights[len(recognised) :]
        self.metric_names = list(self.recognition.metric_names)
        for name, comparison in comparisons:
            known = comparison.metrics(torch.zeros(1), torch.zeros(1))
            self.metric_names += [f"{name}_{metric}" for metric in known]

    def forward(self, outputs: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
        logits, differences = outputs
        loss = self.recognition(*_views(logits)) if logits.numel() else differences.new_zeros(())
        for weight, metrics in zip(self.weights, self._metrics(outputs, targets), strict=True):
            loss = loss + weight * metrics["loss"]
        return loss

    def metrics(self, outputs: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
        logits, _ = outputs
        recognised = [self.recognition.metrics(*_views(logits))] if logits.numel() else []
        compared = [m for metrics in self._metrics(outputs, targets) for m in metrics.values()]
        return torch.cat([*recognised, torch.stack(compared)])

    def _metrics(self, outputs: tuple[Tensor, Tensor], targets: Tensor) -> list[dict[str, Tensor]]:
        _, differences = outputs
        return [
            comparison.metrics(predicted, drawn)
            for (_, comparison), predicted, drawn in zip(
                self.comparisons, differences.T, targets.T, strict=True
            )
        ]


def _views(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Lay the views of all windows end to end, with the number of each within its window."""
    labels = torch.arange(logits.shape[1], device=logits.device).repeat(len(logits))
    return logits.flatten(0, 1), labels


def task_weights(weights: dict[str, float], given: Any) -> list[float]:
    """Give every task its weight: `given` is one for each, a dict of some, or None."""
    names = list(weights)
    if isinstance(given, dict):
        weights = weights | given
    elif given is not None:
        fits = getattr(given, "ndim", 1) == 1 and len(given) == len(names)
        weights = dict(zip(names, given, strict=True)) if fits else {}
    if list(weights) != names or not all(map(_is_weight, weights.values())):
        raise ValueError(
            f"task_weights must be finite numbers of at least 0, one for each of the tasks {names} "
            f"or a dict of some of them, got {given!r}."
        )
    return [float(weight) for weight in weights.values()]


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and 0 <= value < float("inf")
