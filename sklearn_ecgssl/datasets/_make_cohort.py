"""A simulated cohort for examples, documentation and tests."""

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.utils import Bunch, check_random_state, check_scalar

from ._simulated_ecg import (
    TYPICAL,
    Morphology,
    RandomSignals,
    Rhythm,
    baseline_wander,
    mains_hum,
    sensor_noise,
    simulate_ecg,
)

_CONDITIONS = ("rest", "stress", "amusement", "meditation")
# Mean shift of the logarithm of each aspect, one row a condition. The aspects are heart rate,
# its variation, LF/HF, breath and height of the T wave.
_SHIFTS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.18, -0.25, 0.40, 0.10, -0.15],
        [0.06, 0.15, 0.10, 0.15, -0.05],
        [-0.06, 0.25, -0.50, -0.20, 0.08],
    ]
)
# Standard deviation of the logarithm of each aspect over the recordings of one person.
_OCCASION = np.array([0.03, 0.15, 0.20, 0.06, 0.08])
_GAIN_OCCASION = 0.08
# Breathing turns the heart in the chest: relative change of all waves.
_RESPIRATORY_GAIN = 0.04
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
        In Hz, at least 64.
    effect : float, default=1.0
        Factor of the shifts that a condition makes. With 0 the conditions are the same, and a right
        evaluation finds chance.
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
    for name, count, most in (
        ("n_subjects", n_subjects, None),
        ("n_conditions", n_conditions, len(_CONDITIONS)),
        ("n_recordings_per_condition", n_recordings_per_condition, None),
    ):
        check_scalar(count, name, Integral, min_val=1, max_val=most)
    check_scalar(sampling_rate, "sampling_rate", Real, min_val=64)
    for name, number in (
        *(("effect", effect), ("effect_spread", effect_spread), ("subject_spread", subject_spread)),
        *(("noise", noise), ("wander", wander), ("mains", mains)),
    ):
        check_scalar(number, name, Real, min_val=0)
    shortest, longest = np.broadcast_to(duration, 2).tolist()
    if not 1 <= shortest <= longest:
        raise ValueError(f"duration must be 1 s or more, or two such limits, got {duration!r}.")
    sampling_rate = float(sampling_rate)
    levels = (noise, wander, mains)
    shape = (n_subjects, n_conditions, n_recordings_per_condition)
    rng = check_random_state(random_state)

    people = _draw_people(n_subjects, subject_spread, rng)
    shifts = _draw_shifts(n_subjects, n_conditions, effect, effect_spread, rng)
    subject, target = (index.ravel() for index in np.indices(shape)[:2])
    # A seed for each recording, which then does not depend on the length of those before it.
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(target))
    recordings, r_peaks = [], []
    for i, condition, seed in zip(subject, target, seeds, strict=True):
        own_rng = np.random.RandomState(seed)
        n_times = round(own_rng.uniform(shortest, longest) * sampling_rate)
        signals = RandomSignals(n_times, sampling_rate, own_rng)
        rhythm, morphology = _draw_occasion(people[i], shifts[i, condition], own_rng)
        recording, peaks = _simulate_recording(rhythm, morphology, levels, signals)
        recordings.append(recording)
        r_peaks.append(peaks)

    if return_X_y:
        return recordings, target
    target_names = list(_CONDITIONS[:n_conditions])
    lengths = np.array([len(recording) for recording in recordings]) / sampling_rate
    return Bunch(
        recordings=recordings,
        target=target,
        subject=subject,
        r_peaks=r_peaks,
        sampling_rate=sampling_rate,
        target_names=target_names,
        unit="mV",
        DESCR=_DESCR.format(
            n_recordings=len(recordings),
            n_subjects=n_subjects,
            n_conditions=n_conditions,
            conditions=", ".join(target_names),
            sampling_rate=sampling_rate,
            shortest=lengths.min(),
            longest=lengths.max(),
        ),
    )


def _draw_people(
    n_subjects: int, subject_spread: float, rng: np.random.RandomState
) -> list[tuple[Rhythm, Morphology]]:
    """Draw how the heart of each person beats at rest."""

    def trait(*shape: int) -> np.ndarray:
        return subject_spread * _spread_normal((n_subjects, *shape), rng)

    # Slow hearts vary more, in absolute terms and relative to the mean.
    pace = trait()
    heart_rate = 70 * np.exp(0.11 * pace)
    variation = 0.06 * np.exp(0.30 * trait() - 0.15 * pace)
    lf_hf = np.exp(0.5 * trait())
    respiration = np.clip(0.25 * np.exp(0.12 * trait()), 0.16, 0.38)

    gain = np.exp(0.3 * trait())
    #                               P     Q    R     S     T
    amplitude = np.exp(np.array([0.25, 0.5, 0.1, 0.5, 0.25]) * trait(5))
    time = np.exp(np.array([0.06, 0.08, 0.0, 0.08, 0.04]) * trait(5))
    width = np.exp(np.array([0.12, 0.1, 0.1, 0.1, 0.1]) * trait(5))
    return [
        (
            Rhythm(heart_rate[i], variation[i], lf_hf[i], respiration[i]),
            replace(
                TYPICAL,
                amplitude=gain[i] * TYPICAL.amplitude * amplitude[i],
                time=TYPICAL.time * time[i],
                width=TYPICAL.width * width[i],
            ),
        )
        for i in range(n_subjects)
    ]


def _draw_shifts(
    n_subjects: int,
    n_conditions: int,
    effect: float,
    effect_spread: float,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Draw what each condition does to each person, (n_subjects, n_conditions, n_aspects)."""
    # Half of the variance of the response is the person's, in all aspects alike.
    whole = _spread_normal((n_subjects, n_conditions, 1), rng)
    single = _spread_normal((n_subjects, n_conditions, _SHIFTS.shape[1]), rng)
    response = 1 + effect_spread * np.sqrt(0.5) * (whole + single)
    return effect * _SHIFTS[:n_conditions] * response


def _spread_normal(shape: tuple[int, ...], rng: np.random.RandomState) -> np.ndarray:
    """Draw standard normal values, along the first axis one from each equally likely interval."""
    # A cohort of ten then differs as much as the population does, and two cohorts of ten are
    # about equally difficult.
    order = rng.uniform(size=shape).argsort(axis=0)
    return norm.ppf((order + rng.uniform(0.02, 0.98, shape)) / shape[0])


def _draw_occasion(
    person: tuple[Rhythm, Morphology], shift: np.ndarray, rng: np.random.RandomState
) -> tuple[Rhythm, Morphology]:
    """Draw how a person's heart beats in one recording, in a condition with this shift."""
    rest, morphology = person
    heart_rate, variation, lf_hf, respiration, t_wave = np.exp(
        shift + _OCCASION * rng.standard_normal(len(_OCCASION))
    )
    rhythm = Rhythm(
        heart_rate=np.clip(rest.heart_rate * heart_rate, 40, 160),
        variation=min(rest.variation * variation, 0.15),
        lf_hf=rest.lf_hf * lf_hf,
        respiration=np.clip(rest.respiration * respiration, 0.14, 0.45),
    )
    amplitude = morphology.amplitude * np.exp(_GAIN_OCCASION * rng.standard_normal())
    amplitude[-1] *= t_wave
    return rhythm, replace(morphology, amplitude=amplitude)


def _simulate_recording(
    rhythm: Rhythm, morphology: Morphology, levels: Sequence[float], signals: RandomSignals
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate one recording with its disturbances, and the samples of its R peaks."""
    ecg, r_peaks, respiration = simulate_ecg(rhythm, morphology, signals)
    noise, wander, mains = (level * np.exp(0.3 * signals.rng.standard_normal()) for level in levels)
    recording = (
        ecg * (1 + _RESPIRATORY_GAIN * respiration)
        + sensor_noise(noise, signals)
        + baseline_wander(respiration, wander, signals)
        + mains_hum(mains, signals)
    )
    return recording.astype(np.float32), r_peaks
