"""Fitted weights as numpy arrays."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn


def module_to_state(module: nn.Module) -> dict[str, np.ndarray]:
    """Copy a module's weights into numpy arrays.

    Parameters
    ----------
    module : nn.Module
        A network on any device.

    Returns
    -------
    dict of str to ndarray
        The weights by name.
    """
    return state_to_numpy(module.state_dict())


def state_to_numpy(state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Copy weights into numpy arrays.

    Parameters
    ----------
    state : mapping of str to Tensor
        Weights on any device.

    Returns
    -------
    dict of str to ndarray
        The same by name.
    """
    return {
        name: tensor.detach().cpu().contiguous().numpy().copy() for name, tensor in state.items()
    }
