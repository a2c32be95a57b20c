import warnings

import numpy as np
import pytest

from sklearn_ecgssl.signal import Segmenter


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
    with pytest.raises(ValueError, match="recording 0 has 100 samples .* less than one window"):
        segmenter.windows(recordings[-1:], short="drop")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(
            segmenter.windows(recordings[:1], short="drop"), segmenter.windows(recordings[:1])
        )
    with pytest.raises(ValueError, match="short must be one of 'raise', 'drop', got 'skip'"):
        segmenter.windows(recordings, short="skip")


def test_bad_arrays_and_parameters_are_refused(ragged):
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[3, 3, 2\]"):
        Segmenter(100, 1).windows(ragged, [1, 2, 3], [1, 2])
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
