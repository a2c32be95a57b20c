"""Encoders that were trained elsewhere, as a scikit-learn transformer."""

import copy
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torch.export import ExportedProgram

from .._compat import Interval, StrOptions, _fit_context
from .._fitting import all_or_nothing
from ..signal._recordings import check_recordings
from ..signal.window_store import WindowStore, check_windows, is_windowed
from ..training import resolve_device
from ._models import N_TRIED, Runner, features_of, runner_of
from ._packed import Packed, pack, unpack
from ._pieces import SCALINGS, batches_of, n_samples, pieces_of
from ._pooling import POOLS, pool_windows

#: Samples of windows that are resampled at once.
BLOCK = 2**20


class FrozenEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Use an encoder that was trained elsewhere, on windows of any rate and length.

    It resamples what comes in, cuts it into the windows that the model learnt from, scales each,
    runs the model without gradients and pools what belongs to one window or recording. It goes
    wherever `SSLEmbedder` goes. Nothing is learnt: `fit` tries the model on a few windows.

    Parameters
    ----------
    model : torch.nn.Module, ExportedProgram, str, path-like, estimator or callable
        A torch module, run in evaluation mode; a program of `torch.export.export`; the path of a
        ``.pt2`` or ``.onnx`` file; a fitted transformer of windows (n_windows, n_times), such as a
        fitted `SSLEmbedder`; or a function from such windows, float32, to features. The model is
        shared by clones, and never changed.
    sampling_rate : float
        Of the windows that the model learnt from, in Hz.
    window_length : float
        Of the windows that the model learnt from, in seconds. The number of samples,
        ``sampling_rate * window_length``, is rounded: 512 samples at 100 Hz are 5.12 s.
    input_rate : float or None, default=None
        Sampling rate of what comes in, in Hz. None stands for `sampling_rate`.
    scaling : {"standard", "minmax", "trimmed"}, callable or None, default=None
        How each of the model's windows is scaled: to mean 0 and standard deviation 1; to the range
        from 0 to 1; to mean 0 and a standard deviation of 1 without 2.5 % of the samples at either
        end, as `TrimmedScaler`; by a function from windows (n_windows, n_times) to such; or not at
        all. Flat windows become zeros.
    pool : {"mean", "max", "mean_std"}, default="mean"
        How several of the model's windows become one row; "mean_std" gives means, then standard
        deviations.
    channel_axis : {"auto", 1, 2} or None, default="auto"
        Which shape of a batch a torch or ONNX model takes: ``(n_windows, n_times)`` (None),
        ``(n_windows, 1, n_times)`` (1) or ``(n_windows, n_times, 1)`` (2). "auto" takes what the
        file says, or the first of the three that works.
    output : int, str or None, default=None
        Of a model with several outputs, the position or the name of the features.
    time_axis : {1, 2} or None, default=None
        Of an output with three dimensions, which is time, or the tokens of a transformer: features
        are the mean over it. 2 if channels come first, as in convolutions.
    batch_size : int, default=64
        Windows that the model is given at once. A model with a fixed size is given that.
    device : str, default="auto"
        Where a torch model runs: "cpu", "cuda", ...; "auto" takes a GPU if there is one.

    Attributes
    ----------
    channel_axis_ : int or None
        The axis that was found.
    n_features_model_ : int
        Features of one of the model's windows.
    pooled_ : bool
        Whether rows are pooled: of windowed recordings, of recordings in a list, and of windows
        that hold several of the model's.
    n_features_in_ : int
        Samples in a window. Not set by a list of recordings.

    Notes
    -----
    A model that learnt from people whom you test has met them: say so beside the score, as
    `compare_protocols` does. Put a filter in front like the one that it learnt with: few models
    hold theirs.

    As many whole windows as there are in a row are cut from it, and the rest is dropped. A row that
    is shorter than one is an error.

    Pickles hold a torch model, its weights as arrays, but of a file the path alone. So do the keys
    of `Pipeline(memory=)`: clear the memory when a file changes. Like any pickle, a ``.pt2`` file
    can run code when it is opened: take it from those whom you trust. An ``.onnx`` file cannot.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl import FrozenEncoder, Segmenter, make_cohort
    >>> model = torch.nn.Sequential(
    ...     torch.nn.Conv1d(1, 8, 25, stride=5), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool1d(1),
    ...     torch.nn.Flatten(),
    ... )
    >>> encoder = FrozenEncoder(
    ...     model, sampling_rate=100, window_length=10, input_rate=256, scaling="standard"
    ... )
    >>> recordings = make_cohort(n_subjects=2, duration=30, random_state=0).recordings
    >>> encoder.fit_transform(recordings).shape
    (4, 8)
    >>> encoder.fit_transform(Segmenter(sampling_rate=256).windows(recordings)).shape
    (12, 8)
    """

    _parameter_constraints: dict = {
        "model": "no_validation",  # by `runner_of`
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "window_length": [Interval(Real, 0, None, closed="neither")],
        "input_rate": [Interval(Real, 0, None, closed="neither"), None],
        "scaling": [StrOptions(set(SCALINGS)), callable, None],
        "pool": [StrOptions(set(POOLS))],
        "channel_axis": [StrOptions({"auto"}), Interval(Integral, 1, 2, closed="both"), None],
        "output": [Interval(Integral, 0, None, closed="left"), str, None],
        "time_axis": [Interval(Integral, 1, 2, closed="both"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
    }

    def __init__(
        self,
        model: Any,
        *,
        sampling_rate: float,
        window_length: float,
        input_rate: float | None = None,
        scaling: Any = None,
        pool: str = "mean",
        channel_axis: Any = "auto",
        output: Any = None,
        time_axis: int | None = None,
        batch_size: int = 64,
        device: str = "auto",
    ) -> None:
        self.model = model
        self.sampling_rate = sampling_rate
        self.window_length = window_length
        self.input_rate = input_rate
        self.scaling = scaling
        self.pool = pool
        self.channel_axis = channel_axis
        self.output = output
        self.time_axis = time_axis
        self.batch_size = batch_size
        self.device = device

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None) -> Self:
        """Try the model on a few windows; nothing is learnt.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), list of arrays of shape (n_times_i,), \
                ndarray of shape (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, recordings, or windowed recordings.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        TypeError
            If `model` is none of what it can be.
        ValueError
            If the model cannot be run on windows of this length, or its output is ambiguous; the
            message says which parameter helps.
        ImportError
            If onnxruntime is not installed: ``pip install "sklearn_ecgssl[onnx]"``.
        """
        signals = self._check(X, reset=True)
        runner = runner_of(self.model, resolve_device(self.device))
        blocks = self._blocks(signals)
        first = next(blocks)
        self.pooled_ = _is_pooled(signals) or first.shape[1] > 1
        windows = np.resize(first[0], (runner.n_windows or N_TRIED, first.shape[2]))
        self.channel_axis_, features = self._tried(runner, windows)
        self.n_features_model_ = features.shape[1]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), list of arrays of shape (n_times_i,), \
                ndarray of shape (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, recordings, or windowed recordings.

        Returns
        -------
        ndarray of shape (n_windows, n_features) or (n_recordings, n_features), float32
            One row a window, or one a recording.
        """
        check_is_fitted(self, "n_features_model_")
        signals = self._check(X, reset=False)
        counts: list[int] = []
        features = self._encoded(self._counted(self._blocks(signals), counts))
        if isinstance(signals, WindowStore) and signals.windowed:
            counts = [int(own.sum()) for own in signals.split_back(np.array(counts))]
        pooled = _is_pooled(signals) or len(features) > len(counts)
        if pooled != self.pooled_ and self.pool == "mean_std":
            raise ValueError(
                "With pool='mean_std' a row of several of the model's windows has twice as many "
                f"features as one of a single: pass {'several' if self.pooled_ else 'one'} to "
                "each row, as in fit."
            )
        if not pooled:
            return features
        rows = np.split(features, np.cumsum(counts)[:-1])
        return np.stack([pool_windows(own, self.pool) for own in rows])

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Ignored: parameters of a model that is a transformer stay as they are.

        Returns
        -------
        dict
            Parameter names and their values.
        """
        return super().get_params(deep=False)

    @property
    def _n_features_out(self) -> int:
        return self.n_features_model_ * (1 + (self.pooled_ and self.pool == "mean_std"))

    def __sklearn_clone__(self) -> Self:
        # With the same model: it is never changed, and `clone` would copy or unfit it.
        own = {name: value for name, value in vars(self).items() if not name.endswith("_")}
        cloned = type(self).__new__(type(self))
        cloned.__dict__.update(copy.deepcopy(own, {id(self.model): self.model}))
        return cloned

    def __getstate__(self) -> dict[str, Any]:
        state = {**super().__getstate__()}
        if isinstance(self.model, (nn.Module, ExportedProgram)):
            state["model"] = pack(self.model)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state["model"], Packed):
            state = {**state, "model": unpack(state["model"])}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _check(self, X: Any, reset: bool) -> Any:
        is_list = isinstance(X, (list, tuple)) or getattr(X, "dtype", None) == np.dtype(object)
        if is_list and not is_windowed(X):
            return check_recordings(X, estimator=self, reset=reset)
        return check_windows(self, X, reset=reset)

    def _blocks(self, signals: Any) -> Iterator[np.ndarray]:
        """Yield the model's windows of some rows at a time, (n_rows, n_pieces, n_times)."""
        rate = float(self.sampling_rate)
        rates = (rate if self.input_rate is None else float(self.input_rate), rate)
        n_times = n_samples(self.window_length, rate)
        scaling = SCALINGS[self.scaling] if isinstance(self.scaling, str) else self.scaling
        if isinstance(signals, WindowStore):
            n, step = len(signals), max(1, BLOCK // signals.n_times)
            rows = (signals.take(np.arange(s, min(s + step, n))) for s in range(0, n, step))
        else:
            rows = (x[np.newaxis] for x in signals)
        return (pieces_of(X, rates, n_times, scaling) for X in rows)

    @staticmethod
    def _counted(blocks: Iterator[np.ndarray], counts: list[int]) -> Iterator[np.ndarray]:
        """Yield the windows of blocks, and note how many each row has."""
        for block in blocks:
            counts += [block.shape[1]] * len(block)
            yield block.reshape(-1, block.shape[2])

    def _encoded(self, blocks: Iterator[np.ndarray]) -> np.ndarray:
        """Run the model on all windows, batch by batch."""
        runner = runner_of(self.model, resolve_device(self.device))
        size = runner.n_windows or int(self.batch_size)
        features = []
        for batch in batches_of(blocks, size):
            # A model with a fixed size is given windows twice in the last batch.
            whole = np.resize(batch, (size, batch.shape[1])) if runner.n_windows else batch
            features.append(self._run(runner, self.channel_axis_, whole)[: len(batch)])
        return np.concatenate(features)

    def _run(self, runner: Runner, channel_axis: int | None, windows: np.ndarray) -> np.ndarray:
        shaped = windows if channel_axis is None else np.expand_dims(windows, channel_axis)
        return features_of(runner.run(shaped), self.output, self.time_axis, len(windows))

    def _tried(self, runner: Runner, windows: np.ndarray) -> tuple[int | None, np.ndarray]:
        """Find the shape of a batch that the model takes."""
        axes = runner.channel_axes if self.channel_axis == "auto" else (self.channel_axis,)
        errors = []
        for axis in axes:
            shaped = windows if axis is None else np.expand_dims(windows, axis)
            try:
                output = runner.run(shaped)
            except Exception as error:  # whatever a foreign model raises on another shape
                errors.append((shaped.shape, error))
                continue
            return axis, features_of(output, self.output, self.time_axis, len(windows))
        tried = "; ".join(f"{shape}: {str(error).strip()[:200]}" for shape, error in errors)
        raise ValueError(
            f"The model cannot be run on windows of {windows.shape[1]} samples "
            f"(window_length={self.window_length:g} s at sampling_rate={self.sampling_rate:g} Hz). "
            f"Are these what it learnt from? What it says to batches of each shape: {tried}"
        ) from errors[-1][1]


def _is_pooled(signals: Any) -> bool:
    """Tell recordings and windowed recordings from windows."""
    return signals.windowed if isinstance(signals, WindowStore) else isinstance(signals, list)
