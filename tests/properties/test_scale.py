"""What holds for every recording, and every subject, that is scaled."""

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from sklearn_ecgssl.signal import TrimmedScaler, scale_subjects
from tests.properties.strategies import assert_same, attempt, ragged, signals

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


@st.composite
def people(draw):
    """Recordings and the subject of each, in any order."""
    recordings = draw(ragged(min_size=1, max_size=5, max_times=30))
    names = draw(subject_names)
    return recordings, [draw(st.sampled_from(names)) for _ in recordings]


def expected_of(recordings, subject, trim):
    expected = [None] * len(recordings)
    for who in set(subject):
        members = [i for i, name in enumerate(subject) if name == who]
        scaled = slow_scale([recordings[i] for i in members], trim)
        for i, x in zip(members, scaled or [None] * len(members), strict=True):
            expected[i] = x
    return expected


@given(people(), trims)
def test_each_subject_is_scaled_as_the_papers_say(case, trim):
    recordings, subject = case
    expected = expected_of(recordings, subject, trim)
    before = [x.copy() for x in recordings]
    if any(x is None for x in expected):
        with pytest.raises(ValueError, match="subject .* is flat"):
            scale_subjects(recordings, subject, trim=trim)
        return
    scaled = scale_subjects(recordings, subject, trim=trim)
    for got, x in zip(scaled, expected, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, x, rtol=1e-4, atol=1e-4)
    assert_same(recordings, before)


@given(people(), trims, st.randoms(use_true_random=False))
def test_order_and_names_of_subjects_do_not_matter(case, trim, random):
    recordings, subject = case
    assume(all(x is not None for x in expected_of(recordings, subject, trim)))
    scaled = scale_subjects(recordings, subject, trim=trim)
    names = [f"person {sorted(set(subject)).index(who)}" for who in subject]
    assert_same(scale_subjects(recordings, names, trim=trim), scaled)
    order = random.sample(range(len(recordings)), len(recordings))
    again = scale_subjects([recordings[i] for i in order], [subject[i] for i in order], trim=trim)
    for got, i in zip(again, order, strict=True):
        np.testing.assert_allclose(got, scaled[i], rtol=1e-5, atol=1e-6)


@given(ragged(min_times=2), trims)
def test_a_recording_is_scaled_like_a_person_with_one(recordings, trim):
    scaled, refusal = attempt(TrimmedScaler(trim).transform, recordings)
    if refusal:
        assert "flat" in refusal
        with pytest.raises(ValueError, match="flat"):
            scale_subjects(recordings, range(len(recordings)), trim=trim)
    else:
        assert_same(scale_subjects(recordings, range(len(recordings)), trim=trim), scaled)


@given(
    st.integers(10, 200).flatmap(signals),
    trims,
    st.sampled_from([-2.0, -1.0, 0.25, 3.0]),
    st.sampled_from([-64.0, 0.0, 3.0]),
)
def test_unit_and_offset_do_not_matter_and_polarity_is_kept(x, trim, factor, offset):
    changed = (factor * x + np.float32(offset)).astype(np.float32)
    middle = np.sort(x)[int(trim * len(x)) : len(x) - int(trim * len(x))]
    assume(np.ptp(middle) * abs(factor) > 1e-3 * (np.abs(x).max() * abs(factor) + abs(offset)))
    plain, scaled = TrimmedScaler(trim).transform([x, changed])
    np.testing.assert_allclose(scaled, np.sign(factor) * plain, rtol=1e-2, atol=1e-2)
    assert abs(plain.mean(dtype=np.float64)) < 1e-4 * np.abs(plain).max()
