"""`aggregate`, from the pretrainer to the embedder."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from tests.tiny import SAMPLING_RATE, each_pretrainer, ecg_like, tiny_pretrainer


@pytest.fixture(scope="module")
def windows():
    recordings, target, _ = ecg_like(seconds=(8, 12))
    return Segmenter(SAMPLING_RATE, 4).windows(recordings, target)


@each_pretrainer
@pytest.mark.parametrize("ways", [None, "max", "mean", ["max", "std"], ("rhythm", "max")])
def test_columns_are_counted_and_named(tiny, windows, ways):
    X = windows[0]
    pretrainer = tiny(max_epochs=0).fit(X)
    for layer in pretrainer.layer_names():
        features = pretrainer.encode(X, layer, ways, SAMPLING_RATE)
        assert features.shape == (len(X), pretrainer.n_features_encoded(layer, ways))
        assert np.isfinite(features).all()
        embedder = SSLEmbedder(
            pretrainer, layer=layer, aggregate=ways, sampling_rate=SAMPLING_RATE
        ).fit(X)
        assert len(embedder.get_feature_names_out()) == features.shape[1]
        np.testing.assert_array_equal(embedder.transform(X), features)


def test_the_default_is_the_papers_global_max(windows):
    X = windows[0]
    pretrainer = tiny_pretrainer(max_epochs=0).fit(X)
    np.testing.assert_array_equal(pretrainer.encode(X), pretrainer.encode(X, aggregate="max"))
    both = pretrainer.encode(X, aggregate=["max", "mean"])
    np.testing.assert_allclose(both[:, :4], pretrainer.encode(X), atol=1e-6)


def test_rhythm_tells_fast_from_slow_where_the_maximum_cannot(windows):
    X, y = windows
    scores = {}
    for ways in ("max", "rhythm"):
        embedder = SSLEmbedder(
            tiny_pretrainer(max_epochs=0), aggregate=ways, sampling_rate=SAMPLING_RATE
        )
        scores[ways] = make_pipeline(embedder, LogisticRegression()).fit(X, y).score(X, y)
    assert scores["rhythm"] == 1 > scores["max"]


@each_pretrainer
def test_grid_search_reaches_it(tiny, windows):
    X, y = windows
    pipe = make_pipeline(SSLEmbedder(tiny(max_epochs=0)), LogisticRegression())
    grid = {"sslembedder__aggregate": ["max", "mean", ["max", "std"]]}
    assert len(GridSearchCV(pipe, grid, cv=2).fit(X, y).cv_results_["params"]) == 3


@each_pretrainer
@pytest.mark.parametrize("ways", ["median", [], ["max", "median"]])
def test_unknown_aggregation(tiny, windows, ways):
    known = ", ".join(map(repr, tiny().aggregations()))
    with pytest.raises(ValueError, match=rf"aggregate must be one or several of \[{known}\]"):
        SSLEmbedder(tiny(), aggregate=ways).fit(windows[0])


@each_pretrainer
def test_rhythm_needs_seconds(tiny, windows):
    pretrainer = tiny(max_epochs=0).fit(windows[0])
    with pytest.raises(ValueError, match=r"windows of at least 3\.2 s, these have 1 s"):
        pretrainer.encode(windows[0], aggregate="rhythm", sampling_rate=256)


@pytest.mark.real
def test_rhythm_is_the_heart_rate_on_real_ecg(shared_data):
    cohort = load_recordings(shared_data / "eegmat_ecg.npz", where={"ecg_ok": True})
    recordings = ECGFilter(256).fit_transform(
        Resampler(500, 256).fit_transform(cohort.recordings[:24])
    )
    windows = Segmenter(256).windows(TrimmedScaler().fit_transform(recordings))[::5]
    rate = HRVFeatures(256, features=["mean_hr"]).fit_transform(windows)[:, 0]
    pretrainer = PretextPretrainer(max_epochs=0, random_state=0).fit(windows)
    periods = np.exp(pretrainer.encode(windows, aggregate="rhythm")[:, :128])
    close = np.abs(60 / np.median(periods, axis=1) - rate) < 3
    assert np.mean(close) > 0.85
