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
from ._shipped import is_shipped, list_pretrained, shipped_folder

PRETRAINERS: dict[str, type[BasePretrainer]] = {
    known.__name__: known for known in (PretextPretrainer, MaskedPretrainer)
}


def load_pretrained(name_or_path: str | PathLike[str], *, device: str = "auto") -> BasePretrainer:
    """Load an encoder that comes with the package, or one that `save_pretrained` saved.

    Parameters
    ----------
    name_or_path : str or path-like
        A name out of `list_pretrained`, or the folder of a saved pretrainer of either kind. A
        folder that is called as one of the names is ``"./name"``.
    device : str, default="auto"
        Where it shall run.

    Returns
    -------
    PretextPretrainer or MaskedPretrainer
        Fitted. Other estimators train a clone of it: give them its name or folder to use it as it
        is, or ``FrozenEstimator(load_pretrained(...))``.

    Raises
    ------
    FileNotFoundError
        If there is no such name and no such folder.
    UnreadableFileError
        If it is truncated, altered, foreign or of a newer version, or holds something else.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn_ecgssl.pretext import PretextPretrainer, load_pretrained
    >>> load_pretrained("recognition-open").sampling_rate_
    256.0
    >>> windows = np.sin(np.linspace(0, 99, 8 * 256)).reshape(8, 256)
    >>> pretrainer = PretextPretrainer(filters=(4, 8), kernel_sizes=(16, 8), max_epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pretrainer.fit(windows).save_pretrained(folder, sampling_rate=256)
    ...     loaded = load_pretrained(folder)
    >>> bool((loaded.encode(windows) == pretrainer.encode(windows)).all())
    True
    """
    path = _folder(name_or_path)
    name = read_folder(path, "pretrained")[0].get("class")
    if not isinstance(name, str) or name not in PRETRAINERS:
        raise UnreadableFileError(
            f"{fspath(path)} cannot be used: it holds a {str(name)[:80]!r}, not a pretrainer "
            f"({', '.join(PRETRAINERS)})."
        )
    loaded = PRETRAINERS[name].from_pretrained(path, device=device)
    if is_shipped(name_or_path):
        loaded._shipped_as = str(name_or_path)
    return loaded


def _folder(name_or_path: str | PathLike[str]) -> Path:
    if is_shipped(name_or_path):
        return shipped_folder(str(name_or_path))
    path = Path(name_or_path).expanduser()
    if not fspath(name_or_path) or not path.is_dir():
        raise FileNotFoundError(
            f"There is neither a folder {fspath(name_or_path)!r} nor an encoder of this name. "
            f"With the package come {list_pretrained()}."
        )
    return path


def resolve_pretrainer(pretrainer: Any) -> BaseEstimator:
    """Make the pretrainer that an estimator's `pretrainer` parameter stands for.

    Parameters
    ----------
    pretrainer : estimator, str, path-like or None
        An estimator, the name of one that comes with the package, the folder of a saved one, or
        None.

    Returns
    -------
    estimator
        A clone, the saved one frozen, or ``PretextPretrainer()``.

    Raises
    ------
    ValueError
        If there is no such name and no such folder, or it cannot be read.
    """
    if pretrainer is None:
        return PretextPretrainer()
    if isinstance(pretrainer, (str, PathLike)):
        try:
            return FrozenEstimator(load_pretrained(pretrainer))
        except FileNotFoundError as error:
            raise ValueError(
                f"pretrainer={fspath(pretrainer)!r} cannot be found. {error}"
            ) from None
    return clone(pretrainer)
