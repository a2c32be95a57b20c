"""The studies: what each one varies, what it keeps, and how often it pretrains."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.evaluation import (
    Evaluation,
    block_study,
    difficulty_study,
    label_fraction_study,
    supervision_study,
    task_study,
    three_networks,
    window_length_study,
)
from sklearn_ecgssl.evaluation._results import METRICS, joined
from sklearn_ecgssl.evaluation._task_study import task_variants
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.plotting import ScoreDisplay
from sklearn_ecgssl.pretext import PretextPretrainer, _base, load_pretrained
from sklearn_ecgssl.signal import Segmenter
from sklearn_ecgssl.transforms import AddNoise, Negate, Scale
from tests.tiny import (
    SAMPLING_RATE,
    ecg_like,
    tiny_ecg_classifier,
    tiny_masked,
    tiny_pretrainer,
)

# Windows of 2 s hold too few beats for some features, and there is nothing to learn in an epoch.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

NETWORKS = ["supervised", "self-supervised", "fine-tuned"]
BASELINES = ["majority class", "heart rate"]
TWO_TASKS = [("negate", Negate()), ("scale", Scale())]


@dataclass(frozen=True)
class Training:
    """One pretraining that was really done."""

    n_windows: int
    n_times: int
    transforms: dict


@pytest.fixture
def trainings(monkeypatch):
    """Every pretraining of at least one epoch, as it is done."""
    done, train = [], _base.train

    def counted(module, criterion, prepare, store, targets, split, plan, *others):
        if plan.max_epochs:
            transforms = dict(prepare.__self__.transforms_)
            done.append(Training(len(store), store.n_times, transforms))
        return train(module, criterion, prepare, store, targets, split, plan, *others)

    monkeypatch.setattr(_base, "train", counted)
    return done


class SpyClassifier(DummyClassifier):
    """Remembers what every copy of it has been fitted on."""

    seen = []

    def fit(self, X, y):
        SpyClassifier.seen.append((np.shape(X), np.array(y)))
        return super().fit(X, y)


@pytest.fixture
def spy():
    SpyClassifier.seen.clear()
    return SpyClassifier()


def evaluate_on(seconds=(8, 12), n_splits=2, **params):
    """Set up two folds of people, windows of 2 s at 64 Hz."""
    recordings, target, subject = ecg_like(8, seconds)
    segmenter = Segmenter(SAMPLING_RATE, 2)
    params = {"protocols": ["subjects"], "segmenter": segmenter, "n_splits": n_splits, **params}
    return Evaluation(recordings, target, subject, **params)


@pytest.fixture
def evaluation():
    return evaluate_on()


def pretrainer_with(**params):
    return tiny_pretrainer(**{"max_epochs": 1, "batch_size": 16, **params})


def head(**params):
    return tiny_ecg_classifier(**{"max_epochs": 1, "batch_size": 16, **params})


def frozen_on(evaluation):
    return FrozenEstimator(pretrainer_with().fit(evaluation.windows.take(range(8))))


def train_sizes(evaluation):
    return [len(part.train) for part in evaluation.parts()]


# On the simulator, and drawn


@pytest.fixture(scope="module")
def simulated():
    cohort = make_cohort(4, duration=12, sampling_rate=SAMPLING_RATE, random_state=0)
    segmenter = Segmenter(SAMPLING_RATE, 3)
    return Evaluation(
        cohort.recordings,
        cohort.target,
        cohort.subject,
        segmenter=segmenter,
        protocols=["subjects"],
        n_splits=2,
    )


@pytest.mark.parametrize(
    ("study", "params", "values"),
    [
        (supervision_study, {"classifier": head()}, ["subjects"]),
        (
            label_fraction_study,
            {"classifier": head(), "fractions": [1, 0.5]},
            [0.5, 1],
        ),
        (
            task_study,
            {},
            ["all", "negate alone", "scale alone", "all but negate", "all but scale"],
        ),
        (
            difficulty_study,
            {"parameter": "scale__factor", "values": [1.4, 1.1]},
            [1.1, 1.4],
        ),
        (block_study, {}, ["block1", "block2", "all"]),
        (window_length_study, {"window_lengths": [3, 2]}, [2, 3]),
    ],
)
def test_studies_run_on_the_simulator_and_are_drawn(simulated, study, params, values):
    plt = pytest.importorskip("matplotlib.pyplot")
    results = study(simulated, pretrainer_with(transforms=TWO_TASKS), **params)
    assert len(results.failures) == 0
    scores = results.folds()[list(METRICS)]
    assert ((scores >= 0) & (scores <= 1)).all().all()
    drawn = ScoreDisplay.from_results(results)
    compared = NETWORKS if "classifier" in params else ["embedding"]
    assert list(drawn.containers_[0]) == [*compared, *BASELINES]
    assert set(drawn.table[drawn.x]) == set(values)
    plt.close(drawn.figure_)


@pytest.mark.parametrize(
    ("study", "params"),
    [
        (supervision_study, {"classifier": head()}),
        (label_fraction_study, {"classifier": head(), "fractions": [1]}),
        (block_study, {}),
    ],
)
def test_a_folder_stands_for_what_is_frozen_in_it(simulated, tmp_path, study, params):
    saved = frozen_on(simulated).estimator.save_pretrained(tmp_path)
    named = study(simulated, str(tmp_path), **params)
    frozen = study(simulated, FrozenEstimator(load_pretrained(saved)), **params)
    assert len(named.failures) == 0
    np.testing.assert_array_equal(
        named.folds()[list(METRICS)].to_numpy(), frozen.folds()[list(METRICS)].to_numpy()
    )


# Supervised, self-supervised, fine-tuned


def test_supervision_pretrains_once_a_fold_on_the_training_part(evaluation, trainings):
    results = supervision_study(evaluation, pretrainer_with(), classifier=head())
    assert results.table()["estimator"].tolist() == [*NETWORKS, *BASELINES]
    assert [training.n_windows for training in trainings] == train_sizes(evaluation)
    assert len(results.failures) == 0


@pytest.mark.parametrize("frozen", [False, True])
def test_three_networks_differ_in_what_their_names_say(evaluation, frozen):
    pretrainer = frozen_on(evaluation) if frozen else pretrainer_with(filters=(2, 5))
    networks = three_networks(pretrainer, head(freeze="trunk", l2=0.3))
    X, y = evaluation.windows.take(range(8)), evaluation.windows.target[:8]
    assert list(networks) == NETWORKS
    assert [n.freeze for n in networks.values()] == [None, "trunk", None]
    fitted = {name: network.fit(X, y) for name, network in networks.items()}
    rest = [
        {k: v for k, v in n.get_params(deep=False).items() if k not in {"pretrainer", "freeze"}}
        for n in fitted.values()
    ]
    assert rest[0] == rest[1] == rest[2]
    assert rest[0]["l2"] == 0.3
    shapes = [{k: v.shape for k, v in n.state_.items()} for n in fitted.values()]
    assert shapes[0] == shapes[1] == shapes[2]
    untrained, trained = fitted["supervised"].pretrainer_, fitted["self-supervised"].pretrainer_
    assert untrained.history_ == []
    assert untrained.architecture_ == trained.architecture_
    assert len(trained.history_) == 1
    kernels = [p.trunk_state() for p in (untrained, trained)]
    assert any(not np.array_equal(kernels[0][k], kernels[1][k]) for k in kernels[0])


def test_default_networks_are_the_default_classifier():
    networks = three_networks(PretextPretrainer(), None)
    assert networks["self-supervised"].get_params()["hidden"] == ECGClassifier().hidden


def test_supervision_with_a_frozen_pretrainer_pretrains_nothing_and_says_so(evaluation, trainings):
    pretrainer = frozen_on(evaluation)
    trainings.clear()
    results = supervision_study(evaluation, pretrainer, classifier=head())
    assert trainings == []
    assert results.failures.empty
    noted = [
        name for name in NETWORKS if "test subjects' unlabelled" in results.notes.get(name, "")
    ]
    assert noted == ["self-supervised", "fine-tuned"]


# Label fractions


def test_fractions_pretrain_once_a_fold_on_all_windows(evaluation, trainings):
    results = label_fraction_study(
        evaluation, pretrainer_with(), classifier=head(), fractions=[1, 0.5, 0.1]
    )
    assert [training.n_windows for training in trainings] == train_sizes(evaluation)
    folds = results.folds()
    assert folds["fraction"].unique().tolist() == [1.0, 0.5, 0.1]
    assert len(folds) == 3 * 2 * len([*NETWORKS, *BASELINES])
    # Each fraction is scored on the same windows.
    assert folds.groupby("fold")["n_windows"].nunique().tolist() == [1, 1]


def test_the_classifier_sees_the_labelled_windows_alone(evaluation, trainings, spy):
    estimators = {"spy": make_pipeline(SSLEmbedder(pretrainer_with()), spy)}
    label_fraction_study(
        evaluation, pretrainer_with(), fractions=[1, 0.5, 0.01], estimators=estimators
    )
    assert [training.n_windows for training in trainings] == train_sizes(evaluation)
    sizes = np.array([len(y) for _, y in SpyClassifier.seen]).reshape(2, 3)
    assert sizes[:, 0].tolist() == train_sizes(evaluation)
    assert (sizes[:, 0] > sizes[:, 1]).all()
    # Two people of two classes are left in a training part: one window for each.
    assert sizes[:, 2].tolist() == [4, 4]
    for _, y in SpyClassifier.seen[2::3]:
        assert sorted(y) == [0, 0, 1, 1]


def test_fraction_1_is_the_plain_comparison(evaluation):
    networks = three_networks(pretrainer_with(), head())
    plain = evaluation.run(networks).predictions
    fractions = label_fraction_study(
        evaluation, pretrainer_with(), classifier=head(), fractions=[1.0]
    ).predictions
    keys = ["estimator", "fold", "window"]
    both = plain.merge(fractions, on=keys, suffixes=("_plain", "_fraction"))
    assert len(both) == len(plain) == len(fractions)
    assert (both["predicted_plain"] == both["predicted_fraction"]).all()


def test_fractions_with_a_frozen_pretrainer(evaluation, trainings):
    pretrainer = frozen_on(evaluation)
    trainings.clear()
    results = label_fraction_study(evaluation, pretrainer, classifier=head(), fractions=[0.5])
    assert trainings == []
    assert results.failures.empty
    assert results.table()["estimator"].tolist() == [*NETWORKS, *BASELINES]


@pytest.mark.parametrize("fraction", [0, 1.5])
def test_bad_fractions(evaluation, fraction):
    with pytest.raises(ValueError, match="fraction must be in"):
        label_fraction_study(evaluation, pretrainer_with(), fractions=[fraction])


# Tasks


def test_task_variants_hold_what_they_name():
    variants = task_variants(
        tiny_pretrainer(transforms=[*TWO_TASKS, ("noise", AddNoise(snr_db=5))])
    )
    assert {name: variant.transform_names() for name, variant in variants.items()} == {
        "all": ["negate", "scale", "noise"],
        "negate alone": ["negate"],
        "scale alone": ["scale"],
        "noise alone": ["noise"],
        "all but negate": ["scale", "noise"],
        "all but scale": ["negate", "noise"],
        "all but noise": ["negate", "scale"],
    }
    assert variants["noise alone"].get_params()["noise__snr_db"] == 5
    assert len(task_variants(tiny_pretrainer())) == 13


@pytest.mark.parametrize("weights", [[1, 2, 3], {"original": 1, "negate": 2, "scale": 3}])
def test_task_variants_keep_their_weights(weights):
    variants = task_variants(tiny_pretrainer(transforms=TWO_TASKS, task_weights=weights))
    X = np.random.default_rng(0).normal(size=(4, 64))
    fitted = {name: variant.set_params(max_epochs=0).fit(X) for name, variant in variants.items()}
    learnt = {n: dict(zip(f.task_names_, f.task_weights_, strict=True)) for n, f in fitted.items()}
    assert learnt["all"] == {"original": 1, "negate": 2, "scale": 3}
    assert learnt["negate alone"] == learnt["all but scale"] == {"original": 1, "negate": 2}
    assert learnt["scale alone"] == {"original": 1, "scale": 3}


def test_one_task_alone_is_all_there_is():
    variants = task_variants(tiny_pretrainer(transforms=TWO_TASKS[:1]))
    assert list(variants) == ["all", "negate alone"]


def test_task_study_needs_tasks(evaluation):
    with pytest.raises(TypeError, match="pretrainer must be a PretextPretrainer.*MaskedPretrainer"):
        task_study(evaluation, tiny_masked())


def test_tasks_are_measured_where_they_are_learnt(evaluation, trainings):
    results = task_study(evaluation, pretrainer_with(transforms=TWO_TASKS))
    folds = results.folds().set_index(["setting", "estimator"]).sort_index()
    columns = ["original_accuracy", "negate_accuracy", "scale_accuracy"]
    assert folds.loc[("all", "embedding"), columns].notna().all(axis=None)
    alone = folds.loc[("negate alone", "embedding")]
    assert alone["scale_accuracy"].isna().all()
    np.testing.assert_allclose(
        alone["pretext_accuracy"], alone[["original_accuracy", "negate_accuracy"]].mean(axis=1)
    )
    assert folds.loc[("all", "majority class"), "pretext_accuracy"].isna().all()
    # "Negate alone" is "all but scale": both read the same training, three a fold for all five.
    assert [sorted(training.transforms) for training in trainings] == [
        ["negate", "scale"],
        ["negate"],
        ["scale"],
    ] * 2


# Difficulty


def test_difficulty_sets_the_parameter(evaluation, trainings):
    pretrainer = pretrainer_with()
    results = difficulty_study(evaluation, pretrainer, "noise__snr_db", [5, 25])
    assert [training.transforms["noise"].snr_db for training in trainings] == [5, 25] * 2
    assert pretrainer.get_params()["noise__snr_db"] == 15
    folds = results.folds()
    assert folds["setting"].unique().tolist() == [5, 25]
    embedding = folds[folds["estimator"] == "embedding"]
    assert embedding[["pretext_accuracy", "noise_accuracy", "warp_accuracy"]].notna().all(axis=None)


def test_difficulty_shares_what_the_parameter_does_not_change(evaluation, trainings, spy):
    difficulty_study(evaluation, pretrainer_with(), "verbose", [0, 1], classifier=spy)
    assert len(trainings) == 2
    assert len(SpyClassifier.seen) == 4


@pytest.mark.parametrize(
    ("parameter", "values", "named"),
    [
        ("noise", [AddNoise(snr_db=5), "drop"], ["AddNoise(snr_db=5)", "drop"]),
        ("filters", [(2, 2), (2, 3)], ["(2, 2)", "(2, 3)"]),
        ("filters", [[2, 2]], ["[2, 2]"]),
        ("patience", [None, 1], ["None", 1]),
    ],
)
def test_difficulty_names_values_that_are_no_numbers(evaluation, parameter, values, named):
    results = difficulty_study(evaluation, pretrainer_with(), parameter, values)
    assert results.failures.empty
    assert results.table()["setting"].unique().tolist() == named


@pytest.mark.parametrize("parameter", ["noise__loudness", "snr_db", "hiss__snr_db"])
def test_difficulty_of_what_does_not_exist(evaluation, parameter):
    with pytest.raises(ValueError, match=f"got {parameter!r}.*'noise__snr_db'"):
        difficulty_study(evaluation, pretrainer_with(), parameter, [1])


# Blocks


def test_blocks_are_read_from_one_training_a_fold(evaluation, trainings, spy):
    results = block_study(evaluation, pretrainer_with(), classifier=spy)
    assert [training.n_windows for training in trainings] == train_sizes(evaluation)
    assert results.folds()["setting"].unique().tolist() == ["block1", "block2", "all"]
    widths = [shape[1] for shape, _ in SpyClassifier.seen]
    assert widths == [3, 4, 7] * 2


def test_blocks_of_a_frozen_pretrainer(evaluation, trainings):
    pretrainer = frozen_on(evaluation)
    trainings.clear()
    results = block_study(evaluation, pretrainer)
    assert trainings == []
    assert results.folds()["setting"].unique().tolist() == ["block1", "block2", "all"]
    assert "test subjects' unlabelled" in results.notes["embedding"]


# Window length


def test_window_lengths_are_cut_anew(evaluation, trainings):
    n_windows = len(evaluation.windows)
    results = window_length_study(evaluation, pretrainer_with(), [1, 3])
    assert [training.n_times for training in trainings] == [64, 64, 192, 192]
    rows = results.folds().query("estimator == 'embedding'").groupby("setting")["n_windows"].sum()
    for length in (1, 3):
        n_times = length * SAMPLING_RATE
        assert rows[length] == sum(len(r) // n_times for r in evaluation.recordings)
    assert results.recordings()["n_recordings"].unique().tolist() == [8]
    assert len(evaluation.windows) == n_windows
    assert evaluation.segmenter.window_length == 2


def test_windows_cannot_be_cut_to_another_length():
    recordings, target, subject = ecg_like(8)
    windowed = Segmenter(SAMPLING_RATE, 2).transform(recordings)
    evaluation = Evaluation(windowed, target, subject, protocols=["subjects"], n_splits=2)
    with pytest.raises(ValueError, match="cannot be cut to another length"):
        window_length_study(evaluation, pretrainer_with(), [1])


# Joined results


def test_joined_results_hold_all_rows_and_failures(evaluation):
    # A trunk of two blocks cannot pool windows of a quarter of a second: they fail, 2 s do not.
    results = window_length_study(evaluation, pretrainer_with(), [2, 0.25])
    failed = results.failures
    assert failed["setting"].unique().tolist() == [0.25]
    assert set(failed["estimator"]) == {"embedding"}
    assert failed["error"].str.contains("at least").all()
    table = results.table().set_index(["setting", "estimator"])
    assert (2, "embedding") in table.index
    assert (0.25, "embedding") not in table.index
    assert (0.25, "majority class") in table.index


def test_joined_is_each_result_after_the_other(evaluation):
    first, second = (evaluation.run_settings({name: {}}) for name in ("a", "b"))
    second.notes = {**second.notes, "more": "of the second"}
    whole = joined([first, second])
    assert whole.folds()["setting"].tolist() == ["a"] * 4 + ["b"] * 4
    assert len(whole.predictions) == 2 * len(first.predictions)
    assert whole.notes == second.notes
    assert "more" not in first.notes
    assert len(first.predictions) == len(second.predictions)
    assert joined([first]).table().equals(first.table())
