import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from sklearn_ecgssl.classify import DenseClassifier
from sklearn_ecgssl.classify._loss import ClassificationLoss, logits_to_proba
from tests.tiny import tiny_dense

#: METHODS of the papers: hidden layers, dropout, L2, epochs.
PAPERS = {
    "icassp2020": ((64, 64), 0, 0, 100),
    "tac2020-swell": ((512, 512), 0, 0, 200),
    "tac2020-wesad": ((512, 512), 0, 0, 200),
    "tac2020-dreamer": ((512, 512, 512), 0.2, 1e-4, 200),
    "tac2020-amigos": ((512, 512, 512), 0.4, 0, 200),
}


@pytest.mark.parametrize("name", PAPERS)
def test_presets_are_the_papers_heads(name):
    head = DenseClassifier.from_preset(name, random_state=3)
    assert (tuple(head.hidden), head.dropout, head.l2, head.max_epochs) == PAPERS[name]
    assert (head.learning_rate, head.batch_size, head.activation) == (1e-3, 128, "relu")
    assert head.random_state == 3


def test_unknown_preset():
    with pytest.raises(ValueError, match=r"name must be one of \['icassp2020'.*got 'swell'"):
        DenseClassifier.from_preset("swell")


def test_binary_learns_what_no_line_separates():
    X, y = make_moons(200, noise=0.1, random_state=0)
    model = tiny_dense(hidden=(32, 32), max_epochs=60).fit(X, y)
    assert model.score(X, y) > 0.95
    assert model._logits(X).shape == (200, 1), "two classes are one sigmoid"
    assert len(model.history_) == 60
    assert model.history_[-1]["train_accuracy"] > 0.95


def test_multi_class_learns():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = tiny_dense().fit(X, names)
    assert model.score(X, names) > 0.93
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"]
    np.testing.assert_allclose(model.predict_proba(X).sum(1), 1)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_loss_is_cross_entropy(n_classes):
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


def test_class_weight_moves_the_answer():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(0, 1, (90, 2)), rng.normal(1, 1, (10, 2))]
    y = np.r_[np.zeros(90), np.ones(10)]
    plain, balanced = (tiny_dense(class_weight=w).fit(X, y) for w in (None, "balanced"))
    assert balanced.predict(X).mean() > 2 * plain.predict(X).mean()


def test_l2_shrinks_kernels():
    X, y = make_moons(100, noise=0.1, random_state=0)
    norms = [
        sum(np.sum(a**2) for n, a in tiny_dense(l2=l2).fit(X, y).state_.items() if "weight" in n)
        for l2 in (0.0, 0.1)
    ]
    assert norms[1] < norms[0] / 2


def test_same_seed_same_bits_and_pickle():
    X, y = make_moons(50, random_state=0)
    first, second = (tiny_dense(dropout=0.3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert b"torch" not in pickle.dumps(first)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(first)).predict_proba(X), first.predict_proba(X)
    )


def test_one_class():
    with pytest.raises(ValueError, match="y holds one class only.*at least two"):
        tiny_dense().fit(np.ones((3, 2)), ["calm"] * 3)


def test_unfitted():
    with pytest.raises(NotFittedError):
        DenseClassifier().predict([[1.0]])


@pytest.mark.parametrize(
    "params", [{"dropout": 1.0}, {"l2": -1}, {"hidden": 3}, {"activation": "tanh"}]
)
def test_bad_parameter_is_named(params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        DenseClassifier(**params).fit([[0.0], [1.0]], [0, 1])
