"""Scores that say what a shipped encoder is worth must not know the people who are scored."""

# ruff: noqa: E402

from argparse import Namespace

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from sklearn_ecgssl.datasets import make_cohort, save_recordings
from sklearn_ecgssl.evaluation import linear_classifier

from .checkout import checkout
from .tiny import tiny_masked, tiny_pretrainer

checkout()  # the benchmarks are no part of the package

from benchmarks import linear_scores, pretrained
from benchmarks.linear_scores import GRID, chosen_c, folds_of_people, predict_people, score_people
from benchmarks.score_tables import Row, minus


@pytest.fixture
def features():
    """Features of 6 people of which the first tells the classes apart, more or less."""
    rng = np.random.default_rng(0)
    subject = np.repeat([f"person {i}" for i in range(6)], 20)
    target = np.tile(np.repeat(["calm", "tense"], [14, 6]), 6)
    X = rng.normal(size=(len(target), 30))
    X[:, 0] += 1.2 * (target == "tense")
    return X, target, subject


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A recordings file of four people, and tiny encoders."""
    folder = tmp_path_factory.mktemp("saved")
    cohort = make_cohort(n_subjects=4, duration=(40, 41), random_state=1)
    path, fields = folder / "cohort.npz", {"state": cohort.target}
    save_recordings(path, cohort.recordings, 256, cohort.subject, fields=fields)
    data = pretrained.windows_of_both(Namespace(data=str(path), target="state", where=[]))
    for method, tiny, rate in (("recognition", tiny_pretrainer, 256), ("masked", tiny_masked, 128)):
        encoder = tiny(batch_size=32).fit(data.of[method])
        encoder.save_pretrained(folder / method, sampling_rate=rate)
    return folder


@pytest.fixture
def args(saved, monkeypatch):
    """Arguments of the command line; one fraction and one C, which are tested by themselves."""
    monkeypatch.setattr(pretrained, "FRACTIONS", (0.2,))
    monkeypatch.setattr(linear_scores, "GRID", (0.01,))
    files = {name: str(saved / name) for name in ("recognition", "masked")}
    return Namespace(
        data=str(saved / "cohort.npz"),
        target="state",
        where=[],
        device="cpu",
        epochs=1,
        seeds=2,
        memory=None,
        jobs=1,
        encoders=["shipped", "random", "target"],
        choose=[],
        **files,
    )


@pytest.mark.parametrize("fraction", [1.0, 0.01])
def test_labels_of_whoever_is_scored_change_nothing(features, fraction):
    X, target, subject = features
    predicted = predict_people([X], target, subject, fraction)
    for person in np.unique(subject)[:2]:
        own = subject == person
        corrupted = np.where(own & (target == "calm"), "tense", target)
        again = predict_people([X], corrupted, subject, fraction)
        np.testing.assert_array_equal(again[own], predicted[own])
        assert (again != predicted).any()  # what the others are told does change


def test_c_is_the_best_on_people_held_out_of_those_not_scored(features, monkeypatch):
    X, target, subject = features
    people, scores = np.unique(subject), {}
    for c in GRID:
        recalls = []
        for fold in range(4):  # as GroupKFold deals out people of as many windows each
            out = np.isin(subject, people[::-1][fold::4])
            fitted = linear_classifier(c).fit(X[~out], target[~out])
            recalls.append(balanced_accuracy_score(target[out], fitted.predict(X[out])))
        scores[c] = np.mean(recalls)
    assert chosen_c(X, target, subject) == max(scores, key=scores.get)
    assert len(set(scores.values())) > 2
    asked = []
    monkeypatch.setattr(linear_scores, "chosen_c", lambda X, y, own: asked.append(own) or 1)
    predict_people([X], target, subject)
    for person, others in zip(people, asked, strict=True):
        assert set(others) == set(subject) - {person}


def test_scores_are_of_people_in_order_and_means_over_draws(features):
    X, target, subject = features
    scores, predicted = score_people([X], target, subject), predict_people([X], target, subject)
    for person, score in zip(np.unique(subject), scores, strict=True):
        own = subject == person
        assert score == pytest.approx(balanced_accuracy_score(target[own], predicted[own]))
    useless = np.random.default_rng(1).normal(size=X.shape)
    in_turn = score_people([X, useless], target, subject)
    np.testing.assert_array_equal(in_turn[0::2], scores[0::2])
    np.testing.assert_array_equal(in_turn[1::2], score_people([useless], target, subject)[1::2])
    single = [score_people([X], target, subject, 0.2, [draw]) for draw in range(2)]
    mean = score_people([X], target, subject, 0.2, range(2))
    np.testing.assert_allclose(mean, np.mean(single, axis=0))


def test_fewer_labels_are_some_of_the_more(features):
    _, target, subject = features
    few, some, every = (folds_of_people(target, subject, f) for f in (0.01, 0.5, 1.0))
    for (a, test), (b, _), (c, _) in zip(few, some, every, strict=True):
        assert set(a) < set(b) < set(c)
        assert set(c) | set(test) == set(range(len(target)))
        assert len(set(subject[test])) == 1
        assert len(a) == 2 * 5  # one of each person and class


def test_nobody_is_embedded_by_an_encoder_that_has_met_them(args, monkeypatch):
    data, seen = pretrained.windows_of_both(args), []
    monkeypatch.setattr(pretrained, "score_rows", lambda in_turn, *rest: seen.extend(in_turn) or [])
    encoders = {"recognition": pretrained.load_encoders(args)["recognition"]}
    pretrained.target_rows(encoders, data, args)
    assert len(seen) == 2
    for i, features in enumerate(seen):  # the i-th serves people i, i + 2, ...
        others = data.keep(data.people[1 - i :: 2])
        # trained as fast as can be, embedded as precisely as the shipped encoder
        taught = tiny_pretrainer(batch_size=32, max_epochs=1, precision="auto")
        taught.fit(others.of["recognition"]).set_params(precision="float32")
        expected = taught.encode(data.of["recognition"], aggregate="max")
        np.testing.assert_allclose(features["recognition max"], expected, rtol=1e-5)


def test_differences_are_of_the_same_features_person_by_person():
    shipped, untrained = (
        Row("max", encoder, 4, np.full((1, 2, 3), score))
        for encoder, score in (("shipped", 0.75), ("initialised", 0.5))
    )
    rows = [shipped, untrained]
    np.testing.assert_array_equal(minus(shipped, "initialised", rows), np.full((1, 2, 3), 0.25))
    assert np.isnan(minus(untrained, "initialised", rows)).all()
    assert np.isnan(minus(shipped, "heart rate", rows)).all()


def test_the_benchmark_runs(args, monkeypatch, capsys):
    monkeypatch.setattr(pretrained, "ROWS", {"masked mean": ["masked mean"]})
    both = "recognition max, masked mean, heart rate"
    monkeypatch.setattr(pretrained, "UNIONS", {both: both.split(", ")})
    pretrained.run(args)
    said = capsys.readouterr().out
    assert "By the fraction of labels, shipped minus target data" in said
    assert "| recognition max, masked mean, heart rate" in said
