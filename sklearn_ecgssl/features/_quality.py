"""How good an ECG is, and which windows are usable."""

from typing import Any

import numpy as np

from ._beats import load_detector
from ._quality_measures import measures
from ._signal_features import SignalFeatures

#: The columns, as `measures` computes them.
COLUMNS = (
    "agreement",
    "template_correlation",
    "flat",
    "clipped",
    "kurtosis",
    "baseline",
    "mains",
)
#: What `usable` asks for at least, and allows at most.
AT_LEAST = {"agreement": 0.6, "template_correlation": 0.6}
AT_MOST = {"flat": 0.2, "clipped": 0.2, "mains": 0.9}


class SignalQuality(SignalFeatures):
    """Turn ECG into measures of how good it is, without a label.

    The measures need no unit and no scaling, and do not depend on the polarity. What can be judged
    only by beats is 0 where there are none, so that no value is ever missing.

    ==================== ====================================================== ======== ==========
    name                 what                                                   clean    useless
    ==================== ====================================================== ======== ==========
    agreement            F1 score of the beats of two detectors, one against    1        below 0.6
                         the other
    template_correlation mean correlation of each beat, 0.3 s on either side    1        below 0.6
                         of its R peak, with the mean of the others
    flat                 share of samples in a second or more without movement  0        1
    clipped              share of samples that stay at the highest or lowest    0        1
                         value for 40 ms or more
    kurtosis             of the samples: 3 for noise, more for an ECG           above 5  3 or less
    baseline             share of the power up to 40 Hz that is below 1 Hz      0        1
    mains                share of the power above 1 Hz that is within 2 Hz of   0        1
                         50 Hz, or of 60 Hz
    ==================== ====================================================== ======== ==========

    Agreement and kurtosis are measures of [1]_, the template is one of [2]_. They are looked at
    between 1 and 30 Hz: neither a baseline that wanders nor mains hum is held against them, as both
    can be filtered away. `baseline` and `mains` tell of them. Filtered recordings have little of
    either, and clipped samples are hard to see in them.

    Parameters
    ----------
    sampling_rate : float, default=256
        Of the windows or recordings, in Hz. Above 60; at 100 and less there is no telling of hum
        at 60 Hz, as half the rate is the highest frequency.
    pool : {"mean", "max", "mean_std"}, default="mean"
        How the windows of a recording become one row; "mean_std" gives means, then standard
        deviations. Plain windows and recordings are not pooled.

    Attributes
    ----------
    windowed_ : bool
        Whether it was fitted on windowed recordings.
    n_features_in_ : int
        Samples in a window. Not set by a list of recordings.

    See Also
    --------
    usable : Which windows are usable, by one rule on these columns.

    Notes
    -----
    The first detector is sleepecg's, as in `HRVFeatures` (``pip install sklearn_ecgssl[hrv]``). The
    second one takes peaks between 5 and 30 Hz that are higher than 0.4 of what is usual in the
    window. They err in different ways: 0.1 s apart is no agreement. Windows of less than 2 s have
    no beats.

    References
    ----------
    .. [1] Q. Li, R. G. Mark, G. D. Clifford, "Robust heart rate estimation from multiple
       asynchronous noisy sources using signal quality indices and a Kalman filter", Physiological
       Measurement, 2008, doi:10.1088/0967-3334/29/1/002.
    .. [2] C. Orphanidou et al., "Signal-Quality Indices for the Electrocardiogram and
       Photoplethysmogram: Derivation and Applications to Wireless Monitoring", IEEE Journal of
       Biomedical and Health Informatics, 2015, doi:10.1109/JBHI.2014.2338351.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl import Segmenter, SignalQuality, make_cohort
    >>> recordings = make_cohort(n_subjects=1, duration=20, random_state=0).recordings
    >>> windows = Segmenter(sampling_rate=256).windows(recordings)
    >>> windows[1] = np.random.default_rng(0).normal(size=2560)  # noise
    >>> windows[2, 500:] = windows[2, 500]  # the sensor comes off
    >>> quality = SignalQuality(sampling_rate=256).set_output(transform="pandas")
    >>> quality.fit_transform(windows)[["agreement", "template_correlation", "flat"]].round(1)
       agreement  template_correlation  flat
    0        1.0                   1.0   0.0
    1        0.7                   0.2   0.0
    2        0.2                   0.9   0.8
    3        1.0                   1.0   0.0
    """

    def __init__(self, sampling_rate: float = 256, *, pool: str = "mean") -> None:
        self.sampling_rate = sampling_rate
        self.pool = pool

    @property
    def _names(self) -> list[str]:
        return list(COLUMNS)

    def _rows(self, X: np.ndarray) -> np.ndarray:
        found = measures(X, float(self.sampling_rate))
        return np.column_stack([found[name] for name in COLUMNS])


def usable(windows: Any, sampling_rate: float = 256) -> np.ndarray:
    """Tell which windows are usable, by their quality alone.

    A window is usable if two beat detectors agree (`agreement` of `SignalQuality` at least 0.6),
    its beats look alike (`template_correlation` at least 0.6), and it is not flat or clipped (each
    at most 0.2 of the samples) nor mains hum (at most 0.9 of the power). No label is looked at, so
    it may be asked before a split. `Segmenter.windows`, `prepare` and `compare_protocols` take it
    as `keep`.

    Parameters
    ----------
    windows : array-like of shape (n_windows, n_times), or windowed recordings
        The windows, raw or filtered, in any unit. A list of recordings is judged one by one.
    sampling_rate : float, default=256
        Of the windows in Hz, above 60.

    Returns
    -------
    ndarray of bool of shape (n_windows,)
        Whether each window is usable; of windowed recordings, the windows of the first one come
        first.

    Raises
    ------
    ImportError
        If sleepecg is not installed.
    ValueError
        If windows hold NaN, or `sampling_rate` is not above 60.

    See Also
    --------
    SignalQuality : The columns, for a rule of your own.

    Notes
    -----
    The thresholds were chosen on some people's ECG with recorded noise added, and confirmed on
    others (``docs/measured/quality.md``). Arrhythmia is no noise, but beats that differ can cost
    windows: where the rhythm is the label, count what is left out by label. At least three whole
    beats are needed: windows of 5 s or more.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl import Segmenter, make_cohort, usable
    >>> cohort = make_cohort(n_subjects=1, duration=20, random_state=0)
    >>> windows = Segmenter(sampling_rate=256).windows(cohort.recordings)
    >>> windows[1] = np.random.default_rng(0).normal(size=2560)
    >>> usable(windows, sampling_rate=256)
    array([ True, False,  True,  True])
    """
    quality = SignalQuality(sampling_rate)
    quality._validate_params()
    load_detector()
    rows = quality._rows_of(quality._check(windows, reset=True))
    found = dict(zip(COLUMNS, rows.T, strict=True))
    enough = [found[name] >= least for name, least in AT_LEAST.items()]
    little = [found[name] <= most for name, most in AT_MOST.items()]
    return np.all([*enough, *little], axis=0)
