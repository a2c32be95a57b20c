"""Pretrainers out of folders."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from ..formats import UnreadableFileError, read_folder
from ._base import BasePretrainer
from ._masked import MaskedPretrainer
from ._pretext import PretextPretrainer

PRETRAINERS: dict[str, type[BasePretrainer]] = {
    known.__name__: known for known in (PretextPretrainer, MaskedPretrainer)
}


def load_pretrained(path: str | PathLike[str], *, device: str = "auto") -> BasePretrainer:
    """Load a pretrainer of either kind that `save_pretrained` saved.

    Parameters
    ----------
    path : str or path-like
        The folder.
    device : str, default="auto"
        Where it shall run.

    Returns
    -------
    PretextPretrainer or MaskedPretrainer
        Fitted.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    UnreadableFileError
        If it is truncated, altered, foreign or of a newer version, or holds something else.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn_ecgssl.pretext import PretextPretrainer, load_pretrained
    >>> windows = np.sin(np.linspace(0, 99, 8 * 256)).reshape(8, 256)
    >>> pretrainer = PretextPretrainer(filters=(4, 8), kernel_sizes=(16, 8), max_epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pretrainer.fit(windows).save_pretrained(folder, sampling_rate=256)
    ...     loaded = load_pretrained(folder)
    >>> bool((loaded.encode(windows) == pretrainer.encode(windows)).all())
    True
    """
    name = read_folder(Path(path), "pretrained")[0].get("class")
    if not isinstance(name, str) or name not in PRETRAINERS:
        raise UnreadableFileError(
            f"{fspath(path)} cannot be used: it holds a {str(name)[:80]!r}, not a pretrainer "
            f"({', '.join(PRETRAINERS)})."
        )
    return PRETRAINERS[name].from_pretrained(path, device=device)


def resolve_pretrainer(pretrainer: Any) -> BaseEstimator:
    """Make the pretrainer that an estimator's `pretrainer` parameter stands for.

    Parameters
    ----------
    pretrainer : estimator, str, path-like or None
        An estimator, the folder of a saved one, or None.

    Returns
    -------
    estimator
        A clone, the saved one frozen, or ``PretextPretrainer()``.

    Raises
    ------
    ValueError
        If there is no such folder, or it cannot be read.
    """
    if pretrainer is None:
        return PretextPretrainer()
    if isinstance(pretrainer, (str, PathLike)):
        if not fspath(pretrainer) or not Path(pretrainer).is_dir():
            raise ValueError(
                f"pretrainer={fspath(pretrainer)!r} must be a pretrainer or the folder of a saved "
                "one, and there is no such folder."
            )
        return FrozenEstimator(load_pretrained(pretrainer))
    return clone(pretrainer)
