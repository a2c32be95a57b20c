"""What holds for every classifier that is a network: a head on features, or the whole network."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from sklearn_ecgssl.classify import DenseClassifier, ECGClassifier
from sklearn_ecgssl.classify._base import ClassificationLoss, logits_to_proba
from tests.tiny import tiny_dense, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves()
NAMES = np.array(["tense", "calm"])[Y]
TINY = {
    "dense": tiny_dense,
    "supervised": tiny_ecg_classifier,
    "frozen": lambda **params: tiny_ecg_classifier(tiny_pretrainer(), "trunk", **params),
    "fine-tuned": lambda **params: tiny_ecg_classifier(tiny_pretrainer(), **params),
}
#: METHODS of the papers: hidden layers, dropout, L2, epochs.
PAPERS = {
    "icassp2020": ((64, 64), 0, 0, 100),
    "tac2020-swell": ((512, 512), 0, 0, 200),
    "tac2020-wesad": ((512, 512), 0, 0, 200),
    "tac2020-dreamer": ((512, 512, 512), 0.2, 1e-4, 200),
    "tac2020-amigos": ((512, 512, 512), 0.4, 0, 200),
}
each_classifier = pytest.mark.parametrize("tiny", TINY.values(), ids=TINY)
each_class = pytest.mark.parametrize("cls", [DenseClassifier, ECGClassifier])


@each_class
@pytest.mark.parametrize("name", PAPERS)
def test_presets_are_the_papers_heads(cls, name):
    model = cls.from_preset(name, random_state=3)
    assert (tuple(model.hidden), model.dropout, model.l2, model.max_epochs) == PAPERS[name]
    assert (model.learning_rate, model.batch_size, model.random_state) == (1e-3, 128, 3)


@each_class
def test_preset_of_the_transformer(cls):
    preset = {
        "hidden": (1024, 512), "dropout": 0.3, "l2": 1e-5, "class_weight": "positive",
        "learning_rate": 1e-4, "lr_decay": 0.65, "lr_decay_epochs": 45, "max_epochs": 100,
    }  # fmt: skip
    model = cls.from_preset("icpr2022")
    assert {name: getattr(model, name) for name in preset} == preset
    with pytest.raises(ValueError, match="name must be one of 'icassp2020'.*got 'wesad'"):
        cls.from_preset("wesad")


@each_classifier
def test_two_classes(tiny):
    model = tiny(max_epochs=40).fit(X, NAMES)
    assert model.score(X, NAMES) >= 0.7
    assert model.classes_.tolist() == ["calm", "tense"]
    assert len(model.history_) == 40
    last = model.history_[-1]
    assert set(last) == {"epoch", "train_loss", "train_accuracy"}
    assert last["train_accuracy"] == pytest.approx(model.score(X, NAMES), abs=0.1)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(proba[:, 1] > 0.5, model.predict(X) == "tense")
    final = max(name for name in model.state_ if name.endswith(".bias") and "trunk" not in name)
    assert model.state_[final].shape == (1,), "two classes are one sigmoid"


@each_classifier
def test_three_classes(tiny):
    windows, target = waves(30, n_classes=3)
    names = np.array(["sad", "amused", "calm"])[target]
    model = tiny(max_epochs=60, learning_rate=0.03).fit(windows, names)
    assert model.score(windows, names) > 0.6
    assert model.classes_.tolist() == ["amused", "calm", "sad"]
    proba = model.predict_proba(windows)
    assert proba.shape == (30, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(windows))


def test_learns_what_no_line_separates():
    features, y = make_moons(200, noise=0.1, random_state=0)
    assert tiny_dense(hidden=(32, 32), max_epochs=60).fit(features, y).score(features, y) > 0.95


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
def test_class_weight_moves_the_answer(tiny):
    shares = [
        np.mean(tiny(class_weight=w, max_epochs=5).fit(X, Y).predict_proba(X)[:, 1])
        for w in ({0: 1, 1: 0.01}, None, {0: 0.01, 1: 1})
    ]
    assert shares[0] + 0.1 < shares[1] < shares[2] - 0.1


@each_classifier
def test_named_class_weights(tiny):
    rare = np.r_[Y[:12], np.zeros(12, dtype=int)]  # 18 against 6
    losses = {  # of the first epoch, nearly the untrained network's: a constant logit
        weight: tiny(
            class_weight=weight, max_epochs=1, learning_rate=1e-9, dropout=0.0, batch_size=24
        )
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
    windows, three = waves(n_classes=3)
    with pytest.raises(ValueError, match="class_weight='positive' is for two classes, y has 3"):
        tiny(class_weight="positive").fit(windows, three)


@each_classifier
def test_l2_shrinks_kernels(tiny):
    norms = [
        sum(
            np.sum(array**2)
            for name, array in tiny(l2=l2).fit(X, Y).state_.items()
            if "weight" in name and "trunk" not in name
        )
        for l2 in (0.0, 0.3)
    ]
    assert norms[1] < norms[0]


@each_classifier
def test_learning_rate_decays_to_nearly_nothing(tiny):
    long = tiny(lr_decay=1e-12, lr_decay_epochs=2, max_epochs=10).fit(X, Y)
    short = tiny(max_epochs=2).fit(X, Y)
    for name, array in short.state_.items():
        np.testing.assert_allclose(long.state_[name], array, rtol=0, atol=1e-8)


@each_classifier
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["calm"] * 24, "y holds one class only.*at least two"),
        (Y[:-1], "inconsistent numbers of samples"),
        (None, "y to be passed|y should be a 1d array"),
        (np.linspace(0, 1, 24), "Unknown label type: continuous"),
    ],
)
def test_bad_labels(tiny, y, message):
    with pytest.raises(ValueError, match=message):
        tiny().fit(X, y)


@each_classifier
@pytest.mark.parametrize(
    "params",
    [
        {"hidden": 3}, {"hidden": (0,)}, {"dropout": 1.0}, {"l2": -1}, {"learning_rate": 0},
        {"class_weight": "rare"}, {"lr_decay": 1.1}, {"lr_decay_epochs": 0}, {"batch_size": 0},
    ],
)  # fmt: skip
def test_bad_parameter_is_named(tiny, params):
    with pytest.raises(ValueError, match=f"{next(iter(params))}"):
        tiny(**params).fit(X, Y)


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
def test_failed_fits(tiny):
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
    for windows, labels in ((X[:, :40], np.zeros(24)), (X[:, :40], Y[:3]), (broken, Y)):
        with pytest.raises(ValueError, match="one class|inconsistent|NaN"):
            model.fit(windows, labels)
    assert joblib.hash(model) == before
