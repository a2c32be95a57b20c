import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from sklearn_ecgssl.signal import TrimmedScaler, scale_subjects
from tests.strategies import assert_same, attempt, ragged

trims = st.sampled_from([0, 0.0, 0.025, 0.1, 0.25, 0.4, 0.49]) | st.floats(0, 0.4999)
subject_names = st.sampled_from([[3, 1, 2], ["b", "a", "c"], [2.5, -1.0, 0.0], [True, False, True]])


def slow_scale(recordings, trim):
    """Scale the recordings of one person as the papers say it; None where there is no spread."""
    samples = sorted(float(value) for x in recordings for value in x)
    mean = sum(samples) / len(samples)
    n_cut = int(trim * len(samples))
    middle = samples[n_cut : len(samples) - n_cut]
    centre = sum(middle) / len(middle)
    std = (sum((value - centre) ** 2 for value in middle) / len(middle)) ** 0.5
    if middle[0] == middle[-1]:
        return None
    return [[(float(value) - mean) / std for value in x] for x in recordings]


@given(ragged(max_size=5, max_times=30), subject_names, trims, st.data())
def test_each_subject_is_scaled_as_the_papers_say(recordings, names, trim, data):
    subject = [data.draw(st.sampled_from(names)) for _ in recordings]
    before = [x.copy() for x in recordings]
    scaled, refusal = attempt(lambda: scale_subjects(recordings, subject, trim=trim))
    flat = False
    for who in set(subject):
        members = [i for i, name in enumerate(subject) if name == who]
        expected = slow_scale([recordings[i] for i in members], trim)
        flat |= expected is None
        if expected is not None and refusal is None:
            for i, x in zip(members, expected, strict=True):
                assert scaled[i].dtype == np.float32
                np.testing.assert_allclose(scaled[i], x, rtol=1e-4, atol=1e-4)
    assert ("is flat" in refusal) if flat else refusal is None
    assert_same(recordings, before)


@given(ragged(min_times=2), trims)
def test_a_recording_is_scaled_like_a_person_with_one(recordings, trim):
    scaled, refusal = attempt(TrimmedScaler(trim).transform, recordings)
    if refusal:
        assert "flat" in refusal
        with pytest.raises(ValueError, match="flat"):
            scale_subjects(recordings, range(len(recordings)), trim=trim)
    else:
        assert_same(scale_subjects(recordings, range(len(recordings)), trim=trim), scaled)


def test_subjects_of_an_array():
    X = np.random.default_rng(0).normal(size=(4, 300)) * np.array([[1], [2], [30], [1]])
    scaled = scale_subjects(X, [7, 7, 3, 9])
    assert isinstance(scaled, np.ndarray)
    assert_same(scaled, scale_subjects(list(X), [7, 7, 3, 9]))
    assert scaled[1].std() > 1.5 * scaled[0].std()  # differences within a person stay


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([np.arange(50.0), np.full(40, 7)], "recording 1 is flat: .*40 sorted .* all 7.*sensor"),
        (
            [np.arange(9), np.arange(1000) < 10],
            "recording 1 is flat but for spikes: the middle 950",
        ),
        ([np.ones(1)], r"recording 0 has 1 sample\(s\), at least 2"),
    ],
)
def test_what_has_no_spread_is_refused(recordings, message):
    with pytest.raises(ValueError, match=message):
        TrimmedScaler().transform(recordings)


@pytest.mark.parametrize(
    ("subject", "trim", "message"),
    [
        (["a", "b"], 0, r"subject must be .* each of the 3 recording\(s\), got shape \(2,\)"),
        ([["a"], ["b"], ["c"]], 0, r"got shape \(3, 1\)"),
        ([1.0, np.nan, 2.0], 0, r"subject is missing for recording 1 \(1 in all\)"),
        (["a", None, "b"], 0, "subject is missing for recording 1"),
        (pd.array(["a", "b", pd.NA]), 0, "subject is missing for recording 2"),
        ([1, 2, 1], 0, r"subject 2 \(recording 1\) is flat"),
        ([1, 1, 1], 0.7, "'trim' parameter .* Got 0.7"),
    ],
)
def test_bad_subjects_are_refused(subject, trim, message):
    with pytest.raises(ValueError, match=message):
        scale_subjects([np.arange(9), [3], np.arange(4)], subject, trim=trim)
