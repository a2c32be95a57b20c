"""The network of a `PretextPretrainer`: what its parameters say, and the modules built of that."""

from numbers import Integral, Real
from typing import Any

from sklearn.base import BaseEstimator
from torch import nn

from .._compat import Interval
from ..networks import (
    ComparisonNet,
    ConvTrunk,
    DilatedTrunk,
    RecognitionNet,
    check_convolutions,
    check_sizes,
)
from ..saving import savable

TRUNK_PARAMETERS = (
    "filters",
    "kernel_sizes",
    "convs_per_block",
    "pool_size",
    "pool_stride",
    "negative_slope",
)
HEAD_PARAMETERS = ("n_tasks", "head_hidden", "head_dropout", "negative_slope")


@savable
class DilatedConvolutions(BaseEstimator):
    """A trunk of dilated convolutions, whose mean over time carries timing.

    It takes windows of half to six times the length that it was fitted on, 5 to 60 s of 10 s, and
    its features are mean and maximum over time side by side. With 100 Hz, 10 s cost a fifteenth of
    the operations of the papers' trunk at 256 Hz. See `networks.DilatedTrunk` for the layers.

    Parameters
    ----------
    n_channels : int, default=64
        Channels; there are twice as many features.
    n_layers : int, default=6
        Residual layers, each of which looks twice as far as the one before.
    kernel_size : int, default=3
        Their kernel length, odd.
    n_strided : int, default=2
        Convolutions before them that halve the sampling rate.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.

    See Also
    --------
    DilatedTrunk : The torch module.

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import DilatedConvolutions, PretextPretrainer
    >>> pretrainer = PretextPretrainer(trunk=DilatedConvolutions(n_channels=32))
    >>> pretrainer.n_features_encoded()
    64
    """

    _parameter_constraints: dict = {
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "n_strided": [Interval(Integral, 1, None, closed="left")],
        "negative_slope": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        n_channels: int = 64,
        *,
        n_layers: int = 6,
        kernel_size: int = 3,
        n_strided: int = 2,
        negative_slope: float = 0.2,
    ) -> None:
        self.n_channels = n_channels
        self.n_layers = n_layers
        self.kernel_size = kernel_size
        self.n_strided = n_strided
        self.negative_slope = negative_slope


def architecture_of(pretrainer: Any, n_tasks: int, n_comparisons: int) -> dict[str, Any]:
    """Check the parameters that shape the network, and return what it is built from."""
    filters, kernel_sizes = check_convolutions(pretrainer.filters, pretrainer.kernel_sizes)
    architecture = {
        **{name: getattr(pretrainer, name) for name in (*TRUNK_PARAMETERS, "head_dropout")},
        "filters": filters,
        "kernel_sizes": kernel_sizes,
        "n_tasks": n_tasks,
        "head_hidden": check_sizes("head_hidden", pretrainer.head_hidden, min_length=0),
    }
    if n_comparisons:
        architecture["n_comparisons"] = n_comparisons
    if pretrainer.trunk is not None:
        pretrainer.trunk._validate_params()
        if pretrainer.trunk.kernel_size % 2 == 0:
            raise ValueError(
                f"trunk__kernel_size must be odd, so that a layer's output is as long as its "
                f"input, got {pretrainer.trunk.kernel_size}."
            )
        architecture["trunk"] = pretrainer.trunk.get_params()
    return architecture


def build_trunk(architecture: dict[str, Any], aggregations: tuple[str, ...]) -> nn.Module:
    """Build what makes the features of the last layer."""
    if (dilated := architecture.get("trunk")) is not None:
        return DilatedTrunk(**dilated, aggregation=aggregations)
    sizes = {name: architecture[name] for name in TRUNK_PARAMETERS}
    return ConvTrunk(**sizes, aggregation=aggregations)


def add_heads(architecture: dict[str, Any], trunk: Any) -> nn.Module:
    """Build the network that is trained, around a trunk."""
    heads = {name: architecture[name] for name in HEAD_PARAMETERS}
    if n_comparisons := architecture.get("n_comparisons"):
        return ComparisonNet(trunk, n_comparisons, **heads)
    return RecognitionNet(trunk, **heads)
