"""Results in a folder: an interrupted run goes on where it stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.evaluation import opposite_halves, pretext_accuracy, unseen_subjects
from sklearn_ecgssl.signal import Segmenter
from tests.evaluation.comparing import RECORDINGS, SEGMENTER, TARGET, Mean, compare, same
from tests.tiny import SAMPLING_RATE, tiny_embedder

pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning")


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


@pytest.fixture(autouse=True)
def _forget_fits():
    Mean.fitted.clear()
    Interrupted.patience = None


def times(X, factor=1):
    return X * factor


def n_classes(model, X):
    return {"n_classes": len(model.classes_)}


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    Interrupted.patience = 4
    protocols = ["windows", "recordings", "subjects"]
    with pytest.raises(KeyboardInterrupt):
        compare({"i": Interrupted()}, folder=tmp_path, protocols=protocols)
    assert len(Mean.fitted) == 4
    Interrupted.patience = None
    results = compare({"i": Interrupted()}, folder=tmp_path, protocols=protocols)
    assert len(Mean.fitted) == 9, "the other five of nine"
    assert same(results, compare({"i": Interrupted()}, protocols=protocols))


@pytest.mark.parametrize("target", [TARGET, TARGET == 1, np.array(["calm", "tense"])[TARGET]])
@pytest.mark.parametrize("model", [Mean(), SVC(), KNeighborsClassifier(1)])
def test_a_finished_run_fits_nothing(tmp_path, model, target):
    first = compare({"model": model}, target=target, folder=str(tmp_path / "new"))
    Mean.fitted.clear()
    again = compare({"model": model}, target=target, folder=tmp_path / "new")
    assert Mean.fitted == []
    assert again.predictions.equals(first.predictions)
    assert again.folds().equals(first.folds()), "and takes the same seconds"


def test_scores_and_measures_are_in_the_files(tmp_path):
    results = compare({"knn": KNeighborsClassifier(1)}, folder=tmp_path, measure=n_classes)
    (path,) = tmp_path.glob("knn-subjects-0-*.json")
    saved = json.loads(path.read_text("utf-8"))
    rows = results.predictions.query("estimator == 'knn' and fold == 0")
    assert saved["predicted"] == rows["predicted"].tolist()
    assert [scores[1] for scores in saved["scores"]] == rows["score"].tolist()
    assert saved["scored_by"] == "predict_proba"
    assert saved["measures"]["n_classes"] == 2
    assert {p.suffix for p in tmp_path.iterdir()} == {".json"}


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"{}", lambda b: b"null"])
def test_a_damaged_file_is_computed_anew(tmp_path, damage):
    first = compare({"mean": Mean()}, folder=tmp_path)
    Mean.fitted.clear()
    path = next(tmp_path.glob("mean-subjects-1-*.json"))
    path.write_bytes(damage(path.read_bytes()))
    assert same(compare({"mean": Mean()}, folder=tmp_path), first)
    assert len(Mean.fitted) == 1
    json.loads(path.read_text())


def test_whatever_a_result_depends_on_tells_it_apart(tmp_path):
    compare({"mean": Mean()}, folder=tmp_path)
    changed = [x.copy() for x in RECORDINGS]
    changed[0][0] += 1
    for arguments in (
        {"estimators": {"mean": Mean(shift=1)}},
        {"recordings": changed},
        {"target": 1 - TARGET},
        {"n_splits": 2},
        {"segmenter": Segmenter(SAMPLING_RATE, 1)},
        {"measure": n_classes},
        {"label_fractions": [0.5]},
    ):
        Mean.fitted.clear()
        call = {"estimators": {"mean": Mean()}} | arguments
        assert same(compare(**call, folder=tmp_path), compare(**call))
        assert len(Mean.fitted) == 2 * arguments.get("n_splits", 3), arguments


def test_another_estimator_or_value_is_added_to_what_is_there(tmp_path):
    compare({"a": Mean()}, folder=tmp_path)
    both = compare({"a": Mean(), "b": Mean(shift=0.1)}, folder=tmp_path)
    assert len(Mean.fitted) == 6
    assert both.table()["estimator"].tolist()[:2] == ["a", "b"]
    compare({"a": Mean()}, folder=tmp_path, vary={"shift": [0, 0.5]})
    assert len(Mean.fitted) == 9


def test_pretraining_tells_apart_but_not_how_it_is_watched_or_kept(tmp_path):
    def models(**params):
        return {"e": make_pipeline(tiny_embedder(max_epochs=1, **params), SVC())}

    call = {"folder": tmp_path / "results", "n_splits": 2, "measure": pretext_accuracy}
    first = compare(models(), **call)
    files = set((tmp_path / "results").iterdir())
    assert same(compare(models(verbose=0, memory=str(tmp_path / "memory")), **call), first)
    assert set((tmp_path / "results").iterdir()) == files
    compare(models(random_state=1), **call)
    halves = opposite_halves(unseen_subjects(4))
    more = replace(halves, pretrain=lambda windows, pairs: [train for train, _ in pairs])
    for protocol in (halves, more, halves):
        compare(models(), **call, protocols=protocol)
    assert len(list((tmp_path / "results").iterdir())) == len(files) + 2 + 2 * 3 * 4


def test_frozen_models_are_told_apart(tmp_path):
    X, y = SEGMENTER.windows(RECORDINGS, TARGET)
    frozen = [FrozenEstimator(KNeighborsClassifier(1).fit(X, labels)) for labels in (y, 1 - y)]
    accuracies = [compare({"k": one}, folder=tmp_path).table()["accuracy"][0] for one in frozen]
    assert accuracies == [1, 0]


def test_failures_are_tried_again(tmp_path):
    for n_fits in (3, 6):
        with pytest.warns(UserWarning, match="3 of 9 fits failed"):
            compare({"broken": Broken()}, folder=tmp_path)
        assert len(Mean.fitted) == n_fits


@pytest.mark.parametrize("name", ["a/b\\c: d?", "é" * 300, "x" * 300, ".."])
def test_any_name_of_an_estimator_makes_a_file(tmp_path, name):
    compare({name: Mean()}, folder=tmp_path)
    assert all(len(path.name) < 200 for path in tmp_path.iterdir())
    compare({name: Mean()}, folder=tmp_path)
    assert len(Mean.fitted) == 3


def test_what_cannot_be_pickled(tmp_path):
    fine = make_pipeline(FunctionTransformer(times), SVC())
    assert len(compare({"fine": fine}, folder=tmp_path).failures) == 0
    with pytest.raises(ValueError, match="cannot be pickled.*Define its functions.*in a module"):
        compare({"bad": make_pipeline(FunctionTransformer(lambda X: X), SVC())}, folder=tmp_path)
