"""Pretrainers by name or folder, and inside other estimators."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from .._checks import check_choice
from ._base import BasePretrainer
from ._pretext import PretextPretrainer

#: Where the encoders that come with the package are.
FOLDER = Path(__file__).parent / "encoders"
CARD = "MODEL_CARD.md"


def list_pretrained() -> list[str]:
    """Name the pretrained encoders that come with the package.

    They learnt from openly licensed ECG. Whoever publishes what was made with them names the data
    sets; `model_card` says which, and what they must not be used for.

    Returns
    -------
    list of str
        Names, for ``SSLEmbedder("recognition-open")``, `ECGClassifier` and `load_pretrained`.

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import list_pretrained
    >>> list_pretrained()
    ['masked-open', 'recognition-open', 'rhythm-open']
    """
    return sorted(card.parent.name for card in FOLDER.glob(f"*/{CARD}"))


def model_card(name: str) -> str:
    """Tell where an encoder that comes with the package is from, and what it is worth.

    Parameters
    ----------
    name : str
        One of `list_pretrained`.

    Returns
    -------
    str
        Markdown: data and licences, people and hours, settings, scores, what not to use it for.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import model_card
    >>> print(model_card("recognition-open").splitlines()[0])
    # recognition-open
    """
    check_choice("name", name, list_pretrained())
    return (FOLDER / name / CARD).read_text(encoding="utf-8")


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
        If it is truncated, altered, of another program or version, or holds something else.

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
    is_shipped = name_or_path in list_pretrained()
    path = FOLDER / name_or_path if is_shipped else Path(name_or_path).expanduser()
    if not fspath(name_or_path) or not path.is_dir():
        raise FileNotFoundError(
            f"There is neither a folder {fspath(name_or_path)!r} nor an encoder of this name. "
            f"With the package come {list_pretrained()}."
        )
    loaded = BasePretrainer.from_pretrained(path, device=device)
    if is_shipped:
        loaded._shipped_as = str(name_or_path)
    return loaded


def resolve_pretrainer(pretrainer: Any) -> BaseEstimator:
    """Return a clone of an estimator, the frozen one of a name or folder, or the default."""
    if pretrainer is None:
        return PretextPretrainer()
    if isinstance(pretrainer, (str, PathLike)):
        return FrozenEstimator(load_pretrained(pretrainer))
    return clone(pretrainer)


def nested_pretrainers(estimator: BaseEstimator) -> list[tuple[str, BasePretrainer]]:
    """List names and values of the parameters that are pretrainers, unless they are frozen."""
    if isinstance(estimator, FrozenEstimator):
        return []
    params = estimator.get_params(deep=True)
    frozen = [f"{name}__" for name, value in params.items() if isinstance(value, FrozenEstimator)]
    return [
        (name, value)
        for name, value in params.items()
        if isinstance(value, BasePretrainer) and not name.startswith(tuple(frozen))
    ]


def share_pretraining(estimator: BaseEstimator, memory: Any) -> BaseEstimator:
    """Clone an estimator and give the pretrainers inside it a `memory`, unless they have one."""
    shared = clone(estimator)
    for name, pretrainer in nested_pretrainers(shared):
        if pretrainer.memory is None:
            shared.set_params(**{f"{name}__memory": memory})
    return shared


def pretrained(estimator: BaseEstimator, X: Any, groups: Any = None) -> BaseEstimator:
    """Clone an estimator, fit the pretrainers inside it on windows, and freeze them."""
    ready = clone(estimator)
    for name, pretrainer in nested_pretrainers(ready):
        ready.set_params(**{name: FrozenEstimator(clone(pretrainer).fit(X, groups=groups))})
    return ready
