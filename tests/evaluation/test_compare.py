"""Comparisons: who is scored on what, what is refused, what a failure costs."""

import sys
import warnings
from copy import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SubjectScaledClassifier
from sklearn_ecgssl.datasets import load_recordings, make_cohort
from sklearn_ecgssl.evaluation import (
    Protocol,
    ReferenceWindows,
    compare_protocols,
    linear_classifier,
    shuffled_windows,
    unseen_subjects,
)
from sklearn_ecgssl.features import FrozenEncoder, HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter
from tests.evaluation.comparing import (
    ALL_PROTOCOLS,
    BASELINES,
    RECORDINGS,
    SEGMENTER,
    SUBJECT,
    TARGET,
    Mean,
    compare,
    nearest,
    same,
    spectrum,
)
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_ecg_classifier, tiny_pretrainer


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
        if "C" in groups:
            raise RuntimeError("no beats in these windows")
        return super().predict(X)


class Unsure(Mean):
    """Calls every window half of a class."""

    def predict(self, X):
        return np.full(len(X), 0.5)


def test_the_papers_protocol_rewards_knowing_who_it_is():
    """Everyone has a waveform of their own, which alone tells the label."""
    rng = np.random.default_rng(0)
    label_of = rng.permutation(np.arange(40) % 2)
    recordings, subject = [], np.repeat(np.arange(40), 2)
    for _ in range(40):
        beats = np.tile(rng.normal(size=32), 10)  # two a window, at any phase
        for start in rng.integers(32, size=2):
            signal = beats[start : start + rng.integers(200, 280)]
            recordings.append(signal + 0.1 * rng.normal(size=len(signal)))
    target = np.array(["calm", "tense"])[label_of[subject]]
    data = recordings, target, subject
    results = compare({"nearest": nearest()}, *data, n_splits=5, protocols=ALL_PROTOCOLS)
    scores = results.table().query("estimator == 'nearest'").set_index("protocol")
    for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert scores.loc["windows", metric] > 0.97
        assert scores.loc["recordings", metric] > 0.9, "few have both recordings in one fold"
    row = scores.loc["subjects"]
    assert row["balanced_accuracy"] < 0.65
    assert row["balanced_accuracy"] - row["balanced_accuracy_ci"] < 0.5
    row = results.to_markdown().splitlines()[2]
    windows, _, subjects = [float(cell.split()[0]) for cell in row.split("|")[2:5]]
    assert windows - subjects > 0.3


class TestWhatIsScored:
    def test_every_estimator_and_the_baselines_under_every_protocol(self, compared):
        table = compared.table()
        names = ["nearest", "svc", "mean", *BASELINES[::-1]]
        assert table["estimator"].tolist() == names * 3
        assert table["protocol"].unique().tolist() == ALL_PROTOCOLS
        assert (table["n_folds"] == 3).all()
        assert compared.varied == []
        assert len(compared.failures) == 0
        assert list(compared.notes) == ALL_PROTOCOLS
        assert compared.notes["windows"] == shuffled_windows().sees

    def test_every_window_is_predicted_once_and_known(self, compared):
        X, target, subject = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
        for _, rows in compared.predictions.groupby(["estimator", "protocol"]):
            rows = rows.sort_values("window")
            assert rows["window"].tolist() == list(range(len(X)))
            np.testing.assert_array_equal(rows["target"], target)
            np.testing.assert_array_equal(rows["subject"], subject)
            np.testing.assert_array_equal(SUBJECT[rows["recording"]], subject)

    @pytest.mark.parametrize(
        ("name", "model", "scored_by"),
        [
            ("nearest", nearest(), "predict_proba"),
            ("svc", SVC(), "decision_function"),
            ("mean", Mean(), ""),
        ],
    )
    def test_predictions_and_scores_are_those_by_hand(self, compared, name, model, scored_by):
        X, y, subject = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
        rows = compared.predictions.query("estimator == @name and protocol == 'subjects'")
        for _, fold in rows.groupby("fold"):
            test = fold["window"].to_numpy()
            train = ~np.isin(subject, subject[test])
            model.fit(X[train], y[train])
            np.testing.assert_array_equal(fold["predicted"], model.predict(X[test]))
            scores = getattr(model, scored_by)(X[test]) if scored_by else np.full(len(test), np.nan)
            expected = scores[:, 1] if scored_by == "predict_proba" else scores
            np.testing.assert_array_equal(fold["score"], expected)
        assert set(compared.folds().query("estimator == @name")["scored_by"]) == {scored_by}

    def test_what_is_measured_becomes_columns_of_the_folds(self, compared):
        folds = compared.folds()
        of_svc = folds["estimator"] == "svc"
        assert folds.loc[of_svc, "n"].tolist() == folds.loc[of_svc, "n_windows"].tolist()
        assert folds.loc[~of_svc, "n"].isna().all()
        of_subjects = compared.table().query("estimator == 'svc' and protocol == 'subjects'")
        expected = folds[of_svc & (folds["protocol"] == "subjects")]["n"].mean()
        assert of_subjects["n"].tolist() == [expected]

    def test_majority_is_at_chance_and_heart_rate_is_not(self):
        data = ecg_like(n_recordings=8, seconds=(12, 16))
        results = compare_protocols(
            {}, *data, segmenter=Segmenter(SAMPLING_RATE, 6), protocols="windows", n_splits=4
        )
        scores = results.table().set_index("estimator")["balanced_accuracy"]
        assert list(scores.index) == BASELINES
        assert scores["majority class"] == 0.5
        assert scores["heart rate"] > 0.9, "the classes differ in their heart rate"

    @pytest.mark.parametrize("n_classes", [3, 4])
    def test_several_classes_have_a_score_each_and_pairs_of_classes_none(self, n_classes):
        names = np.array(["calm", "happy", "sad", "tense"])[:n_classes]

        def split(windows):
            """One person's windows are tested; the first fold's training set lacks a class."""
            for i in range(3):
                kept = (windows.subject != i) & ((i > 0) | (windows.target != names[-1]))
                yield np.flatnonzero(kept), np.flatnonzero(windows.subject == i)

        results = compare(
            {"proba": nearest(), "ovr": SVC(), "ovo": SVC(decision_function_shape="ovo")},
            target=names[np.arange(12) % n_classes],
            subject=np.arange(12) // 4,
            protocols=Protocol("people", "others.", split),
        )
        scores = [f"score_{name}" for name in names]
        rows = results.predictions.query("estimator == 'proba' and fold > 0")
        np.testing.assert_allclose(rows[scores].sum(axis=1), 1)
        best = names[rows[scores].to_numpy().argmax(axis=1)]
        np.testing.assert_array_equal(best, rows["predicted"])
        rows = results.predictions.query("estimator in ('proba', 'ovr') and fold == 0")
        assert rows[scores[-1]].isna().all(), "the class that is lacking"
        assert rows[scores[:-1]].notna().all(axis=None)
        if n_classes == 3:  # two are left
            rows = rows[rows["estimator"] == "ovr"]
            np.testing.assert_array_equal(rows["score_calm"], -rows["score_happy"])
        rows = results.predictions.query("estimator == 'ovo' and fold > 0")
        assert rows[scores].isna().all(axis=None)


class TestInput:
    def test_own_estimator_takes_the_place_of_a_baseline(self):
        results = compare({"majority class": nearest()}, protocols="windows")
        assert results.table()["estimator"].tolist() == ["majority class", "heart rate"]
        assert results.table()["balanced_accuracy"][0] > 0.5

    def test_protocols_by_name_and_own(self):
        def every_other(windows):
            indices = np.arange(len(windows))
            return [(indices[::2], indices[1::2])]

        own = Protocol("every other", "trained on every other window.", every_other)
        results = compare({}, protocols=["windows", own], random_state=1)
        assert results.table()["n_folds"].tolist() == [3, 3, 1, 1]
        assert results.notes["every other"] == "trained on every other window."
        assert same(results, compare({}, protocols=[shuffled_windows(3, random_state=1), own]))
        default = compare({}, protocols="windows")
        assert same(default, compare({}, protocols=[shuffled_windows(3, random_state=0)]))

    @pytest.mark.parametrize("step", [Told(), make_pipeline("passthrough", Told())])
    def test_groups_are_handed_to_fit_and_predict_that_take_them(self, step):
        Told.calls.clear()
        compare({"told": step})
        assert len(Told.calls) == 6
        for (n_train, train), (n_test, test) in zip(Told.calls[::2], Told.calls[1::2], strict=True):
            assert (len(train), len(test)) == (n_train, n_test)
            assert set(train).isdisjoint(test)
            assert set(train) | set(test) == set("ABCDEF")

    def test_searches_that_split_by_groups_are_told_them(self):
        search = GridSearchCV(SVC(), {"C": [1, 10]}, cv=GroupKFold(2))
        assert len(compare({"search": search}).failures) == 0

    def test_no_heart_rate_where_its_detector_is_missing_or_deaf(self, monkeypatch):
        data = RECORDINGS, TARGET, SUBJECT
        with pytest.warns(UserWarning, match="No 'heart rate' baseline.*above 60 Hz"):
            results = compare_protocols(SVC(), *data, segmenter=Segmenter(60, 1), n_splits=2)
        assert results.table()["estimator"].unique().tolist() == ["SVC", "majority class"]

        def missing():
            raise ImportError("pip install sleepecg")

        monkeypatch.setattr("sklearn_ecgssl.evaluation._estimators.load_detector", missing)
        with pytest.warns(UserWarning, match="No 'heart rate' baseline.*sleepecg"):
            results = compare_protocols(SVC(), *data, segmenter=SEGMENTER, n_splits=2)
        assert results.table()["estimator"].unique().tolist() == ["SVC", "majority class"]

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
            ({"label_fractions": [0]}, "fraction == 0.*, must be"),
        ],
    )
    def test_what_is_wrong_is_named_before_anything_is_fitted(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            compare({"mean": Mean()}, **arguments)
        assert Mean.fitted == []

    @pytest.mark.parametrize(
        ("segmenter", "first", "message"),
        [
            (Segmenter(100), Resampler(256, 100), "'a' takes ECG of 256 Hz, .* have 100 Hz: pass"),
            (Segmenter(256), Segmenter(100), r"segmenter=Segmenter\(100\)"),
            (None, SSLEmbedder("rhythm-open", sampling_rate=100), "100 Hz, .* have 256 Hz"),
            (Segmenter(200), SSLEmbedder("rhythm-open", sampling_rate=100), "'a' takes .* 100 Hz"),
            (Segmenter(200), HRVFeatures(256), "256 Hz, .* have 200 Hz"),
        ],
    )
    def test_a_pipeline_of_another_rate_than_its_windows(self, segmenter, first, message):
        estimators = {"a": make_pipeline(first, Mean())}
        with pytest.raises(ValueError, match=message):
            compare_protocols(estimators, RECORDINGS, TARGET, SUBJECT, segmenter=segmenter)

    def test_a_pipeline_for_recordings_takes_windows_of_its_rate(self, fitted_recognition):
        pipe = make_pipeline(SEGMENTER, SSLEmbedder(FrozenEstimator(fitted_recognition)), SVC())
        results = compare({"of recordings": pipe, "of windows": pipe[1:]})
        predictions = results.predictions.groupby("estimator")["predicted"].agg(list)
        assert predictions["of recordings"] == predictions["of windows"]

    @pytest.mark.parametrize("estimators", [[SVC()], SVC, {"a": None}, SSLEmbedder()])
    def test_what_is_no_classifier(self, estimators):
        with pytest.raises(
            TypeError, match="must be a classifier or regressor, or a dict of them by name"
        ):
            compare_protocols(estimators, RECORDINGS, TARGET, SUBJECT)

    def test_pandas_is_missed_before_anything_is_fitted(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"sklearn_ecgssl\[evaluation\]"):
            compare({"mean": Mean()})
        assert Mean.fitted == []


class TestFailures:
    def test_windows_without_beats_are_told_once(self):
        cohort = make_cohort(n_subjects=3, duration=20, random_state=0)
        flat = [np.r_[np.zeros(2560), recording[2560:]] for recording in cohort.recordings]
        with pytest.warns(UserWarning, match="usable beats") as told:
            compare_protocols(
                {}, flat, cohort.target, cohort.subject, protocols="subjects", n_splits=3
            )
        assert len([one for one in told if "usable beats" in str(one.message)]) == 2  # train, test

    def test_one_failed_fold_does_not_lose_the_others(self):
        with pytest.warns(UserWarning, match="1 of 18 fits failed.*no beats in these windows"):
            results = compare({"picky": Picky()}, protocols=unseen_subjects(None))
        failure = {"estimator": "picky", "protocol": "subjects", "fold": 2}
        failure["error"] = "RuntimeError: no beats in these windows"
        assert results.failures.to_dict("records") == [failure]
        assert results.table()["n_folds"].tolist() == [5, 6, 6]
        assert "1 fits failed" in str(results)

    def test_a_training_set_of_one_class(self):
        target = np.where(SUBJECT == "A", "tense", "calm")  # one person has all of the rare class
        with pytest.warns(UserWarning, match="one class only"):
            results = compare({"mean": Mean()}, target=target)
        assert len(results.failures) == 3
        assert results.failures["error"].str.contains("Take fewer n_splits").all()
        assert results.table()["n_folds"].tolist() == [2, 2, 2]

    def test_people_of_one_class_among_others(self):
        both = np.arange(12) % 2
        subject = np.repeat(list("ABCDEF"), 2)
        target = np.where(np.isin(subject, ["B", "E"]), 0, both)
        with pytest.warns(UserWarning, match="2 of 6 people have windows of one class only: B, E"):
            compare({"mean": Mean()}, target=target, subject=subject)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # everyone has both, or everyone has one
            compare({"mean": Mean()}, target=both, subject=subject)
            compare({"mean": Mean()}, target=np.arange(12) // 2 % 2, subject=subject)

    def test_predictions_that_cannot_be_scored(self):
        with pytest.warns(UserWarning, match="3 of 9 fits failed"):
            results = compare({"odd": Unsure()}, target=np.arange(12) % 2)
        assert results.failures["error"].str.contains("mix of binary and continuous").all()


@pytest.mark.slow
@pytest.mark.real
def test_heart_rate_of_rest_and_arithmetic_is_the_baseline_that_it_is_known_to_be(shared_data):
    cohort = load_recordings(
        shared_data / "eegmat_ecg.npz",
        target="condition",
        where={"ecg_ok": True},
        complete_subjects=True,
    )
    recordings = ECGFilter(256).fit_transform(Resampler(500, 256).fit_transform(cohort.recordings))
    target = np.array(cohort.target_names)[cohort.target]
    results = compare_protocols(
        {"scaled": SubjectScaledClassifier(HRVFeatures(256), linear_classifier())},
        recordings,
        target,
        cohort.subject,
        protocols="subjects",
        n_splits=8,
        reference=ReferenceWindows("rest", seconds=60),
    )
    table = results.table().set_index(["estimator", "reference"])
    scores, ranked = table["balanced_accuracy"], table["auc_within"]
    minute = "first 60 s of 'rest'"
    assert results.predictions["window"].nunique() == 757 - 6 * 32
    assert scores["majority class", "none"] == 0.5
    assert 0.65 < scores["heart rate", "none"] < 0.78
    assert scores["heart rate", minute] > 0.86
    assert ranked["heart rate", minute] > 0.95
    assert scores["scaled", minute] > 0.9
    assert results.subjects()["subject"].nunique() == 32


def test_a_frozen_encoder_and_subject_scaling_are_told(fitted_recognition, tmp_path):
    frozen, plain, svc = FrozenEstimator(fitted_recognition), tiny_pretrainer(max_epochs=0), SVC()
    untrained = FrozenEstimator(clone(plain).fit(SEGMENTER.windows(RECORDINGS)))
    stopped = FrozenEstimator(copy(fitted_recognition).set_params(max_epochs=0))
    windows, target, _ = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
    head_untrained = tiny_ecg_classifier(frozen, "trunk", max_epochs=0).fit(windows, target)
    fitted_recognition.save_pretrained(tmp_path)
    foreign = FrozenEncoder(fitted_recognition.to_torch(), sampling_rate=64, window_length=1)
    results = compare(
        {
            "frozen": make_pipeline(SSLEmbedder(frozen), SVC()),
            "folder": make_pipeline(SSLEmbedder(str(tmp_path)), SVC()),
            "foreign": make_pipeline(foreign, SVC()),
            "network": tiny_ecg_classifier(frozen, "trunk", max_epochs=1),
            "scaled": SubjectScaledClassifier(FunctionTransformer(spectrum), LogisticRegression()),
            "both": SubjectScaledClassifier(SSLEmbedder(frozen), LogisticRegression()),
            "plain": make_pipeline(SSLEmbedder(plain), svc),
            "untrained": make_pipeline(SSLEmbedder(untrained), SVC()),
            "stopped": make_pipeline(SSLEmbedder(stopped), SVC()),
            "head untrained": FrozenEstimator(head_untrained),
        },
        n_splits=2,
    )
    assert len(results.failures) == 0
    encoder, scaling = "was pretrained before this comparison", "of all their conditions"
    told = {name: (encoder in note, scaling in note) for name, note in results.notes.items()}
    assert told == {
        "subjects": (False, False),
        "frozen": (True, False),
        "folder": (True, False),
        "foreign": (True, False),
        "network": (True, False),
        "scaled": (False, True),
        "both": (True, True),
        "stopped": (True, False),
        "head untrained": (True, False),
    }
    names = "frozen, folder, foreign, network, stopped, head untrained"
    assert f"{names}: its encoder was pretrained" in str(results)
    scores = results.folds().set_index("estimator")["accuracy"]
    assert scores["frozen"].tolist() == scores["folder"].tolist()
    assert not hasattr(svc, "classes_"), "copies are fitted"
    assert not hasattr(plain, "state_")
    assert plain.memory is None
