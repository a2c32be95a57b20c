"""Two encoders for all folds: what each has met, how often they learn, what is said of them."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.evaluation import (
    Evaluation,
    LabelledWindows,
    Protocol,
    block_study,
    compare_protocols,
    label_fraction_study,
    opposite_halves,
    shuffled_windows,
    supervision_study,
    task_study,
    unseen_subjects,
    whole_recordings,
    window_length_study,
)
from sklearn_ecgssl.evaluation._disclosure import FROZEN
from sklearn_ecgssl.evaluation._run import _jobs
from sklearn_ecgssl.evaluation._tasks import Task
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.plotting import ScoreDisplay
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, _base
from sklearn_ecgssl.signal import Segmenter
from sklearn_ecgssl.transforms import Negate, Scale
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_ecg_classifier, tiny_masked, tiny_pretrainer

# Windows of 2 s hold too few beats for some features.
pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning")

SEGMENTER = Segmenter(SAMPLING_RATE, 2)
RECORDINGS = ecg_like(12, (6, 9))
WINDOWS = LabelledWindows.from_recordings(*RECORDINGS, SEGMENTER)
ALL = np.arange(len(WINDOWS))
TWO_ENCODERS = opposite_halves(shuffled_windows(10))
SPLITS = [
    shuffled_windows(10),
    shuffled_windows(5),
    shuffled_windows(2),
    whole_recordings(4),
    unseen_subjects(3),
    unseen_subjects(None),
]


def evaluate_on(protocol=TWO_ENCODERS, **params):
    return Evaluation(*RECORDINGS, segmenter=SEGMENTER, protocols=[protocol], **params)


@pytest.fixture
def trainings(monkeypatch):
    """Windows of every pretraining of at least one epoch that is really done."""
    done, train = [], _base.train

    def counted(*args):
        if args[6].max_epochs:
            done.append(len(args[3]))
        return train(*args)

    monkeypatch.setattr(_base, "train", counted)
    return done


def distinct(parts):
    """Pretraining windows of all folds, each set once."""
    return list({part.pretrain.tobytes(): part.pretrain for part in parts}.values())


# Which windows


@pytest.mark.parametrize("split", SPLITS)
def test_a_fold_gets_all_that_the_other_half_of_the_folds_tests(split):
    folds, parts = split.folds(WINDOWS), opposite_halves(split).parts(WINDOWS)
    middle = (len(folds) + 1) // 2
    for i, (part, (train, test)) in enumerate(zip(parts, folds, strict=True)):
        np.testing.assert_array_equal(part.train, train)
        np.testing.assert_array_equal(part.test, test)
        others = folds[middle:] if i < middle else folds[:middle]
        expected = np.sort(np.concatenate([test for _, test in others]))
        np.testing.assert_array_equal(part.pretrain, expected)


@pytest.mark.parametrize("split", SPLITS)
def test_two_encoders_that_share_out_all_windows_and_meet_no_tested_one(split):
    parts = opposite_halves(split).parts(WINDOWS)
    encoders = distinct(parts)
    assert len(encoders) == 2
    np.testing.assert_array_equal(np.sort(np.concatenate(encoders)), ALL)
    for part in parts:
        assert not set(part.pretrain) & set(part.test)


def test_of_an_odd_number_of_folds_the_halves_differ_by_one():
    parts = opposite_halves(shuffled_windows(5)).parts(WINDOWS)
    shared = [part.pretrain.tobytes() for part in parts]
    assert [shared.count(key) for key in shared] == [3, 3, 3, 2, 2]


@pytest.mark.parametrize("n_splits", [3, None])
def test_encoders_of_unseen_subjects_learn_from_the_people_of_the_other_half(n_splits):
    for part in opposite_halves(unseen_subjects(n_splits)).parts(WINDOWS):
        assert not set(WINDOWS.subject[part.pretrain]) & set(WINDOWS.subject[part.test])
        assert set(WINDOWS.subject[part.pretrain]) <= set(WINDOWS.subject[part.train])


# What cannot be halved


def protocol_of(*folds):
    pairs = [(np.array(train), np.array(test)) for train, test in folds]
    return Protocol("mine", "all.", lambda windows: pairs)


@pytest.mark.parametrize(
    ("folds", "fold", "window"),
    [
        # tested twice, as in repeated folds: the other half's windows are this fold's
        ([(ALL[10:], ALL[:10]), (ALL[15:], ALL[5:15])], 0, 5),
        ([(ALL[10:], ALL[:10]), (ALL[:10], ALL[10:]), (ALL[5:], ALL[:5])], 0, 0),
        # trained on what is tested
        ([(ALL, ALL[:10]), (ALL, ALL[9:])], 0, 9),
        # kept out of the training part, such as the people of the tested recordings
        ([(ALL[10:], ALL[:5]), (ALL[10:], ALL[5:10])], 0, 5),
        ([(ALL[5:], ALL[:5]), (ALL[10:], ALL[5:10])], 1, 0),
    ],
)
def test_an_encoder_that_would_meet_what_the_fold_withholds(folds, fold, window):
    with pytest.raises(
        ValueError, match=rf"'mine': the encoder of fold {fold}.*such as {window},.*test each"
    ):
        opposite_halves(protocol_of(*folds)).parts(WINDOWS)


@pytest.mark.parametrize("folds", [[(ALL[10:], ALL[:10])], [(ALL[10:], ALL[:10]), (ALL, ALL[:0])]])
def test_a_single_fold(folds):
    with pytest.raises(ValueError, match="at least 2 folds, the protocol 'mine' made 1"):
        opposite_halves(protocol_of(*folds)).parts(WINDOWS)


@pytest.mark.parametrize("name", ["windows", shuffled_windows, None])
def test_what_is_no_protocol(name):
    with pytest.raises(TypeError, match=r"must be a Protocol, such as shuffled_windows\(10\), got"):
        opposite_halves(name)


def test_a_protocol_that_says_what_pretrainers_learn_from():
    with pytest.raises(ValueError, match="'windows, two encoders' says already"):
        opposite_halves(TWO_ENCODERS)


# How often


def on_svm(C=1.0, pretrainer=None):
    return make_pipeline(SSLEmbedder(pretrainer or tiny_pretrainer(random_state=None)), SVC(C=C))


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_two_pretrainings_for_ten_folds(trainings, n_estimators):
    evaluation = evaluate_on()
    # Without a seed, so that no two pretrainings are the same by their parameters alone.
    results = evaluation.run({f"svm {i}": on_svm(C=1 + i) for i in range(n_estimators)})
    assert results.failures.empty
    assert (results.table()["n_folds"] == 10).all()
    assert trainings == [len(windows) for windows in distinct(evaluation.parts())]
    assert len(trainings) == 2


def test_an_embedding_and_a_network_share_their_encoders(trainings):
    estimators = {
        "embedding": on_svm(pretrainer=tiny_masked(max_epochs=1)),
        "network": tiny_ecg_classifier(tiny_masked(max_epochs=1), max_epochs=1),
    }
    assert evaluate_on().run(estimators).failures.empty
    assert len(trainings) == 2


def test_other_protocols_pretrain_as_ever(trainings):
    protocols = [shuffled_windows(4), opposite_halves(shuffled_windows(4))]
    evaluation = Evaluation(*RECORDINGS, segmenter=SEGMENTER, protocols=protocols)
    evaluation.run({"svm": on_svm()})
    train_sizes = [len(part.train) for part in evaluation.parts()[:4]]
    assert trainings == train_sizes + [len(w) for w in distinct(evaluation.parts()[4:])]


def numbered(*tasks):
    """Tasks of a protocol, a fold and pretraining windows each."""
    return [
        (i, Task({"estimator": "svm", "protocol": p, "fold": fold}, SVC(), ALL, ALL, pretrain))
        for i, (p, fold, pretrain) in enumerate(tasks)
    ]


def test_folds_that_share_their_encoder_are_one_job():
    parts = TWO_ENCODERS.parts(WINDOWS)
    tasks = numbered(*[(part.protocol, part.fold, part.pretrain) for part in parts * 2])
    jobs = _jobs(tasks)
    folds = [[task.labels["fold"] for _, task in job] for job in jobs]
    assert folds == [[0, 1, 2, 3, 4] * 2, [5, 6, 7, 8, 9] * 2]
    assert sorted(i for job in jobs for i, _ in job) == list(range(20))


def test_all_other_folds_are_jobs_of_their_own():
    tasks = numbered(
        ("a", 0, None), ("a", 1, None), ("b", 0, None), ("a", 0, None), ("c", 0, ALL[:3]),
        ("c", 1, ALL[3:]), ("d", 0, ALL[:3]),
    )  # fmt: skip
    assert [[i for i, _ in job] for job in _jobs(tasks)] == [[0, 3], [1], [2], [4], [5], [6]]


class LoggedPretrainer(MaskedPretrainer):
    """Writes into a file, which processes share, what it learns from."""

    def __init__(self, log="", memory=None, verbose=0):
        super().__init__(**tiny_masked().get_params() | {"memory": memory, "verbose": verbose})
        self.random_state = None
        self.log = log

    def _fit(self, X, groups, X_val, group):
        with open(self.log, "a") as log:
            log.write(f"{os.getpid()} {len(X)}\n")
        time.sleep(0.5)  # long enough for another process to begin the same
        return super()._fit(X, groups, X_val, group)


@pytest.mark.slow
def test_processes_pretrain_twice_as_well_and_keep_it_in_the_memory(tmp_path):
    log = tmp_path / "log"
    estimators = {f"svm {C}": on_svm(C, LoggedPretrainer(str(log))) for C in (1, 2)}
    evaluation = evaluate_on(n_jobs=2, memory=tmp_path / "memory")
    assert evaluation.run(estimators).failures.empty
    written = [line.split() for line in log.read_text().splitlines()]
    expected = sorted(len(windows) for windows in distinct(evaluation.parts()))
    assert sorted(int(size) for _, size in written) == expected
    assert os.getpid() not in {int(process) for process, _ in written}
    assert len(list((tmp_path / "memory").rglob("output.pkl"))) == 2


# Who has met what


class Spy:
    """Remembers what it learnt from, also where that is read from memory."""

    def _fit(self, X, groups, X_val, group):
        self.seen_ = {window.tobytes() for window in X}
        return super()._fit(X, groups, X_val, group)


class SpyMasked(Spy, MaskedPretrainer):
    pass


class SpyPretext(Spy, PretextPretrainer):
    pass


def spy_masked():
    return SpyMasked(**tiny_masked(max_epochs=1).get_params(deep=False))


def spy_pretext():
    return SpyPretext(**tiny_pretrainer(max_epochs=1).get_params(deep=False))


each_spy = pytest.mark.parametrize("spy", [spy_masked, spy_pretext])


class SpyClassifier(LogisticRegression):
    """Remembers the labels that every copy of it was fitted on."""

    fitted = []

    def fit(self, X, y):
        self.fitted.append(np.array(y))
        return super().fit(X, y)


class SpyNetwork(ECGClassifier):
    """Remembers the windows that every copy of it was fitted on."""

    fitted = []

    def fit(self, X, y, groups=None):
        self.fitted.append({window.tobytes() for window in X})
        return super().fit(X, y, groups)


@pytest.fixture(autouse=True)
def empty_spies():
    SpyClassifier.fitted.clear()
    SpyNetwork.fitted.clear()


def as_bytes(indices):
    return {window.tobytes() for window in WINDOWS.take(indices)}


def test_windows_can_be_told_apart():
    assert len(as_bytes(ALL)) == len(ALL)


def met_by_encoders(evaluation, model):
    """Run a model; what the encoder of each fold had met, and what the fold is tested on."""
    met = []

    def measure(fitted, X):
        holder = fitted[0] if isinstance(fitted, Pipeline) else fitted
        if hasattr(holder, "pretrainer_"):  # no baseline
            met.append((holder.pretrainer_.seen_, {window.tobytes() for window in X}))
        return {}

    results = evaluation.run_settings({"spied on": {"model": model}}, measure=measure)
    assert results.failures.empty
    return met


@each_spy
@pytest.mark.parametrize("split", [shuffled_windows(10), unseen_subjects(5)])
def test_a_network_is_tuned_on_all_other_folds_from_the_encoder_of_the_other_half(spy, split):
    evaluation = evaluate_on(opposite_halves(split))
    settings = {"hidden": (8,), "max_epochs": 1, "precision": "float32"}
    met = met_by_encoders(evaluation, SpyNetwork(spy(), **settings))
    parts = evaluation.parts()
    for part, (seen, tested), tuned in zip(parts, met, SpyNetwork.fitted, strict=True):
        assert tested == as_bytes(part.test)
        assert seen == as_bytes(part.pretrain)
        assert not seen & tested
        assert tuned == as_bytes(np.setdiff1d(ALL, part.test))


@each_spy
def test_a_pipeline_embeds_with_the_encoder_of_the_other_half(spy):
    evaluation = evaluate_on()
    met = met_by_encoders(evaluation, make_pipeline(SSLEmbedder(spy()), SpyClassifier()))
    parts = evaluation.parts()
    for part, (seen, tested), fitted in zip(parts, met, SpyClassifier.fitted, strict=True):
        assert tested == as_bytes(part.test)
        assert seen == as_bytes(part.pretrain)
        assert not seen & tested
        np.testing.assert_array_equal(fitted, WINDOWS.target[part.train])


def test_a_network_trains_on_from_its_encoder(monkeypatch):
    started, begin = [], ECGClassifier._initial_network

    def spied(self, seed):
        network = begin(self, seed)
        trunk = {name: tensor.numpy().copy() for name, tensor in network.trunk.state_dict().items()}
        started.append((trunk, self.pretrainer_.trunk_state()))
        return network

    monkeypatch.setattr(ECGClassifier, "_initial_network", spied)
    network = tiny_ecg_classifier(tiny_masked(), max_epochs=1)
    assert evaluate_on().run({"network": network}).failures.empty
    for trunk, pretrained in started:
        assert set(trunk) == set(pretrained)
        for name, array in pretrained.items():
            np.testing.assert_array_equal(trunk[name], array)
    encoders = {b"".join(a.tobytes() for a in pretrained.values()) for _, pretrained in started}
    assert (len(started), len(encoders)) == (10, 2)


def test_scores_are_those_by_hand():
    evaluation = evaluate_on(opposite_halves(shuffled_windows(3)))
    predictions = evaluation.run({"svm": on_svm(pretrainer=tiny_pretrainer())}).predictions
    rows = predictions.query("estimator == 'svm'")
    for part in evaluation.parts():
        encoder = tiny_pretrainer().fit(WINDOWS.take(part.pretrain))
        features = encoder.encode(WINDOWS.take(ALL))
        model = SVC().fit(features[part.train], WINDOWS.target[part.train])
        fold = rows[rows["fold"] == part.fold]
        np.testing.assert_array_equal(fold["window"], part.test)
        np.testing.assert_array_equal(fold["predicted"], model.predict(features[part.test]))


# In the studies


def test_fractions_pretrain_on_the_half_and_learn_from_the_labelled_windows(trainings):
    evaluation = evaluate_on(opposite_halves(unseen_subjects(4)))
    estimators = {"spy": make_pipeline(SSLEmbedder(tiny_masked()), SpyClassifier())}
    results = label_fraction_study(evaluation, None, fractions=[1, 0.01], estimators=estimators)
    assert results.failures.empty
    assert trainings == [len(windows) for windows in distinct(evaluation.parts())]
    labelled = np.array([len(y) for y in SpyClassifier.fitted]).reshape(4, 2)
    assert labelled[:, 0].tolist() == [len(part.train) for part in evaluation.parts()]
    n_people = [len(set(WINDOWS.subject[part.train])) for part in evaluation.parts()]
    assert labelled[:, 1].tolist() == [2 * n for n in n_people], "one of each person and class"


@pytest.mark.parametrize(
    ("study", "params", "n_pretrainers"),
    [
        (supervision_study, {"classifier": tiny_ecg_classifier(max_epochs=1)}, 1),
        (block_study, {}, 1),
        (window_length_study, {"window_lengths": [1, 2]}, 2),
        (task_study, {}, 3),
    ],
)
def test_studies_pretrain_twice_for_each_pretrainer(trainings, study, params, n_pretrainers):
    tasks = [("negate", Negate()), ("scale", Scale())]
    evaluation = evaluate_on(opposite_halves(unseen_subjects(3)))
    results = study(evaluation, tiny_pretrainer(max_epochs=1, transforms=tasks), **params)
    assert results.failures.empty
    assert len(trainings) == 2 * n_pretrainers


def test_tasks_are_measured_with_the_encoder_of_the_other_half():
    tasks = [("negate", Negate()), ("scale", Scale())]
    evaluation = evaluate_on(opposite_halves(unseen_subjects(2)))
    folds = task_study(evaluation, tiny_pretrainer(transforms=tasks)).folds()
    measured = folds.query("estimator == 'embedding' and setting == 'all'")
    for part, accuracy in zip(evaluation.parts(), measured["pretext_accuracy"], strict=True):
        encoder = tiny_pretrainer(transforms=tasks).fit(WINDOWS.take(part.pretrain))
        by_task = encoder.task_scores(WINDOWS.take(part.test))
        assert accuracy == pytest.approx(np.mean(list(by_task.values())))


# What is kept and what is said


def test_results_of_one_encoder_are_not_taken_for_those_of_two(tmp_path, trainings):
    one = replace(shuffled_windows(4), name="mine")
    two = replace(opposite_halves(one), name="mine")
    results = [
        evaluate_on(protocol, folder=tmp_path).run({"svm": on_svm(pretrainer=tiny_pretrainer())})
        for protocol in (one, two, one, two)
    ]
    assert len(trainings) == 4 + 2, "the second time, all is read"
    assert results[1].predictions.equals(results[3].predictions)


def test_an_interrupted_run_needs_the_encoder_of_what_is_left_alone(tmp_path, trainings):
    model = {"svm": on_svm(pretrainer=tiny_pretrainer())}
    evaluation = evaluate_on(folder=tmp_path)
    first = evaluation.run(model)
    trainings.clear()
    for fold in (6, 8):
        (path,) = tmp_path.glob(f"svm-windows*-{fold}-*.json")
        path.unlink()
    again = evaluation.run(model)
    assert trainings == [len(evaluation.parts()[6].pretrain)]
    assert again.predictions.equals(first.predictions)


def test_notes_say_what_encoders_have_met():
    for split in SPLITS:
        protocol = opposite_halves(split)
        assert protocol.name == f"{split.name}, two encoders"
        assert protocol.sees.startswith(split.sees)
        assert "without labels, from the windows of the other half of the folds" in protocol.sees
        assert split.pretrain is None


def test_only_what_came_frozen_is_said_to_be_pretrained_before():
    frozen = FrozenEstimator(tiny_pretrainer().fit(WINDOWS.take(ALL)))
    results = compare_protocols(
        {
            "plain": on_svm(),
            "network": tiny_ecg_classifier(tiny_pretrainer(), "trunk", max_epochs=1),
            "frozen": on_svm(pretrainer=frozen),
        },
        *RECORDINGS,
        segmenter=SEGMENTER,
        protocols=[opposite_halves(shuffled_windows(2))],
    )
    assert results.failures.empty
    assert list(results.notes) == ["windows, two encoders", "frozen"]
    assert results.notes["frozen"] == FROZEN
    assert results.notes["windows, two encoders"] in str(results)


def test_the_default_pretrainer_learns_from_the_half_too(trainings, monkeypatch):
    monkeypatch.setattr("sklearn_ecgssl.pretext._load.PretextPretrainer", tiny_pretrainer)
    evaluation = evaluate_on()
    model = make_pipeline(SSLEmbedder(), SVC())
    assert evaluation.run({"svm": model}).failures.empty
    assert trainings == [len(windows) for windows in distinct(evaluation.parts())]


def test_it_is_drawn_beside_the_others():
    plt = pytest.importorskip("matplotlib.pyplot")
    protocols = [opposite_halves(shuffled_windows(2)), shuffled_windows(2)]
    evaluation = Evaluation(*RECORDINGS, segmenter=SEGMENTER, protocols=protocols)
    display = ScoreDisplay.from_results(evaluation.run({"raw": SVC()}))
    assert set(display.table["protocol"]) == {"windows", "windows, two encoders"}
    plt.close(display.figure_)
