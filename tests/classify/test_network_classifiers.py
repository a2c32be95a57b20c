"""What holds for every classifier that is a network: a head on features, or the whole network."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from sklearn_ecgssl.classify import DenseClassifier, ECGClassifier
from sklearn_ecgssl.classify._base import ClassificationLoss, logits_to_proba
from tests.tiny import tiny_dense, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(n_times=32)
TINY = {
    "dense": tiny_dense,
    "supervised": tiny_ecg_classifier,
    "frozen": lambda **params: tiny_ecg_classifier(tiny_pretrainer(), "trunk", **params),
    "fine-tuned": lambda **params: tiny_ecg_classifier(tiny_pretrainer(), **params),
}
each_classifier = pytest.mark.parametrize("tiny", TINY.values(), ids=TINY)

COMMON = {"learning_rate": 1e-3, "batch_size": 128, "dropout": 0, "l2": 0, "max_epochs": 200}
#: METHODS of the papers.
PAPERS = {
    "icassp2020": {"hidden": (64, 64), "max_epochs": 100},
    "tac2020-swell": {"hidden": (512, 512)},
    "tac2020-wesad": {"hidden": (512, 512)},
    "tac2020-dreamer": {"hidden": (512, 512, 512), "dropout": 0.2, "l2": 1e-4},
    "tac2020-amigos": {"hidden": (512, 512, 512), "dropout": 0.4},
    "icpr2022": {
        "hidden": (1024, 512), "dropout": 0.3, "l2": 1e-5, "class_weight": "positive",
        "learning_rate": 1e-4, "lr_decay": 0.65, "lr_decay_epochs": 45, "max_epochs": 100,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", [DenseClassifier, ECGClassifier])
def test_defaults_are_the_papers_head_for_swell_and_wesad(kind):
    params, expected = kind().get_params(deep=False), COMMON | PAPERS["tac2020-swell"]
    assert {parameter: params[parameter] for parameter in expected} == expected


@pytest.mark.parametrize("name", PAPERS)
def test_presets_are_the_papers_heads(name):
    for kind in (DenseClassifier, ECGClassifier):
        expected = COMMON | PAPERS[name] | {"random_state": 3}
        params = kind.from_preset(name, random_state=3).get_params(deep=False)
        assert {parameter: params[parameter] for parameter in expected} == expected
        with pytest.raises(ValueError, match="name must be one of 'icassp2020'.*got 'wesad'"):
            kind.from_preset("wesad")


@each_classifier
@pytest.mark.parametrize("n_classes", [2, 3])
def test_learns_named_classes(tiny, n_classes):
    windows, target = waves(30, 32, n_classes)
    names = np.array(["tense", "amused", "calm"])[target]
    model = tiny(max_epochs=30, learning_rate=0.03).fit(windows, names)
    assert list(model.classes_) == sorted(set(names))
    assert model.architecture_["n_outputs"] == (1 if n_classes == 2 else 3), "one sigmoid for two"
    assert model.score(windows, names) >= 0.7
    proba = model.predict_proba(windows)
    assert proba.shape == (30, n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(windows))
    assert len(model.history_) == 30
    last = model.history_[-1]
    assert set(last) == {"epoch", "train_loss", "train_accuracy"}
    assert last["train_accuracy"] == pytest.approx(model.score(windows, names), abs=0.1)
    assert last["train_loss"] == pytest.approx(log_loss(names, proba), rel=0.2)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_loss_is_weighted_cross_entropy(n_classes):
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(size=(20, 1 if n_classes == 2 else n_classes)))
    labels = rng.integers(n_classes, size=20)
    weights = np.arange(1.0, n_classes + 1)
    loss = ClassificationLoss(torch.tensor(weights))(logits, torch.tensor(labels))
    proba = logits_to_proba(logits).numpy()
    expected = log_loss(
        labels, proba, labels=range(n_classes), sample_weight=weights[labels], normalize=False
    )
    assert float(loss) == pytest.approx(expected / 20)


@each_classifier
def test_named_class_weights(tiny):
    rare = np.r_[Y[:12], np.zeros(12, dtype=int)]  # 18 against 6
    losses = {  # of the first epoch, nearly the untrained network's: a constant logit
        weight: tiny(class_weight=weight, max_epochs=1, learning_rate=1e-9, batch_size=24)
        .fit(X, rare)
        .history_[0]["train_loss"]
        for weight in ("balanced", "positive")
    }
    assert losses["positive"] == pytest.approx(1.5 * losses["balanced"], rel=1e-4)
    same = [
        tiny(class_weight=w, max_epochs=2).fit(X, rare).predict_proba(X)
        for w in ("positive", {0: 1.0, 1: 3.0})
    ]
    np.testing.assert_array_equal(*same)
    with pytest.raises(ValueError, match="class_weight='positive' is for two classes, y has 3"):
        tiny(class_weight="positive").fit(X, np.arange(24) % 3)


@each_classifier
def test_l2_shrinks_kernels(tiny):
    norms = [
        sum(
            np.sum(array**2)
            for name, array in tiny(l2=l2, max_epochs=5).fit(X, Y).state_.items()
            if "weight" in name and "trunk" not in name
        )
        for l2 in (0.0, 0.3)
    ]
    assert norms[1] < norms[0]


@each_classifier
def test_learning_rate_decays_to_nearly_nothing(tiny):
    long = tiny(lr_decay=1e-12, lr_decay_epochs=2, max_epochs=4).fit(X, Y)
    short = tiny(max_epochs=2).fit(X, Y)
    for name, array in short.state_.items():
        np.testing.assert_allclose(long.state_[name], array, rtol=0, atol=1e-8)


@each_classifier
def test_same_seed_same_bits_and_no_global_state(tiny):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, second, other = (
        tiny(max_epochs=2, dropout=0.3, random_state=seed).fit(X, Y) for seed in (0, 0, 1)
    )
    assert joblib.hash(first) == joblib.hash(second)
    assert np.abs(first.predict_proba(X) - other.predict_proba(X)).max() > 1e-4
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])


@each_classifier
def test_fitted_state_is_plain(tiny):
    model = tiny(max_epochs=2).fit(X, Y)
    before = joblib.hash(model)
    proba = model.predict_proba(X)
    assert b"torch" not in pickle.dumps(model)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), proba)
    assert joblib.hash(model) == joblib.hash(again) == before, "prediction changes nothing"
    model.set_params(hidden=(3,), dropout=0.5)
    np.testing.assert_array_equal(model.predict_proba(X), proba)
    assert not hasattr(clone(model), "state_")


@each_classifier
def test_a_failed_fit_leaves_the_estimator_as_it_was(tiny):
    model = tiny(max_epochs=1, device="nowhere")
    with pytest.raises(ValueError, match="device='nowhere' cannot be used"):
        model.fit(X, Y)
    assert not [name for name in vars(model) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        model.predict(X)
    model = tiny(max_epochs=1).fit(X, Y)
    before = joblib.hash(model)
    broken = X.copy()
    broken[3, 3] = np.nan
    for windows, labels, message in (
        (X[:, :25], ["calm"] * 24, "y holds one class only.*at least two"),
        (X[:, :25], Y[:3], "inconsistent numbers of samples"),
        (X, np.linspace(0, 1, 24), "Unknown label type: continuous"),
        (broken, Y, "NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(windows, labels)
    with pytest.raises(ValueError, match="hidden"):
        clone(model).set_params(hidden=(0,)).fit(X, Y)
    assert joblib.hash(model) == before
