"""What the frozen features of encoders carry, in one table."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.utils.validation import check_is_fitted, check_scalar

from ..features import HRVFeatures
from ..saving._torch_pipeline import flat_steps, rate_taken
from ..signal import Resampler, Segmenter
from ._carried import explained, first_of_several, ranked, recognised
from ._estimators import HEART_RATE
from ._metrics import NAN, confidence_interval
from ._results import import_pandas
from ._untrained import untrained_twin
from ._windows import LabelledWindows

if TYPE_CHECKING:
    import pandas as pd

ONE_PERSON = "subject names only one person: what a model learns is asked of another."
#: What a ridge reads off the features: a feature of the heart rate, and its column.
READ = {"mean_hr": "r2_rate", "sdnn": "r2_sdnn", "rmssd": "r2_rmssd"}


def probe(
    encoders: Mapping[str, BaseEstimator] | BaseEstimator,
    recordings: Any,
    target: Any,
    subject: Any,
    *,
    segmenter: Segmenter | None = None,
    untrained: bool = True,
    n_splits: int | None = 5,
    random_state: int = 0,
) -> pd.DataFrame:
    """Tell what frozen features carry: heart rate, its variability, who it is, the condition.

    Each encoder stands beside the same network untrained, where that can be made, beside heart rate
    and its variability themselves, and beside chance. What an encoder has learnt is how far it is
    ahead of its untrained twin.

    Parameters
    ----------
    encoders : dict of str to transformer, or transformer
        From windows to features: `SSLEmbedder`, `FrozenEncoder`, a Pipeline with one, or any other.
        One that is fitted is used as it is. Of another, a clone is fitted on all windows, without
        labels: pass frozen ones (`SSLEmbedder("rhythm-open")`), or pretraining has met everybody.
    recordings : list of arrays, or array-like of shape (n_recordings, n_times)
        Recordings, filtered and scaled; or windowed recordings.
    target : array-like of shape (n_recordings,), or None
        The condition of each recording; None if there is none.
    subject : array-like of shape (n_recordings,)
        Subject of each recording.
    segmenter : Segmenter or None, default=None
        Cuts recordings into windows. An encoder whose own `sampling_rate` (of a `FrozenEncoder`
        `input_rate`, of a Pipeline that of its first step with one) differs from the segmenter's is
        given the windows resampled to it. None stands for ``Segmenter()``: 10 s at 256 Hz.
    untrained : bool, default=True
        Whether to add untrained twins: of pretrainers, with ``max_epochs=0``; of torch modules in a
        `FrozenEncoder`, with each layer's ``reset_parameters``. A module with other weights gets
        none, and a warning.
    n_splits : int or None, default=5
        Folds of people in which the linear models are fitted and scored. None leaves one person out
        at a time.
    random_state : int, default=0
        Seed of the untrained weights.

    Returns
    -------
    DataFrame
        One row for each encoder and untrained twin, "heart rate" and "chance":

        - ``encoder``, ``untrained``, ``n_features``.
        - ``r2_rate``, ``r2_sdnn``, ``r2_rmssd``: R squared of a ridge from the features of a window
          to its heart rate, SDNN and RMSSD, as `HRVFeatures` finds them, on people whom the ridge
          has not met. Windows without them are left out.
        - ``identity``: how often the window of another recording that is most like a window (by the
          cosine of standardised features) is of the same person, mean over people; each person's
          first recording is searched, the windows of the others are asked. NaN if nobody has two.
        - ``auc_within``: how well a logistic regression ranks the windows of a person whom it has
          not met by condition, mean over people. NaN without a target.
        - ``identity_ci``, ``auc_within_ci``: half the width of their 95 % confidence intervals over
          people.

    Raises
    ------
    ValueError
        If there are fewer than two subjects, the segmenter's rate is 60 Hz or less, or as in
        `compare_protocols`.
    ImportError
        If sleepecg or pandas is not installed: ``pip install "sklearn_ecgssl[evaluation,hrv]"``.

    See Also
    --------
    compare_protocols : How well classifiers of features do, under several protocols.

    Notes
    -----
    Heart rate and its variability explain themselves: their R squared is near 1. How strongly the
    linear models are regularised is chosen within the training people.

    Examples
    --------
    >>> from sklearn_ecgssl import Segmenter, SSLEmbedder, TrimmedScaler, make_cohort, probe
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> data = TrimmedScaler().fit_transform(cohort.recordings), cohort.target, cohort.subject
    >>> encoder = SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100)
    >>> table = probe({"scores": encoder}, *data, segmenter=Segmenter(256), n_splits=2)
    >>> table[["encoder", "untrained", "n_features"]]
          encoder  untrained  n_features
    0      scores      False           3
    1      scores       True           3
    2  heart rate      False           4
    3      chance      False           0
    """
    pandas = import_pandas()
    named = _named(encoders)
    if n_splits is not None:
        check_scalar(n_splits, "n_splits", Integral, min_val=2)
    check_scalar(random_state, "random_state", Integral, min_val=0)
    segmenter = Segmenter() if segmenter is None else segmenter
    windows = _windows(recordings, target, subject, segmenter)
    rate, X = float(segmenter.sampling_rate), windows.store.loaded()
    hrv = _heart_rate(X, rate)
    labels = None if target is None else windows.target
    asked = _Questions(hrv[:, : len(READ)], windows, labels, n_splits)

    rows = []
    for name, encoder in named.items():
        rows.append(_row(name, False, asked.answers(_features(encoder, X, rate))))
        twin = untrained_twin(name, encoder, random_state) if untrained else None
        if twin is not None:
            rows.append(_row(name, True, asked.answers(_features(twin, X, rate))))
    if HEART_RATE not in named:
        rows.append(_row(HEART_RATE, False, asked.answers(hrv)))
    return pandas.DataFrame([*rows, _row("chance", False, asked.chance())])


class _Questions:
    """What is asked of all features of the same windows."""

    def __init__(
        self,
        hrv: np.ndarray,
        windows: LabelledWindows,
        target: np.ndarray | None,
        n_splits: int | None,
    ) -> None:
        self.hrv = hrv
        self.target = target
        self.subject = windows.subject
        self.n_splits = n_splits
        self.beats = ~np.isnan(hrv).any(axis=1)
        self.several, self.enrolled = first_of_several(windows.subject, windows.recording)

    def answers(self, X: np.ndarray) -> dict[str, float]:
        """Compute the columns that say what features carry."""
        with config_context(skip_parameter_validation=True):  # of the same models again and again
            read, condition = self._read(X), self._condition(X)
        return {
            "n_features": X.shape[1],
            **dict(zip(READ.values(), map(float, read), strict=True)),
            **_interval("identity", self._identity(X)),
            **_interval("auc_within", condition),
        }

    def chance(self) -> dict[str, float]:
        """Return the same columns of features that carry nothing."""
        people = len(np.unique(self.subject[self.several]))
        return {
            "n_features": 0,
            **dict.fromkeys(READ.values(), 0.0),
            "identity": 1 / people if people else NAN,
            "identity_ci": NAN,
            "auc_within": NAN if self.target is None else 0.5,
            "auc_within_ci": NAN,
        }

    def _read(self, X: np.ndarray) -> np.ndarray:
        beats, subject = self.beats, self.subject[self.beats]
        if len(np.unique(subject)) < 2:
            return np.full(len(READ), NAN)
        return explained(X[beats], self.hrv[beats], subject, self.n_splits)

    def _identity(self, X: np.ndarray) -> Any:
        if not self.several.any():
            return []
        own, enrolled = X[self.several], self.enrolled[self.several]
        own = SimpleImputer(keep_empty_features=True).fit(own[enrolled]).transform(own)
        return recognised([own], self.subject[self.several], enrolled)

    def _condition(self, X: np.ndarray) -> Any:
        return [] if self.target is None else ranked(X, self.target, self.subject, self.n_splits)


def _named(encoders: Any) -> dict[str, BaseEstimator]:
    if not isinstance(encoders, Mapping):
        encoders = {type(encoders).__name__: encoders}
    for name, encoder in encoders.items():
        if isinstance(encoder, type) or not all(hasattr(encoder, m) for m in ("fit", "transform")):
            raise TypeError(
                "encoders must be a transformer of windows, or a dict of them by name; "
                f"{name!r} is {encoder!r:.80}. Put a torch module into a FrozenEncoder, a "
                "pretrainer or the name of an encoder into an SSLEmbedder."
            )
    return dict(encoders)


def _windows(recordings: Any, target: Any, subject: Any, segmenter: Segmenter) -> LabelledWindows:
    if len(recordings) == 1:
        raise ValueError(ONE_PERSON)
    # Without labels the windows have numbers for ratings, and nobody asks.
    numbers = np.arange(len(recordings)) if target is None else target
    windows = LabelledWindows.from_recordings(
        recordings, numbers, subject, segmenter, regression=target is None
    )
    if len(np.unique(windows.subject)) < 2:
        raise ValueError(ONE_PERSON)
    return windows


def _heart_rate(X: np.ndarray, rate: float) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*usable beats")  # such windows are left out
        return HRVFeatures(rate, features=[*READ, "pnn50"]).fit_transform(X)


def _features(encoder: Any, X: np.ndarray, rate: float) -> np.ndarray:
    """Compute features of windows, at the sampling rate that the encoder asks for."""
    own = rate_taken(flat_steps(encoder)) or rate
    if own != rate:
        X = Resampler(rate, own).fit_transform(X)
    try:
        check_is_fitted(encoder)
    except NotFittedError:
        encoder = clone(encoder).fit(X)
    return np.asarray(encoder.transform(X), dtype=np.float64)


def _interval(name: str, scores: Any) -> dict[str, float]:
    mean, half_width = confidence_interval(scores)
    return {name: mean, f"{name}_ci": half_width}


def _row(name: str, untrained: bool, answers: dict[str, float]) -> dict[str, Any]:
    return {"encoder": name, "untrained": untrained, **answers}
