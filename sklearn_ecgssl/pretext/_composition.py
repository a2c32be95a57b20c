"""Named transformations as parameters of an estimator."""

from typing import Any, Self

from .._compat import _BaseComposition
from ..transforms import default_transforms


class TransformComposition(_BaseComposition):
    """Give an estimator's `transforms` names, as `FeatureUnion` does for its transformers.

    ``transforms=None`` stands for the default ones, whose parameters can be got and set all the
    same: the first that is set makes the list.
    """

    transforms: list | None

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
        if self.transforms is None:
            defaults = default_transforms()
            names = {name for name, _ in defaults}
            if any(key.partition("__")[0] in names for key in params):
                self.transforms = defaults
        self._set_params("transforms", **params)
        return self

    @property
    def _named_transforms(self) -> list:
        return default_transforms() if self.transforms is None else self.transforms

    def _active_transforms(self) -> list:
        return [(name, t) for name, t in self._named_transforms if not isinstance(t, str)]

    def _task_names(self) -> list[str]:
        return ["original", *(name for name, _ in self._active_transforms())]

    def _check_transforms(self, n_times: int) -> None:
        self._validate_names([name for name, _ in self._named_transforms])
        for name, transform in self._named_transforms:
            if name == "original":
                raise ValueError(
                    "No transform may be named 'original': that is the untransformed window."
                )
            if transform != "drop":
                _check_transform(name, transform, n_times)
        if not self._active_transforms():
            raise ValueError(
                "transforms is empty: there is nothing to recognise. Keep at least one."
            )


def _check_transform(name: str, transform: Any, n_times: int) -> None:
    if not hasattr(transform, "apply"):
        raise TypeError(
            f"transform {name!r} must be a WindowTransform, with a method "
            f"apply(windows, generator), or 'drop', got {transform!r}."
        )
    transform._validate_params()
    transform.check_n_times(n_times)
