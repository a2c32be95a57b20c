"""Fitted weights as numpy arrays."""

import numpy as np
from torch import nn


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
    return {
        name: tensor.detach().cpu().contiguous().numpy().copy()
        for name, tensor in module.state_dict().items()
    }
