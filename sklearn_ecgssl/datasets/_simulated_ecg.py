"""A simulated ECG, and what an electrode adds to it.

The ECG is that of the dynamical model of McSharry PE, Clifford GD, Tarassenko L, Smith LA,
IEEE Trans Biomed Eng 50(3):289-294, 2003, https://doi.org/10.1109/TBME.2003.808805 ("the paper"
below).
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.signal import lfilter

# A spectral line of 0.1 Hz needs many periods to be more than one bin of the transform.
_MIN_SECONDS = 300.0
# Limits of sinus rhythm: the random RR tachogram is kept inside them (s).
_RR_LIMITS = (0.33, 2.0)
# Share of the RR variance slower than the Mayer wave. The paper has none; real recordings drift.
_SLOW_SHARE = 0.4
# Relaxation time of the paper's equation (2) for z (s).
_RELAXATION = 1.0
_MAINS_FREQUENCY = 50.0


class RandomSignals:
    """Draws random signals of one length, stationary and of about unit variance."""

    def __init__(self, n_times: int, sampling_rate: float, rng: np.random.RandomState) -> None:
        self.n_times = n_times
        self.sampling_rate = sampling_rate
        self.rng = rng
        # Signals are cut from a longer period, so that a short one has as fine a spectrum as a
        # long one, and does not end where it began.
        shortest = max(n_times, int(_MIN_SECONDS * sampling_rate)) + 1
        self._period = fft.next_fast_len(shortest, real=True)
        self._frequencies = fft.rfftfreq(self._period, 1 / sampling_rate)

    def white(self) -> np.ndarray:
        """Draw white noise."""
        return self.rng.standard_normal(self.n_times)

    def peak(self, centre: float, width: float) -> np.ndarray:
        """Draw from a Gaussian spectral peak, centre and standard deviation in Hz."""
        return self._draw(np.exp(-0.5 * ((self._frequencies - centre) / width) ** 2))

    def band(self, low: float, high: float, exponent: float = 0.0) -> np.ndarray:
        """Draw from a spectrum of ``frequency ** exponent`` from `low` to `high`, in Hz."""
        inside = (self._frequencies >= low) & (self._frequencies <= high)
        return self._draw(np.where(inside, np.maximum(self._frequencies, low) ** exponent, 0.0))

    def _draw(self, power: np.ndarray) -> np.ndarray:
        """Draw a signal with this power at each frequency, on any scale, and random phases."""
        power[0] = 0.0
        phases = self.rng.uniform(0, 2 * np.pi, len(power))
        signal = fft.irfft(np.sqrt(power) * np.exp(1j * phases), self._period)
        return (signal / signal.std())[: self.n_times]


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


def simulate_ecg(
    rhythm: Rhythm, morphology: Morphology, signals: RandomSignals
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate an ECG without noise (mV), the samples of its R peaks, and the respiration."""
    rr, respiration = simulate_rr(rhythm, signals)
    phase = phase_of(rr, signals.sampling_rate, start=signals.rng.uniform(0, 2 * np.pi))
    waves = waves_of(phase, morphology, 60 / rhythm.heart_rate)
    # In the paper the voltage follows dz/dt = u(t) - z, where u is made of the pushes and pulls
    # of P, Q, R, S and T. That is linear, and u is the derivative of the sum of Gaussians in
    # `waves`. Integrated by parts, the solution is `waves` minus `waves` through a one-pole
    # low-pass, for which no solver is needed. Giving the height of the waves, instead of the
    # strength of the pushes as the paper does, makes it independent of the heart rate.
    decay = np.exp(-1 / (_RELAXATION * signals.sampling_rate))
    relaxation, _ = lfilter([1 - decay], [1, -decay], waves, zi=[decay * waves.mean()])
    return waves - relaxation, r_peaks_of(phase), respiration


def simulate_rr(rhythm: Rhythm, signals: RandomSignals) -> tuple[np.ndarray, np.ndarray]:
    """Draw the RR interval (s) over time, and the respiration, positive when breathing in."""
    slow = signals.band(0.005, 0.04, -1.0)
    # The two peaks of the paper's equation (3): Mayer wave and respiratory sinus arrhythmia.
    mayer = signals.peak(0.1, 0.01)
    respiration = signals.peak(rhythm.respiration, 0.01)

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
    """Return the samples nearest to the R peaks."""
    turns = phase / (2 * np.pi)
    beats = np.arange(np.ceil(turns[0]), np.floor(turns[-1]) + 1)
    return np.rint(np.interp(beats, turns, np.arange(len(turns)))).astype(np.int64)


def waves_of(phase: np.ndarray, morphology: Morphology, mean_rr: float) -> np.ndarray:
    """Sum the five Gaussian waves at each phase (mV)."""
    turns = phase / (2 * np.pi)
    waves = np.zeros(len(phase))
    # The angle of t seconds is 2 pi t / RR. Times and widths are scaled by the mean RR, as the
    # paper does with sqrt(heart rate / 60), to keep QT, PR and QRS plausible at any heart rate.
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


def sensor_noise(level: float, signals: RandomSignals) -> np.ndarray:
    """Draw noise of standard deviation `level`, half of its power white, half from muscles."""
    white = signals.white()
    # The electromyogram is at 20 to 100 Hz, as far as it can be sampled, and comes and goes.
    top = min(100.0, 0.45 * signals.sampling_rate)
    muscle = signals.band(min(20.0, top / 2), top)
    effort = 0.6 * signals.band(0.02, 0.5, -1.0)
    tension = np.exp(effort - 0.6**2)  # a log-normal whose mean square is 1
    return level * np.sqrt(0.5) * (white + muscle * tension)


def baseline_wander(respiration: np.ndarray, level: float, signals: RandomSignals) -> np.ndarray:
    """Draw a wander of standard deviation `level`, half of its power breath, half a slow drift."""
    drift = signals.band(0.02, 0.5, -2.0)
    return level * np.sqrt(0.5) * (respiration + drift)


def mains_hum(level: float, signals: RandomSignals) -> np.ndarray:
    """Draw a 50 Hz sinusoid of amplitude `level`; zeros where 50 Hz cannot be sampled."""
    start = signals.rng.uniform(0, 2 * np.pi)
    if signals.sampling_rate <= 2 * _MAINS_FREQUENCY:
        return np.zeros(signals.n_times)
    step = 2 * np.pi * _MAINS_FREQUENCY / signals.sampling_rate
    return level * np.sin(start + step * np.arange(signals.n_times))
