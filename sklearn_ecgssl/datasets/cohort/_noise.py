"""What an electrode adds to the ECG."""

import numpy as np

from ._random_signal import band, spectral_noise

_MAINS_FREQUENCY = 50.0


def sensor_noise(
    n_times: int, sampling_rate: float, level: float, rng: np.random.RandomState
) -> np.ndarray:
    """Draw white noise and muscle noise of together the standard deviation `level`.

    Half of the power is white. The other half is the electromyogram, from 20 to 100 Hz (or to
    45 % of the sampling rate), which comes and goes over seconds.
    """
    white = rng.standard_normal(n_times)
    top = min(100.0, 0.45 * sampling_rate)
    muscle = spectral_noise(n_times, sampling_rate, band(min(20.0, top / 2), top), rng)
    effort = 0.6 * spectral_noise(n_times, sampling_rate, band(0.02, 0.5, -1.0), rng)
    tension = np.exp(effort - 0.6**2)  # a log-normal whose mean square is 1
    return level * np.sqrt(0.5) * (white + muscle * tension)


def baseline_wander(
    respiration: np.ndarray, sampling_rate: float, level: float, rng: np.random.RandomState
) -> np.ndarray:
    """Draw the wander of the baseline, standard deviation about `level`.

    Half of its power follows the breath, half is a drift below 0.5 Hz.
    """
    drift = spectral_noise(len(respiration), sampling_rate, band(0.02, 0.5, -2.0), rng)
    return level * np.sqrt(0.5) * (respiration + drift)


def mains_hum(
    n_times: int, sampling_rate: float, level: float, rng: np.random.RandomState
) -> np.ndarray:
    """Draw a 50 Hz sinusoid of amplitude `level`; zeros where 50 Hz cannot be sampled."""
    start = rng.uniform(0, 2 * np.pi)
    if sampling_rate <= 2 * _MAINS_FREQUENCY:
        return np.zeros(n_times)
    return level * np.sin(start + 2 * np.pi * _MAINS_FREQUENCY / sampling_rate * np.arange(n_times))
