import json

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.evaluation._store import OutcomeStore
from sklearn_ecgssl.evaluation._tasks import Outcome, Task
from tests.tiny import tiny_embedder

LABELS = {"estimator": "svm", "protocol": "windows", "fold": 2}
TRAIN, TEST = np.arange(6), np.arange(6, 9)


def task(estimator=None, train=TRAIN, test=TEST, pretrain=None, **labels):
    return Task(LABELS | labels, SVC() if estimator is None else estimator, train, test, pretrain)


def outcome(of, predicted=(0, 1, 1), dtype=int, error="", **measures):
    return Outcome(of.labels, of.test, np.array(predicted, dtype=dtype), measures, error)


@pytest.fixture
def store(tmp_path):
    return OutcomeStore(tmp_path / "made" / "as needed", "digest")


@pytest.mark.parametrize(
    ("predicted", "dtype"),
    [
        ((0, 1, 1), np.int64),
        ((0, 1, 1), np.int8),
        ((True, False, True), bool),
        ((0.0, 1.0, 1.0), np.float32),
        (("calm", "tense", "calm"), "<U5"),
        (("ruhig", "ängstlich", "ruhig"), object),
    ],
)
def test_what_is_saved_is_loaded(store, predicted, dtype):
    saved = outcome(task(), predicted, dtype, fit_seconds=0.25, pretext_accuracy=0.5)
    store.save(task(), saved)
    loaded = store.load(task(), np.dtype(dtype))
    np.testing.assert_array_equal(loaded.predicted, saved.predicted)
    assert loaded.predicted.dtype == saved.predicted.dtype
    np.testing.assert_array_equal(loaded.test, TEST)
    assert (loaded.labels, loaded.measures, loaded.error) == (LABELS, saved.measures, "")


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, int, float])
def test_measures_of_any_kind_of_number_come_back_as_numbers(store, kind):
    store.save(task(), outcome(task(), measured=kind(3)))
    measured = store.load(task(), np.dtype(int)).measures["measured"]
    assert measured == 3
    assert not isinstance(measured, str)


def test_nan_comes_back(store):
    store.save(task(), outcome(task(), measured=np.nan))
    assert np.isnan(store.load(task(), np.dtype(int)).measures["measured"])


def test_labels_that_are_numpy_scalars_or_none(store):
    labels = {"fold": np.int64(3), "setting": np.float32(0.5), "other": None, "path": np.str_("x")}
    of = task(**labels)
    store.save(of, outcome(of))
    loaded = store.load(of, np.dtype(int)).labels
    assert loaded == of.labels
    assert [type(v) for v in loaded.values()] == [type(v) for v in of.labels.values()]


def test_nothing_there(store):
    assert store.load(task(), np.dtype(int)) is None


def test_failed_ones_are_not_kept(store):
    store.save(task(), outcome(task(), (), error="ValueError: no"))
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize(
    "other",
    [
        task(SVC(C=2)),
        task(LogisticRegression()),
        task(train=TRAIN[1:]),
        task(test=TEST[::-1]),
        task(pretrain=TRAIN),
        task(estimator=make_pipeline(SVC())),
    ],
)
def test_anything_else_is_told_apart(store, other):
    store.save(task(), outcome(task()))
    assert store.load(other, np.dtype(int)) is None


def test_other_pretraining_windows_are_told_apart(store):
    halves = task(pretrain=TRAIN[:3]), task(pretrain=TRAIN[3:])
    store.save(halves[0], outcome(halves[0]))
    assert store.load(halves[1], np.dtype(int)) is None
    assert store.load(halves[0], np.dtype(int)) is not None


def test_other_data_are_told_apart(store):
    store.save(task(), outcome(task()))
    other = OutcomeStore(store.folder, "another digest")
    assert other.load(task(), np.dtype(int)) is None
    assert OutcomeStore(store.folder, "digest").load(task(), np.dtype(int)) is not None


def test_verbosity_and_memory_of_pretrainers_do_not_matter(store, tmp_path):
    quiet = task(make_pipeline(tiny_embedder(), SVC()))
    store.save(quiet, outcome(quiet))
    loud = task(make_pipeline(tiny_embedder(verbose=1, memory=str(tmp_path)), SVC()))
    assert store.load(loud, np.dtype(int)) is not None
    assert loud.estimator[0].pretrainer.verbose == 1
    other = task(make_pipeline(tiny_embedder(random_state=1), SVC()))
    assert store.load(other, np.dtype(int)) is None


def test_frozen_models_are_told_apart():
    X, y = np.arange(6.0)[:, None], [0, 0, 0, 1, 1, 1]
    paths = {
        OutcomeStore("/tmp", "digest")._path(task(FrozenEstimator(model))).name
        for model in (SVC().fit(X, y), SVC().fit(X, y[::-1]), SVC(C=2).fit(X, y))
    }
    assert len(paths) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"predicted": [0, 1',
        b'{"predicted": [0, 1]}',
        b'{"predicted": [0, 1], "measures": {}}',
        b'{"predicted": ["a", "b", "c"], "measures": {}}',
        b'{"predicted": null, "measures": {}}',
        b"[]",
        b"\xff\xfe\x00",
    ],
)
def test_a_part_of_a_file_is_no_outcome(store, content):
    store.save(task(), outcome(task()))
    (path,) = store.folder.iterdir()
    path.write_bytes(content)
    assert store.load(task(), np.dtype(int)) is None
    store.save(task(), outcome(task()))
    assert store.load(task(), np.dtype(int)) is not None


def test_files_are_named_for_a_reader_and_hold_json(store):
    store.save(task(), outcome(task()))
    (path,) = store.folder.iterdir()
    assert path.name.startswith("svm-windows-2-")
    assert json.loads(path.read_text("utf-8"))["predicted"] == [0, 1, 1]


@pytest.mark.parametrize("name", ["a/b\\c: d?", "é" * 300, "心" * 300, "x" * 300, ".."])
def test_any_name_of_an_estimator_makes_a_file(store, name):
    of = Task(LABELS | {"estimator": name}, SVC(), TRAIN, TEST)
    store.save(of, outcome(of))
    (path,) = store.folder.iterdir()
    assert path.parent == store.folder
    assert len(path.name.encode()) < 200
    assert store.load(of, np.dtype(int)) is not None


def test_an_estimator_that_cannot_be_pickled(store):
    of = task(make_pipeline(FunctionTransformer(lambda X: X), SVC()))
    with pytest.raises(ValueError, match="cannot be pickled.*Define its functions.*in a module"):
        store.load(of, np.dtype(int))
