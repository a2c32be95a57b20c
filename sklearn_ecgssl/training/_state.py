"""Fitted weights as numpy arrays, and back."""

from collections.abc import Callable

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


def rebuild(
    build: Callable[[], nn.Module], state: dict[str, np.ndarray], device: torch.device
) -> nn.Module:
    """Make a trained network again, in evaluation mode, on a device.

    Parameters
    ----------
    build : callable
        Makes the network.
    state : dict of str to ndarray
        Its weights.
    device : torch.device
        Where it shall run.

    Returns
    -------
    nn.Module
        The network.
    """
    # On the meta device nothing is initialised: no time, and no random number, is spent.
    with torch.device("meta"):
        module = build()
    weights = {name: torch.tensor(array, device=device) for name, array in state.items()}
    module.load_state_dict(weights, assign=True)
    return module.eval()
