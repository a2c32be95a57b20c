import numpy as np
import pytest

from sklearn_ecgssl.signal import Segmenter


def slow_windows(x, n_times, step):
    windows, start = [], 0
    while start + n_times <= len(x):
        windows.append([float(v) for v in x[start : start + n_times]])
        start += step
    return np.array(windows, dtype=np.float32)


CASES = [  # sampling_rate, window_length, overlap, samples, step
    (256, 1, 0.0, 256, 256),
    (256, 1, 0.5, 256, 128),
    (100, 0.5, 0.9, 50, 5),
    (100, 0.25, 0.99, 25, 1),  # the step is at least one sample
    (3, 0.9, 0.0, 3, 3),  # 2.7 samples are rounded
    (1, 1, 0.0, 1, 1),
    (10, 1, 1 / 3, 10, 7),
]


@pytest.mark.parametrize(("rate", "length", "overlap", "n_times", "step"), CASES)
def test_windows_are_those_of_a_slow_loop(rate, length, overlap, n_times, step, ragged):
    segmenter = Segmenter(rate, length, overlap)
    expected = [slow_windows(x, n_times, step) for x in ragged]
    for got, windows, recording in zip(segmenter.transform(ragged), expected, ragged, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, windows)
        assert segmenter.count(len(recording)) == len(windows)
    array = np.stack([x[:512] for x in ragged])
    np.testing.assert_array_equal(
        segmenter.transform(array), [slow_windows(x, n_times, step) for x in array]
    )


def test_the_tail_is_dropped():
    (windows,) = Segmenter(1, 3).transform([np.arange(8)])
    assert windows.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("overlap", [0.0, 0.75])
def test_windows_are_read_only_views_of_float32(overlap):
    segmenter = Segmenter(10, 1, overlap)
    array = np.random.default_rng(0).normal(size=(3, 105)).astype(np.float32)
    for X in (array, np.asfortranarray(array)):
        windows = segmenter.fit_transform(X)
        assert np.shares_memory(windows, X)
        assert not windows.flags.writeable
    recordings = [array[0], array[1, :50]]
    for windows, recording in zip(segmenter.transform(recordings), recordings, strict=True):
        assert np.shares_memory(windows, recording)
        with pytest.raises(ValueError, match="read-only"):
            windows[0, 0] = 1


def test_flat_windows_with_repeated_arrays(ragged):
    segmenter = Segmenter(100, 1, overlap=0.5)
    target, subject = np.array(["calm", "tense", "calm"]), [3, 1, 2]
    X, y, groups, nothing, both = segmenter.windows(ragged, target, subject, None, np.eye(3))
    counts = [segmenter.count(len(x)) for x in ragged]
    assert counts == [13, 9, 19]
    np.testing.assert_array_equal(X, np.concatenate(segmenter.transform(ragged)))
    assert X.dtype == np.float32
    assert y.tolist() == ["calm"] * 13 + ["tense"] * 9 + ["calm"] * 19
    assert groups.tolist() == [3] * 13 + [1] * 9 + [2] * 19
    assert nothing is None
    np.testing.assert_array_equal(both.argmax(axis=1), [0] * 13 + [1] * 9 + [2] * 19)


def test_windows_alone_are_a_fresh_writable_array():
    array = np.ones((2, 20), dtype=np.float32)
    for X in (array, list(array)):
        windows = Segmenter(1, 10).windows(X)
        assert windows.shape == (4, 10)
        windows[:] = 5
        assert array.max() == 1


def test_too_short_recordings_are_named():
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
    assert segmenter.count(150) == 0
    assert segmenter.count(200) == 1


def test_short_recordings_can_be_left_out_and_are_counted(ragged):
    recordings, names = [*ragged, ragged[0][:100]], [*range(len(ragged)), -1]
    segmenter = Segmenter(256, 1)
    with pytest.warns(UserWarning, match=f"1 of {len(recordings)} recordings are shorter than"):
        windows, kept = segmenter.windows(recordings, names, short="drop")
    expected = segmenter.windows(ragged, names[:-1])
    np.testing.assert_array_equal(windows, expected[0])
    np.testing.assert_array_equal(kept, expected[1])
    with pytest.raises(ValueError, match="nothing is left"):
        segmenter.windows(recordings[-1:], short="drop")
    with pytest.raises(ValueError, match='short must be "raise" or "drop"'):
        segmenter.windows(recordings, short="skip")


def test_bad_arrays_and_parameters_are_refused(ragged):
    with pytest.raises(ValueError, match=r"array 1 to repeat .* has shape \(2,\) for 3 recording"):
        Segmenter(100, 1).windows(ragged, [1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match=r"array 0 to repeat .* has shape \(\)"):
        Segmenter(100, 1).windows(ragged, "calm")
    with pytest.raises(ValueError, match=r"window_length=0.001 s .* at least 0.01 s"):
        Segmenter(100, 0.001).fit(ragged)
    for params in ({"overlap": 1.0}, {"overlap": -0.1}, {"window_length": 0}):
        (name,) = params
        for method in ("fit", "transform", "windows"):
            with pytest.raises(ValueError, match=f"'{name}' parameter of Segmenter"):
                getattr(Segmenter(**params), method)(ragged)


def test_window_length_can_change_between_calls(ragged):
    segmenter = Segmenter(100, 1).fit(ragged)
    assert segmenter.transform(ragged)[0].shape == (7, 100)
    assert segmenter.set_params(window_length=2).transform(ragged)[0].shape == (3, 200)


def test_a_rate_out_of_a_header_is_a_rate():
    # 60 s at 1000 Hz are more samples than int16 holds
    segmenter = Segmenter(np.int16(1000), np.int16(60), overlap=np.float32(0.5))
    assert segmenter.count(90_000) == 2
    with pytest.raises(ValueError, match=r"has 10 samples \(0.01 s at sampling_rate=1000 Hz\)"):
        segmenter.transform([np.arange(10)])


def test_more_samples_than_can_be_counted():
    with pytest.raises(ValueError, match="window_length=1e.200 s at sampling_rate=1e.200 Hz"):
        Segmenter(1e200, 1e200).count(5)
