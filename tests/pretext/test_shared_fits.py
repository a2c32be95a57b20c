"""Fits of pretrainers that `memory` keeps."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.features import SSLEmbedder
from tests.tiny import each_pretrainer, tiny_masked, tiny_pretrainer, waves

pytestmark = each_pretrainer

X, Y = waves(10)

#: Parameters of each pretrainer's own that change what is learnt.
OWN = {
    tiny_pretrainer: [{"noise": "drop"}, {"noise__snr_db": 3}],
    tiny_masked: [{"mask_ratio": 0.2}, {"span_length": 5}, {"warm_up": 0.5}],
}


@pytest.fixture
def trainings(monkeypatch):
    """One entry for each time that a network is trained."""
    import sklearn_ecgssl.pretext._base as base

    calls = []
    train = base.train
    monkeypatch.setattr(base, "train", lambda *args: calls.append(1) or train(*args))
    return calls


def fitted_attributes(pretrainer):
    return {name: value for name, value in vars(pretrainer).items() if name.endswith("_")}


def test_same_parameters_and_windows_are_read(tiny, trainings, tmp_path):
    first = tiny(memory=str(tmp_path)).fit(X)
    second = tiny(memory=str(tmp_path)).fit(X.copy())
    assert len(trainings) == 1
    assert joblib.hash(fitted_attributes(first)) == joblib.hash(fitted_attributes(second))
    np.testing.assert_array_equal(first.encode(X), second.encode(X))


def test_fitted_attributes_are_those_without_memory(tiny, tmp_path):
    params = {"validation_fraction": 0.3, "patience": 1}
    groups = np.arange(10) // 2
    plain = tiny(**params).fit(X, groups=groups)
    for _ in range(2):  # trained, then read
        kept = tiny(memory=str(tmp_path), **params).fit(X, groups=groups)
        assert list(fitted_attributes(kept)) == list(fitted_attributes(plain))
        assert joblib.hash(fitted_attributes(kept)) == joblib.hash(fitted_attributes(plain))
        assert kept.score(X) == plain.score(X)
        np.testing.assert_array_equal(kept.encode(X), plain.encode(X))


@pytest.mark.parametrize(
    ("params", "windows"),
    [
        ({"random_state": 1}, X),
        ({"learning_rate": 0.1}, X),
        ({"validation_fraction": 0.3}, X),
        ({}, X[:-1]),
        ({}, X[::-1].copy()),
        ({}, X + np.float32(1e-6)),
    ],
)
def test_anything_else_is_trained_again(tiny, trainings, tmp_path, params, windows):
    tiny(memory=str(tmp_path)).fit(X)
    other = tiny(memory=str(tmp_path)).set_params(**params).fit(windows)
    assert len(trainings) == 2
    plain = tiny().set_params(**params).fit(windows)
    assert joblib.hash(other.state_) == joblib.hash(plain.state_)


def test_other_parameters_of_its_own_are_trained_again(tiny, trainings, tmp_path):
    learnt = {joblib.hash(tiny(memory=str(tmp_path)).fit(X).state_)}
    for params in OWN[tiny]:
        other = tiny(memory=str(tmp_path)).set_params(**params).fit(X)
        learnt.add(joblib.hash(other.state_))
    assert len(trainings) == len(learnt) == 1 + len(OWN[tiny])


def test_subjects_matter_where_some_are_held_out(tiny, trainings, tmp_path):
    subjects = (None, np.arange(10) // 2, np.arange(10) // 5)
    for groups in subjects:
        tiny(memory=str(tmp_path)).fit(X, groups=groups)
    assert len(trainings) == 1
    params = {"validation_fraction": 0.5, "memory": str(tmp_path)}
    histories = [tiny(**params).fit(X, groups=groups).history_ for groups in subjects]
    assert len(trainings) == 4
    for groups, history in zip(subjects, histories, strict=True):
        alone = tiny(validation_fraction=0.5).fit(X, groups=groups)
        assert history == alone.history_


def test_verbosity_and_the_kind_of_memory_do_not_matter(tiny, trainings, tmp_path, capsys):
    tiny(memory=str(tmp_path), verbose=1).fit(X)
    assert "pretraining" in capsys.readouterr().err
    for memory in (tmp_path, joblib.Memory(str(tmp_path), verbose=0)):
        tiny(memory=memory).fit(X)
    assert len(trainings) == 1
    assert capsys.readouterr() == ("", "")


def test_another_folder_knows_nothing(tiny, trainings, tmp_path):
    for folder in ("one", "two"):
        tiny(memory=str(tmp_path / folder)).fit(X)
    assert len(trainings) == 2


def test_parameters_are_left_alone(tiny, tmp_path):
    pretrainer = tiny(memory=str(tmp_path), verbose=0)
    before = pretrainer.get_params(deep=False)
    pretrainer.fit(X)
    after = pretrainer.get_params(deep=False)
    assert all(after[name] is value for name, value in before.items())


def test_what_is_read_is_the_users_own(tiny, tmp_path):
    for _ in range(2):
        pretrainer = tiny(memory=str(tmp_path)).fit(X)
        reference = tiny().fit(X)
        assert joblib.hash(pretrainer.state_) == joblib.hash(reference.state_)
        next(iter(pretrainer.state_.values()))[:] = 9  # must not come back with the next fit
        pretrainer.history_.clear()


def test_refit_with_memory_forgets_what_no_longer_holds(tiny, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"t{i}" for i in range(64)])
    pretrainer = tiny(memory=str(tmp_path)).fit(frame)
    assert list(pretrainer.feature_names_in_) == list(frame.columns)
    pretrainer.fit(X)
    assert not hasattr(pretrainer, "feature_names_in_")


def test_failed_fit_is_not_kept_and_changes_nothing(tiny, trainings, tmp_path):
    pretrainer = tiny(memory=str(tmp_path)).fit(X)
    before = joblib.hash(pretrainer)
    broken = X.copy()
    broken[2, 2] = np.nan
    for _ in range(2):
        with pytest.raises(ValueError, match="NaN"):
            pretrainer.fit(broken)
    assert joblib.hash(pretrainer) == before


def test_memory_map_and_windowed_recordings(tiny, trainings, tmp_path):
    np.save(tmp_path / "w.npy", X)
    for _ in range(2):
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        from_map = tiny(memory=str(tmp_path / "kept")).fit(mapped)
        ragged = tiny(memory=str(tmp_path / "kept")).fit([X[:3], X[3:]])
    assert len(trainings) <= 2
    expected = joblib.hash(tiny().fit(X).state_)
    assert joblib.hash(from_map.state_) == joblib.hash(ragged.state_) == expected


def test_grid_over_the_classifier_pretrains_once_a_fold(tiny, trainings, tmp_path):
    pipeline = Pipeline([("embed", SSLEmbedder(tiny(memory=str(tmp_path)))), ("classify", SVC())])
    grid = {"classify__C": [0.1, 1, 10], "embed__layer": ["last", "all"]}
    GridSearchCV(pipeline, grid, cv=2, refit=False, error_score="raise").fit(X, Y)
    assert len(trainings) == 2


@pytest.mark.parametrize("memory", [3, ["folder"]])
def test_what_is_no_memory(tiny, memory):
    with pytest.raises(ValueError, match="'memory' parameter"):
        tiny(memory=memory).fit(X)
