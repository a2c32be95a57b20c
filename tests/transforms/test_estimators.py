import numpy as np
import pytest
import torch

from sklearn_ecgssl.transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    Scale,
    TimeWarp,
    _functional as functional,
    default_transforms,
    make_views,
)


def test_defaults_are_those_of_the_authors_code():
    assert {name: t.get_params() for name, t in default_transforms()} == {
        "noise": {"snr_db": 15, "random_state": None},
        "scale": {"factor": 1.1},
        "negate": {},
        "flip": {},
        "permute": {"n_pieces": 20, "random_state": None},
        "warp": {"n_pieces": 9, "stretch": 1.05, "random_state": None},
    }


@pytest.mark.parametrize(
    ("transform", "function"),
    [
        (AddNoise(5), lambda x, g: functional.add_noise(x, 5, g)),
        (Scale(0.8), lambda x, g: functional.scale(x, 0.8)),
        (Negate(), lambda x, g: functional.negate(x)),
        (FlipTime(), lambda x, g: functional.flip_time(x)),
        (Permute(8), lambda x, g: functional.permute(x, 8, g)),
        (TimeWarp(7, 1.3), lambda x, g: functional.time_warp(x, 7, 1.3, g)),
    ],
)
def test_parameters_reach_the_function(transform, function):
    x = torch.randn(3, 500, generator=torch.Generator().manual_seed(0))
    applied = transform.apply(x, torch.Generator().manual_seed(1))
    assert torch.equal(applied, function(x, torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("transform", [t for _, t in default_transforms()])
def test_input_is_left_alone(transform):
    x = np.random.default_rng(0).normal(size=(4, 300)).astype(np.float32)
    x.flags.writeable = False
    before = x.copy()
    out = transform.fit(x).transform(x)
    assert out.shape == x.shape
    assert out.dtype == np.float32
    assert not np.shares_memory(out, x)
    np.testing.assert_array_equal(x, before)


def test_numpy_transform_is_reproducible_by_random_state():
    x = np.random.default_rng(0).normal(size=(4, 300))
    first = AddNoise(random_state=3).fit_transform(x)
    np.testing.assert_array_equal(first, AddNoise(random_state=3).fit_transform(x))
    assert not np.array_equal(first, AddNoise(random_state=4).fit_transform(x))


def test_views_are_stacked_in_label_order():
    x = torch.randn(5, 100, generator=torch.Generator().manual_seed(0))
    views, labels = make_views(x, [Negate(), Scale(2.0)], torch.Generator())
    assert torch.equal(views, torch.cat([x, -x, 2 * x]))
    assert labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5


@pytest.mark.parametrize(
    ("transform", "parameter"),
    [
        (AddNoise(snr_db="15"), "snr_db"),
        (Scale(factor=0), "factor"),
        (Permute(n_pieces=1), "n_pieces"),
        (Permute(n_pieces=2.5), "n_pieces"),
        (TimeWarp(stretch=1.0), "stretch"),
        (TimeWarp(n_pieces=0), "n_pieces"),
        (AddNoise(snr_db=1e9), "snr_db"),
        (AddNoise(snr_db=-1e9), "snr_db"),
        (TimeWarp(stretch=1e9), "stretch"),
    ],
)
def test_bad_parameter_is_named(transform, parameter):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
        transform.fit(np.ones((2, 100)))


@pytest.mark.parametrize("transform", [Permute(20), TimeWarp(20)])
def test_window_shorter_than_the_pieces(transform):
    for method in (transform.fit, transform.transform):
        with pytest.raises(ValueError, match="at least 20 samples, got 19.*smaller n_pieces"):
            method(np.ones((2, 19)))


@pytest.mark.parametrize("transform", [Scale(1e300), Scale(10**30), AddNoise(-200)])
def test_windows_beyond_float32_are_refused(transform):
    X = np.ones((3, 50))
    X[1] = 1e20
    with pytest.raises(ValueError, match=r"takes window [01] beyond what float32 holds"):
        transform.transform(X)
