"""What holds for every transformation, its parameters, and every window."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, strategies as st
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_ecgssl.transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    Scale,
    TimeWarp,
)
from tests.properties.strategies import dtypes, layouts, log_uniform, matrices, stored

n_pieces = st.integers(2, 12)
random_states = st.integers(0, 2**31)
factors = log_uniform(1e-3, 1e3)
stretches = log_uniform(1.0001, 100)
windows = matrices(max_times=120)
DETERMINISTIC = [st.builds(Scale, factors), st.builds(Negate), st.builds(FlipTime)]
DRAWN = [
    st.builds(AddNoise, st.floats(-60, 60), random_state=random_states),
    st.builds(Permute, n_pieces, random_state=random_states),
    st.builds(TimeWarp, n_pieces, stretches, random_state=random_states),
]
transforms = st.one_of(DETERMINISTIC + DRAWN)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def fits(transform, X):
    return X.shape[1] >= getattr(transform, "n_pieces", 1)


@given(transforms, windows, dtypes, layouts)
def test_windows_become_float32_windows_and_are_left_alone(transform, X, dtype, layout):
    X = stored(X, dtype, layout)
    before = X.copy()
    if not fits(transform, X):
        for method in (transform.fit, transform.transform):
            with pytest.raises(ValueError, match=r"n_pieces.*got \d+ |got \d+ .*n_pieces"):
                method(X)
        return
    out = transform.fit(X).transform(X)
    assert out.shape == X.shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert not np.shares_memory(out, X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(out, transform.transform(before.astype(np.float32)))
    np.testing.assert_array_equal(out, clone(transform).transform(X.tolist()))


@given(transforms, windows, st.sampled_from([torch.float32, torch.float64]))
def test_a_tensor_is_transformed_like_an_array(transform, X, dtype):
    assume(fits(transform, X))
    seed = check_random_state(getattr(transform, "random_state", None)).randint(2**31 - 1)
    tensor = torch.from_numpy(X).to(dtype)
    before, state = tensor.clone(), torch.get_rng_state()
    out = transform.apply(tensor, generator(int(seed)))
    assert out.dtype == dtype
    assert torch.equal(tensor, before)
    assert torch.equal(torch.get_rng_state(), state), "a generator was given"
    if dtype == torch.float32:
        np.testing.assert_array_equal(out.numpy(), transform.transform(X))
        assert out.data_ptr() != tensor.data_ptr()


@given(st.one_of(DETERMINISTIC), windows, st.randoms(use_true_random=False))
def test_without_chance_every_window_is_transformed_by_itself(transform, X, random):
    order = random.sample(range(len(X)), len(X))
    alone = [transform.transform(x[None])[0] for x in X]
    np.testing.assert_array_equal(transform.transform(X), alone)
    np.testing.assert_array_equal(transform.transform(X[order]), [alone[i] for i in order])
