"""What holds for every way to cut recordings into windows, against a slow reference."""

import numpy as np
import pytest
from hypothesis import assume, example, given, strategies as st

from sklearn_ecgssl.signal import Segmenter
from tests.properties.strategies import assert_same, matrices, ragged

NUMBERS = [int, float, np.int16, np.int64, np.uint16, np.float32, np.float64]


def slow_windows(x, segmenter):
    """Cut one recording, sample by sample; the numbers are those that the documentation gives."""
    length = round(float(segmenter.sampling_rate) * float(segmenter.window_length))
    step = max(1, round(length * (1 - float(segmenter.overlap))))
    windows = []
    start = 0
    while start + length <= len(x):
        windows.append([float(value) for value in x[start : start + length]])
        start += step
    return windows


@st.composite
def segmenters(draw):
    """Segmenters of windows from half a sample to 100 samples."""
    rate = draw(st.sampled_from([1, 2, 10, 64, 256]) | st.floats(0.5, 300))
    n_times = draw(st.integers(1, 100) | st.floats(0.3, 100))
    overlap = draw(st.sampled_from([0, 0.25, 0.5, 0.75, 0.9, 0.99]) | st.floats(0, 0.999))
    return Segmenter(rate, n_times / rate, overlap)


def is_no_window(segmenter):
    return round(float(segmenter.sampling_rate) * float(segmenter.window_length)) < 1


@given(segmenters(), ragged())
@example(Segmenter(10, 0.04), [np.arange(5.0)])
def test_windows_are_those_of_the_slow_reference(segmenter, recordings):
    recordings = [x.astype(np.float32) for x in recordings]
    if is_no_window(segmenter):
        with pytest.raises(ValueError, match=r"window_length=.* less than one sample"):
            segmenter.transform(recordings)
        return
    expected = [slow_windows(x, segmenter) for x in recordings]
    assert [segmenter.count(len(x)) for x in recordings] == [len(rows) for rows in expected]
    short = [i for i, rows in enumerate(expected) if not rows]
    if short:
        for method in (segmenter.transform, segmenter.windows):
            with pytest.raises(ValueError, match=rf"recording {short[0]} has .*window_length="):
                method(recordings)
        return
    windows = segmenter.transform(recordings)
    assert_same(windows, [np.array(rows, dtype=np.float32) for rows in expected])
    assert all(np.shares_memory(w, x) for w, x in zip(windows, recordings, strict=True))
    assert not any(w.flags.writeable for w in windows)


@given(segmenters(), matrices())
def test_an_array_gives_an_array_of_the_same_windows(segmenter, X):
    assume(not is_no_window(segmenter))
    if segmenter.count(X.shape[1]) == 0:
        with pytest.raises(ValueError, match="window_length="):
            segmenter.transform(X)
        return
    windows = segmenter.transform(X)
    assert windows.ndim == 3
    assert_same(windows, segmenter.transform(list(X)))


@given(segmenters(), ragged(), st.data())
def test_arrays_are_repeated_with_the_windows(segmenter, recordings, data):
    assume(not is_no_window(segmenter))
    counts = [segmenter.count(len(x)) for x in recordings]
    assume(all(counts))
    labels = [data.draw(st.sampled_from("abc")) for _ in recordings]
    numbers = np.arange(len(recordings))
    table = np.stack([numbers, -numbers], axis=1)
    windows, *repeated = segmenter.windows(recordings, labels, None, numbers, table)
    slow = [row for x in recordings for row in slow_windows(x, segmenter)]
    owner = [i for i, count in enumerate(counts) for _ in range(count)]
    np.testing.assert_array_equal(windows, np.array(slow, dtype=np.float32))
    assert repeated[0].tolist() == [labels[i] for i in owner]
    assert repeated[1] is None
    assert repeated[2].tolist() == owner
    assert repeated[3].tolist() == [[i, -i] for i in owner]
    windows[:] = 0  # a copy, which belongs to the caller
    assert_same(segmenter.windows(recordings), np.array(slow, dtype=np.float32))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        segmenter.windows(recordings, labels, [*labels, "a"])


@given(segmenters(), ragged(min_times=20), st.integers(0, 30))
def test_samples_before_a_recording_shift_its_windows(segmenter, recordings, n_before):
    assume(not is_no_window(segmenter))
    assume(all(segmenter.count(len(x)) for x in recordings))
    length = round(segmenter.sampling_rate * segmenter.window_length)
    step = max(1, round(length * (1 - segmenter.overlap)))
    n_steps = n_before // step
    longer = [np.concatenate([np.zeros(n_steps * step, np.float32), x]) for x in recordings]
    later = [windows[n_steps:] for windows in segmenter.transform(longer)]
    assert_same(later, segmenter.transform(recordings))


@given(
    st.integers(1, 300),
    st.integers(1, 120),
    st.sampled_from([0, 0.5]),
    st.sampled_from(NUMBERS),
    st.sampled_from(NUMBERS),
)
@example(1000, 60, 0, np.int16, np.int16)
def test_the_type_of_a_number_does_not_matter(rate, seconds, overlap, rate_type, length_type):
    # 1000 Hz for 60 s are more samples than int16 holds.
    plain = Segmenter(rate, seconds, overlap)
    typed = Segmenter(rate_type(rate), length_type(seconds), np.float32(overlap))
    for n_times in (rate * seconds - 1, rate * seconds, 3 * rate * seconds):
        assert typed.count(n_times) == plain.count(n_times)


@given(st.integers(1, 1000), st.integers(1, 60), st.integers(1, 20))
def test_without_overlap_whole_seconds_lose_no_sample(rate, seconds, n_windows):
    segmenter = Segmenter(rate, seconds)
    n_times = rate * seconds * n_windows
    assert segmenter.count(n_times) == n_windows
    assert segmenter.count(n_times - 1) == n_windows - 1
