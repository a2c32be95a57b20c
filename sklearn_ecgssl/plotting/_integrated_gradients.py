"""Integrated gradients of a torch function."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def integrated_gradients(
    function: Callable[[Tensor], Tensor],
    window: np.ndarray,
    *,
    baseline: np.ndarray | None = None,
    n_steps: int = 128,
    batch_size: int = 32,
) -> tuple[np.ndarray, float, float]:
    """Share out the change of a function from a baseline to a window over the samples [1]_.

    The gradient is averaged along the straight line from the baseline to the window, in the
    middles of `n_steps` equal steps, and multiplied by the way that each sample goes. The
    attributions add up to the function's change, the closer the more steps there are.

    Parameters
    ----------
    function : callable
        Takes windows, a float32 tensor of shape (n, n_times), to a tensor of shape (n,).
    window : ndarray of shape (n_times,)
        The window.
    baseline : ndarray of shape (n_times,), default=None
        Where the line starts; None for zeros, the mean of a z-scored window.
    n_steps : int, default=128
        Steps.
    batch_size : int, default=32
        Steps that are computed at once.

    Returns
    -------
    attribution : ndarray of shape (n_times,), float32
        What each sample adds.
    at_window : float
        The function of the window.
    at_baseline : float
        The function of the baseline.

    Raises
    ------
    ValueError
        If `n_steps` is less than 1.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017,
       arXiv:1703.01365.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.plotting._integrated_gradients import integrated_gradients
    >>> integrated_gradients(lambda x: (x**2).sum(1), np.array([1.0, 2.0]))[0]
    array([1., 4.], dtype=float32)
    """
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1, got {n_steps}.")
    end = torch.as_tensor(window, dtype=torch.float32)
    start = torch.zeros_like(end)
    if baseline is not None:
        start = torch.as_tensor(baseline, dtype=torch.float32)
    total = torch.zeros_like(end)
    middles = (torch.arange(n_steps, dtype=torch.float32) + 0.5) / n_steps
    for part in middles.split(batch_size):
        steps = (start + part[:, None] * (end - start)).requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(function(steps).sum(), steps)
        total += gradient.sum(0)
    with torch.no_grad():
        at_window, at_baseline = function(torch.stack([end, start])).tolist()
    return ((end - start) * total / n_steps).numpy(), at_window, at_baseline
