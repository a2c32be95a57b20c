"""The dynamical model of the ECG of McSharry et al. (2003), evaluated without a loop."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from ._random_signal import band, peak, spectral_noise

# Limits of sinus rhythm: the random RR tachogram is kept inside them (s).
_RR_LIMITS = (0.33, 2.0)
# Share of the RR variance slower than the Mayer wave. The paper has none; real recordings drift.
_SLOW_SHARE = 0.4
# Relaxation time of the paper's equation (2) for z (s).
_RELAXATION = 1.0


@dataclass(frozen=True)
class Rhythm:
    """How the heart beats: heart rate (1/min) and the spectrum of the RR intervals."""

    heart_rate: float
    variation: float  # standard deviation of RR / mean RR
    lf_hf: float  # power at the Mayer wave / power at respiration
    respiration: float  # Hz


@dataclass(frozen=True)
class Morphology:
    """The waves of a beat at 60 beats/min; arrays of one entry for each of P, Q, R, S, T."""

    amplitude: np.ndarray  # mV
    time: np.ndarray  # s after the R peak
    width: np.ndarray  # s, standard deviation of the Gaussian
    skew: np.ndarray  # (rise - fall) / (rise + fall), 0 is symmetric
    # The interval from R, and the width, go with RR ** exponent: 0.5 is Bazett's QT,
    # 0 the QRS complex, whose duration hardly depends on the heart rate.
    exponent: np.ndarray


TYPICAL = Morphology(
    amplitude=np.array([0.11, -0.09, 1.0, -0.2, 0.28]),
    time=np.array([-0.16, -0.030, 0.0, 0.029, 0.285]),
    width=np.array([0.022, 0.009, 0.0105, 0.010, 0.048]),
    skew=np.array([0.0, 0.0, 0.0, 0.0, 0.22]),
    exponent=np.array([0.25, 0.0, 0.0, 0.0, 0.5]),
)


def simulate_rr(
    n_times: int, sampling_rate: float, rhythm: Rhythm, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the RR tachogram, and the respiration that is part of it.

    Its spectrum has the two Gaussian peaks of the paper's equation (3), the Mayer wave at
    0.1 Hz and the respiratory sinus arrhythmia, both of standard deviation 0.01 Hz, and a
    ``1 / frequency`` part below 0.04 Hz.

    Returns
    -------
    rr : ndarray of shape (n_times,)
        The RR interval in s as a function of time.
    respiration : ndarray of shape (n_times,)
        Of unit variance, positive when breathing in (when RR is short).
    """
    slow = spectral_noise(n_times, sampling_rate, band(0.005, 0.04, -1.0), rng)
    mayer = spectral_noise(n_times, sampling_rate, peak(0.1, 0.01), rng)
    respiration = spectral_noise(n_times, sampling_rate, peak(rhythm.respiration, 0.01), rng)

    fast_share = 1 - _SLOW_SHARE
    lf_share = fast_share * rhythm.lf_hf / (1 + rhythm.lf_hf)
    deviation = (
        np.sqrt(_SLOW_SHARE) * slow
        + np.sqrt(lf_share) * mayer
        - np.sqrt(fast_share - lf_share) * respiration
    )
    rr = 60 / rhythm.heart_rate * (1 + rhythm.variation * deviation)
    return np.clip(rr, *_RR_LIMITS), respiration


def phase_of(rr: np.ndarray, sampling_rate: float, start: float) -> np.ndarray:
    """Integrate the angular velocity ``2 pi / rr``; an R peak is at every multiple of 2 pi."""
    step = 2 * np.pi / (rr * sampling_rate)
    return start + np.cumsum(step) - step[0]


def r_peaks_of(phase: np.ndarray) -> np.ndarray:
    """Return the samples nearest to the R peaks, shape (n_beats,)."""
    turns = phase / (2 * np.pi)
    beats = np.arange(np.ceil(turns[0]), np.floor(turns[-1]) + 1)
    return np.rint(np.interp(beats, turns, np.arange(len(turns)))).astype(np.int64)


def waves_of(phase: np.ndarray, morphology: Morphology, mean_rr: float) -> np.ndarray:
    """Sum the five Gaussian events at each phase (mV), shape (n_times,).

    Angles and widths are scaled by the mean RR interval, as the paper does with
    ``sqrt(heart rate / 60)``, so that QT, PR and QRS stay plausible at any heart rate.
    """
    turns = phase / (2 * np.pi)
    waves = np.zeros(len(phase))
    # An event's time is that of its angle: t seconds are 2 pi t / RR.
    to_angle = 2 * np.pi / mean_rr * mean_rr**morphology.exponent
    centres = morphology.time * to_angle
    widths = morphology.width * to_angle
    for amplitude, centre, width, skew in zip(
        morphology.amplitude, centres, widths, morphology.skew, strict=True
    ):
        offset = turns - centre / (2 * np.pi)
        distance = 2 * np.pi * (offset - np.rint(offset))
        side = np.where(distance < 0, width * (1 + skew), width * (1 - skew))
        waves += amplitude * np.exp(-0.5 * (distance / side) ** 2)
    return waves


def simulate_ecg(
    n_times: int,
    sampling_rate: float,
    rhythm: Rhythm,
    morphology: Morphology,
    rng: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate a clean ECG with the dynamical model of McSharry et al. (2003).

    On its limit cycle the model is an angle that advances by ``2 pi / rr`` and the equation
    ``dz/dt = u(t) - z`` for the voltage, in which each of P, Q, R, S, T pushes and pulls as
    its angle goes by. The angle is a cumulative sum. The equation is linear, and ``u`` is the
    derivative of a sum of Gaussians ``G(t)``, so its solution, integrated by parts, is ``G``
    minus ``G`` through a one-pole low-pass of 1 s: two array operations, no solver. Where the
    paper gives the strength of the pushes, this gives the height of the waves in mV, which
    then does not depend on the heart rate.

    Returns
    -------
    ecg : ndarray of shape (n_times,)
        In mV, without noise.
    r_peaks : ndarray of shape (n_beats,)
        Samples of the R peaks.
    respiration : ndarray of shape (n_times,)
        Of unit variance.

    References
    ----------
    McSharry PE, Clifford GD, Tarassenko L, Smith LA. A dynamical model for generating
    synthetic electrocardiogram signals. IEEE Trans Biomed Eng 50(3):289-294, 2003.
    https://doi.org/10.1109/TBME.2003.808805
    """
    rr, respiration = simulate_rr(n_times, sampling_rate, rhythm, rng)
    phase = phase_of(rr, sampling_rate, start=rng.uniform(0, 2 * np.pi))
    waves = waves_of(phase, morphology, 60 / rhythm.heart_rate)
    decay = np.exp(-1 / (_RELAXATION * sampling_rate))
    relaxation, _ = lfilter([1 - decay], [1, -decay], waves, zi=[decay * waves.mean()])
    return waves - relaxation, r_peaks_of(phase), respiration
