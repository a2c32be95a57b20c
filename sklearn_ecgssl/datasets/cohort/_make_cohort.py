"""A simulated cohort for examples, documentation and tests."""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import Bunch, check_random_state, check_scalar

from ..._compat import LARGEST_INT
from ._ecg_model import simulate_ecg
from ._noise import baseline_wander, mains_hum, sensor_noise
from ._people import CONDITIONS, Person, draw_people, recording_of

_MAX_SEED = np.iinfo(np.int32).max
# Breathing turns the heart in the chest: relative change of all waves.
_RESPIRATORY_GAIN = 0.04
# Beyond these, hearts beat infinitely fast, and float32 and memory end.
_LARGEST_FACTOR = 10
_LARGEST_LEVEL = 1e6
_LARGEST_RATE = 100_000
_MOST_SAMPLES = 1e9  # 1000 hours at 256 Hz, 4 GB

_DESCR = """\
Simulated ECG, no person was recorded. Scores on these data say nothing about real people.

{n_recordings} recordings of {n_subjects} simulated subjects in {n_conditions} conditions
({conditions}), one lead, {sampling_rate:g} Hz, millivolt, {shortest:.1f} to {longest:.1f} s.
Made by sklearn_ecgssl.datasets.make_cohort with the dynamical model of
McSharry PE, Clifford GD, Tarassenko L, Smith LA, IEEE Trans Biomed Eng 50(3):289-294, 2003.
"""


def make_cohort(
    n_subjects: int = 12,
    *,
    n_conditions: int = 2,
    n_recordings_per_condition: int = 1,
    duration: float | tuple[float, float] = (60.0, 90.0),
    sampling_rate: float = 256,
    effect: float = 1.0,
    effect_spread: float = 0.6,
    subject_spread: float = 1.0,
    noise: float = 0.02,
    wander: float = 0.08,
    mains: float = 0.005,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = False,
) -> Any:
    """Simulate the ECG of a cohort in two or more conditions.

    Each person has a heart rate, a heart rate variability, a form of the waves and an
    amplitude. A condition shifts the heart rate, its variability, the breath and the height
    of the T wave by an amount that differs between people: with the defaults about one
    person in ten hardly responds or responds the other way. As in real data, heart rate tells the
    conditions of one person apart far better than those of a person not seen before.

    Use it to try things out: what a method scores here does not tell what it scores on people.

    Parameters
    ----------
    n_subjects : int, default=12
        Number of people.
    n_conditions : int, default=2
        1 to 4: rest, stress, amusement, meditation. Against rest, stress has on average a
        heart rate 20 % higher, 22 % less variability and a T wave 14 % lower; amusement a heart
        rate 6 % higher and more variability; meditation a heart rate 6 % lower, slow breath
        and more variability.
    n_recordings_per_condition : int, default=1
        Recordings of each person in each condition.
    duration : float or (float, float), default=(60.0, 90.0)
        Duration in s of every recording, at least 1, or the limits between which each is drawn.
    sampling_rate : float, default=256
        In Hz, at least 64, at most 100 000.
    effect : float, default=1.0
        Factor of the shifts that a condition makes, at most 10, and so are the next two. With 0
        the conditions are the same, and a right evaluation finds chance.
    effect_spread : float, default=0.6
        Standard deviation over people of their response, whose mean is 1. With 0 everyone
        responds alike.
    subject_spread : float, default=1.0
        Factor of the differences between people at rest. With 0 all are the same person.
    noise : float, default=0.02
        Standard deviation of sensor noise in mV, half of its power white, half muscle noise.
        Varies between recordings, and so do `wander` and `mains`.
    wander : float, default=0.08
        Standard deviation of the baseline wander in mV.
    mains : float, default=0.005
        Amplitude of a 50 Hz hum in mV; none below 100 Hz of sampling rate.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same cohort each time.
    return_X_y : bool, default=False
        Return ``(recordings, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            Millivolt, lengths differ; ordered by subject, then by condition.
        target : int ndarray of shape (n_recordings,)
            The condition, an index into `target_names`.
        subject : int ndarray of shape (n_recordings,)
            The person, 0 to ``n_subjects - 1``.
        r_peaks : list of int ndarray of shape (n_beats,)
            The samples of the true R peaks.
        sampling_rate : float
            In Hz.
        target_names : list of str
            Names of the conditions.
        unit : str
            "mV".
        DESCR : str
            What was simulated, in words.

    (recordings, target) : tuple
        Returned instead if `return_X_y` is set.

    Raises
    ------
    TypeError, ValueError
        For a parameter of a wrong type or outside of its limits.

    Notes
    -----
    The model is that of [1]_: Gaussian P, Q, R, S, T events on a limit cycle that is gone
    through at the speed of an RR tachogram whose spectrum has a Mayer wave (0.1 Hz) and a
    respiratory peak. Added to the paper's are a slow drift of the heart rate, a T wave that
    falls faster than it rises, waves that follow the breath, and times that scale with RR one
    by one (QT with its square root, PR with its fourth root, QRS not). The sizes of the
    effects were chosen for scores like those of real recordings at rest and in mental
    arithmetic: logistic regression on heart rate, SDNN and RMSSD of 10 s windows has, at the
    defaults, a balanced accuracy of about 0.73 for people it has not seen (0.66 to 0.82 over
    cohorts), 0.76 when windows of the same people are in the training data.

    An hour at 256 Hz takes about a second.

    References
    ----------
    .. [1] McSharry PE, Clifford GD, Tarassenko L, Smith LA. A dynamical model for generating
       synthetic electrocardiogram signals. IEEE Trans Biomed Eng 50(3):289-294, 2003.
       https://doi.org/10.1109/TBME.2003.808805

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> cohort = make_cohort(n_subjects=3, duration=(20, 30), random_state=0)
    >>> len(cohort.recordings), cohort.recordings[0].dtype
    (6, dtype('float32'))
    >>> cohort.target, cohort.subject
    (array([0, 1, 0, 1, 0, 1]), array([0, 0, 1, 1, 2, 2]))
    >>> cohort.target_names
    ['rest', 'stress']
    """
    n_subjects = _check_int("n_subjects", n_subjects, 1)
    n_conditions = _check_int("n_conditions", n_conditions, 1, len(CONDITIONS))
    n_recordings_per_condition = _check_int(
        "n_recordings_per_condition", n_recordings_per_condition, 1
    )
    sampling_rate = _check_float("sampling_rate", sampling_rate, 64, _LARGEST_RATE)
    limits = _check_duration(duration)
    n_seconds = limits[1] * n_subjects * n_conditions * n_recordings_per_condition
    if n_seconds * sampling_rate > _MOST_SAMPLES:
        raise ValueError(
            f"The cohort would have up to {n_seconds * sampling_rate:.1e} samples, more than "
            f"{_MOST_SAMPLES:.0e}: lower n_subjects, n_recordings_per_condition, duration or "
            "sampling_rate."
        )
    effect = _check_float("effect", effect, 0, _LARGEST_FACTOR)
    effect_spread = _check_float("effect_spread", effect_spread, 0, _LARGEST_FACTOR)
    subject_spread = _check_float("subject_spread", subject_spread, 0, _LARGEST_FACTOR)
    levels = {
        "noise": _check_float("noise", noise, 0, _LARGEST_LEVEL),
        "wander": _check_float("wander", wander, 0, _LARGEST_LEVEL),
        "mains": _check_float("mains", mains, 0, _LARGEST_LEVEL),
    }
    rng = check_random_state(random_state)

    people = draw_people(n_subjects, n_conditions, effect, effect_spread, subject_spread, rng)
    subject, target = (
        index.ravel()
        for index in np.indices((n_subjects, n_conditions, n_recordings_per_condition))[:2]
    )
    seeds = rng.randint(_MAX_SEED, size=len(target))
    recordings, r_peaks = [], []
    for person, condition, seed in zip(subject, target, seeds, strict=True):
        recording, peaks = _simulate_recording(
            people[person], condition, limits, sampling_rate, levels, np.random.RandomState(seed)
        )
        recordings.append(recording)
        r_peaks.append(peaks)

    if return_X_y:
        return recordings, target
    lengths = np.array([len(recording) for recording in recordings]) / sampling_rate
    return Bunch(
        recordings=recordings,
        target=target,
        subject=subject,
        r_peaks=r_peaks,
        sampling_rate=float(sampling_rate),
        target_names=list(CONDITIONS[:n_conditions]),
        unit="mV",
        DESCR=_DESCR.format(
            n_recordings=len(recordings),
            n_subjects=n_subjects,
            n_conditions=n_conditions,
            conditions=", ".join(CONDITIONS[:n_conditions]),
            sampling_rate=sampling_rate,
            shortest=lengths.min(),
            longest=lengths.max(),
        ),
    )


def _simulate_recording(
    person: Person,
    condition: int,
    limits: tuple[float, float],
    sampling_rate: float,
    levels: dict[str, float],
    rng: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    n_times = round(rng.uniform(*limits) * sampling_rate)
    rhythm, morphology = recording_of(person, condition, rng)
    ecg, r_peaks, respiration = simulate_ecg(n_times, sampling_rate, rhythm, morphology, rng)
    noise, wander, mains = (
        level * np.exp(0.3 * rng.standard_normal())
        for level in (levels["noise"], levels["wander"], levels["mains"])
    )
    recording = (
        ecg * (1 + _RESPIRATORY_GAIN * respiration)
        + sensor_noise(n_times, sampling_rate, noise, rng)
        + baseline_wander(respiration, sampling_rate, wander, rng)
        + mains_hum(n_times, sampling_rate, mains, rng)
    )
    return recording.astype(np.float32), r_peaks


def _check_int(name: str, value: Any, low: int, high: int = LARGEST_INT) -> int:
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an int, got {value!r}.")
    return int(check_scalar(value, name, Integral, min_val=low, max_val=high))


def _check_float(name: str, value: Any, low: float, high: float | None = None) -> float:
    if isinstance(value, bool):
        raise TypeError(f"{name} must be a float, got {value!r}.")
    check_scalar(value, name, Real)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r:.40}.")
    check_scalar(value, name, Real, min_val=low, max_val=high)
    return number


def _check_duration(duration: Any) -> tuple[float, float]:
    if isinstance(duration, Real):
        duration = (duration, duration)
    fits = isinstance(duration, list | tuple) or np.ndim(duration) == 1
    if not fits or isinstance(duration, str) or len(duration) != 2:
        raise ValueError(f"duration must be a number or (shortest, longest), got {duration!r}.")
    shortest, longest = duration
    shortest, longest = (_check_float("duration", value, 1) for value in (shortest, longest))
    if shortest > longest:
        raise ValueError(f"duration must be (shortest, longest), got {duration!r}.")
    return shortest, longest
