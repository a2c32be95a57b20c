"""The same network as an encoder has, untrained."""

import copy
from os import PathLike
from typing import Any

import torch
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from torch import nn

from .._checks import warn_caller
from ..features import FrozenEncoder, SSLEmbedder
from ..features._packed import pack, unpack
from ..pretext import BasePretrainer, PretextPretrainer, load_pretrained

#: Parameters of a pretrainer, so that nothing is learnt, read or kept.
UNTRAINED = {"max_epochs": 0, "memory": None, "checkpoint": None}


def untrained_twin(name: str, encoder: BaseEstimator, seed: int) -> BaseEstimator | None:
    """Make an encoder with weights as they are drawn, unfitted; None where that cannot be.

    A Pipeline has the twins of its steps.
    """
    while isinstance(encoder, FrozenEstimator):
        encoder = encoder.estimator
    parts = {"": encoder, **encoder.get_params(deep=True)}
    twins = {
        path: _twin(name, part, seed)
        for path, part in parts.items()
        if isinstance(part, (SSLEmbedder, FrozenEncoder)) and not _is_inside_frozen(path, parts)
    }
    if not twins or None in twins.values():
        return None
    return twins[""] if "" in twins else clone(encoder).set_params(**twins)


def _is_inside_frozen(path: str, parts: dict[str, Any]) -> bool:
    frozen = [name for name, part in parts.items() if isinstance(part, FrozenEstimator)]
    return path.startswith(tuple(f"{name}__" for name in frozen))


def _twin(
    name: str, encoder: SSLEmbedder | FrozenEncoder, seed: int
) -> SSLEmbedder | FrozenEncoder | None:
    if isinstance(encoder, SSLEmbedder):
        pretrainer = _pretrainer_of(encoder)
        if not isinstance(pretrainer, BasePretrainer):
            return None
        drawn = clone(pretrainer).set_params(**UNTRAINED, random_state=seed)
        return clone(encoder).set_params(pretrainer=drawn)
    if not isinstance(encoder.model, nn.Module):
        return None
    module = _reset(name, encoder.model, seed)
    return None if module is None else clone(encoder).set_params(model=module)


def _pretrainer_of(embedder: SSLEmbedder) -> Any:
    pretrainer = embedder.pretrainer
    if pretrainer is None:
        return PretextPretrainer()
    if isinstance(pretrainer, (str, PathLike)):
        return load_pretrained(pretrainer)
    return pretrainer.estimator if isinstance(pretrainer, FrozenEstimator) else pretrainer


def _reset(name: str, module: nn.Module, seed: int) -> nn.Module | None:
    """Copy a module with all weights drawn again, if its layers say how."""
    drawn: nn.Module = copy.deepcopy(unpack(pack(module)))  # which shares the weights
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for part in drawn.modules():
            # Attention's has an underscore.
            reset = getattr(part, "reset_parameters", getattr(part, "_reset_parameters", None))
            if reset is not None:
                reset()
            elif next(part.parameters(recurse=False), None) is not None:
                warn_caller(
                    f"No untrained network beside {name!r}: {type(part).__name__} has weights and "
                    "no reset_parameters. Pass an untrained one as another encoder."
                )
                return None
    return drawn
