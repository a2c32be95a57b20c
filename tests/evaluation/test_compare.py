"""Comparisons: who is scored on what, what is refused, what a failure costs."""

import sys

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SubjectScaledClassifier
from sklearn_ecgssl.evaluation import (
    Protocol,
    compare_protocols,
    shuffled_windows,
    unseen_subjects,
)
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import Segmenter
from tests.evaluation.comparing import (
    BASELINES,
    RECORDINGS,
    SEGMENTER,
    SUBJECT,
    TARGET,
    Mean,
    compare,
    same,
)
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_ecg_classifier, tiny_embedder, tiny_pretrainer

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning"),
    pytest.mark.filterwarnings("ignore:The least populated class:UserWarning"),
]
ALL_PROTOCOLS = ["windows", "recordings", "subjects"]


def spectrum(X):
    return np.abs(np.fft.rfft(X, axis=1))


def nearest():
    return make_pipeline(FunctionTransformer(spectrum), KNeighborsClassifier(1))


class Told(Mean):
    """Remembers the subjects that it is told."""

    calls = []

    def fit(self, X, y, groups=None):
        self.calls.append((len(X), groups))
        return super().fit(X, y)

    def predict(self, X, groups=None):
        self.calls.append((len(X), groups))
        return super().predict(X)


class Picky(Mean):
    """Refuses one person."""

    def predict(self, X, groups=None):
        if 2 in groups:
            raise RuntimeError("no beats in these windows")
        return super().predict(X)


@pytest.fixture(autouse=True)
def _forget_fits():
    Mean.fitted.clear()
    Told.calls.clear()


class TestLeak:
    """Only who it is tells the label: what the papers' protocol rewards."""

    @pytest.fixture(scope="class")
    @classmethod
    def results(cls):
        rng = np.random.default_rng(0)
        n_people, n_recordings = 40, 2
        label_of = rng.permutation(np.arange(n_people) % 2)
        recordings, subject = [], np.repeat(np.arange(n_people), n_recordings)
        for _ in range(n_people):
            beat = rng.normal(size=40)  # everyone's own waveform, repeated
            for _ in range(n_recordings):
                n_times = rng.integers(400, 600)
                start = rng.integers(40)
                signal = np.tile(beat, 20)[start : start + n_times]
                recordings.append(signal + 0.1 * rng.normal(size=n_times))
        target = np.array(["calm", "tense"])[label_of[subject]]
        data = recordings, target, subject
        return compare({"nearest": nearest()}, *data, n_splits=8, protocols=ALL_PROTOCOLS)

    def test_windows_and_recordings_look_near_perfect_and_subjects_are_at_chance(self, results):
        scores = results.table().query("estimator == 'nearest'").set_index("protocol")
        for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
            assert (scores.loc[["windows", "recordings"], metric] > 0.97).all()
        row = scores.loc["subjects"]
        assert row["balanced_accuracy"] < 0.65
        assert row["balanced_accuracy"] - row["balanced_accuracy_ci"] < 0.5

    def test_the_printed_table_shows_it(self, results):
        row = results.to_markdown().splitlines()[2]
        windows, _, subjects = [float(cell.split()[0]) for cell in row.split("|")[2:5]]
        assert windows - subjects > 0.3
        assert "trained on other windows of the tested people and recordings" in str(results)
        assert "not trained on anything of the tested people" in str(results)


class TestTable:
    @pytest.fixture(scope="class")
    @classmethod
    def results(cls):
        estimators = {"nearest": nearest(), "flat": SVC()}
        return compare(estimators, protocols=ALL_PROTOCOLS)

    def test_every_estimator_under_every_protocol(self, results):
        table = results.table()
        assert list(dict.fromkeys(table["estimator"])) == ["nearest", "flat", *BASELINES[::-1]]
        assert list(dict.fromkeys(table["protocol"])) == ALL_PROTOCOLS
        assert (table["n_folds"] == 3).all()
        assert results.varied == []
        assert len(results.failures) == 0

    def test_every_window_is_predicted_once_and_known(self, results):
        X, target, subject = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
        for _, rows in results.predictions.groupby(["estimator", "protocol"]):
            rows = rows.sort_values("window")
            assert rows["window"].tolist() == list(range(len(X)))
            np.testing.assert_array_equal(rows["target"], target)
            np.testing.assert_array_equal(rows["subject"], subject)
            np.testing.assert_array_equal(SUBJECT[rows["recording"]], subject)

    def test_predictions_and_scores_are_those_by_hand(self, results):
        X, y, subject = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
        for name, model in {"nearest": nearest(), "flat": SVC()}.items():
            rows = results.predictions.query("estimator == @name and protocol == 'subjects'")
            for _, fold in rows.groupby("fold"):
                test = fold["window"].to_numpy()
                train = ~np.isin(subject, subject[test])
                model.fit(X[train], y[train])
                np.testing.assert_array_equal(fold["predicted"], model.predict(X[test]))
                by_hand = (
                    model.predict_proba(X[test])[:, 1]
                    if name == "nearest"
                    else model.decision_function(X[test])
                )
                np.testing.assert_array_equal(fold["score"], by_hand)

    def test_scored_by_says_what_a_score_is(self, results):
        kinds = results.folds().groupby("estimator")["scored_by"].unique().str[0]
        assert kinds.to_dict() == dict.fromkeys(BASELINES, "predict_proba") | {
            "nearest": "predict_proba",
            "flat": "decision_function",
        }

    def test_majority_is_at_chance_and_heart_rate_is_not(self):
        data = ecg_like(n_recordings=8, seconds=(12, 16))
        results = compare_protocols(
            {}, *data, segmenter=Segmenter(SAMPLING_RATE, 6), protocols="windows", n_splits=4
        )
        scores = results.table().set_index("estimator")["balanced_accuracy"]
        assert list(scores.index) == BASELINES
        assert scores["majority class"] == 0.5
        assert scores["heart rate"] > 0.9, "the classes differ in their heart rate"

    def test_string_labels_and_names(self, results):
        names = np.array(["tense", "calm"])[TARGET]
        named = compare(
            {"nearest": nearest()}, target=names, subject=np.array(list("ABCDEF"))[SUBJECT]
        )
        assert set(named.predictions["predicted"]) == {"calm", "tense"}
        assert set(named.subjects()["subject"]) == set("ABCDEF")
        as_numbers = results.predictions.query("estimator == 'nearest' and protocol == 'subjects'")
        rows = named.predictions.query("estimator == 'nearest'")
        # the second class is the other one
        np.testing.assert_allclose(rows["score"], 1 - as_numbers["score"])


class TestSeveralClasses:
    @pytest.fixture(scope="class")
    @classmethod
    def results(cls):
        target = np.array(["calm", "happy", "tense"])[np.arange(12) % 3]
        models = {"proba": nearest(), "ovr": SVC(), "ovo": SVC(decision_function_shape="ovo")}
        four = {"four": SVC(decision_function_shape="ovo")}
        cls.four = compare(four, target=np.arange(12) % 4, subject=np.arange(12) // 4)
        # Four people; the first fold's training set has no "tense".
        halves = Protocol("halves", "all.", lambda w: [_half(w, i) for i in range(3)])
        return compare(
            models | {"mean": Mean()}, target=target, subject=np.arange(12) // 3, protocols=halves
        )

    def test_a_score_for_each(self, results):
        scores = ["score_calm", "score_happy", "score_tense"]
        rows = results.predictions.query("estimator == 'proba' and fold > 0")
        np.testing.assert_allclose(rows[scores].sum(axis=1), 1)
        best = np.array(["calm", "happy", "tense"])[rows[scores].to_numpy().argmax(axis=1)]
        np.testing.assert_array_equal(best, rows["predicted"])

    def test_nan_for_classes_that_a_training_set_lacks(self, results):
        rows = results.predictions.query("estimator in ('proba', 'ovr') and fold == 0")
        assert rows["score_tense"].isna().all()
        assert rows[["score_calm", "score_happy"]].notna().all(axis=None)
        rows = results.predictions.query("estimator == 'ovr' and fold == 0")
        np.testing.assert_array_equal(rows["score_calm"], -rows["score_happy"])

    def test_nan_where_an_estimator_has_none(self, results):
        rows = results.predictions.query("estimator == 'mean'")
        assert rows.filter(like="score_").isna().all(axis=None)
        assert set(results.folds().query("estimator == 'mean'")["scored_by"]) == {""}

    def test_a_score_for_each_pair_of_classes_is_none(self):
        rows = self.four.predictions.query("estimator == 'four'")
        assert len(self.four.failures) == 0
        assert rows.filter(like="score_").isna().all(axis=None)


def _half(windows, i):
    kept = windows.target != "tense" if i == 0 else np.ones(len(windows), dtype=bool)
    test = windows.subject == i
    return np.flatnonzero(kept & ~test), np.flatnonzero(test)


class TestInput:
    def test_a_single_estimator_beside_the_baselines(self):
        assert compare(SVC()).table()["estimator"].tolist() == ["SVC", *BASELINES]

    def test_own_estimator_takes_the_place_of_a_baseline(self):
        results = compare({"majority class": nearest()}, protocols="windows")
        assert results.table()["estimator"].tolist() == ["majority class", "heart rate"]
        assert results.table()["balanced_accuracy"][0] > 0.5

    def test_recordings_in_any_shape(self):
        cut = [x[: 6 * SAMPLING_RATE] for x in RECORDINGS]
        as_list = compare({"nearest": nearest()}, cut)
        assert same(compare({"nearest": nearest()}, np.stack(cut)), as_list)
        assert same(compare({"nearest": nearest()}, SEGMENTER.transform(cut)), as_list)

    def test_protocols_by_name_and_own(self):
        def first_half(windows):
            indices = np.arange(len(windows))
            return [(indices[::2], indices[1::2])]

        own = Protocol("every other", "trained on every other window.", first_half)
        results = compare({}, protocols=["subjects", own])
        assert results.table()["n_folds"].tolist() == [3, 3, 1, 1]
        assert list(results.notes) == ["subjects", "every other"]
        assert results.notes["every other"] == "trained on every other window."
        assert same(compare({}, protocols=unseen_subjects(3)), compare({}, protocols="subjects"))

    def test_seed_of_the_folds(self):
        first, again, other = (
            compare({"nearest": nearest()}, protocols="windows", random_state=seed).predictions
            for seed in (0, 0, 1)
        )
        assert first.equals(again)
        assert not first.equals(other)

    def test_groups_are_handed_to_fit_and_predict_that_take_them(self):
        compare({"told": Told()})
        assert len(Told.calls) == 6
        for (n_train, train), (n_test, test) in zip(Told.calls[::2], Told.calls[1::2], strict=True):
            assert (len(train), len(test)) == (n_train, n_test)
            assert set(train).isdisjoint(test)
            assert set(train) | set(test) == set(range(6))

    def test_estimators_are_left_unfitted(self):
        model, pretrainer = SVC(), tiny_pretrainer(max_epochs=1)
        compare({"svm": model, "ssl": make_pipeline(SSLEmbedder(pretrainer), SVC())})
        assert not hasattr(model, "classes_")
        assert not hasattr(pretrainer, "state_")
        assert pretrainer.memory is None

    def test_no_heart_rate_where_its_detector_is_missing_or_deaf(self, monkeypatch):
        with pytest.warns(UserWarning, match="No 'heart rate' baseline.*above 60 Hz"):
            results = compare(SVC(), segmenter=Segmenter(sampling_rate=50, window_length=2))
        assert results.table()["estimator"].tolist() == ["SVC", "majority class"]

        def missing():
            raise ImportError("pip install sleepecg")

        monkeypatch.setattr("sklearn_ecgssl.evaluation._estimators.load_detector", missing)
        with pytest.warns(UserWarning, match="No 'heart rate' baseline.*sleepecg"):
            results = compare(SVC())
        assert results.table()["estimator"].tolist() == ["SVC", "majority class"]

    def test_progress_only_when_asked(self, capsys):
        compare({})
        assert capsys.readouterr() == ("", "")
        compare({}, verbose=1)
        assert "6/6" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"protocols": "people"}, r"of \['windows', 'recordings', 'subjects'\], got 'people'"),
            ({"protocols": []}, "protocols must be at least one"),
            (
                {"protocols": [unseen_subjects(2), unseen_subjects(None)]},
                r"a name of its own each, got \['subjects', 'subjects'\].*dataclasses.replace",
            ),
            ({"subject": ["me"] * 12}, "not enough subjects to split: 1.*leave this protocol out"),
            ({"subject": None}, r"subject must be 1-D .*got shape \(\)"),
            ({"target": ["calm"] * 12}, "target holds one class only"),
            ({"target": TARGET[:5]}, "target must be 1-D with one entry for each of the 12"),
            ({"segmenter": Segmenter(SAMPLING_RATE, 30)}, "recording 0.*lower window_length"),
        ],
    )
    def test_what_is_wrong_is_named_before_anything_is_fitted(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            compare({"mean": Mean()}, **arguments)
        assert Mean.fitted == []

    @pytest.mark.parametrize("estimators", [[SVC()], SVC, {"a": None}, SSLEmbedder(), "svm"])
    def test_what_is_no_classifier(self, estimators):
        with pytest.raises(TypeError, match="must be a classifier, or a dict of them by name"):
            compare(estimators)

    def test_pandas_is_missed_before_anything_is_fitted(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"sklearn_ecgssl\[evaluation\]"):
            compare({"mean": Mean()})
        assert Mean.fitted == []


class TestFailures:
    def test_one_failed_fold_does_not_lose_the_others(self):
        with pytest.warns(UserWarning, match="1 of 18 fits failed.*no beats in these windows"):
            results = compare({"picky": Picky()}, protocols=unseen_subjects(None))
        assert results.failures[["estimator", "fold", "error"]].to_dict("records") == [
            {"estimator": "picky", "fold": 2, "error": "RuntimeError: no beats in these windows"}
        ]
        assert results.table()["n_folds"].tolist() == [5, 6, 6]
        assert "1 fits failed" in str(results)

    def test_a_training_set_of_one_class(self):
        target = np.where(SUBJECT == 0, "tense", "calm")  # one person has all of the rare class
        with pytest.warns(UserWarning, match="one class only"):
            results = compare({"mean": Mean()}, target=target)
        assert len(results.failures) == 3
        assert results.failures["error"].str.contains("Take fewer n_splits").all()
        assert results.table()["n_folds"].tolist() == [2, 2, 2]

    @pytest.mark.filterwarnings("error:.*fits failed:UserWarning")
    def test_a_test_set_of_one_class_is_a_result(self):
        target = np.where(SUBJECT == 0, 1, np.where(SUBJECT == 1, 0, TARGET))
        results = compare({"nearest": nearest()}, target=target, protocols=unseen_subjects(None))
        folds = results.folds().query("estimator == 'nearest'")
        assert folds[["accuracy", "balanced_accuracy", "macro_f1"]].notna().all(axis=None)
        assert (folds["balanced_accuracy"] == folds["accuracy"])[:2].all()

    @pytest.mark.parametrize(
        ("model", "message"),
        [
            (Ridge(), "mix of binary and continuous"),
            (make_pipeline(FunctionTransformer(lambda X: X[:-1]), SVC()), "inconsistent"),
            (FrozenEstimator(SVC()), "not fitted"),
        ],
    )
    def test_predictions_that_cannot_be_scored(self, model, message):
        with pytest.warns(UserWarning, match="3 of 9 fits failed"):
            results = compare({"odd": model})
        assert results.failures["error"].str.contains(message).all()
        assert "odd" not in results.table()["estimator"].tolist()


class TestNotes:
    def test_each_protocol_says_what_a_model_sees(self):
        notes = compare({}, protocols=ALL_PROTOCOLS).notes
        assert list(notes) == ALL_PROTOCOLS
        assert notes["windows"] == shuffled_windows().sees

    def test_a_frozen_encoder_and_subject_scaling_are_told(self, tmp_path):
        pretrainer = tiny_pretrainer(max_epochs=1).fit(SEGMENTER.windows(RECORDINGS))
        frozen = FrozenEstimator(pretrainer)
        pretrainer.save_pretrained(tmp_path)
        untrained = FrozenEstimator(
            tiny_pretrainer(max_epochs=0).fit(SEGMENTER.windows(RECORDINGS))
        )
        results = compare(
            {
                "frozen": make_pipeline(SSLEmbedder(frozen), SVC()),
                "untrained": make_pipeline(SSLEmbedder(untrained), SVC()),
                "folder": make_pipeline(SSLEmbedder(str(tmp_path)), SVC()),
                "network": tiny_ecg_classifier(frozen, "trunk", max_epochs=1),
                "scaled": SubjectScaledClassifier(
                    FunctionTransformer(spectrum), LogisticRegression()
                ),
                "both": SubjectScaledClassifier(SSLEmbedder(frozen), LogisticRegression()),
                "plain": make_pipeline(tiny_embedder(max_epochs=1), SVC()),
            }
        )
        assert len(results.failures) == 0
        encoder, scaling = "was pretrained before this comparison", "of all their conditions"
        told = {name: (encoder in note, scaling in note) for name, note in results.notes.items()}
        assert told == {
            "subjects": (False, False),
            "frozen": (True, False),
            "folder": (True, False),
            "network": (True, False),
            "scaled": (False, True),
            "both": (True, True),
        }
        assert "frozen, folder, network: its encoder was pretrained" in str(results)
        scores = results.folds().set_index("estimator")["accuracy"]
        assert scores["frozen"].tolist() == scores["folder"].tolist()


def test_steps_and_searches_are_told_the_subjects():
    told = make_pipeline("passthrough", Told())
    search = GridSearchCV(SVC(), {"C": [1, 10]}, cv=GroupKFold(2))
    results = compare({"told": told, "search": search})
    assert len(results.failures) == 0
    assert len(Told.calls) == 6  # fit and predict in three folds
    assert all(len(groups) == n for n, groups in Told.calls)


def test_scores_of_pairs_of_classes_are_none_of_classes():
    target = np.array(["a", "b", "c"])[np.arange(12) % 3]
    pairs = compare({"svc": SVC(decision_function_shape="ovo")}, target=target)
    of_classes = compare({"svc": SVC(decision_function_shape="ovr")}, target=target)
    for results, scored_by in [(pairs, ""), (of_classes, "decision_function")]:
        folds = results.folds().query("estimator == 'svc'")
        assert set(folds["scored_by"]) == {scored_by}
