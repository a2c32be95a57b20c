"""Heart rate and its variability as a scikit-learn transformer."""

import warnings
from collections.abc import Sequence
from numbers import Integral

import numpy as np

from .._compat import Interval, StrOptions
from ._beats import FEATURES, MIN_DURATION, find_beats, long_enough, variability
from ._signal_features import SignalFeatures, Signals, lengths


class HRVFeatures(SignalFeatures):
    """Turn ECG into heart rate and its variability, the baseline of every comparison.

    The R peaks are found by sleepecg [1]_ (``pip install sklearn_ecgssl[hrv]``), to a fraction of a
    sample; the features are those of the Task Force [2]_. Nothing is learnt: `fit` decides which
    columns there are.

    ========= ======== ========================================================= ==========
    name      unit     what                                                      at least
    ========= ======== ========================================================= ==========
    mean_hr   1/min    60 000 ms by the mean interval between beats              `min_beats`
    sdnn      ms       standard deviation of the intervals                       `min_beats`
    rmssd     ms       root mean square of successive differences                `min_beats`
    pnn50     %        successive differences above 50 ms                        `min_beats`
    lf        ms^2     power of the intervals between 0.04 and 0.15 Hz           120 s
    hf        ms^2     power of the intervals between 0.15 and 0.4 Hz            60 s
    lf_hf     1        lf by hf                                                  120 s
    ========= ======== ========================================================= ==========

    Intervals outside 0.3 to 2 s (200 to 30 beats a minute) are left out, with the differences to
    their neighbours: they hold a false beat or a missed one. Ectopic beats are not looked for.
    `lf` and `hf` integrate a Lomb-Scargle spectrum of the intervals [3]_, averaged over pieces of
    5 min.

    Parameters
    ----------
    sampling_rate : float, default=256
        Of the windows or recordings, in Hz. Above 60; below 100 the detector is less sure.
    features : "auto" or list of str, default="auto"
        Which features, in this order. "auto" takes those of the table that are defined for the
        duration of the windows, or of at least half of the recordings, that `fit` is given.
    min_beats : int, default=4
        With fewer usable intervals than lie between so many beats, every feature is NaN.
    pool : {"mean", "max", "mean_std"}, default="mean"
        How the windows of a recording become one row; "mean_std" gives means, then standard
        deviations. NaN is left out. Plain windows and recordings are not pooled.

    Attributes
    ----------
    features_ : list of str
        The features.
    windowed_ : bool
        Whether it was fitted on windowed recordings.
    n_features_in_ : int
        Samples in a window. Not set by a list of recordings.

    Notes
    -----
    What cannot be computed is NaN, with one warning: too few beats, a flat window, a recording that
    is too short for `lf` or `hf`. Put an imputer behind it, and a scaler before a classifier: the
    units differ. Short windows have no `lf` and `hf`: transform the recording itself.

    The features do not depend on the unit or the polarity of the ECG. Baseline wander does not
    matter either; the beats are looked for between 5 and 30 Hz.

    References
    ----------
    .. [1] F. Hofer, C. Brunner et al., "SleepECG: a Python package for sleep staging based on heart
       rate", Journal of Open Source Software, 2023, doi:10.21105/joss.05411.
    .. [2] Task Force of the European Society of Cardiology and the North American Society of Pacing
       and Electrophysiology, "Heart Rate Variability: Standards of Measurement, Physiological
       Interpretation, and Clinical Use", Circulation, 1996, doi:10.1161/01.CIR.93.5.1043.
    .. [3] G. D. Clifford, L. Tarassenko, "Quantifying Errors in Spectral Estimates of HRV Due to
       Beat Replacement and Resampling", IEEE Transactions on Biomedical Engineering, 2005,
       doi:10.1109/TBME.2005.844028.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.features import HRVFeatures
    >>> from sklearn_ecgssl.signal import Segmenter
    >>> recordings = make_cohort(n_subjects=2, duration=130, random_state=0).recordings
    >>> hrv = HRVFeatures(sampling_rate=256).fit(recordings)
    >>> hrv.transform(recordings).shape
    (4, 7)
    >>> windows = Segmenter(sampling_rate=256, window_length=10).fit_transform(recordings)
    >>> hrv = HRVFeatures(sampling_rate=256).fit(windows)
    >>> print(*hrv.get_feature_names_out())
    mean_hr sdnn rmssd pnn50
    """

    _parameter_constraints: dict = SignalFeatures._parameter_constraints | {
        "features": [StrOptions({"auto"}), list, tuple],
        "min_beats": [Interval(Integral, 3, None, closed="left")],
    }

    def __init__(
        self,
        sampling_rate: float = 256,
        *,
        features: str | Sequence[str] = "auto",
        min_beats: int = 4,
        pool: str = "mean",
    ) -> None:
        self.sampling_rate = sampling_rate
        self.features = features
        self.min_beats = min_beats
        self.pool = pool

    @property
    def _names(self) -> list[str]:
        return self.features_

    def _look_at(self, signals: Signals) -> None:
        self.features_ = _choose(self.features, lengths(signals) / self.sampling_rate)

    def _rows(self, X: np.ndarray) -> np.ndarray:
        return np.array([self._row(x) for x in X])

    def _row(self, x: np.ndarray) -> np.ndarray:
        rate = float(self.sampling_rate)  # len(x) / np.int16(256) would end at 32767 samples
        beats = find_beats(x, rate) / rate
        return variability(beats, len(x) / rate, self.features_, int(self.min_beats))

    def _warn_of(self, rows: np.ndarray, what: str) -> None:
        missing = np.isnan(rows)
        if not missing.any():
            return
        names = [self.features_[i] for i in np.flatnonzero(missing.any(axis=0))]
        warnings.warn(
            f"{missing.any(axis=1).sum()} of {len(rows)} {what} have fewer than "
            f"{self.min_beats} usable beats, or are too short, for {', '.join(names)}: NaN there. "
            f"Is the sampling rate {self.sampling_rate:g} Hz, and the signal an ECG? Put an "
            "imputer behind HRVFeatures, such as sklearn.impute.SimpleImputer(), or use longer "
            "windows.",
            UserWarning,
            stacklevel=4,  # past this method, transform and scikit-learn's wrapper around it
        )


def _choose(features: str | Sequence[str], durations: np.ndarray) -> list[str]:
    """Return the names of the features of signals of these durations (s)."""
    if isinstance(features, str):
        return [name for name in FEATURES if long_enough(name, float(np.median(durations)))]
    names: list[str] = list(features)
    known = all(isinstance(name, str) and name in FEATURES for name in names)
    if not names or not known or len(set(names)) < len(names):
        raise ValueError(
            f"features must be 'auto' or some of {list(FEATURES)}, each once, got {features!r}."
        )
    for name in names:
        if not long_enough(name, durations.max()):
            raise ValueError(
                f"The feature {name!r} needs {MIN_DURATION[name]:g} s of ECG, this is "
                f"{durations.max():g} s: use longer windows, pass the recordings themselves, or "
                "leave it out of `features`."
            )
    return names
