"""Losses in a line."""

from collections.abc import Mapping


def losses(row: Mapping[str, float]) -> str:
    """Say what the losses of an epoch were.

    Parameters
    ----------
    row : mapping
        Of a history.

    Returns
    -------
    str
        Such as ``train_loss 0.4151, valid_loss 0.4310``.
    """
    names = [name for name in ("train_loss", "valid_loss") if name in row]
    return ", ".join(f"{name} {row[name]:.4f}" for name in names)
