"""The simulated cohort: what it looks like, how difficult it is, what it refuses."""

import numpy as np
import pytest
from scipy.signal import find_peaks, periodogram

from sklearn_ecgssl.datasets import make_cohort

FS = 128


@pytest.fixture(scope="module")
def people():
    """Twenty-four people at rest and under stress."""
    return make_cohort(24, duration=(40, 60), sampling_rate=FS, random_state=0)


def shifts(cohort):
    """Return by how much heart rates differ from those of rest, (n_subjects, n_conditions)."""
    rates = [60 * cohort.sampling_rate / np.diff(peaks).mean() for peaks in cohort.r_peaks]
    rates = np.log(np.reshape(rates, (-1, len(cohort.target_names))))
    return rates - rates[:, :1]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_recordings_are_of_any_length_between_the_limits(people):
    lengths = np.array([len(recording) for recording in people.recordings])
    assert 40 * FS <= lengths.min() < lengths.max() <= 60 * FS
    assert len(set(lengths)) > 40
    assert (people.sampling_rate, people.unit) == (float(FS), "mV")
    assert "Simulated ECG, no person was recorded" in people.DESCR
    assert all(one.dtype == np.float32 and np.isfinite(one).all() for one in people.recordings)


def test_conditions_and_repetitions():
    short = {"n_subjects": 2, "sampling_rate": 64, "duration": 12.5}
    cohort = make_cohort(**short, n_conditions=4, n_recordings_per_condition=3)
    assert cohort.target.tolist() == np.tile(np.repeat(range(4), 3), 2).tolist()
    assert cohort.subject.tolist() == np.repeat(range(2), 12).tolist()
    assert cohort.target_names == ["rest", "stress", "amusement", "meditation"]
    recordings, target = make_cohort(**short, n_conditions=1, return_X_y=True)
    assert [len(recording) for recording in recordings] == [800] * 2
    assert target.tolist() == [0, 0]


def test_same_seed_same_bits():
    before = np.random.get_state()
    first, second, instance, other = (
        make_cohort(3, duration=(5, 9), sampling_rate=64, random_state=state)
        for state in (7, 7, np.random.RandomState(7), 8)
    )
    for same in (second, instance):
        assert_same(first.recordings, same.recordings)
        assert_same(first.r_peaks, same.r_peaks)
    assert not np.array_equal(first.recordings[0][:300], other.recordings[0][:300])
    assert_same(before, np.random.get_state())


def test_cohort_of_a_seed_is_that_of_earlier_versions():
    """Examples, and what people report of a simulated cohort, depend on it."""
    cohort = make_cohort(2, n_conditions=4, duration=(6, 9), sampling_rate=64, random_state=0)
    assert [len(one) for one in cohort.recordings] == [570, 439, 455, 436, 407, 520, 458, 452]
    assert [len(peaks) for peaks in cohort.r_peaks] == [9, 10, 8, 7, 7, 12, 9, 9]
    assert [peaks[1] for peaks in cohort.r_peaks] == [100, 64, 112, 81, 91, 76, 67, 110]
    spread = [0.1699, 0.13314, 0.16212, 0.12056, 0.27228, 0.28995, 0.27436, 0.30238]
    np.testing.assert_allclose([one.std() for one in cohort.recordings], spread, rtol=1e-3)


def test_r_peaks_are_the_peaks_of_the_signal(people):
    for recording, truth in zip(people.recordings[:8], people.r_peaks[:8], strict=True):
        found, _ = find_peaks(
            recording, distance=0.33 * FS, prominence=0.5 * np.ptp(recording[FS : 6 * FS])
        )
        truth = truth[(truth > FS) & (truth < len(recording) - FS)]
        nearest = np.abs(truth[:, None] - found).min(axis=1)
        assert np.mean(nearest <= 1) > 0.9


def test_heart_rate_follows_the_condition_in_most_people(people):
    stress = shifts(people)[:, 1]
    assert 0.14 < stress.mean() < 0.22
    assert 0.01 < np.mean(stress < 0) < 0.2
    short = {"duration": 12, "sampling_rate": 64, "random_state": 0}
    _, stress, amusement, meditation = shifts(make_cohort(12, n_conditions=4, **short)).mean(axis=0)
    assert meditation < 0 < 0.02 < amusement < stress
    none, stronger = (shifts(make_cohort(12, effect=x, **short))[:, 1].mean() for x in (0, 3))
    assert abs(none) < 0.05 < 2 * stress < stronger


@pytest.mark.parametrize(
    ("name", "low", "high"), [("noise", 1, 64), ("wander", 0, 1), ("mains", 49, 51)]
)
def test_disturbances_can_be_turned_off(name, low, high):
    off = {"noise": 0, "wander": 0, "mains": 0, "sampling_rate": FS, "random_state": 0}
    clean, loud = make_cohort(1, **off), make_cohort(1, **(off | {name: 0.1}))
    added = np.concatenate(loud.recordings) - np.concatenate(clean.recordings)
    assert 0.03 < added.std() < 0.25
    frequency, power = periodogram(added, fs=FS)
    assert power[(frequency > low) & (frequency < high)].sum() > 0.9 * power.sum()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_conditions": 5}, "n_conditions == 5, must be <= 4"),
        ({"sampling_rate": 50}, "sampling_rate == 50, must be >= 64"),
        ({"duration": (9, 5)}, "duration must be 1 s or more, or two such limits"),
        ({"wander": -1}, "wander == -1"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_cohort(**{"n_subjects": 1, **parameters})
