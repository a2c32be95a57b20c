"""How the learning rate changes during training."""

from collections.abc import Callable

#: Gives the factor of the learning rate, from the batches done and the batches of an epoch.
Schedule = Callable[[int, int], float]


def constant(step: int, steps_per_epoch: int) -> float:
    """Leave the learning rate as it is."""
    return 1.0


def decay_every_batches(factor: float, n_batches: int) -> Schedule:
    """Multiply the learning rate every so many batches.

    Parameters
    ----------
    factor : float
        What it is multiplied by.
    n_batches : int
        Batches between two decays.

    Returns
    -------
    Schedule
        The schedule.
    """
    factor, n_batches = float(factor), int(n_batches)  # of numpy, they might overflow
    return lambda step, steps_per_epoch: factor ** (step // n_batches)


def decay_every_epochs(factor: float, n_epochs: int) -> Schedule:
    """Multiply the learning rate every so many epochs.

    Parameters
    ----------
    factor : float
        What it is multiplied by.
    n_epochs : int
        Epochs between two decays.

    Returns
    -------
    Schedule
        The schedule.
    """
    factor, n_epochs = float(factor), int(n_epochs)
    return lambda step, steps_per_epoch: factor ** (step // (steps_per_epoch * n_epochs))


def warm_up_and_decay(warm_up: float, n_epochs: int) -> Schedule:
    """Let the learning rate rise linearly, then fall linearly to zero.

    Parameters
    ----------
    warm_up : float
        Part of the training in which it rises.
    n_epochs : int
        Epochs of the training.

    Returns
    -------
    Schedule
        The schedule; the first batch already learns.
    """
    warm_up, n_epochs = float(warm_up), int(n_epochs)

    def factor(step: int, steps_per_epoch: int) -> float:
        n_steps = n_epochs * steps_per_epoch
        rising = warm_up * n_steps
        if step + 1 < rising:
            return (step + 1) / rising
        return max(0.0, (n_steps - step) / (n_steps - rising + 1))

    return factor
