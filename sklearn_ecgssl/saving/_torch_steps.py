"""Steps of a Pipeline that learn nothing, and linear models, as torch modules in float32."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..signal import Segmenter

#: Unit impulses that are filtered at once.
ROWS = 256
#: Bytes of the largest matrix; an ONNX file holds 2 GB.
LARGEST = 1e9


class LinearStep(nn.Module):
    """Steps that are linear for recordings of one length: their matrix, from unit impulses.

    With `refuses_flat` flat recordings become NaN: filtered, they are rounding errors, which
    scaling would make as large as ECG.
    """

    matrix: Tensor
    offset: Tensor

    def __init__(
        self, functions: Sequence[Any], n_times: int, *, refuses_flat: bool = False
    ) -> None:
        super().__init__()
        self.refuses_flat = refuses_flat
        at_once = _float32(_applied(functions, np.ones(n_times)))
        self.n_times_out = len(at_once)
        n_bytes = 4 * n_times * self.n_times_out
        if n_bytes > LARGEST:
            raise ValueError(
                f"n_times={n_times} makes filter and change of rate a matrix of "
                f"{n_bytes / 1e9:.1f} GB: cut recordings first, to a minute or less."
            )
        parts = [
            _float32(_applied(functions, np.eye(min(ROWS, n_times - i), n_times, i)))
            for i in range(0, n_times, ROWS)
        ]
        self.register_buffer("matrix", torch.cat(parts))
        self.register_buffer("offset", at_once)

    def forward(self, recordings: Tensor) -> Tensor:
        # An offset of many times the signal's size would be lost in rounding: what becomes of it
        # was computed in float64.
        first = recordings[:, :1]
        made = (recordings - first) @ self.matrix + first * self.offset
        return torch.where(is_flat(recordings), torch.nan, made) if self.refuses_flat else made


class TrimmedStep(nn.Module):
    """What `TrimmedScaler` does."""

    def __init__(self, trim: float) -> None:
        super().__init__()
        self.trim = float(trim)

    def forward(self, recordings: Tensor) -> Tensor:
        around_0 = recordings - recordings[:, :1]
        centred = around_0 - around_0.mean(dim=1, keepdim=True)
        std = middle(around_0, self.trim).std(dim=1, correction=0, keepdim=True)
        return torch.where(is_flat(recordings, self.trim), torch.nan, centred / std)


class WindowStep(nn.Module):
    """What `Segmenter` does: windowed recordings (n_recordings, n_windows, n_times)."""

    def __init__(self, segmenter: Segmenter) -> None:
        super().__init__()
        self.length, self.step = segmenter._window_samples()

    def forward(self, recordings: Tensor) -> Tensor:
        return recordings.unfold(1, self.length, self.step)


class FilledStep(nn.Module):
    """What `SimpleImputer` does."""

    values: Tensor

    def __init__(self, values: ArrayLike) -> None:
        super().__init__()
        self.register_buffer("values", _float32(values))

    def forward(self, features: Tensor) -> Tensor:
        return torch.where(features.isnan(), self.values, features)


class StandardStep(nn.Module):
    """What `StandardScaler` does."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: ArrayLike | None, scale: ArrayLike | None) -> None:
        super().__init__()
        self.register_buffer("mean", _float32(0.0 if mean is None else mean))
        self.register_buffer("scale", _float32(1.0 if scale is None else scale))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.scale


class LinearModel(nn.Module):
    """A weighted sum of features, or several; or the probabilities of classes by it.

    `is_flat` tells whether a single sum is a row's answer, or a column of answers.
    """

    def __init__(
        self, coef: ArrayLike, intercept: ArrayLike, *, proba: bool = False, is_flat: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(_float32(np.atleast_2d(coef)))
        self.bias = nn.Parameter(_float32(np.ravel(intercept)))
        self.proba, self.is_flat = proba, is_flat

    def forward(self, features: Tensor) -> Tensor:
        sums = features @ self.weight.T + self.bias
        if not self.proba:
            return sums[:, 0] if self.is_flat else sums
        if sums.shape[1] == 1:
            return torch.cat([torch.sigmoid(-sums), torch.sigmoid(sums)], dim=1)
        return torch.softmax(sums, dim=1)


class MeanOfWindows(nn.Module):
    """What a network says of the windows of a recording, averaged."""

    def __init__(self, network: nn.Module, segmenter: Segmenter | None) -> None:
        super().__init__()
        self.network = network
        self.cut = nn.Identity() if segmenter is None else WindowStep(segmenter)

    def forward(self, recordings: Tensor) -> Tensor:
        windows = self.cut(recordings)
        answers = self.network(windows.flatten(0, 1))
        return answers.unflatten(0, windows.shape[:2]).mean(dim=1)


def middle(recordings: Tensor, trim: float) -> Tensor:
    """Sort the samples of each recording, and leave out a share of them at either end."""
    n_times = recordings.shape[1]
    left_out = int(trim * n_times)
    return recordings.sort(dim=1).values[:, left_out : n_times - left_out]


def is_flat(recordings: Tensor, trim: float = 0.025) -> Tensor:
    """Tell of each recording whether it is flat, or flat but for spikes, as `check_not_flat`."""
    samples = middle(recordings, trim)
    return samples[:, :1] == samples[:, -1:]


def _applied(functions: Sequence[Any], samples: np.ndarray) -> np.ndarray:
    for function in functions:
        samples = function(samples)
    return samples


def _float32(values: Any) -> Tensor:
    """Copy numbers, whatever torch's default dtype and device are."""
    return torch.tensor(np.array(values, np.float32), device="cpu")
