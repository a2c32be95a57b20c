"""The tasks of transformation recognition: named transformations, their weights and their loss."""

from numbers import Real
from typing import Any, Self

import torch
from sklearn.base import clone
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .._compat import _BaseComposition
from ..training import Criterion
from ..transforms import WindowTransform, default_transforms

#: Weight of a task's loss; the authors' code gives the two easiest tasks less.
DEFAULT_WEIGHT = 0.195
EASY_TASK_WEIGHTS = {"negate": 0.0125, "flip": 0.0125}


class TransformComposition(_BaseComposition):
    """Give an estimator's `transforms` names, as `FeatureUnion` does for its transformers.

    An estimator has a task for each of them and one for the window as it is, weighed by its
    `task_weights`. ``transforms=None`` stands for the default ones, whose parameters can be got
    and set all the same: the first that is set makes the list.
    """

    transforms: list | None
    task_weights: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get parameters, those of the transformations included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the transformations and their parameters.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return self._get_params("_named_transforms", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the transformations included.

        Parameters
        ----------
        **params : dict
            For instance ``batch_size=32``, ``noise__snr_db=5`` or ``warp="drop"``.

        Returns
        -------
        self : object
            The estimator.
        """
        if "transforms" in params:
            self.transforms = params.pop("transforms")
        defaults = default_transforms()
        named = {name for name, _ in defaults} & {key.partition("__")[0] for key in params}
        if self.transforms is None and named:
            self.transforms = defaults
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

    def without(self, *names: str) -> Self:
        """Copy the pretrainer, unfitted, without some of its transformations.

        Parameters
        ----------
        *names : str
            Transformations to leave out.

        Returns
        -------
        estimator
            With the other transformations, and their `task_weights`.

        Examples
        --------
        >>> from sklearn_ecgssl.pretext import PretextPretrainer
        >>> PretextPretrainer().without("noise", "warp").transform_names()
        ['scale', 'negate', 'flip', 'permute']
        """
        unknown = set(names) - set(self.transform_names())
        if unknown:
            raise ValueError(
                f"names must be of {self.transform_names()}, got {sorted(unknown)} among them."
            )
        fewer = clone(self).set_params(**dict.fromkeys(names, "drop"))
        if self.task_weights is not None:
            weights = dict(zip(self._task_names(), self._task_weights(), strict=True))
            fewer.task_weights = {name: weights[name] for name in fewer._task_names()}
        return fewer

    @property
    def _named_transforms(self) -> list:
        return default_transforms() if self.transforms is None else self.transforms

    def _active_transforms(self) -> list:
        return [(name, t) for name, t in self._named_transforms if not isinstance(t, str)]

    def _task_names(self) -> list[str]:
        return ["original", *self.transform_names()]

    def _task_weights(self) -> list[float]:
        return task_weights(self._task_names(), self.task_weights)

    def _check_transforms(self) -> None:
        for entry in self._named_transforms:
            if not _is_named_transform(entry):
                raise TypeError(
                    "transforms must be a list of (name, transform), each transform an instance of "
                    f"WindowTransform or 'drop', got {entry!r} in it."
                )
        self._validate_names([name for name, _ in self._named_transforms])
        names = self.transform_names()
        if not names or "original" in names:
            raise ValueError(
                "transforms must have at least one to recognise, and none named 'original', which "
                f"is the window as it is, got {names}."
            )
        for _, transform in self._active_transforms():
            transform._validate_params()


def _is_named_transform(entry: Any) -> bool:
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
    return is_pair and (isinstance(entry[1], WindowTransform) or entry[1] == "drop")


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


def task_weights(names: list[str], given: Any) -> list[float]:
    """Give every task its weight: `given` is one for each, a dict of some, or None."""
    weights = {name: EASY_TASK_WEIGHTS.get(name, DEFAULT_WEIGHT) for name in names}
    if isinstance(given, dict):
        weights |= given
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
