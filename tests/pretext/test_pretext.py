"""What is about `PretextPretrainer` alone; test_pretrainers.py has what holds for every one."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.pretext._tasks import RecognitionLoss
from sklearn_ecgssl.transforms import AddNoise, Negate, Scale
from tests.tiny import tiny_pretrainer

TASKS = ["original", "noise", "scale", "negate", "flip", "permute", "warp"]
X = np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)


class TestPresets:
    def test_tac2020_is_the_default(self):
        params = PretextPretrainer.from_preset("tac2020").get_params(deep=False)
        assert params == PretextPretrainer().get_params(deep=False)
        expected = {
            "filters": (32, 64, 128), "kernel_sizes": (32, 16, 8), "convs_per_block": 2,
            "pool_size": 8, "pool_stride": 2, "negative_slope": 0.2, "head_hidden": (128, 128),
            "head_dropout": 0.6, "l2": 1e-4, "learning_rate": 1e-3, "lr_decay": 0.9,
            "lr_decay_steps": 10_000, "max_epochs": 100, "batch_size": 128,
        }  # fmt: skip
        assert {name: params[name] for name in expected} == expected

    def test_icassp2020_has_relu_and_other_difficulties(self):
        params = PretextPretrainer.from_preset("icassp2020", random_state=3).get_params()
        assert params["negative_slope"] == 0
        assert (params["lr_decay"], params["max_epochs"], params["random_state"]) == (1, 30, 3)
        assert (params["scale__factor"], params["permute__n_pieces"]) == (1.2, 10)

    def test_what_is_given_goes_first(self):
        given = PretextPretrainer.from_preset("icassp2020", max_epochs=2, permute="drop")
        assert given.max_epochs == 2
        assert given.get_params()["permute"] == "drop"
        with pytest.raises(ValueError, match="name must be one of 'icassp2020', 'tac2020'"):
            PretextPretrainer.from_preset("icpr2022")


def test_negative_slope_0_is_relu():
    pretrainer = tiny_pretrainer(negative_slope=0.0, filters=(4,), kernel_sizes=(4,), max_epochs=0)
    features = pretrainer.fit(-np.ones((1, 64))).encode(-np.ones((1, 64)), aggregate="mean")
    assert (features >= 0).all()
    assert not np.signbit(features).any()


class TestLoss:
    @pytest.mark.parametrize(
        ("task_weights", "expected"),
        [
            (None, [0.195, 0.195, 0.195, 0.0125, 0.0125, 0.195, 0.195]),
            ({"flip": 1, "noise": 0}, [0.195, 0, 0.195, 0.0125, 1, 0.195, 0.195]),
            (np.arange(7), [0, 1, 2, 3, 4, 5, 6]),
        ],
    )
    def test_task_weights(self, task_weights, expected):
        pretrainer = tiny_pretrainer(task_weights=task_weights).fit(X)
        assert pretrainer.task_names_ == TASKS
        assert pretrainer.task_weights_ == expected
        assert [row["epoch"] for row in pretrainer.history_] == [1, 2]
        measures = {f"train_{task}_{name}" for task in TASKS for name in ("loss", "accuracy")}
        for row in pretrainer.history_:
            assert set(row) == {"epoch", "train_loss"} | measures
            losses = [row[f"train_{task}_loss"] for task in TASKS]
            assert row["train_loss"] == pytest.approx(np.dot(expected, losses), rel=1e-4)

    def test_by_hand(self):
        names, weights = ["original", "negate", "scale"], [0.5, 2.0, 0.1]
        logits = np.random.default_rng(0).normal(size=(6, 3))
        labels = np.array([0, 0, 1, 1, 2, 2])
        losses, accuracies = [], []
        for task in range(3):
            applied = labels == task
            p = 1 / (1 + np.exp(-logits[:, task]))
            losses.append(-np.mean(np.where(applied, np.log(p), np.log(1 - p))))
            accuracies.append(np.mean((p > 0.5) == applied))
        criterion = RecognitionLoss(names, weights)
        arguments = torch.tensor(logits, dtype=torch.float32), torch.tensor(labels)
        metrics = dict(zip(criterion.metric_names, criterion.metrics(*arguments), strict=True))
        for name, loss, accuracy in zip(names, losses, accuracies, strict=True):
            assert float(metrics[f"{name}_loss"]) == pytest.approx(loss, rel=1e-5)
            assert float(metrics[f"{name}_accuracy"]) == pytest.approx(accuracy)
        assert float(criterion(*arguments)) == pytest.approx(np.dot(weights, losses))

    def test_scores_are_the_accuracies_and_their_mean(self, fitted_recognition):
        scores = fitted_recognition.task_scores(X)
        assert list(scores) == TASKS
        assert all(0 <= score <= 1 for score in scores.values())
        assert fitted_recognition.score(X) == pytest.approx(np.mean(list(scores.values())))


class TestTransformParameters:
    def test_can_be_set_and_cloned_without_passing_transforms(self):
        params = PretextPretrainer().get_params()
        assert (params["noise__snr_db"], params["warp__stretch"]) == (15, 1.05)
        assert isinstance(params["noise"], AddNoise)
        pretrainer = clone(PretextPretrainer().set_params(noise__snr_db=5, scale=Scale(0.9)))
        assert pretrainer.get_params()["noise__snr_db"] == 5
        assert pretrainer.get_params()["scale__factor"] == 0.9
        assert PretextPretrainer().get_params()["noise__snr_db"] == 15

    def test_order_of_keywords_does_not_matter(self):
        for transforms in (None, [("noise", AddNoise(7))]):
            pretrainer = PretextPretrainer(transforms=[("scale", Scale())])
            pretrainer.set_params(noise__snr_db=5, transforms=transforms)
            assert pretrainer.get_params()["noise__snr_db"] == 5
        dropped = PretextPretrainer().set_params(noise="drop", transforms=None)
        assert "noise" not in dropped.transform_names()
        assert not hasattr(dropped, "noise")

    def test_drop_removes_the_task(self):
        pretrainer = tiny_pretrainer().set_params(noise="drop", warp="drop").fit(X)
        assert pretrainer.task_names_ == ["original", "scale", "negate", "flip", "permute"]
        assert pretrainer.state_["heads.4.0.bias"].shape == (5,)
        assert "heads.5.0.bias" not in pretrainer.state_

    def test_own_transform(self):
        class Half(Scale):
            def apply(self, windows, generator=None):
                return windows / 2

        transforms = [("negate", Negate()), ("half", Half())]
        pretrainer = tiny_pretrainer(transforms=transforms).fit(X)
        assert pretrainer.task_names_ == ["original", "negate", "half"]
        assert pretrainer.task_weights_ == [0.195, 0.0125, 0.195]

    def test_without_leaves_tasks_and_their_weights_out(self):
        pretrainer = tiny_pretrainer(task_weights={"flip": 1.0}).without("noise", "warp")
        assert pretrainer.transform_names() == ["scale", "negate", "flip", "permute"]
        assert pretrainer.task_weights == {
            "original": 0.195, "scale": 0.195, "negate": 0.0125, "flip": 1.0, "permute": 0.195,
        }  # fmt: skip
        assert PretextPretrainer().without("noise").task_weights is None
        with pytest.raises(ValueError, match=r"got \['wrap'\] among them"):
            pretrainer.without("wrap")


def test_negation_of_one_sided_spikes_is_recognised():
    rng = np.random.default_rng(0)
    spikes = rng.normal(scale=0.05, size=(64, 64)).astype(np.float32)
    spikes[np.arange(64), rng.integers(10, 50, 64)] = 3
    pretrainer = tiny_pretrainer(
        transforms=[("negate", Negate())], filters=(6, 8), head_hidden=(16,), head_dropout=0.0,
        max_epochs=10, batch_size=8, learning_rate=0.01,
    ).fit(spikes)  # fmt: skip
    assert pretrainer.history_[-1]["train_negate_accuracy"] > 0.98
    assert pretrainer.score(spikes) > 0.98
    assert pretrainer.history_[-1]["train_loss"] < pretrainer.history_[0]["train_loss"] / 2


def test_layers_are_the_blocks(fitted_recognition):
    names = fitted_recognition.layer_names()
    assert names == ["block1", "block2", "last", "all"]
    assert [fitted_recognition.encode(X, name).shape[1] for name in names] == [3, 4, 4, 7]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"transforms": []}, "transforms must have at least one"),
        ({"transforms": [("noise", AddNoise()), ("noise", Scale())]}, "not unique"),
        ({"transforms": [("original", Scale())]}, "none named 'original'"),
        ({"transforms": [("noise", AddNoise("x"))]}, "'snr_db' parameter of AddNoise"),
        ({"task_weights": {"wrap": 1}}, "task_weights must be finite.*got {'wrap': 1}"),
        ({"task_weights": [1, 2]}, r"one for each of the tasks.*got \[1, 2\]"),
        ({"task_weights": [np.nan] * 7}, "task_weights must be finite"),
        ({"task_weights": {"noise": -1}}, "at least 0"),
        ({"task_weights": {"noise": "1"}}, "task_weights must be finite"),
        ({"task_weights": np.array(2)}, "task_weights must be finite"),
    ],
)
def test_bad_parameter_is_named(params, message):
    with pytest.raises(ValueError, match=message):
        tiny_pretrainer(**params).fit(X)


@pytest.mark.parametrize(
    "entry", ["noise", ("noise", np.negative), ("noise", "dropp"), ("noise", AddNoise), AddNoise()]
)
def test_what_is_no_transform_is_refused(entry):
    with pytest.raises(TypeError, match=r"list of \(name, transform\).*WindowTransform or 'drop'"):
        tiny_pretrainer(transforms=[entry]).fit(X)


def test_too_short_for_a_transform():
    with pytest.raises(ValueError, match=r"Permute\(\) needs windows of at least 20 .* got 12"):
        tiny_pretrainer().fit(np.ones((3, 12)))
