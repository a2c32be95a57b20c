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
    pretext_accuracy,
    shuffled_windows,
    unseen_subjects,
)
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import TrimmedScaler
from tests.evaluation.comparing import RECORDINGS, SEGMENTER, SUBJECT, TARGET, compare, embedding
from tests.tiny import tiny_ecg_classifier, tiny_embedder, tiny_masked, tiny_pretrainer

WINDOWS = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER)
HALVES = opposite_halves(unseen_subjects(2))


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
        "svm": embedding(pretrainer),
        "all layers": embedding(pretrainer, layer="all"),
        "net": tiny_ecg_classifier(pretrainer, "trunk", max_epochs=1),
    }


class TestHowOften:
    @pytest.mark.parametrize(
        ("options", "n_trainings"),
        [
            ({"protocols": ["windows", "subjects"]}, 2 + 2),
            ({"label_fractions": [1, 0.5]}, 2),
            ({"vary": {"sslembedder__layer": ["block1", "all"]}}, 2),
            ({"vary": {"sslembedder__pretrainer__batch_size": [8, 16]}}, 2 + 2 * 2),
            ({"protocols": [opposite_halves(shuffled_windows(5))]}, 2),
        ],
        ids=["protocols", "fractions", "layers", "batch sizes", "two encoders"],
    )
    def test_once_a_fold_for_all_that_share_it(self, options, n_trainings):
        models = three_models(counted())
        results = compare(models, n_splits=2, **options)
        assert len(results.failures) == 0
        assert Trainings.n == n_trainings

    @pytest.mark.parametrize("kind", [str, lambda path: path, joblib.Memory])
    def test_memory_keeps_it_for_later_runs(self, tmp_path, kind):
        model = {"svm": embedding(counted(random_state=0))}
        memory = joblib.Memory(tmp_path, verbose=0) if kind is joblib.Memory else kind(tmp_path)
        for _ in range(2):
            assert len(compare(model, memory=memory, n_splits=2).failures) == 0
        assert Trainings.n == 2

    @pytest.mark.slow
    def test_processes_give_the_same_results_and_train_no_encoder_twice(self, tmp_path):
        protocols = [unseen_subjects(3), opposite_halves(unseen_subjects(4))]
        log = tmp_path / "log"
        models = three_models(tiny_pretrainer(callbacks=[partial(FileLog, log)]))
        one, two = (compare(models, protocols=protocols, n_jobs=n) for n in (None, 2))
        assert one.predictions.equals(two.predictions)
        assert log.read_text().count("trained") == 2 * (3 + 2)

    @pytest.mark.parametrize("options", [{"label_fractions": [0.5]}, {"protocols": HALVES}])
    def test_a_frozen_one_is_used_as_it_is_anywhere(self, options):
        frozen = FrozenEstimator(counted().fit(WINDOWS.take(range(8))))
        behind = make_pipeline(TrimmedScaler(), embedding(frozen))
        results = compare(three_models(frozen) | {"behind": behind}, n_splits=2, **options)
        assert len(results.failures) == 0
        assert Trainings.n == 1

    def test_the_default_pretrainer_of_an_embedder_is_shared_and_varied(self):
        small = {"filters": (2, 2), "kernel_sizes": (8, 4), "max_epochs": 1, "batch_size": 64}
        small["callbacks"] = [Trainings]
        vary = {f"sslembedder__pretrainer__{name}": [value] for name, value in small.items()}
        models = {kind.__name__: embedding(classifier=kind) for kind in (SVC, LinearSVC)}
        assert len(compare(models, vary=vary, n_splits=2).failures) == 0
        assert Trainings.n == 2
        assert models["SVC"][0].pretrainer is None


def tiny_holding_out(**params):
    return tiny_pretrainer(validation_fraction=0.3, **params)


class TestFromWhat:
    @pytest.mark.parametrize(
        ("tiny", "network", "protocol", "fractions"),
        [
            (tiny_pretrainer, False, shuffled_windows(2), None),
            (tiny_masked, True, unseen_subjects(2), None),
            (tiny_masked, False, HALVES, None),
            (tiny_pretrainer, True, unseen_subjects(2), [0.5, 0.1]),
            (tiny_holding_out, True, HALVES, None),
            (tiny_holding_out, False, HALVES, [0.5]),
        ],
    )
    def test_the_training_set_or_what_the_protocol_says(self, tiny, network, protocol, fractions):
        found = []

        def measure(model, X):
            holder = model[0] if isinstance(model, Pipeline) else model
            if hasattr(holder, "pretrainer_"):  # no baseline
                pretrainer = holder.pretrainer_
                found.append(getattr(pretrainer, "estimator", pretrainer).state_)
            return {}

        pretrainer = tiny(max_epochs=1)
        model = tiny_ecg_classifier(pretrainer, max_epochs=1) if network else embedding(pretrainer)
        how = {"protocols": protocol, "label_fractions": fractions, "measure": measure}
        assert len(compare({"model": model}, **how).failures) == 0
        n_fractions = len(fractions or [1])
        assert len(found) == 2 * n_fractions
        for fold in protocol.folds(WINDOWS):
            learnt = fold.train if fold.pretrain is None else fold.pretrain
            groups = WINDOWS.subject[learnt] if tiny is tiny_holding_out else None
            by_hand = tiny(max_epochs=1).fit(WINDOWS.take(learnt), groups=groups)
            for state in found[fold.number * n_fractions :][:n_fractions]:
                np.testing.assert_equal(state, by_hand.state_)


@pytest.mark.parametrize(("network", "fractions"), [(False, [0.5]), (True, None)])
def test_how_well_transformations_are_recognised(network, fractions):
    pretrainer = tiny_pretrainer(max_epochs=1).without("noise", "warp")
    head = tiny_ecg_classifier(pretrainer, "trunk", max_epochs=1)
    models = {"model": head if network else embedding(pretrainer)}
    how = {"n_splits": 2, "label_fractions": fractions}
    results = compare(models, measure=pretext_accuracy, **how)
    folds = results.folds().query("estimator == 'model'")
    tasks = ["original", "scale", "negate", "flip", "permute"]
    scores = folds[[f"{task}_accuracy" for task in tasks]]
    np.testing.assert_allclose(folds["pretext_accuracy"], scores.mean(axis=1))
    assert "noise_accuracy" not in folds
    assert ((scores > 0) & (scores <= 1)).all(axis=None)


class TestBehindOtherSteps:
    """A pretrainer that learns beforehand would learn from windows that have not passed them."""

    @pytest.mark.parametrize(
        "model",
        [
            make_pipeline(TrimmedScaler(), make_pipeline(tiny_embedder()), SVC()),
            SubjectScaledClassifier(make_pipeline(TrimmedScaler(), SSLEmbedder()), SVC()),
            Pipeline([("scale", TrimmedScaler()), ("net", ECGClassifier(tiny_pretrainer()))]),
        ],
    )
    @pytest.mark.parametrize("options", [{"label_fractions": [0.5]}, {"protocols": HALVES}])
    def test_is_refused(self, model, options):
        with pytest.raises(ValueError, match=r"pretrainer of 'mine'.*behind.*scale.*Apply them to"):
            compare({"fine": embedding(counted()), "mine": model}, **options)
        assert Trainings.n == 0

    def test_others_are_not(self):
        embedder = tiny_embedder(max_epochs=0)
        beside = FeatureUnion([("a", TrimmedScaler()), ("b", embedder)])
        behind = make_pipeline(TrimmedScaler(), embedder, SVC())
        alone = {
            "behind nothing": make_pipeline("passthrough", embedder, SVC()),
            "beside another": make_pipeline(beside, SVC()),
        }
        assert len(compare(alone, n_splits=2, label_fractions=[0.5]).failures) == 0
        assert len(compare({"learns in it": behind}, n_splits=2).failures) == 0
