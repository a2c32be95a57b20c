import json
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
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
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_ecg_classifier, tiny_embedder, tiny_pretrainer

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning"),
    pytest.mark.filterwarnings("ignore:The least populated class:UserWarning"),
]

SEGMENTER = Segmenter(sampling_rate=SAMPLING_RATE, window_length=2)
RECORDINGS, TARGET, SUBJECT = ecg_like(n_recordings=12, seconds=(6, 9))
BASELINES = ["majority class", "heart rate"]


def spectrum(X):
    return np.abs(np.fft.rfft(X, axis=1))


def nearest():
    return make_pipeline(FunctionTransformer(spectrum), KNeighborsClassifier(1))


def compare(estimators, recordings=RECORDINGS, target=TARGET, subject=SUBJECT, **params):
    return compare_protocols(
        estimators, recordings, target, subject, **{"segmenter": SEGMENTER, "n_splits": 3, **params}
    )


def same(first, second):
    timeless = [r.folds().drop(columns="fit_seconds") for r in (first, second)]
    return timeless[0].equals(timeless[1]) and first.predictions.equals(second.predictions)


class Mean(ClassifierMixin, BaseEstimator):
    """Thresholds the mean; `log` says what it was called with."""

    log = []

    def __init__(self, shift=0):
        self.shift = shift

    def fit(self, X, y):
        self.log.append(len(X))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(X.mean(axis=1) > self.shift).astype(int)]


class Told(Mean):
    log = []

    def fit(self, X, y, groups=None):
        self.log.append(("fit", len(X), groups))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X, groups=None):
        self.log.append(("predict", len(X), groups))
        return super().predict(X)


class Interrupted(Mean):
    """Is interrupted by the user in the fit after `patience`."""

    log = []
    patience = None

    def fit(self, X, y):
        if len(self.log) == self.patience:
            raise KeyboardInterrupt
        return super().fit(X, y)


class Picky(Mean):
    """Refuses one person."""

    log = []

    def predict(self, X, groups=None):
        if 2 in groups:
            raise RuntimeError("no beats in these windows")
        return super().predict(X)


@pytest.fixture(autouse=True)
def empty_logs():
    for kind in (Mean, Told, Interrupted, Picky):
        kind.log.clear()
    Interrupted.patience = None


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
        return compare({"nearest": nearest()}, recordings, target, subject, n_splits=8)

    def test_windows_and_recordings_look_near_perfect(self, results):
        scores = results.table().query("estimator == 'nearest'").set_index("protocol")
        for protocol in ("windows", "recordings"):
            for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
                assert scores.loc[protocol, metric] > 0.97

    def test_unseen_subjects_are_at_chance(self, results):
        scores = results.table().query("estimator == 'nearest'").set_index("protocol")
        row = scores.loc["subjects"]
        assert row["balanced_accuracy"] < 0.65
        low = row["balanced_accuracy"] - row["balanced_accuracy_ci"]
        assert low < 0.5 < row["balanced_accuracy"] + row["balanced_accuracy_ci"]

    def test_the_printed_table_shows_it(self, results):
        row = results.to_markdown().splitlines()[2]
        windows, _, subjects = [float(cell.split()[0]) for cell in row.split("|")[2:5]]
        assert windows - subjects > 0.3
        assert "even of the very recordings that are tested" in str(results)
        assert "not trained on anything of the tested people" in str(results)

    def test_a_person_is_all_right_or_all_wrong(self, results):
        people = results.subjects().query("estimator == 'nearest' and protocol == 'subjects'")
        assert len(people) == 40
        assert np.mean((people["accuracy"] < 0.1) | (people["accuracy"] > 0.9)) > 0.6


class TestTable:
    @pytest.fixture(scope="class")
    @classmethod
    def results(cls):
        return compare({"nearest": nearest(), "flat": SVC()})

    def test_every_estimator_under_every_protocol(self, results):
        table = results.table()
        assert list(dict.fromkeys(table["estimator"])) == ["nearest", "flat", *BASELINES]
        assert list(dict.fromkeys(table["protocol"])) == ["windows", "recordings", "subjects"]
        assert len(table) == 12
        assert (table["n_folds"] == 3).all()
        assert len(results.failures) == 0

    def test_every_window_is_predicted_once(self, results):
        n = sum(SEGMENTER.count(len(x)) for x in RECORDINGS)
        for _, rows in results.predictions.groupby(["estimator", "protocol"]):
            assert sorted(rows["window"]) == list(range(n))

    def test_majority_is_at_chance_and_heart_rate_is_not(self):
        recordings, target, subject = ecg_like(n_recordings=8, seconds=(12, 16))
        results = compare({}, recordings, target, subject, segmenter=Segmenter(SAMPLING_RATE, 6))
        scores = results.table().groupby("estimator")["balanced_accuracy"].mean()
        assert scores["majority class"] == 0.5
        assert scores["heart rate"] > 0.9, "the classes differ in their heart rate"

    def test_scores_are_those_by_hand(self, results):
        X, y, subject = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
        rows = results.predictions.query("estimator == 'nearest' and protocol == 'subjects'")
        for _, fold in rows.groupby("fold"):
            test = fold["window"].to_numpy()
            train = ~np.isin(subject, subject[test])
            model = nearest().fit(X[train], y[train])
            np.testing.assert_array_equal(fold["predicted"], model.predict(X[test]))

    def test_string_labels_and_names(self, results):
        names = np.array(["tense", "calm"])[TARGET]
        people = np.array(list("ABCDEF"))[SUBJECT]
        named = compare({"nearest": nearest(), "flat": SVC()}, target=names, subject=people)
        assert set(named.predictions["predicted"]) == {"calm", "tense"}
        assert set(named.subjects()["subject"]) == set("ABCDEF")
        nearest_only = "estimator == 'nearest' and protocol == 'windows'"
        assert (
            named.folds().query(nearest_only)["accuracy"].tolist()
            == results.folds().query(nearest_only)["accuracy"].tolist()
        )

    def test_three_classes(self):
        target = np.arange(12) % 3
        results = compare(nearest(), target=target, subject=np.arange(12) // 3)
        assert len(results.failures) == 0
        assert set(results.predictions["target"]) == {0, 1, 2}


class TestInput:
    def test_single_estimator(self):
        results = compare(SVC(), protocols=["windows"])
        assert results.table()["estimator"].tolist() == ["SVC", *BASELINES]

    def test_nothing_but_the_baselines(self):
        assert compare({}, protocols=["windows"]).table()["estimator"].tolist() == BASELINES

    def test_own_estimator_takes_the_place_of_a_baseline(self):
        results = compare({"majority class": SVC()}, protocols=["windows"])
        assert results.table()["estimator"].tolist() == BASELINES
        assert results.table()["balanced_accuracy"][0] > 0.5

    def test_windowed_recordings(self):
        windowed = SEGMENTER.transform(RECORDINGS)
        assert same(compare(nearest(), windowed), compare(nearest()))

    def test_a_2d_array(self):
        recordings = np.stack([x[: 6 * SAMPLING_RATE] for x in RECORDINGS])
        assert same(compare(nearest(), recordings), compare(nearest(), list(recordings)))

    def test_protocols_by_name_and_own(self):
        def first_half(windows):
            indices = np.arange(len(windows))
            return [(indices[::2], indices[1::2])]

        own = Protocol("every other", "trained on every other window.", first_half)
        results = compare(nearest(), protocols=["subjects", own, unseen_people()])
        assert results.table()["n_folds"].tolist() == [3, 3, 3, 1, 1, 1, 6, 6, 6]
        assert results.notes["every other"] == "trained on every other window."

    @pytest.mark.parametrize("protocols", ["subjects", unseen_subjects(3)])
    def test_a_single_protocol(self, protocols):
        results = compare(nearest(), protocols=protocols)
        assert same(results, compare(nearest(), protocols=["subjects"]))

    def test_seed_of_the_folds(self):
        predictions = [
            compare(nearest(), protocols=["windows"], random_state=seed).predictions
            for seed in (0, 0, 1)
        ]
        assert predictions[0].equals(predictions[1])
        assert not predictions[0].equals(predictions[2])

    def test_groups_are_handed_to_fit_and_predict_that_take_them(self):
        compare(Told(), protocols=["subjects"])
        assert [call[0] for call in Told.log] == ["fit", "predict"] * 3
        for (_, n_train, train), (_, n_test, test) in zip(
            Told.log[::2], Told.log[1::2], strict=True
        ):
            assert (len(train), len(test)) == (n_train, n_test)
            assert set(train).isdisjoint(test)
            assert set(train) | set(test) == set(range(6))

    def test_estimators_are_left_unfitted(self):
        model, pretrainer = SVC(), tiny_pretrainer(max_epochs=1)
        compare(
            {"svm": model, "ssl": make_pipeline(SSLEmbedder(pretrainer), SVC())},
            protocols=["subjects"],
        )
        assert not hasattr(model, "classes_")
        assert not hasattr(pretrainer, "state_")
        assert pretrainer.memory is None

    def test_no_heart_rate_where_its_detector_is_missing(self, monkeypatch):
        def missing():
            raise ImportError("pip install sklearn_ecgssl[hrv]")

        monkeypatch.setattr("sklearn_ecgssl.evaluation._baselines.load_detector", missing)
        with pytest.warns(UserWarning, match=r"No 'heart rate' baseline: pip install .*\[hrv\]"):
            results = compare(SVC(), protocols=["windows"])
        assert results.table()["estimator"].tolist() == ["SVC", "majority class"]

    def test_no_heart_rate_at_a_low_sampling_rate(self):
        slow = Segmenter(sampling_rate=50, window_length=2)
        with pytest.warns(UserWarning, match="No 'heart rate' baseline.*above 60 Hz"):
            results = compare(SVC(), segmenter=slow, protocols=["windows"])
        assert results.table()["estimator"].tolist() == ["SVC", "majority class"]
        assert len(results.failures) == 0

    def test_progress_only_when_asked(self, capsys):
        compare({}, protocols=["subjects"])
        assert capsys.readouterr() == ("", "")
        compare({}, protocols=["subjects"], verbose=1)
        assert "6/6" in capsys.readouterr().err


def unseen_people():
    return Protocol("leave one out", "nobody.", unseen_subjects(None).split)


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                {"protocols": ["people"]},
                r"of \['windows', 'recordings', 'subjects'\], got 'people'",
            ),
            ({"protocols": "people"}, "got 'people'"),
            ({"protocols": []}, "protocols must be at least one"),
            (
                {"protocols": [unseen_subjects(2), unseen_subjects(None)]},
                r"a name of its own each, got \['subjects', 'subjects'\].*dataclasses.replace",
            ),
            ({"n_splits": 1}, "n_splits=1"),
            ({"subject": ["me"] * 12}, "not enough subjects to split: 1.*leave this protocol out"),
            ({"target": ["calm"] * 12}, "target holds one class only"),
            ({"target": TARGET[:5]}, "target must be 1-D with one entry for each of the 12"),
            ({"segmenter": Segmenter(SAMPLING_RATE, 30)}, "recording 0.*lower window_length"),
        ],
    )
    def test_is_named_before_anything_is_fitted(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            compare(Mean(), **arguments)
        assert Mean.log == []

    @pytest.mark.parametrize(
        "estimators", [[SVC()], SVC, {"a": SVC()}.values(), {"a": None}, SSLEmbedder(), "svm"]
    )
    def test_what_is_no_classifier(self, estimators):
        with pytest.raises(TypeError, match="must be a classifier, or a dict of them by name"):
            compare(estimators)

    def test_pandas_is_missed_before_anything_is_fitted(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"sklearn_ecgssl\[evaluation\]"):
            compare(Mean())
        assert Mean.log == []

    def test_subjects_must_be_given(self):
        with pytest.raises(ValueError, match="subject must be an array.*got None"):
            compare(nearest(), subject=None)

    def test_a_single_subject_without_the_protocol_of_subjects(self):
        results = compare(nearest(), subject=["me"] * 12, protocols=["windows", "recordings"])
        assert len(results.failures) == 0
        assert results.table()["n_folds"].tolist() == [3] * 6


class TestFailures:
    def test_one_failed_fold_does_not_lose_the_others(self):
        with pytest.warns(UserWarning, match="1 of 18 fits failed.*no beats in these windows"):
            results = compare({"picky": Picky()}, protocols=[unseen_people()])
        assert results.failures[["estimator", "fold", "error"]].to_dict("records") == [
            {"estimator": "picky", "fold": 2, "error": "RuntimeError: no beats in these windows"}
        ]
        assert results.table()["n_folds"].tolist() == [5, 6, 6]
        assert "1 fits failed" in str(results)

    def test_a_fold_without_a_class_to_train_on(self):
        target = np.where(SUBJECT == 0, "tense", "calm")  # one person has all of the rare class
        with pytest.warns(UserWarning, match="one class only"):
            results = compare(nearest(), target=target, protocols=["subjects"])
        assert len(results.failures) == 3
        assert results.failures["error"].str.contains("Take fewer n_splits").all()
        assert results.table()["n_folds"].tolist() == [2, 2, 2]

    def test_every_fold_without_a_class_to_train_on(self):
        with pytest.warns(UserWarning, match="6 of 6 fits failed"):
            results = compare(nearest(), RECORDINGS[:2], TARGET[:2], [0, 1], protocols=["subjects"])
        assert "no fit succeeded" in str(results)

    @pytest.mark.filterwarnings("error:.*fits failed:UserWarning")
    def test_a_fold_without_a_class_to_test_on_is_a_result(self):
        target = np.where(SUBJECT == 0, 1, np.where(SUBJECT == 1, 0, TARGET))
        results = compare({"nearest": nearest()}, target=target, protocols=[unseen_people()])
        folds = results.folds().query("estimator == 'nearest'")
        assert len(folds) == 6
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
            results = compare({"odd": model}, protocols=["windows"])
        assert results.failures["error"].str.contains(message).all()
        assert str(results)

    def test_an_interrupt_is_no_failure(self):
        Interrupted.patience = 1
        with pytest.raises(KeyboardInterrupt):
            compare(Interrupted())


class TestResuming:
    def test_an_interrupted_run_goes_on_where_it_stopped(self, tmp_path):
        Interrupted.patience = 4
        with pytest.raises(KeyboardInterrupt):
            compare(Interrupted(), folder=tmp_path)
        assert len(Interrupted.log) == 4
        Interrupted.patience = None
        results = compare(Interrupted(), folder=tmp_path)
        assert len(Interrupted.log) == 9, "the other five of nine"
        assert same(results, compare(Interrupted()))

    def test_a_finished_run_fits_nothing(self, tmp_path):
        first = compare(Mean(), folder=str(tmp_path))
        Mean.log.clear()
        again = compare(Mean(), folder=tmp_path)
        assert Mean.log == []
        assert same(first, again)
        assert again.folds()["fit_seconds"].equals(first.folds()["fit_seconds"])
        assert not list(tmp_path.glob("*.part"))

    def test_a_truncated_file_is_computed_again(self, tmp_path):
        first = compare(Mean(), folder=tmp_path)
        Mean.log.clear()
        path = next(tmp_path.glob("Mean-subjects-1-*.json"))
        path.write_bytes(path.read_bytes()[:100])
        assert same(compare(Mean(), folder=tmp_path), first)
        assert len(Mean.log) == 1
        json.loads(path.read_text())

    def test_other_parameters_data_or_folds_are_not_mistaken(self, tmp_path):
        compare(Mean(), folder=tmp_path, protocols=["subjects"])
        changed = [x.copy() for x in RECORDINGS]
        changed[0][0] += 1
        for arguments in (
            {"estimators": Mean(shift=1)},
            {"recordings": changed},
            {"target": 1 - TARGET},
            {"n_splits": 2},
            {"segmenter": Segmenter(SAMPLING_RATE, 1)},
        ):
            Mean.log.clear()
            call = {"estimators": Mean(), "protocols": ["subjects"], **arguments}
            assert same(compare(**call, folder=tmp_path), compare(**call))
            assert len(Mean.log) == 2 * arguments.get("n_splits", 3), arguments

    def test_another_estimator_is_added_to_what_is_there(self, tmp_path):
        compare({"a": Mean()}, folder=tmp_path, protocols=["subjects"])
        Mean.log.clear()
        both = {"a": Mean(), "b": Mean(shift=0.1)}
        results = compare(both, folder=tmp_path, protocols=["subjects"])
        assert len(Mean.log) == 3
        assert results.table()["estimator"].tolist() == ["a", "b", *BASELINES]

    def test_failures_are_tried_again(self, tmp_path):
        for _ in range(2):
            Picky.log.clear()
            with pytest.warns(UserWarning, match="1 of 18 fits failed"):
                compare(Picky(), folder=tmp_path, protocols=[unseen_people()])
        assert len(Picky.log) == 1

    def test_results_of_string_labels(self, tmp_path):
        names = np.array(["calm", "tense"])[TARGET]
        first = compare(nearest(), target=names, folder=tmp_path)
        assert same(compare(nearest(), target=names, folder=tmp_path), first)


class TestPretraining:
    @pytest.fixture
    def trainings(self, monkeypatch):
        import sklearn_ecgssl.pretext._base as base

        calls = []
        train = base.train
        monkeypatch.setattr(
            base, "train", lambda *args: calls.append(len(args[5][0])) or train(*args)
        )
        return calls

    def sharing(self):
        return {
            "svm": make_pipeline(tiny_embedder(), SVC()),
            "linear": make_pipeline(SSLEmbedder(tiny_pretrainer(), layer="all"), SVC()),
            "net": tiny_ecg_classifier(tiny_pretrainer(), "trunk", max_epochs=1),
        }

    def test_once_a_fold_for_all_that_share_it(self, trainings):
        results = compare(self.sharing(), protocols=["windows", "subjects"])
        assert len(results.failures) == 0
        assert len(trainings) == 6
        n = sum(SEGMENTER.count(len(x)) for x in RECORDINGS)
        assert sum(trainings) == 2 * 2 * n, "on the training part alone: two thirds, three folds"

    def test_same_results_as_without_sharing(self, trainings):
        shared = compare(self.sharing(), protocols=["subjects"]).predictions
        for name, model in self.sharing().items():
            alone = compare({name: model}, protocols=["subjects"]).predictions
            np.testing.assert_array_equal(
                alone.query("estimator == @name")["predicted"],
                shared.query("estimator == @name")["predicted"],
            )

    @pytest.mark.parametrize("kind", [str, lambda path: path, joblib.Memory])
    def test_memory_keeps_it_for_later_runs(self, trainings, tmp_path, kind):
        model = {"svm": make_pipeline(tiny_embedder(), SVC())}
        memory = (
            joblib.Memory(str(tmp_path), verbose=0) if kind is joblib.Memory else kind(tmp_path)
        )
        for _ in range(2):
            results = compare(model, protocols=["subjects"], memory=memory)
            assert len(results.failures) == 0
        assert len(trainings) == 3

    @pytest.mark.slow
    def test_processes_give_the_same_results(self):
        models = {"svm": make_pipeline(tiny_embedder(), SVC()), "nearest": KNeighborsClassifier(1)}
        call = {"estimators": models, "protocols": ["recordings"], "n_splits": 2}
        assert same(compare(**call, n_jobs=2), compare(**call))


class TestNotes:
    def test_each_protocol_says_what_a_model_sees(self):
        notes = compare({}).notes
        assert list(notes) == ["windows", "recordings", "subjects"]
        assert notes["windows"] == shuffled_windows().sees

    def test_a_frozen_encoder_and_subject_scaling_are_told(self):
        X = SEGMENTER.windows(RECORDINGS)
        frozen = FrozenEstimator(tiny_pretrainer(max_epochs=1).fit(X))
        scaled = SubjectScaledClassifier(FunctionTransformer(spectrum), LogisticRegression())
        both = SubjectScaledClassifier(SSLEmbedder(frozen), LogisticRegression())
        results = compare(
            {
                "frozen": make_pipeline(SSLEmbedder(frozen), SVC()),
                "network": tiny_ecg_classifier(frozen, "trunk", max_epochs=1),
                "scaled": scaled,
                "both": both,
                "plain": make_pipeline(tiny_embedder(max_epochs=1), SVC()),
            },
            protocols=["subjects"],
        )
        assert len(results.failures) == 0
        pretrained, of_all = "test subjects' unlabelled signals", "of all their conditions"
        assert pretrained in results.notes["frozen"]
        assert of_all not in results.notes["frozen"]
        assert pretrained in results.notes["network"]
        assert of_all in results.notes["scaled"]
        assert "was pretrained before" not in results.notes["scaled"]
        assert "was pretrained before" in results.notes["both"]
        assert of_all in results.notes["both"]
        assert "plain" not in results.notes
        assert "frozen: its encoder was pretrained" in str(results)

    def test_a_frozen_model_is_used_as_it_is(self):
        X, y = SEGMENTER.windows(RECORDINGS, TARGET)
        frozen = FrozenEstimator(nearest().fit(X, y))
        results = compare({"known": frozen}, protocols=["subjects"])
        assert results.table()["accuracy"][0] == 1
        assert "known" in results.notes
