"""Pretrainers by name or folder, and inside other estimators."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from .._checks import check_choice
from .._files import library
from ._base import BasePretrainer
from ._pretext import PretextPretrainer

#: Where the encoders that come with the package are.
FOLDER = Path(__file__).parent / "encoders"
CARD = "MODEL_CARD.md"

#: What a folder on the Hugging Face hub begins with, and which of its files are downloaded.
HUB = "hf://"
FILES_OF_HUB = ["config.json", "*.safetensors", "*.md"]


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


@overload
def load_pretrained(
    name_or_path: str | PathLike[str],
    *,
    device: str = "auto",
    with_preparation: Literal[False] = False,
) -> BasePretrainer: ...
@overload
def load_pretrained(
    name_or_path: str | PathLike[str], *, device: str = "auto", with_preparation: Literal[True]
) -> Pipeline: ...
def load_pretrained(
    name_or_path: str | PathLike[str], *, device: str = "auto", with_preparation: bool = False
) -> Any:
    """Load an encoder that comes with the package, or one that `save_pretrained` saved.

    Parameters
    ----------
    name_or_path : str or path-like
        A name out of `list_pretrained`; the folder of a saved pretrainer of either kind; or
        ``"hf://owner/name"``, such a folder on the Hugging Face hub, which is downloaded once
        (extra ``hub``). A revision may follow: ``"hf://owner/name@v1"``. A folder that is called
        as one of the names is ``"./name"``.
    device : str, default="auto"
        Where it shall run.
    with_preparation : bool, default=False
        True gives what makes its windows of recordings, too: a fitted Pipeline of these steps and
        a frozen `SSLEmbedder`. Its first step says the rate of the recordings that it takes: for
        others, put a `Resampler` before it.

    Returns
    -------
    PretextPretrainer, MaskedPretrainer or Pipeline
        Fitted. Other estimators train a clone of a pretrainer: give them its name or folder to use
        it as it is, or ``FrozenEstimator(load_pretrained(...))``. A Pipeline is never trained.

    Raises
    ------
    FileNotFoundError
        If there is no such name and no such folder, or the hub does not give it.
    UnreadableFileError
        If it is truncated, altered, of another program or version, or holds something else.
    ValueError
        If the preparation is asked for, and was not saved.
    ImportError
        If huggingface_hub is not installed: ``pip install "sklearn_ecgssl[hub]"``.

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

    From recordings of 100 Hz to features, and of another rate:

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_ecgssl import Resampler, make_cohort
    >>> cohort = make_cohort(n_subjects=2, duration=12, sampling_rate=500, random_state=0)
    >>> features = load_pretrained("rhythm-open", with_preparation=True)
    >>> [name for name, _ in features.steps]
    ['ecgfilter', 'trimmedscaler', 'segmenter', 'sslembedder']
    >>> make_pipeline(Resampler(500, 100), features).fit_transform(cohort.recordings).shape
    (4, 128)
    """
    is_shipped = name_or_path in list_pretrained()
    if isinstance(name_or_path, str) and name_or_path.startswith(HUB):
        path = _downloaded(name_or_path)
    else:
        path = FOLDER / name_or_path if is_shipped else Path(name_or_path).expanduser()
    if not fspath(name_or_path) or not path.is_dir():
        raise FileNotFoundError(
            f"There is neither a folder {fspath(name_or_path)!r} nor an encoder of this name. "
            f"With the package come {list_pretrained()}."
        )
    loaded = BasePretrainer.from_pretrained(path, device=device)
    if is_shipped:
        loaded._shipped_as = str(name_or_path)
    return _with_preparation(loaded, name_or_path) if with_preparation else loaded


def _downloaded(url: str) -> Path:
    """Get a folder from the Hugging Face hub, or from what it has downloaded before."""
    hub = library("huggingface_hub", "hf:// is read", "hub")
    name, _, revision = url.removeprefix(HUB).partition("@")
    try:
        return Path(
            hub.snapshot_download(name, revision=revision or None, allow_patterns=FILES_OF_HUB)
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise FileNotFoundError(
            f"The Hugging Face hub does not give {url!r}: {reason}. Check owner, name and "
            "revision, log in if it is not public, or pass a folder that you have."
        ) from error


def _with_preparation(loaded: Any, name: Any) -> Pipeline:
    """Put the steps that make windows of recordings before an encoder; all of it is fitted."""
    import sklearn_ecgssl  # the embedder, below this folder, is imported when it is asked for

    steps = getattr(loaded, "preparation_", None)
    if steps is None:
        raise ValueError(
            f"{fspath(name)!r} was saved without its preparation. Load it without "
            "with_preparation, and put the steps that its windows need before "
            "SSLEmbedder(FrozenEstimator(pretrainer)); or save it again with preparation=."
        )
    embedder = sklearn_ecgssl.SSLEmbedder(
        FrozenEstimator(loaded), sampling_rate=loaded.sampling_rate_
    )
    # Nothing is learnt from this window: the embedder notes its length.
    embedder.fit(np.resize([-1.0, 1.0], (1, 1, loaded.n_features_in_)))
    return Pipeline([*steps.steps, ("sslembedder", embedder)])


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
