"""What holds for the features of any network, at any rate and of windows of any length."""

from functools import cache

import numpy as np
from hypothesis import example, given, strategies as st

from tests.strategies import attempt, log_uniform
from tests.tiny import each_pretrainer


@cache
def network(tiny, n_times):
    """A network as it was initialised, for windows of so many samples."""
    windows = np.random.default_rng(0).normal(size=(3, n_times)).astype(np.float32)
    return tiny(max_epochs=0).fit(windows), windows


@each_pretrainer
@given(st.data(), st.sampled_from([22, 64, 200, 400]), log_uniform(0.01, 1000))
@example(None, 400, 2.0)
@example(None, 400, 3.03)
@example(None, 400, 1e-3)
def test_every_aggregation_gives_numbers_or_says_what_is_wrong(tiny, data, n_times, rate):
    pretrainer, windows = network(tiny, n_times)
    ways, layer = ["rhythm"], "all"
    if data is not None:
        known = st.sampled_from(pretrainer.aggregations())
        ways = data.draw(st.lists(known, min_size=1, max_size=3))
        layer = data.draw(st.sampled_from(pretrainer.layer_names()))
    features, refusal = attempt(pretrainer.encode, windows, layer, ways, rate)
    if refusal:
        assert "rhythm" in ways
        assert "aggregate='rhythm' needs" in refusal
        assert "sampling_rate" in refusal
    else:
        assert features.shape == (3, pretrainer.n_features_encoded(layer, ways))
        assert features.dtype == np.float32
        assert np.isfinite(features).all()
