"""The recognition network of Sarkar & Etemad from their TensorFlow checkpoint."""

import os
import re
import warnings
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np

from ..formats import UnreadableFileError
from ..formats._tensor_bundle import TensorBundle
from ..pretext import PretextPretrainer

N_BLOCKS = 3
CONVS_PER_BLOCK = 2
N_TASKS = 7
#: Of the windows that the authors trained on, in Hz.
SAMPLING_RATE = 256.0
#: Where the three dense layers of a head stand among its modules; activation and dropout between.
HEAD_POSITIONS = {"_dense_1": 0, "_dense_2": 3, "": 6}
#: Layers by their names in the checkpoint, and in `state_`.
CONVS = {
    f"conv_layer_{1 + block * CONVS_PER_BLOCK + i}": f"trunk.blocks.{block}.convs.{i}"
    for block in range(N_BLOCKS)
    for i in range(CONVS_PER_BLOCK)
}
DENSE = {
    f"task_{task}{suffix}": f"heads.{task}.{position}"
    for task in range(N_TASKS)
    for suffix, position in HEAD_POSITIONS.items()
}
WEIGHTS = [f"{layer}/{kind}" for layer in (*CONVS, *DENSE) for kind in ("kernel", "bias")]
#: What training saves beside the weights: Adam's moments and powers, counters.
OPTIMISER = re.compile(r"(.*/)?(Adam(_\d+)?|beta[12]_power(_\d+)?|steps|global_step)")
SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
LICENCE = (
    "The weights that Sarkar and Etemad publish are under a non-commercial licence (CC BY-NC): if "
    "this checkpoint is theirs, give them credit and make no commercial use of it."
)


def load_tf_checkpoint(
    prefix: str | os.PathLike[str], *, n_times: int = 2560, device: str = "auto"
) -> PretextPretrainer:
    """Load a pretrained network that the authors' TensorFlow code has saved.

    TensorFlow is not needed. What is read is a TensorFlow 1 checkpoint of the network of [1]_, such
    as the one that its authors publish; the state of the optimiser in it is left alone.

    Parameters
    ----------
    prefix : path-like
        The checkpoint's path without ``.index`` and ``.data-00000-of-00001``: for
        ``SSL_model.ckpt.index``, ``SSL_model.ckpt``. Both files must be there.
    n_times : int, default=2560
        Samples in a window. The authors trained on 10 s at 256 Hz.
    device : str, default="auto"
        Where the network runs: the parameter of `PretextPretrainer`.

    Returns
    -------
    PretextPretrainer
        As after `fit`: it encodes, scores, can be pickled, and frozen in a pipeline with
        ``SSLEmbedder(FrozenEstimator(pretrainer))``. What the checkpoint does not say is that of
        the authors' code, the defaults of `PretextPretrainer`. How it was trained is not in the
        file: `history_` is empty, `n_epochs_` 0. Its ``sampling_rate_`` is 256.

    Raises
    ------
    FileNotFoundError
        If one of the two files is not there.
    UnreadableFileError
        If they are damaged, or hold something else; the message says what.

    Warns
    -----
    UserWarning
        About the licence, each time.

    Notes
    -----
    The weights that the authors publish are under a non-commercial licence (CC BY-NC): whoever uses
    them names the authors and makes no commercial use of them. They are no part of this package,
    which only reads a copy of yours.

    Windows must be what the network has learnt on: 256 Hz, high-pass filtered at 0.8 Hz, and scaled
    per subject (`ECGFilter`, `TrimmedScaler`, `scale_subjects`).

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn_ecgssl import SSLEmbedder, load_tf_checkpoint
    >>> pretrainer = load_tf_checkpoint("SSL_model.ckpt")  # doctest: +SKIP
    >>> embedder = SSLEmbedder(FrozenEstimator(pretrainer))  # doctest: +SKIP

    >>> load_tf_checkpoint("nowhere/SSL_model.ckpt")
    Traceback (most recent call last):
    FileNotFoundError: There is no file nowhere...SSL_model.ckpt.index. A TensorFlow checkpoint ...
    """
    bundle = TensorBundle(SUFFIX.sub("", os.fspath(prefix)))
    _check_names(bundle)
    _check_kinds(bundle)
    sizes = _network_sizes(bundle)
    _check_shapes(bundle, **sizes)
    pretrainer = PretextPretrainer(**sizes, device=device)
    _fit(pretrainer, _state(bundle), n_times)
    warnings.warn(LICENCE, UserWarning, stacklevel=2)
    return pretrainer


def _check_names(bundle: TensorBundle) -> None:
    missing = [name for name in WEIGHTS if name not in bundle.entries]
    others = set(bundle.entries) - set(WEIGHTS)
    foreign = sorted(name for name in others if not OPTIMISER.fullmatch(name))
    if missing or foreign:
        raise UnreadableFileError(
            f"{bundle.index} is of another network than that of Sarkar & Etemad (2020): it lacks "
            f"{_listed(missing)}, and has besides {_listed(foreign)}."
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:10])) or "nothing"
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown


def _check_kinds(bundle: TensorBundle) -> None:
    """Check what the sizes of the network are read from: dtypes, dimensions, nothing empty."""
    for name in WEIGHTS:
        entry = bundle.entries[name]
        layer, kind = name.split("/")
        n_dimensions = 1 if kind == "bias" else 3 if layer in CONVS else 2
        if entry.dtype != "float32" or len(entry.shape) != n_dimensions or 0 in entry.shape:
            raise UnreadableFileError(
                f"{bundle.index}: {name!r} must be float32 with {n_dimensions} dimensions, none of "
                f"them 0, and is {entry.dtype} of shape {entry.shape}."
            )


def _network_sizes(bundle: TensorBundle) -> dict[str, Any]:
    """Read the sizes of the network from the first layer that has each."""
    shapes = {name: entry.shape for name, entry in bundle.entries.items()}
    first = [shapes[f"{layer}/kernel"] for layer in list(CONVS)[::CONVS_PER_BLOCK]]
    return {
        "filters": tuple(shape[-1] for shape in first),
        "kernel_sizes": tuple(shape[0] for shape in first),
        "head_hidden": tuple(shapes[f"task_0_dense_{i}/kernel"][-1] for i in (1, 2)),
    }


def _check_shapes(
    bundle: TensorBundle,
    filters: tuple[int, ...],
    kernel_sizes: tuple[int, ...],
    head_hidden: tuple[int, ...],
) -> None:
    """Check that all layers fit each other."""
    channels = [1, *np.repeat(filters, CONVS_PER_BLOCK).tolist()]
    lengths = np.repeat(kernel_sizes, CONVS_PER_BLOCK).tolist()
    convs = [(n, *ends) for n, ends in zip(lengths, pairwise(channels), strict=True)]
    head = [*pairwise((filters[-1], *head_hidden, 1))]
    for layer, shape in zip((*CONVS, *DENSE), [*convs, *head * N_TASKS], strict=True):
        for name, expected in ((f"{layer}/kernel", shape), (f"{layer}/bias", shape[-1:])):
            found = bundle.entries[name].shape
            if found != expected:
                raise UnreadableFileError(
                    f"{bundle.index}: {name!r} has shape {found}, but {expected} goes with the "
                    f"other layers, which say {filters=}, {kernel_sizes=}, {head_hidden=}."
                )


def _state(bundle: TensorBundle) -> dict[str, np.ndarray]:
    """Read the weights, under the names and in the layout of `RecognitionNet`."""
    state = {}
    for layer, own in (CONVS | DENSE).items():
        kernel = bundle.read(f"{layer}/kernel").T  # (outputs, inputs) or (outputs, inputs, times)
        kernel = kernel[:, :, None] if layer in CONVS else kernel
        state[f"{own}.weight"] = np.ascontiguousarray(kernel)
        state[f"{own}.bias"] = bundle.read(f"{layer}/bias")
    for name, weights in state.items():
        if not np.isfinite(weights).all():
            raise UnreadableFileError(
                f"{bundle.data} holds weights that are not finite (those of {name}). The training "
                "that saved them had failed: use an earlier checkpoint."
            )
    return state


def _fit(pretrainer: PretextPretrainer, state: dict[str, np.ndarray], n_times: int) -> None:
    """Give a pretrainer all that its `fit` would."""
    pretrainer._validate_params()
    pretrainer.architecture_ = pretrainer._architecture()
    shortest = pretrainer._min_times()
    if not isinstance(n_times, Integral) or n_times < shortest:
        raise ValueError(f"n_times must be an integer of at least {shortest}, got {n_times!r}.")
    pretrainer._before_training(int(n_times))
    pretrainer.n_features_in_ = int(n_times)
    pretrainer.state_ = state
    pretrainer.history_ = []
    pretrainer.n_epochs_ = 0
    pretrainer.sampling_rate_ = SAMPLING_RATE
