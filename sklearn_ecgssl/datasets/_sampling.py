"""What the times of samples tell: the sampling rate, and where samples are lacking."""

import numpy as np
from scipy.ndimage import maximum_filter1d

from ..signal._resample import nominal_rate

#: Samples on either side of a step by which a gap is told from jitter; fewer of short recordings.
_AROUND = 50
#: Of a step, in samples, that may be a gap; and by how many what follows is late, if it is one.
_STEP, _LATE = 1.5, 0.5
#: Gaps in one recording that are never too many to believe.
_FEW_GAPS = 10
#: Seconds that a sample may be away from where the rate places it.
_MAX_JITTER = 0.1
#: Hz. Nobody samples an ECG more slowly; times in milliseconds say .25.
_SLOWEST = 10
#: Rates of one device differ by less.
_ONE_DEVICE = 0.01


def seconds_since_first(times: np.ndarray) -> np.ndarray:
    """Return times, or datetimes, as seconds after the first."""
    elapsed = times - times[0]
    return elapsed / np.timedelta64(1, "s") if elapsed.dtype.kind == "m" else elapsed


def gaps(seconds: np.ndarray, name: str) -> np.ndarray:
    """Return the samples after which some are lacking; refuse times that are no samples'."""
    steps = np.diff(seconds)
    if not len(steps):
        return np.array([], dtype=np.intp)
    if (steps < 0).any():
        i = int(np.argmax(steps < 0))
        raise ValueError(
            f"{name}: time goes back from sample {i} to the next, by {-steps[i]:g} s "
            f"({np.count_nonzero(steps < 0)} such step(s)). Sort the table by subject and time; "
            "if a session begins there, pass the column that names sessions in fields; if time "
            "stamps jitter, leave time out and pass sampling_rate."
        )
    if (steps == 0).any():
        i = int(np.argmax(steps == 0))
        raise ValueError(
            f"{name}: samples {i} and {i + 1} have the same time ({np.count_nonzero(steps == 0)} "
            "such pair(s)). If the sensor stamps packets of samples, leave time out and pass "
            "sampling_rate; if rows are twice there, drop_duplicates() them."
        )
    around = min(_AROUND, max(1, len(steps) // 8))
    step = float(np.median((seconds[around:] - seconds[:-around]) / around))
    if step * _SLOWEST > 1:
        raise ValueError(
            f"{name}: time tells {1 / step:.3g} Hz, too slow for an ECG. time must be in seconds: "
            "divide milliseconds by 1000. A number of the sample is no time: leave time out, and "
            "pass sampling_rate."
        )
    late = seconds - step * np.arange(len(seconds))
    candidates = np.flatnonzero(steps > _STEP * step)
    found = np.array([], dtype=np.intp)
    while True:
        jumps = _jumps(late, candidates, around)
        is_late = jumps > _LATE * step
        if np.count_nonzero(is_late) > max(_FEW_GAPS, len(steps) / _AROUND):
            _refuse(name, steps)
        if not is_late.any():
            return np.sort(found)
        # What jitters beside a gap seems late, too: take the longest, and look again without it.
        size = np.zeros(len(steps))
        size[candidates[is_late]] = steps[candidates[is_late]]
        longest = size[candidates] == maximum_filter1d(size, 2 * around + 1)[candidates]
        longest &= is_late
        found = np.append(found, candidates[longest])
        size[:] = 0
        size[candidates[longest]] = jumps[longest]
        late[1:] -= np.cumsum(size)
        candidates = candidates[~longest]


def _jumps(late: np.ndarray, after: np.ndarray, around: int) -> np.ndarray:
    """Return by how much the samples after some are later than those before, on the median."""
    number = np.arange(around)
    before = np.maximum(after[:, None] - number, 0)
    behind = np.minimum(after[:, None] + 1 + number, len(late) - 1)
    return np.median(late[behind], axis=1) - np.median(late[before], axis=1)


def rate_of(seconds: np.ndarray, name: str) -> float:
    """Return the rate of samples without gaps, whole where nobody can tell the difference."""
    if len(seconds) < 2:
        return np.nan
    number = np.arange(len(seconds))
    step, start = np.polyfit(number, seconds, 1)
    if np.abs(seconds - start - step * number).max() > _MAX_JITTER:
        _refuse(name, np.diff(seconds))
    return nominal_rate(1 / step, len(seconds))


def common_rates(rates: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return one rate for recordings of one device, whose clock is never twice the same."""
    sure = lengths >= _AROUND if (lengths >= _AROUND).any() else lengths > 1
    if not sure.any():
        return np.ones(len(rates))
    known, n_times = rates[sure], lengths[sure]
    if np.ptp(known) > _ONE_DEVICE * known.min():
        return np.where(sure, rates, np.median(known))
    mean = float(n_times.sum() / (n_times / known).sum())
    return np.full(len(rates), nominal_rate(mean, int(np.median(n_times))))


def check_rate(sampling_rate: float, told: np.ndarray) -> None:
    """Raise unless a rate that was passed is the one that time tells."""
    far = np.abs(told / sampling_rate - 1) > _ONE_DEVICE
    if far.any():
        raise ValueError(
            f"sampling_rate={sampling_rate:g}, but time tells {told[far][0]:.6g} Hz: leave one out."
        )


def _refuse(name: str, steps: np.ndarray) -> None:
    raise ValueError(
        f"{name}: time tells no single rate, its steps are {steps.min():.4g} to {steps.max():.4g} "
        "s. If the rate changes there, pass a column that tells the parts apart in fields; if "
        "times are unreliable, leave time out and pass sampling_rate."
    )
