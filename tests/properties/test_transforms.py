"""What holds for every transformation, its parameters, and every window."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, strategies as st
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_ecgssl.transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    Scale,
    TimeWarp,
    make_views,
)
from tests.properties.strategies import dtypes, layouts, log_uniform, matrices, seeds, stored
from tests.transforms import reference

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


@given(st.sampled_from([Negate(), FlipTime()]), windows)
def test_negating_and_flipping_undo_themselves(transform, X):
    once = transform.transform(X)
    np.testing.assert_array_equal(transform.transform(once), X)
    expected = -X if isinstance(transform, Negate) else [list(reversed(x)) for x in X.tolist()]
    np.testing.assert_array_equal(once, expected)


@given(factors, windows)
def test_scaling_multiplies_by_the_factor(factor, X):
    np.testing.assert_array_equal(Scale(factor).transform(X), X * np.float32(factor))


@given(st.floats(-60, 60), seeds, st.integers(200, 2000), log_uniform(1e-6, 1e6))
def test_noise_has_the_ratio_that_was_asked_for(snr_db, seed, n_times, amplitude):
    rng = np.random.default_rng(seed)
    X = amplitude * np.array([[1], [30], [0.1]]) * rng.normal(size=(3, n_times))
    X = X.astype(np.float32)
    noise = AddNoise(snr_db, random_state=seed).transform(X) - X.astype(np.float64)
    measured = 10 * np.log10(np.mean(X.astype(np.float64) ** 2, 1) / np.mean(noise**2, 1))
    standard_error = 10 / np.log(10) * np.sqrt(2 / n_times)
    np.testing.assert_allclose(measured, snr_db, rtol=0, atol=6 * standard_error)
    # of one window and the next, and of one sample and the next: nothing in common
    noise /= noise.std(axis=1, keepdims=True)
    assert np.abs(np.mean(noise[0] * noise[1])) < 6 / np.sqrt(n_times)
    assert np.abs(np.mean(noise[:, 1:] * noise[:, :-1])) < 6 / np.sqrt(3 * n_times)


@given(n_pieces, random_states, windows)
@example(5, 0, np.arange(10, dtype=np.float32).reshape(2, 5))
def test_permuting_lays_the_same_pieces_in_another_order(n, random_state, X):
    n_times = X.shape[1]
    assume(n_times >= n)
    permute = Permute(n, random_state=random_state)
    source = permute.transform(np.tile(np.arange(n_times), (len(X), 1))).astype(int)
    np.testing.assert_array_equal(permute.transform(X), np.take_along_axis(X, source, axis=1))
    edges = [i * n_times // n for i in range(n + 1)]
    assert {end - start for start, end in pairwise(edges)} <= {n_times // n, n_times // n + 1}
    for row in source:
        order = [edges.index(sample) for sample in row if sample in edges[:-1]]
        assert sorted(order) == list(range(n))
        np.testing.assert_array_equal(row, reference.permute(np.arange(n_times), order))


@given(n_pieces, stretches, random_states, windows)
def test_warping_reads_the_window_at_rising_places(n, stretch, random_state, X):
    n_times = X.shape[1]
    assume(n_times >= n)
    warp = TimeWarp(n, stretch, random_state=random_state)
    places = warp.transform(np.tile(np.arange(n_times), (len(X), 1))).astype(np.float64)
    assert places.min() >= 0
    assert places.max() <= n_times - 1
    assert np.all(np.diff(places, axis=1) >= -1e-4)
    out = warp.transform(X)
    for got, at, x in zip(out, places, X, strict=True):
        expected = np.interp(at, np.arange(n_times), x)
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * np.abs(x).max())
        margin = 1e-5 * np.abs(x).max()  # linear: between the samples, beyond none of them
        assert x.min() - margin <= got.min() <= got.max() <= x.max() + margin


@given(st.integers(2, 6), log_uniform(1.0001, 8), random_states, st.integers(6, 40))
def test_warping_stretches_half_of_the_pieces_and_crops(n, stretch, random_state, n_times):
    ramp = np.arange(n_times, dtype=np.float32)
    warped = TimeWarp(n, stretch, random_state=random_state).transform(ramp[None])[0]
    tail = ramp[n_times - n_times % n :]
    choices = [c for c in product([False, True], repeat=n) if sum(c) == -(-n // 2)]
    joined = [reference.time_warp(ramp, choice, stretch) for choice in choices]
    n_crops = max(len(joined[0]) - n_times, 0) + 1
    candidates = [
        np.concatenate([j, tail])[crop:][:n_times] for j in joined for crop in range(n_crops)
    ]
    assert min(np.abs(candidate - warped).max() for candidate in candidates) < 1e-3


@given(st.lists(transforms, max_size=4), matrices(min_times=12, max_times=40), random_states)
def test_views_are_the_windows_and_each_transformation_in_turn(chosen, X, seed):
    tensor = torch.from_numpy(X)
    views, labels = make_views(tensor, chosen, generator(seed))
    stream = generator(seed)
    expected = [tensor, *(transform.apply(tensor, stream) for transform in chosen)]
    assert torch.equal(views, torch.cat(expected))
    assert labels.tolist() == [label for label in range(len(expected)) for _ in X]
