"""The people of a simulated cohort, and what a condition does to each of them."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from ._ecg_model import TYPICAL, Morphology, Rhythm

CONDITIONS = ("rest", "stress", "amusement", "meditation")
_ASPECTS = ("heart_rate", "variation", "lf_hf", "respiration", "t_wave")
# Mean shift of the logarithm of each aspect, one row a condition.
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


@dataclass(frozen=True)
class Person:
    """One person: rest, and the shift that each condition makes of it."""

    rhythm: Rhythm
    morphology: Morphology
    shifts: np.ndarray  # of the logarithm of each aspect, (n_conditions, n_aspects)


def draw_people(
    n_subjects: int,
    n_conditions: int,
    effect: float,
    effect_spread: float,
    subject_spread: float,
    rng: np.random.RandomState,
) -> list[Person]:
    """Draw the people of a cohort. Parameters as in `make_cohort`."""

    def trait(*shape: int) -> np.ndarray:
        return subject_spread * _spread_normal(n_subjects, shape, rng)

    # Slow hearts vary more, in absolute terms and relative to the mean.
    pace = trait()
    heart_rate = 70 * np.exp(0.11 * pace)
    variation = 0.06 * np.exp(0.30 * trait() - 0.15 * pace)
    lf_hf = np.exp(0.5 * trait())
    respiration = np.clip(0.25 * np.exp(0.12 * trait()), 0.16, 0.38)
    rhythms = [
        Rhythm(*map(float, values))
        for values in zip(heart_rate, variation, lf_hf, respiration, strict=True)
    ]

    gain = np.exp(0.3 * trait())
    #                               P     Q    R     S     T
    amplitude = np.exp(np.array([0.25, 0.5, 0.1, 0.5, 0.25]) * trait(5))
    time = np.exp(np.array([0.06, 0.08, 0.0, 0.08, 0.04]) * trait(5))
    width = np.exp(np.array([0.12, 0.1, 0.1, 0.1, 0.1]) * trait(5))
    shifts = _draw_shifts(n_subjects, n_conditions, effect, effect_spread, rng)
    return [
        Person(
            rhythm=rhythms[i],
            morphology=replace(
                TYPICAL,
                amplitude=gain[i] * TYPICAL.amplitude * amplitude[i],
                time=TYPICAL.time * time[i],
                width=TYPICAL.width * width[i],
            ),
            shifts=shifts[i],
        )
        for i in range(n_subjects)
    ]


def recording_of(
    person: Person, condition: int, rng: np.random.RandomState
) -> tuple[Rhythm, Morphology]:
    """Draw the rhythm and the waves of one recording of a person in a condition."""
    log_change = person.shifts[condition] + _OCCASION * rng.standard_normal(len(_ASPECTS))
    change = dict(zip(_ASPECTS, np.exp(log_change), strict=True))
    rhythm = Rhythm(
        heart_rate=float(np.clip(person.rhythm.heart_rate * change["heart_rate"], 40, 160)),
        variation=float(min(person.rhythm.variation * change["variation"], 0.15)),
        lf_hf=person.rhythm.lf_hf * float(change["lf_hf"]),
        respiration=float(np.clip(person.rhythm.respiration * change["respiration"], 0.14, 0.45)),
    )
    amplitude = person.morphology.amplitude * np.exp(_GAIN_OCCASION * rng.standard_normal())
    amplitude[-1] *= change["t_wave"]
    return rhythm, replace(person.morphology, amplitude=amplitude)


def _draw_shifts(
    n_subjects: int,
    n_conditions: int,
    effect: float,
    effect_spread: float,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Draw what each condition does to each person, (n_subjects, n_conditions, n_aspects).

    Half of the variance of the response is the person's, in all aspects alike.
    """
    whole = _spread_normal(n_subjects, (n_conditions, 1), rng)
    single = _spread_normal(n_subjects, (n_conditions, len(_ASPECTS)), rng)
    response = 1 + effect_spread * np.sqrt(0.5) * (whole + single)
    return effect * _SHIFTS[:n_conditions] * response


def _spread_normal(
    n_subjects: int, shape: tuple[int, ...], rng: np.random.RandomState
) -> np.ndarray:
    """Draw standard normal values, one from each of `n_subjects` equally likely intervals.

    A cohort of ten then differs as much as the population does, and two cohorts of ten are
    about equally difficult.
    """
    order = rng.uniform(size=(n_subjects, *shape)).argsort(axis=0)
    return norm.ppf((order + rng.uniform(0.02, 0.98, order.shape)) / n_subjects)
