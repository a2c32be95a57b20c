"""Fitted weights as numpy arrays, and back."""

import numpy as np
import torch
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


def load_state(
    module: nn.Module, state: dict[str, np.ndarray], device: torch.device
) -> nn.Module:
    """Put weights into a module, in evaluation mode, on a device.

    Parameters
    ----------
    module : nn.Module
        A network of the right shape.
    state : dict of str to ndarray
        Its weights.
    device : torch.device
        Where it shall run.

    Returns
    -------
    nn.Module
        The module that was passed.
    """
    module.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    return module.to(device).eval()
