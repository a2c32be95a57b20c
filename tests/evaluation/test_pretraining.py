"""What pretrainers in a comparison learn from, and how often."""

import time
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import SVC, LinearSVC
from skorch.callbacks import Callback

from sklearn_ecgssl.classify import ECGClassifier, SubjectScaledClassifier
from sklearn_ecgssl.evaluation import (
    LabelledWindows,
    opposite_halves,
    shuffled_windows,
    unseen_subjects,
)
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import TrimmedScaler
from tests.evaluation.comparing import RECORDINGS, SEGMENTER, SUBJECT, TARGET, compare
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_embedder, tiny_pretrainer

pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning")
WINDOWS = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER)


class FileLog(Callback):
    """Writes a line for each training into a file, which processes share."""

    def __init__(self, path):
        self.path = path

    def on_train_begin(self, net, **kwargs):
        with open(self.path, "a") as log:
            log.write("trained\n")
        time.sleep(0.5)  # long enough for another process to begin the same


class Trainings(Callback):
    """Counts pretrainings that are really done."""

    n = 0

    def on_train_begin(self, net, **kwargs):
        Trainings.n += 1


@pytest.fixture(autouse=True)
def _forget_trainings():
    Trainings.n = 0


def counted(**params):
    # Without a seed, so that no two pretrainings are the same by their parameters alone.
    params = {"max_epochs": 1, "random_state": None, "callbacks": [Trainings]} | params
    return tiny_pretrainer(**params)


def three_models(pretrainer):
    return {
        "svm": make_pipeline(SSLEmbedder(pretrainer), SVC()),
        "all layers": make_pipeline(SSLEmbedder(pretrainer, layer="all"), SVC()),
        "net": tiny_ecg_classifier(pretrainer, "trunk", max_epochs=1),
    }


# How often


@pytest.mark.parametrize("fractions", [None, [1, 0.5]])
def test_once_a_fold_for_all_that_share_it(fractions):
    results = compare(
        three_models(counted()), protocols=["windows", "subjects"], label_fractions=fractions
    )
    assert len(results.failures) == 0
    assert Trainings.n == 6


def test_once_a_fold_for_all_layers_and_once_a_value():
    vary = {"sslembedder__layer": ["block1", "block2", "all"]}
    results = compare({"e": make_pipeline(SSLEmbedder(counted()), SVC())}, vary=vary)
    assert len(results.failures) == 0
    assert Trainings.n == 3
    vary = {"sslembedder__pretrainer__batch_size": [4, 8]}
    compare({"e": make_pipeline(SSLEmbedder(counted()), SVC())}, vary=vary)
    assert Trainings.n == 3 + 6


def test_two_encoders_for_ten_folds():
    protocols = [shuffled_windows(3), opposite_halves(shuffled_windows(10))]
    results = compare(three_models(counted()), protocols=protocols)
    assert len(results.failures) == 0
    assert results.table()["n_folds"].tolist() == [3] * 5 + [10] * 5
    assert Trainings.n == 3 + 2


@pytest.mark.parametrize("kind", [str, lambda path: path, joblib.Memory])
def test_memory_keeps_it_for_later_runs(tmp_path, kind):
    model = {"svm": make_pipeline(SSLEmbedder(counted(random_state=0)), SVC())}
    memory = joblib.Memory(tmp_path, verbose=0) if kind is joblib.Memory else kind(tmp_path)
    for _ in range(2):
        assert len(compare(model, memory=memory).failures) == 0
    assert Trainings.n == 3


@pytest.mark.slow
def test_processes_give_the_same_results_and_train_no_encoder_twice(tmp_path):
    protocols = [unseen_subjects(3), opposite_halves(unseen_subjects(4))]
    log = tmp_path / "log"
    models = three_models(tiny_pretrainer(callbacks=[partial(FileLog, log)]))
    one, two = (compare(models, protocols=protocols, n_jobs=n) for n in (None, 2))
    assert one.predictions.equals(two.predictions)
    assert log.read_text().count("trained") == 2 * (3 + 2)


# From what


def states(results_of, tiny, network):
    """Run a comparison; the state of the pretrainer in each fold."""
    found = []

    def measure(model, X):
        holder = model[0] if isinstance(model, Pipeline) else model
        if hasattr(holder, "pretrainer_"):  # no baseline
            pretrainer = holder.pretrainer_
            found.append(getattr(pretrainer, "estimator", pretrainer).state_)
        return {}

    pretrainer = tiny(max_epochs=1)
    model = (
        tiny_ecg_classifier(pretrainer, max_epochs=1)
        if network
        else make_pipeline(SSLEmbedder(pretrainer), SVC())
    )
    assert len(compare({"model": model}, measure=measure, **results_of).failures) == 0
    return found


@each_pretrainer
@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize(
    "protocol",
    [shuffled_windows(3), unseen_subjects(3), opposite_halves(unseen_subjects(4))],
    ids=lambda protocol: protocol.name,
)
def test_the_training_set_or_what_the_protocol_says(tiny, network, protocol):
    found = states({"protocols": protocol}, tiny, network)
    for fold, state in zip(protocol.folds(WINDOWS), found, strict=True):
        learnt = fold.train if fold.pretrain is None else fold.pretrain
        by_hand = tiny(max_epochs=1).fit(WINDOWS.take(learnt))
        np.testing.assert_equal(state, by_hand.state_)


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("fractions", [None, [0.5]])
def test_people_are_held_out_of_pretraining(network, fractions):
    def tiny(**params):
        return tiny_pretrainer(validation_fraction=0.3, **params)

    protocol = opposite_halves(unseen_subjects(4))
    found = states({"protocols": protocol, "label_fractions": fractions}, tiny, network)
    for fold, state in zip(protocol.folds(WINDOWS), found, strict=True):
        people = WINDOWS.subject[fold.pretrain]
        by_hand = tiny(max_epochs=1).fit(WINDOWS.take(fold.pretrain), groups=people)
        np.testing.assert_equal(state, by_hand.state_)


def test_scores_with_two_encoders_are_those_by_hand():
    protocol = opposite_halves(shuffled_windows(3))
    model = make_pipeline(SSLEmbedder(tiny_pretrainer()), SVC())
    rows = compare({"svm": model}, protocols=protocol).predictions.query("estimator == 'svm'")
    for fold in protocol.folds(WINDOWS):
        encoder = tiny_pretrainer().fit(WINDOWS.take(fold.pretrain))
        by_hand = SVC().fit(encoder.encode(WINDOWS.take(fold.train)), WINDOWS.target[fold.train])
        of_fold = rows[rows["fold"] == fold.number]
        features = encoder.encode(WINDOWS.take(fold.test))
        np.testing.assert_array_equal(of_fold["window"], fold.test)
        np.testing.assert_array_equal(of_fold["predicted"], by_hand.predict(features))
        np.testing.assert_allclose(of_fold["score"], by_hand.decision_function(features))


def test_a_frozen_one_is_used_as_it_is():
    frozen = FrozenEstimator(counted().fit(WINDOWS.take(range(8))))
    Trainings.n = 0
    for options in (
        {},
        {"label_fractions": [0.5]},
        {"protocols": opposite_halves(unseen_subjects(2))},
    ):
        assert len(compare(three_models(frozen), **options).failures) == 0
    assert Trainings.n == 0


def test_the_default_pretrainer_of_an_embedder_is_shared_and_varied():
    small = {"filters": [(2, 2)], "kernel_sizes": [(8, 4)], "max_epochs": [1], "batch_size": [64]}
    small["callbacks"] = [[Trainings]]
    vary = {f"sslembedder__pretrainer__{name}": values for name, values in small.items()}
    models = {kind.__name__: make_pipeline(SSLEmbedder(), kind()) for kind in (SVC, LinearSVC)}
    assert len(compare(models, vary=vary, n_splits=2).failures) == 0
    assert Trainings.n == 2
    assert models["SVC"][0].pretrainer is None


class TestBehindOtherSteps:
    """A pretrainer that learns beforehand would learn from windows that have not passed them."""

    @pytest.mark.parametrize(
        "model",
        [
            make_pipeline(TrimmedScaler(), tiny_embedder(), SVC()),
            make_pipeline(TrimmedScaler(), make_pipeline(tiny_embedder()), SVC()),
            SubjectScaledClassifier(make_pipeline(TrimmedScaler(), SSLEmbedder()), SVC()),
            Pipeline([("scale", TrimmedScaler()), ("net", ECGClassifier(tiny_pretrainer()))]),
        ],
    )
    @pytest.mark.parametrize(
        "options", [{"label_fractions": [0.5]}, {"protocols": opposite_halves(unseen_subjects(2))}]
    )
    def test_is_refused(self, model, options):
        fine = make_pipeline(SSLEmbedder(counted()), SVC())
        with pytest.raises(ValueError, match=r"pretrainer of 'mine'.*behind.*scale.*Apply them to"):
            compare({"fine": fine, "mine": model}, **options)
        assert Trainings.n == 0

    @pytest.mark.parametrize(
        "model",
        [
            make_pipeline("passthrough", tiny_embedder(max_epochs=1), SVC()),
            make_pipeline(
                FeatureUnion([("a", TrimmedScaler()), ("b", tiny_embedder(max_epochs=1))]), SVC()
            ),
            make_pipeline(
                TrimmedScaler(),
                SSLEmbedder(FrozenEstimator(tiny_pretrainer().fit(WINDOWS.take(range(8))))),
                SVC(),
            ),
        ],
    )
    def test_others_are_not(self, model):
        results = compare({"mine": model}, label_fractions=[0.5], n_splits=2)
        assert len(results.failures) == 0

    def test_it_may_learn_in_the_pipeline(self):
        model = make_pipeline(TrimmedScaler(), tiny_embedder(max_epochs=1), SVC())
        assert len(compare({"mine": model}, n_splits=2).failures) == 0
