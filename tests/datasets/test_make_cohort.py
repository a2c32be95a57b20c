"""The simulated cohort: what it looks like, how difficult it is, what it refuses."""

import numpy as np
import pytest
from scipy.signal import find_peaks, periodogram
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl.datasets import make_cohort

FS = 128


@pytest.fixture(scope="module")
def people():
    """Twenty-four people at rest and under stress."""
    return make_cohort(24, duration=(40, 60), sampling_rate=FS, random_state=0)


def heart_rates(cohort):
    """Mean heart rate of each recording, (n_recordings,)."""
    return np.array([60 * cohort.sampling_rate / np.diff(peaks).mean() for peaks in cohort.r_peaks])


def window_features(cohort):
    """HR, SDNN and RMSSD of each window of 10 s, with its target and subject."""
    size = int(10 * cohort.sampling_rate)
    rows = []
    each = (cohort.recordings, cohort.r_peaks, cohort.target, cohort.subject)
    for recording, peaks, target, subject in zip(*each, strict=True):
        for start in range(0, len(recording) - size + 1, size):
            inside = peaks[(peaks >= start) & (peaks < start + size)]
            rr = np.diff(inside) / cohort.sampling_rate
            rmssd = np.sqrt(np.mean(np.diff(rr) ** 2))
            rows.append([60 / rr.mean(), rr.std(), rmssd, target, subject])
    *features, target, subject = np.transpose(rows)
    return np.transpose(features), target, subject


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


def test_rr_spectrum_has_a_mayer_wave_and_a_respiratory_peak():
    cohort = make_cohort(
        1, n_conditions=1, subject_spread=0, duration=1200, sampling_rate=128, random_state=0
    )
    beats = cohort.r_peaks[0] / 128
    seconds = np.arange(beats[1], beats[-1], 0.25)
    rr = np.interp(seconds, beats[1:], np.diff(beats))
    frequency, power = periodogram(rr, fs=4, detrend="linear")

    def power_at(low, high):
        return power[(frequency >= low) & (frequency < high)].sum()

    valley = power_at(0.14, 0.18)
    assert power_at(0.08, 0.12) > 20 * valley
    # Breath at rest is at 0.25 Hz, up to the change from one recording to the next.
    assert power_at(0.20, 0.30) > 20 * valley
    assert power_at(0.08, 0.12) > 20 * power_at(0.35, 0.39)
    assert 0.02 < rr.std() < 0.12
    assert rr.mean() == pytest.approx(60 / 70, rel=0.05)  # nobody differs from the typical person


def test_r_peaks_are_the_peaks_of_the_signal(people):
    for recording, truth in zip(people.recordings[:8], people.r_peaks[:8], strict=True):
        found, _ = find_peaks(
            recording, distance=0.33 * FS, prominence=0.5 * np.ptp(recording[FS : 6 * FS])
        )
        truth = truth[(truth > FS) & (truth < len(recording) - FS)]
        nearest = np.abs(truth[:, None] - found).min(axis=1)
        assert np.mean(nearest <= 1) > 0.9


def test_beat_of_the_typical_person():
    """Waves have the heights (mV) and the times (s after the R peak) of the model."""
    off = {"noise": 0, "wander": 0, "mains": 0, "subject_spread": 0, "effect_spread": 0}
    cohort = make_cohort(1, n_conditions=1, duration=300, sampling_rate=500, random_state=0, **off)
    (ecg,), (peaks,) = cohort.recordings, cohort.r_peaks
    beat = np.mean([ecg[peak - 150 : peak + 250] for peak in peaks[1:-1]], axis=0)
    assert abs(ecg.mean()) < 0.01
    baseline = beat[:20].mean()
    assert -0.1 < baseline < -0.02
    waves = [(0, 140, 0.11, -0.16), (140, 160, 1, 0), (200, 399, 0.28, 0.26)]  # P, R, T
    for start, stop, height, time in waves:
        at = start + np.argmax(beat[start:stop])
        assert (at - 150) / 500 == pytest.approx(time, abs=0.03)
        assert beat[at] - baseline == pytest.approx(height, abs=0.1)


def test_heart_rates_are_those_of_people_and_follow_the_condition_in_most(people):
    rest, stress = heart_rates(people).reshape(24, 2).T
    assert 64 < np.median(rest) < 76
    assert 5 < rest.std() < 14
    assert 45 < rest.min() < rest.max() < 110
    shift = np.log(stress / rest)
    assert 0.14 < shift.mean() < 0.22
    assert 0.05 < shift.std() < 0.2
    assert 0.01 < np.mean(shift < 0) < 0.2
    features, target, _ = window_features(people)
    assert np.median(features[target == 1, 1]) < 0.9 * np.median(features[target == 0, 1])


def test_meditation_slows_the_heart():
    cohort = make_cohort(24, n_conditions=4, duration=20, sampling_rate=64, random_state=0)
    rates = np.log(heart_rates(cohort).reshape(24, 4))
    shift = (rates - rates[:, :1]).mean(axis=0)
    assert shift[3] < -0.02 < 0.02 < shift[2] < shift[1]


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


@pytest.mark.parametrize(("effect", "low", "high"), [(0, 0.4, 0.6), (1, 0.68, 0.8), (3, 0.85, 1)])
def test_unseen_people_are_as_difficult_as_the_effect_says(effect, low, high):
    """Balanced accuracy of heart rate and its variability, in cohorts of different seeds."""
    scores = []
    for seed in range(2):
        cohort = make_cohort(effect=effect, sampling_rate=64, random_state=seed)
        X, y, subject = window_features(cohort)
        classifier = make_pipeline(StandardScaler(), LogisticRegression())
        predicted = cross_val_predict(classifier, X, y, groups=subject, cv=LeaveOneGroupOut())
        scores.append(balanced_accuracy_score(y, predicted))
    assert low < np.mean(scores) < high


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_subjects": 0}, "n_subjects == 0, must be >= 1"),
        ({"n_conditions": 5}, "n_conditions == 5, must be <= 4"),
        ({"sampling_rate": 50}, "sampling_rate == 50, must be >= 64"),
        ({"duration": (9, 5)}, "duration must be 1 s or more, or two such limits"),
        ({"duration": 0.5}, "duration must be 1 s or more"),
        ({"wander": -1}, "wander == -1"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_cohort(**{"n_subjects": 1, **parameters})
