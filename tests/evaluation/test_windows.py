import numpy as np
import pytest

from sklearn_ecgssl.evaluation import LabelledWindows
from sklearn_ecgssl.signal import Segmenter

SEGMENTER = Segmenter(sampling_rate=10, window_length=2)
LENGTHS = [20, 45, 67, 80]
RECORDINGS = [np.arange(n, dtype=np.float32) + 1000 * i for i, n in enumerate(LENGTHS)]
TARGET = np.array(["calm", "tense", "calm", "tense"])
SUBJECT = np.array(["Ann", "Ann", "Bob", "Bob"])


def labelled(recordings=RECORDINGS, target=TARGET, subject=SUBJECT, segmenter=SEGMENTER):
    return LabelledWindows.from_recordings(recordings, target, subject, segmenter)


def test_every_window_knows_where_it_is_from():
    windows = labelled()
    counts = [1, 2, 3, 4]
    assert len(windows) == 10
    np.testing.assert_array_equal(windows.recording, np.repeat(np.arange(4), counts))
    np.testing.assert_array_equal(windows.target, np.repeat(TARGET, counts))
    np.testing.assert_array_equal(windows.subject, np.repeat(SUBJECT, counts))
    taken = windows.take([9, 0, 1])
    assert taken.dtype == np.float32
    for row, (recording, start) in zip(taken, [(3, 60), (0, 0), (1, 0)], strict=True):
        np.testing.assert_array_equal(row, RECORDINGS[recording][start : start + 20])


@pytest.mark.parametrize("overlap", [0, 0.5])
def test_windows_are_views_of_the_recordings(overlap):
    segmenter = Segmenter(sampling_rate=10, window_length=2, overlap=overlap)
    for block, recording in zip(
        labelled(segmenter=segmenter).store.blocks, RECORDINGS, strict=True
    ):
        assert np.shares_memory(block, recording)
    assert list(vars(segmenter)) == ["sampling_rate", "window_length", "overlap"], "left unfitted"


@pytest.mark.parametrize("as_cube", [True, False])
def test_windowed_recordings_are_not_cut_again(as_cube):
    cube = np.arange(4 * 3 * 5, dtype=np.float32).reshape(4, 3, 5)
    windows = labelled(cube if as_cube else [cube[0, :1], *cube[1:]])
    assert len(windows) == (12 if as_cube else 10)
    np.testing.assert_array_equal(windows.take([len(windows) - 1])[0], cube[3, 2])
    assert np.shares_memory(windows.store.blocks[3], cube)


def test_default_segmenter():
    assert labelled([np.zeros(5120)] * 4, segmenter=None).take([0]).shape == (1, 2560)


def test_names_and_numbers_of_people_may_be_mixed():
    for subject in ([1, 1, "Bob", 2], np.array([1, 1, "Bob", 2], dtype=object)):
        assert np.unique(labelled(subject=subject).subject).tolist() == ["1", "2", "Bob"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": TARGET[:3]}, "target must be 1-D with one entry for each of the 4 rec"),
        ({"subject": SUBJECT[:3]}, "subject must be 1-D with one entry.*got shape \\(3,\\)"),
        ({"target": ["calm"] * 4}, "one class only \\('calm'\\)"),
        ({"target": [0.1, 0.2, 0.3, 0.4]}, "Unknown label type: continuous"),
        ({"subject": None}, r"subject must be 1-D .*got shape \(\)"),
        ({"subject": ["Ann", None, "Bob", "Bob"]}, r"subject is missing for recording 1 \(1"),
        ({"recordings": [*RECORDINGS[:3], np.zeros(7)]}, "recording 3 has 7 samples"),
        ({"recordings": [*RECORDINGS[:3], np.full(30, np.nan)]}, "recording 3.*NaN"),
    ],
)
def test_what_does_not_belong_together_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        labelled(**arguments)
