"""Pairs of views against a plain version in numpy, and what comparisons make of them."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import DilatedConvolutions, PretextPretrainer
from sklearn_ecgssl.pretext._tasks import ComparisonLoss
from sklearn_ecgssl.transforms import (
    CompareIrregularity,
    CompareTempo,
    Negate,
    RandomAugmentation,
    WindowComparison,
    make_pairs,
)
from sklearn_ecgssl.transforms._pairs import (
    add_at_snr,
    at_mean_speed_one,
    crop,
    low_pass,
    read_at_speed,
    varying_log_speed,
    view_length,
)
from tests.tiny import tiny_comparing, tiny_pretrainer, waves

RATE = 100
rng = np.random.default_rng(0)
WINDOWS = rng.normal(size=(3, 200)).cumsum(axis=1).astype(np.float32)


class Same(RandomAugmentation):
    """Disturb nothing."""

    def apply(self, windows, generator=None):
        return windows


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def catmull_rom(x, position):
    """Value of a signal between its samples, by the cubic through four of them."""
    i = int(np.floor(position))
    t = position - i
    before, left, right, after = (x[min(max(k, 0), len(x) - 1)] for k in range(i - 1, i + 3))
    bend = 2 * before - 5 * left + 4 * right - after
    twist = 3 * (left - right) + after - before
    return left + t / 2 * (right - before + t * (bend + t * twist))


def read_slowly(x, log_speed, place):
    steps = np.exp(log_speed[:-1])
    position = place * (len(x) - 1 - steps.sum())
    view = [catmull_rom(x, position)]
    for step in steps:
        position += step
        view.append(catmull_rom(x, position))
    return np.array(view)


def beats(rate, seconds=20):
    """Narrow bumps at a rate in Hz, sampled at 100 Hz."""
    t = np.arange(seconds * RATE) / RATE
    return np.exp(-0.5 * (((t * rate) % 1 - 0.5) / (0.05 * rate)) ** 2).astype(np.float32)


def rate_of(view):
    """Number of bumps a second, from the highest peak of the spectrum above 0.5 Hz."""
    power = np.abs(np.fft.rfft(view - view.mean(), 16 * len(view))) ** 2
    frequency = np.fft.rfftfreq(16 * len(view), 1 / RATE)
    fundamental = (frequency > 0.5) & (frequency < 3)
    return frequency[fundamental][power[fundamental].argmax()]


class TestFunctions:
    def test_read_at_speed_is_the_plain_version(self):
        length = view_length(200, 1.5)
        log_speed = rng.uniform(-0.4, 0.4, (3, 2, length))
        place = rng.uniform(size=(3, 2))
        views = read_at_speed(
            torch.tensor(WINDOWS), torch.tensor(log_speed).float(), torch.tensor(place).float()
        )
        expected = [
            [read_slowly(x, log_speed[i, k], place[i, k]) for k in (0, 1)]
            for i, x in enumerate(WINDOWS.astype(np.float64))
        ]
        np.testing.assert_allclose(views, expected, atol=1e-3 * WINDOWS.std())

    def test_a_view_as_fast_as_can_be_fits_exactly(self):
        for n_times in (10, 199, 200, 2560):
            for stretch in (1.1, 1.4, 4.0):
                length = view_length(n_times, stretch)
                assert stretch * (length - 1) <= n_times - 1 < stretch * length

    def test_speed_one_is_a_cut(self):
        views = read_at_speed(torch.tensor(WINDOWS), torch.zeros(3, 2, 151), torch.ones(3, 2))
        np.testing.assert_allclose(views[:, 0], WINDOWS[:, 49:], atol=1e-5)
        at_start = crop(torch.tensor(WINDOWS), 151, torch.zeros(3))
        np.testing.assert_array_equal(at_start, WINDOWS[:, :151])
        np.testing.assert_array_equal(
            crop(torch.tensor(WINDOWS), 151, torch.full((3,), 0.9999)), WINDOWS[:, 49:]
        )

    def test_varying_speed_is_the_plain_version_and_keeps_the_tempo(self):
        knots, strength = rng.normal(size=(2, 2, 5)), rng.uniform(size=(2, 2))
        varying = varying_log_speed(torch.tensor(knots), torch.tensor(strength), 90)
        found = at_mean_speed_one(varying)
        for i, k in np.ndindex(2, 2):
            curve = np.interp(np.linspace(0, 4, 90), np.arange(5), knots[i, k])
            curve = strength[i, k] * (curve - curve.mean())
            curve -= np.log(np.exp(curve[:-1]).mean())
            np.testing.assert_allclose(found[i, k], curve, atol=1e-12)
            assert np.exp(found[i, k].numpy()[:-1]).sum() == pytest.approx(89)

    def test_low_pass_halves_the_power_at_the_cutoff(self):
        t = np.arange(1000) / RATE
        tones = np.stack([np.sin(2 * np.pi * f * t) for f in (5, 20, 40)])
        passed = low_pass(torch.tensor(tones), torch.full((3,), 20 / 50))
        gain = passed.numpy().std(axis=1) / tones.std(axis=1)
        np.testing.assert_allclose(gain, [0.998, 0.5**0.5, 17**-0.5], atol=0.01)
        assert (passed * torch.tensor(tones)).mean(1).min() > 0  # nothing is delayed

    def test_noise_has_the_ratio_that_was_asked_for(self):
        noise = torch.randn(3, 200, generator=generator())
        snr = np.array([-6.0, 0.0, 20.0])
        added = add_at_snr(torch.tensor(WINDOWS), noise, torch.tensor(snr)).numpy() - WINDOWS
        found = 10 * np.log10((WINDOWS**2).mean(1) / (added**2).mean(1))
        np.testing.assert_allclose(found, snr, atol=1e-2)
        silent = add_at_snr(torch.tensor(WINDOWS), torch.zeros(3, 200), torch.tensor(snr))
        np.testing.assert_array_equal(silent, WINDOWS)


class TestPairs:
    def test_differences_are_those_of_the_tempo(self):
        windows = torch.tensor(np.stack([beats(1.0), beats(1.3), beats(1.1)] * 4))
        pairs, differences = make_pairs(windows, [CompareTempo(1.4)], Same(), generator())
        assert pairs.shape == (12, 2, view_length(2000, 1.4))
        rates = np.array([[rate_of(view) for view in pair] for pair in pairs.numpy()])
        ratios = np.log(rates[:, 0] / rates[:, 1])
        np.testing.assert_allclose(differences[:, 0], ratios, atol=0.03)
        assert differences.abs().max() > 0.3

    def test_irregularity_moves_beats_apart_and_not_the_tempo(self):
        windows = torch.tensor(np.stack([beats(1.2)] * 40))
        comparison = CompareIrregularity(strength=0.5)
        pairs, differences = make_pairs(windows, [comparison], Same(), generator())
        assert pairs.shape == (40, 2, 2000)
        spreads = np.array([[spread_of(view) for view in pair] for pair in pairs.numpy()])
        ranked = np.sign(spreads[:, 0] - spreads[:, 1]) == np.sign(differences[:, 0].numpy())
        assert ranked.mean() > 0.8
        counts = [len(bumps(view)) for pair in pairs.numpy() for view in pair]
        np.testing.assert_allclose(counts, 24, atol=1)

    @pytest.mark.parametrize("strength", [0.25, 1.0])
    def test_several_that_vary_keep_the_tempo_together(self, strength):
        """So no view is read past the end of its window, where all samples would be alike."""
        windows = torch.arange(1000.0).repeat(50, 1)
        several = [CompareIrregularity(strength), CompareIrregularity(strength, n_knots=4)]
        pairs, _ = make_pairs(windows, several, Same(), generator())
        np.testing.assert_allclose(pairs[..., -1] - pairs[..., 0], 999, atol=0.5)
        assert (pairs.diff(dim=-1) > 0).all()

    def test_several_comparisons_share_a_pair(self):
        windows = torch.tensor(np.stack([beats(1.2)] * 5))
        both = [CompareTempo(), CompareIrregularity()]
        pairs, differences = make_pairs(windows, both, RandomAugmentation(), generator())
        assert pairs.shape == (5, 2, view_length(2000, 1.4))
        assert differences.shape == (5, 2)
        again, same = make_pairs(windows, both, RandomAugmentation(), generator())
        assert torch.equal(again, pairs)
        assert torch.equal(same, differences)


def bumps(view):
    is_top = (view[1:-1] > view[:-2]) & (view[1:-1] >= view[2:]) & (view[1:-1] > 0.5)
    return np.flatnonzero(is_top)


def spread_of(view):
    return np.log(np.diff(bumps(view))).std()


class TestLosses:
    predicted = torch.tensor([0.3, -0.1, 2.0])
    difference = torch.tensor([0.35, 0.1, -0.5])

    def test_tempo(self):
        metrics = CompareTempo().metrics(self.predicted, self.difference)
        errors = np.abs(self.predicted.numpy() - self.difference.numpy())
        smooth = np.where(errors < 0.1, errors**2 / 0.2, errors - 0.05)
        assert float(metrics["loss"]) == pytest.approx(smooth.mean())
        assert float(metrics["error"]) == pytest.approx(errors.mean())
        assert float(metrics["accuracy"]) == pytest.approx(1 / 3)

    def test_irregularity(self):
        metrics = CompareIrregularity().metrics(self.predicted, self.difference)
        right = expit(np.sign(self.difference.numpy()) * self.predicted.numpy())
        weighted = -np.log(right) * np.abs(self.difference.numpy()) * 3
        assert float(metrics["loss"]) == pytest.approx(weighted.mean(), rel=1e-5)
        assert float(metrics["accuracy"]) == pytest.approx(1 / 3)

    def test_weights_of_pairs_are_one_on_average(self):
        _, differences = CompareIrregularity().draw(100_000, 20, generator())
        assert float(differences.abs().mean()) == pytest.approx(1 / 3, rel=0.02)
        # Of squares of uniform draws; the mean above is that of the draws themselves as well.
        assert float(differences.square().mean()) == pytest.approx(8 / 45, rel=0.02)

    def test_each_view_beside_a_pair_is_told_by_its_place(self):
        loss = ComparisonLoss(["original", "negate"], [("tempo", CompareTempo())], [1.0, 1.0, 1.0])
        right = (2 * torch.eye(2) - 1).repeat(3, 1, 1)  # of three windows
        metrics = loss.metrics((right, torch.zeros(3, 1)), torch.zeros(3, 1))
        told = dict(zip(loss.metric_names, metrics.tolist(), strict=True))
        assert told["original_accuracy"] == told["negate_accuracy"] == 1


class TestAugmentation:
    def test_recorded_noise_is_a_stretch_of_it(self):
        recorded = np.stack([np.arange(500.0), -(np.arange(500.0) ** 2)])
        only = RandomAugmentation(None, (0, 0), 1.0, negate=False, recorded_noise=recorded)
        windows = torch.ones(200, 20)
        added = only.apply(windows, generator()) - windows
        second = np.diff(added.numpy(), 2, axis=1)
        straight = np.abs(second).max(axis=1) < 1e-4
        curved = np.ptp(second, axis=1) < 1e-2
        assert 30 < straight.sum() < 80  # a quarter: half of the views, half of the noises
        assert 70 < curved.sum() < 130

    def test_half_of_the_views_are_upside_down(self):
        only = RandomAugmentation(None, None, 1.0)
        signs = only.apply(torch.ones(400, 5), generator())[:, 0]
        assert set(signs.tolist()) == {1.0, -1.0}
        assert abs(float(signs.mean())) < 0.2
        same = RandomAugmentation(None, None, 1.0, negate=False).apply(torch.ones(4, 5))
        assert torch.equal(same, torch.ones(4, 5))

    def test_amplitudes_are_within_the_factor(self):
        only = RandomAugmentation(None, None, 3.0, negate=False)
        factors = only.apply(torch.ones(400, 5), generator())[:, 0]
        assert 1 / 3 <= float(factors.min()) < 1 / 2.9
        assert 2.9 < float(factors.max()) <= 3

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"low_pass": (0.0, 1.0)}, r"low_pass must be .*got \(0.0, 1.0\)"),
            ({"low_pass": (0.5, 1.5)}, "low_pass must be"),
            ({"snr_db": (20, 0)}, r"snr_db must be .*got \(20, 0\)"),
            ({"snr_db": (3,)}, "snr_db must be"),
            ({"recorded_noise": np.zeros(30)}, "30 samples, a view has 46.*more noise"),
            ({"recorded_noise": np.full(99, np.nan)}, "NaN"),
            ({"low_pass": ("a", 1)}, "low_pass must be"),
            ({"factor": -1.0}, "'factor' parameter"),
        ],
    )
    def test_bad_ranges_are_named(self, params, message):
        pretrainer = PretextPretrainer.from_preset("rhythm", max_epochs=1)
        pretrainer.set_params(augmentation=RandomAugmentation(**params))
        with pytest.raises(ValueError, match=message):
            pretrainer.fit(np.ones((3, 64)))


class Shift(WindowComparison):
    """A comparison of one's own: which view has the higher mean."""

    def draw(self, n_windows, length, generator):
        return torch.zeros(n_windows, 2, 1), torch.ones(n_windows)

    def metrics(self, predicted, difference):
        return {"loss": (predicted - difference).square().mean()}


class TestInAPretrainer:
    def test_parameters_have_names(self):
        pretrainer = PretextPretrainer.from_preset("rhythm")
        assert pretrainer.get_params()["irregularity__n_knots"] == 10
        pretrainer.set_params(tempo__stretch=1.2, trunk__n_channels=8)
        assert pretrainer.comparisons[0][1].stretch == 1.2
        assert clone(pretrainer).set_params(tempo="drop").comparison_names() == [
            "irregularity",
            "variation",
        ]
        assert pretrainer.without("irregularity", "variation").comparison_names() == ["tempo"]
        other = PretextPretrainer.from_preset("rhythm")
        assert other.comparisons[0][1].stretch == 1.4  # a preset is nobody's own

    def test_scores_are_what_pairs_were_compared_by(self, fitted_comparing):
        windows, pretrainer = waves()[0], fitted_comparing
        scores = pretrainer.encode(windows, "scores")
        assert scores.shape == (24, 3) == (24, pretrainer.n_features_encoded("scores"))
        weights = pretrainer.state_["comparisons.weight"]
        np.testing.assert_allclose(scores, pretrainer.encode(windows) @ weights.T, rtol=1e-4)
        embedded = SSLEmbedder(FrozenEstimator(pretrainer), layer="scores").fit_transform(windows)
        np.testing.assert_array_equal(embedded, scores)
        with pytest.raises(ValueError, match="aggregate must be None with layer='scores'"):
            pretrainer.encode(windows, "scores", "max")
        with pytest.raises(ValueError, match="layer must be one of"):
            PretextPretrainer().n_features_encoded("scores")

    def test_the_trunk_that_was_fitted_makes_the_features(self, fitted_comparing):
        windows = waves()[0]
        changed = deepcopy(fitted_comparing).set_params(trunk=None)
        np.testing.assert_array_equal(changed.encode(windows), fitted_comparing.encode(windows))

    def test_other_recorded_noise_is_another_fit(self, tmp_path):
        noise = rng.normal(size=(2, 300))
        first = tiny_comparing(augmentation=RandomAugmentation(recorded_noise=noise))
        first.set_params(checkpoint=tmp_path).fit(waves()[0])
        other = clone(first).set_params(augmentation__recorded_noise=noise + 1, max_epochs=3)
        with pytest.raises(ValueError, match="holds another fit: augmentation__recorded_noise"):
            other.fit(waves()[0])

    def test_views_too_short_for_the_papers_trunk_are_refused(self):
        short = tiny_pretrainer(comparisons=[("tempo", CompareTempo())])
        with pytest.raises(ValueError, match="needs windows of at least 11 samples, got .* 10"):
            short.fit(np.ones((3, 10)))
        short.set_params(warp="drop", permute="drop").fit(waves(4, 11)[0])

    def test_beside_recognition(self):
        beside = PretextPretrainer(
            comparisons=[("shift", Shift()), ("tempo", CompareTempo())],
            filters=(4, 8),
            kernel_sizes=(8, 4),
            task_weights={"shift": 0.5},
            max_epochs=1,
            random_state=0,
        )
        beside.fit(WINDOWS, X_val=WINDOWS)
        assert beside.task_names_[-2:] == ["shift", "tempo"]
        assert beside.task_weights_[-2:] == [0.5, 1.0]
        row = beside.history_[0]
        losses = [row[f"valid_{name}_loss"] for name in beside.task_names_]
        assert row["valid_loss"] == pytest.approx(np.dot(losses, beside.task_weights_), rel=1e-5)
        assert {"train_tempo_error", "train_tempo_accuracy", "train_warp_accuracy"} <= row.keys()
        assert beside.encode(WINDOWS).shape == (3, 8)

    def test_views_to_recognise_are_cut_out_anywhere(self):
        beside = tiny_pretrainer(comparisons=[("tempo", CompareTempo())], max_epochs=1)
        beside.fit(waves(4)[0])
        windows = torch.arange(64.0).repeat(200, 1)  # of which a sample tells its place
        views, _ = beside._prepare(windows, None, generator())
        assert views.shape == (200, 7 + 2, 46)
        assert set(views[:, 0, 0].tolist()) == set(range(64 - 46 + 1))

    @pytest.mark.parametrize(
        ("params", "error", "message"),
        [
            ({"comparisons": [("tempo", Negate())]}, TypeError, "comparisons must be a list of"),
            ({"comparisons": [("noise", CompareTempo())]}, ValueError, "not unique"),
            ({"comparisons": [("tempo", CompareTempo(0.5))]}, ValueError, "'stretch' parameter"),
            ({"transforms": []}, ValueError, "where there are no comparisons"),
            ({"comparisons": [("original", CompareTempo())]}, ValueError, "none named 'original'"),
            ({"comparisons": ["tempo"]}, TypeError, "comparisons must be a list of"),
            (
                {"trunk": DilatedConvolutions(kernel_size=4)},
                ValueError,
                "trunk__kernel_size must be odd.*got 4",
            ),
        ],
    )
    def test_what_cannot_be_learnt(self, params, error, message):
        with pytest.raises(error, match=message):
            PretextPretrainer(**params).fit(np.ones((3, 640)))
