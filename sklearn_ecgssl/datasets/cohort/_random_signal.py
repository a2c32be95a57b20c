"""Random signals with a given power spectrum."""

from collections.abc import Callable

import numpy as np
from scipy import fft

# A spectral line of 0.1 Hz needs many periods to be more than one bin of the transform.
_MIN_SECONDS = 300.0


def spectral_noise(
    n_times: int,
    sampling_rate: float,
    density: Callable[[np.ndarray], np.ndarray],
    rng: np.random.RandomState,
) -> np.ndarray:
    """Draw a stationary signal of unit variance: amplitudes from a spectrum, phases at random.

    The signal is cut from a period of at least 300 s, so that a short signal has a spectrum as
    fine as a long one has, and does not end where it began. Its own mean and variance are
    therefore near 0 and 1, not equal to them.

    Parameters
    ----------
    n_times : int
        Samples to return.
    sampling_rate : float
        In Hz.
    density : callable
        Maps frequencies in Hz, shape (n_frequencies,), to a power density on any scale.
    rng : RandomState
        Source of the phases.

    Returns
    -------
    signal : ndarray of shape (n_times,)
    """
    period = fft.next_fast_len(max(n_times, int(_MIN_SECONDS * sampling_rate)) + 1, real=True)
    frequencies = fft.rfftfreq(period, 1 / sampling_rate)
    power = density(frequencies)
    power[0] = 0.0
    phases = rng.uniform(0, 2 * np.pi, len(frequencies))
    signal = fft.irfft(np.sqrt(power) * np.exp(1j * phases), period)
    return (signal / signal.std())[:n_times]


def peak(centre: float, width: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a Gaussian spectral peak, centre and standard deviation in Hz."""
    return lambda frequencies: np.exp(-0.5 * ((frequencies - centre) / width) ** 2)


def band(low: float, high: float, exponent: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    """Return a density ``frequency ** exponent`` between two frequencies in Hz, zero outside."""

    def density(frequencies: np.ndarray) -> np.ndarray:
        inside = (frequencies >= low) & (frequencies <= high)
        return np.where(inside, np.maximum(frequencies, low) ** exponent, 0.0)

    return density
