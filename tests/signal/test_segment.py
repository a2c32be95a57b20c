import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given, strategies as st

from sklearn_ecgssl.signal import Segmenter, scale_subjects
from tests.strategies import assert_same, matrices, ragged

NUMBERS = [int, float, np.int16, np.uint16, np.float32]


def slow_windows(x, segmenter):
    """Cut one recording, sample by sample; the numbers are those that the documentation gives."""
    length = round(float(segmenter.sampling_rate) * float(segmenter.window_length))
    step = max(1, round(length * (1 - float(segmenter.overlap))))
    windows = []
    start = 0
    while start + length <= len(x):
        windows.append(x[start : start + length].tolist())
        start += step
    return windows


@st.composite
def segmenters(draw):
    """Segmenters of windows from a sample to 100 samples."""
    rate = draw(st.sampled_from([1, 2, 10, 64, 256]) | st.floats(0.5, 300))
    n_times = draw(st.integers(1, 100) | st.floats(0.51, 100))
    overlap = draw(st.sampled_from([0, 0.25, 0.5, 0.75, 0.9, 0.99]) | st.floats(0, 0.999))
    return Segmenter(rate, n_times / rate, overlap)


@given(segmenters(), ragged())
@example(Segmenter(1, 3), [np.arange(8, dtype=np.float32)])
def test_windows_are_those_of_the_slow_reference(segmenter, recordings):
    expected = [slow_windows(x, segmenter) for x in recordings]
    assert [segmenter.count(len(x)) for x in recordings] == [len(rows) for rows in expected]
    short = [i for i, rows in enumerate(expected) if not rows]
    if short:
        for method in (segmenter.transform, segmenter.windows):
            with pytest.raises(ValueError, match=rf"recording {short[0]} has .*window_length="):
                method(recordings)
        return
    windows = segmenter.transform(recordings)
    assert_same(windows, expected)
    assert all(np.shares_memory(w, x) for w, x in zip(windows, recordings, strict=True))
    assert not any(w.flags.writeable for w in windows)


@given(segmenters(), matrices(), st.sampled_from("CF"))
def test_an_array_gives_a_view_of_the_same_windows(segmenter, X, order):
    assume(segmenter.count(X.shape[1]))
    windows = segmenter.transform(np.asarray(X, order=order))
    assert windows.ndim == 3
    assert not windows.flags.owndata
    assert not windows.flags.writeable
    assert_same(windows, segmenter.transform(list(X)))


@given(segmenters(), ragged(), st.data())
def test_arrays_are_repeated_with_the_windows(segmenter, recordings, data):
    counts = [segmenter.count(len(x)) for x in recordings]
    assume(all(counts))
    labels = [data.draw(st.sampled_from("abc")) for _ in recordings]
    numbers = np.arange(len(recordings))
    table = np.stack([numbers, -numbers], axis=1)
    windows, *repeated = segmenter.windows(recordings, labels, None, numbers, table)
    slow = [row for x in recordings for row in slow_windows(x, segmenter)]
    owner = np.repeat(numbers, counts)
    assert repeated[0].tolist() == [labels[i] for i in owner]
    assert repeated[1] is None
    assert_same(repeated[2:], [owner, table[owner]])
    np.testing.assert_array_equal(windows, slow)
    windows[:] = 0  # a copy, which belongs to the caller
    np.testing.assert_array_equal(segmenter.windows(recordings), slow)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        segmenter.windows(recordings, labels, [*labels, "a"])


@given(st.integers(1, 300), st.integers(1, 120), st.sampled_from(NUMBERS), st.sampled_from(NUMBERS))
@example(1000, 60, np.int16, np.int16)  # more samples than int16 holds
def test_the_type_of_a_number_does_not_matter(rate, seconds, rate_type, length_type):
    segmenter = Segmenter(rate_type(rate), length_type(seconds), np.float32(0.5))
    for n_times in (rate * seconds - 1, rate * seconds, 3 * rate * seconds):
        assert segmenter.count(n_times) == Segmenter(rate, seconds, 0.5).count(n_times)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_name_is_not_made_one(missing):
    windows, subject = Segmenter(10, window_length=1).windows(np.ones((2, 20)), [missing, "ann"])
    with pytest.raises(ValueError, match=r"subject is missing for recording 0 \(2 in all\)"):
        scale_subjects(list(windows), subject)


def test_too_short_recordings_and_windows_are_named():
    segmenter = Segmenter(sampling_rate=100, window_length=2)
    message = (
        r"recording 1 has 150 samples \(1.5 s at sampling_rate=100 Hz\), less than one window "
        r"of 200 samples \(window_length=2 s\): leave it out, or lower window_length"
    )
    for method in (segmenter.transform, segmenter.windows):
        with pytest.raises(ValueError, match=message):
            method([np.arange(200), np.arange(150)])
    with pytest.raises(ValueError, match=r"each of the 3 rows .* has 150 samples \(1.5 s"):
        segmenter.transform(np.ones((3, 150)))
    for method in (Segmenter(100, 0.001).fit, Segmenter(100, 0.001).transform):
        with pytest.raises(ValueError, match=r"window_length=0.001 s .* at least 0.01 s"):
            method([np.arange(200)])


def test_short_recordings_can_be_left_out_and_are_counted():
    recordings, names = [np.arange(700), np.arange(100), np.arange(512)], [7, 8, 9]
    segmenter = Segmenter(256, 1)
    with pytest.warns(UserWarning, match="1 of 3 recordings are shorter than"):
        windows, kept = segmenter.windows(recordings, names, short="drop")
    expected = segmenter.windows(recordings[::2], names[::2])
    assert_same([windows, kept], expected)
    with pytest.raises(ValueError, match="recording 0 has 100 samples .* less than one window"):
        segmenter.windows(recordings[1:2], short="drop")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(segmenter.windows(recordings[::2], short="drop")) == 4
    with pytest.raises(ValueError, match="short must be one of 'raise', 'drop', got 'skip'"):
        segmenter.windows(recordings, short="skip")
