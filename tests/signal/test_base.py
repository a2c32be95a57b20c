import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.signal import (
    ECGFilter,
    Resampler,
    Segmenter,
    TrimmedScaler,
    scale_subjects,
)

ESTIMATORS = [
    ECGFilter(high=40, notch=[50, 100]),
    ECGFilter(zero_phase=False),
    Resampler(500, 256),
    TrimmedScaler(),
    Segmenter(window_length=1, overlap=0.5),
]


@pytest.fixture(params=ESTIMATORS, ids=repr)
def estimator(request):
    """A clone, so that a fit in one test is not met in another."""
    return clone(request.param)


def as_memmap(array, path):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def test_integers_and_read_only_memory_maps_work(estimator, tmp_path):
    counts = (1000 * np.random.default_rng(0).normal(size=(2, 600))).astype(np.int16)
    expected = estimator.transform(counts.astype(np.float64))
    for dtype in (np.int16, np.float32, np.float64):
        mapped = as_memmap(counts.astype(dtype), tmp_path / f"{np.dtype(dtype)}.npy")
        assert not mapped.flags.writeable
        np.testing.assert_array_equal(estimator.fit_transform(mapped), expected)
        np.testing.assert_array_equal(estimator.fit_transform(list(mapped)), expected)


def test_stateless_but_consistent(estimator):
    X = np.random.default_rng(0).normal(size=(2, 600))
    unfitted = estimator.transform(X)
    np.testing.assert_array_equal(estimator.fit(X).transform(X), unfitted)
    assert estimator.n_features_in_ == 600
    with pytest.raises(ValueError, match=r"X has 599 features, but \w+ is expecting 600"):
        estimator.transform(X[:, :-1])
    estimator.transform([X[0, :-1]])  # a list has no number of features


@pytest.mark.parametrize("config", ["pandas", "default", None])
def test_set_output_in_a_pipeline_leaves_lists_alone(config, ragged):
    pipe = make_pipeline(ECGFilter(), Resampler(512), TrimmedScaler(), Segmenter(window_length=0.5))
    expected = pipe.fit_transform(ragged)
    got = pipe.set_output(transform=config).fit_transform(ragged)
    assert type(got) is list
    for x, y in zip(got, expected, strict=True):
        assert type(x) is np.ndarray
        np.testing.assert_array_equal(x, y)
    assert list(pipe.get_feature_names_out()[:2]) == ["segmenter0", "segmenter1"]
    assert list(pipe[:-1].get_feature_names_out()) == []


def test_pandas_output_of_arrays():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(2, 5)), index=["a", "b"])
    X.columns = [f"t{i}" for i in range(5)]
    plain = TrimmedScaler().fit_transform(X)
    assert type(plain) is np.ndarray
    frame = TrimmedScaler().set_output(transform="pandas").fit_transform(X)
    assert frame.columns.tolist() == X.columns.tolist()
    np.testing.assert_array_equal(frame.to_numpy(), plain)
    with config_context(transform_output="pandas"):
        resampled = Resampler(2, 1).fit_transform(X)
        windows = Segmenter(1, 2).fit_transform(X)
    assert resampled.columns.tolist() == ["resampler0", "resampler1", "resampler2"]
    assert [one.shape for one in windows] == [(2, 2), (2, 2)]
    assert Segmenter(1, 2).fit_transform(X).shape == (2, 2, 2)
    copy = clone(TrimmedScaler().set_output(transform="pandas"))
    assert isinstance(copy.transform(X.to_numpy()), pd.DataFrame)


@pytest.mark.parametrize("step", [ECGFilter(128), TrimmedScaler(), Resampler(128, 256)])
def test_a_table_with_a_recording_in_each_column_is_warned_of(step):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(1536, 8)))
    with pytest.warns(UserWarning, match="1536 rows of 8 values, and rows are recordings"):
        step.fit_transform(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step.fit_transform(table.T)


def test_flat_recordings_are_named():
    flat = [np.arange(50.0), np.full(40, 7)]
    for estimator in (ECGFilter(), TrimmedScaler()):
        with pytest.raises(ValueError, match="recording 1 is flat: .*40 sorted .* all 7.*sensor"):
            estimator.transform(flat)
    with pytest.raises(ValueError, match=r"subject b \(recording 1\) is flat"):
        scale_subjects(flat, ["a", "b"])


def test_invalid_parameters_are_refused_without_fit(estimator):
    name = next(iter(estimator.get_params()))
    estimator.set_params(**{name: "abc"})
    for method in (estimator.fit, estimator.transform):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of"):
            method([np.arange(600.0)])


def test_importing_signal_does_not_import_torch():
    code = "import sys, sklearn_ecgssl.signal; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
