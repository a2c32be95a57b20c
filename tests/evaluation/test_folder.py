"""Results in a folder: an interrupted run goes on where it stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from torch import nn

from sklearn_ecgssl.evaluation import _run, opposite_halves, unseen_subjects
from sklearn_ecgssl.features import FrozenEncoder
from sklearn_ecgssl.signal import Segmenter
from tests.evaluation.comparing import (
    ALL_PROTOCOLS,
    RECORDINGS,
    SEGMENTER,
    TARGET,
    Mean,
    compare,
    nearest,
    same,
)
from tests.tiny import SAMPLING_RATE, tiny_embedder


class Interrupted(Mean):
    """Is interrupted by the user in the fit after `patience`."""

    patience = None

    def fit(self, X, y):
        if len(self.fitted) == self.patience:
            raise KeyboardInterrupt
        return super().fit(X, y)


class Broken(Mean):
    def predict(self, X):
        raise RuntimeError("no beats")


def n_classes(model, X):
    return {"n_classes": len(model.classes_)}


def test_results_of_another_version_of_the_code_are_not_taken(tmp_path, monkeypatch):
    for version, n_fits in [("old", 3), ("new", 6), ("new", 6)]:
        monkeypatch.setattr(_run, "FORMAT", version)
        compare({"mean": Mean()}, folder=tmp_path)
        assert len(Mean.fitted) == n_fits


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(Interrupted, "patience", 4)
    with pytest.raises(KeyboardInterrupt):
        compare({"i": Interrupted()}, folder=tmp_path, protocols=ALL_PROTOCOLS)
    assert len(Mean.fitted) == 4
    monkeypatch.setattr(Interrupted, "patience", None)
    results = compare({"i": Interrupted()}, folder=tmp_path, protocols=ALL_PROTOCOLS)
    assert len(Mean.fitted) == 9, "the other five of nine"
    assert same(results, compare({"i": Interrupted()}, protocols=ALL_PROTOCOLS))


@pytest.mark.parametrize("target", [TARGET, TARGET == "calm", np.arange(12) % 2])
def test_a_finished_run_fits_nothing(tmp_path, target):
    models = {"mean": Mean(), "svc": SVC(), "nearest": nearest()}
    call = {"target": target, "measure": n_classes}
    first = compare(models, **call, folder=str(tmp_path / "new"))
    again = compare(models, **call, folder=tmp_path / "new")
    assert len(Mean.fitted) == 3
    assert again.predictions.equals(first.predictions)
    assert again.folds().equals(first.folds()), "and takes the same seconds"
    assert set(again.folds()["n_classes"]) == {2}
    assert {path.suffix for path in (tmp_path / "new").iterdir()} == {".json"}


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"{}", lambda b: b"null"])
def test_a_damaged_file_is_computed_anew(tmp_path, damage):
    first = compare({"mean": Mean()}, folder=tmp_path)
    path = next(tmp_path.glob("mean-subjects-1-*.json"))
    path.write_bytes(damage(path.read_bytes()))
    assert same(compare({"mean": Mean()}, folder=tmp_path), first)
    assert len(Mean.fitted) == 3 + 1
    json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"estimators": {"mean": Mean(shift=1)}},
        {"recordings": [RECORDINGS[0] + 1, *RECORDINGS[1:]]},
        {"target": TARGET[::-1]},
        {"n_splits": 2},
        {"segmenter": Segmenter(SAMPLING_RATE, 2)},
        {"measure": n_classes},
        {"label_fractions": [0.5]},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_whatever_a_result_depends_on_tells_it_apart(tmp_path, arguments):
    call = {"estimators": {"mean": Mean()}}
    compare(**call, folder=tmp_path)
    assert same(compare(**call | arguments, folder=tmp_path), compare(**call | arguments))
    assert len(Mean.fitted) == 3 + 2 * arguments.get("n_splits", 3)


def test_another_estimator_or_value_is_added_to_what_is_there(tmp_path):
    compare({"a": Mean()}, folder=tmp_path)
    both = compare({"a": Mean(), "b": Mean(shift=0.1)}, folder=tmp_path)
    assert len(Mean.fitted) == 6
    assert both.table()["estimator"].tolist()[:2] == ["a", "b"]
    compare({"a": Mean()}, folder=tmp_path, vary={"shift": [0, 0.5]})
    assert len(Mean.fitted) == 9


def test_pretraining_tells_apart_but_not_how_it_is_watched_or_kept(tmp_path):
    def n_files(protocols="subjects", **params):
        model = {"e": make_pipeline(tiny_embedder(max_epochs=0, **params), SVC())}
        compare(model, folder=tmp_path / "results", n_splits=2, protocols=protocols)
        return len(list((tmp_path / "results").iterdir()))

    assert n_files() == 6
    assert n_files(verbose=0, memory=str(tmp_path / "memory")) == 6
    assert n_files(random_state=1) == 6 + 2
    halves = opposite_halves(unseen_subjects(2))
    more = replace(halves, pretrain=lambda windows, pairs: [train for train, _ in pairs[::-1]])
    assert n_files(halves) == 8 + 6
    assert n_files(more) == 14 + 6
    assert n_files(halves) == 20


def test_frozen_models_are_told_apart(tmp_path):
    X, y = SEGMENTER.windows(RECORDINGS, TARGET)
    frozen = [FrozenEstimator(KNeighborsClassifier(1).fit(X, labels)) for labels in (y, y[::-1])]
    accuracies = [compare({"k": one}, folder=tmp_path).table()["accuracy"][0] for one in frozen]
    assert accuracies[0] == 1 > accuracies[1]


def test_failures_are_tried_again(tmp_path):
    for n_fits in (3, 6):
        with pytest.warns(UserWarning, match="3 of 9 fits failed"):
            compare({"broken": Broken()}, folder=tmp_path)
        assert len(Mean.fitted) == n_fits


@pytest.mark.parametrize("name", ["a/b\\c: d?", "é" * 300, "x" * 300, ".."])
def test_any_name_of_an_estimator_makes_a_file(tmp_path, name):
    for _ in range(2):
        compare({name: Mean()}, folder=tmp_path)
    assert all(len(path.name) < 200 for path in tmp_path.iterdir())
    assert len(Mean.fitted) == 3


def test_what_cannot_be_pickled(tmp_path):
    with pytest.raises(ValueError, match="cannot be pickled.*Define its functions.*in a module"):
        compare({"bad": make_pipeline(FunctionTransformer(lambda X: X), SVC())}, folder=tmp_path)


def test_a_torch_module_is_found_again(tmp_path):
    def compared():
        torch.manual_seed(0)
        encoder = FrozenEncoder(nn.Linear(64, 3), sampling_rate=64, window_length=1)
        estimators = {"foreign": make_pipeline(encoder, SVC()), "mean": Mean()}
        return compare(estimators, folder=tmp_path, protocols=unseen_subjects(3))

    first = compared()
    files = sorted(tmp_path.iterdir())
    assert same(first, compared())
    assert sorted(tmp_path.iterdir()) == files
