"""The scripts of examples/reproduce/ on tiny files in the formats of the data sets."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ecgssl.evaluation import LabelledWindows
from tests.checkout import checkout
from tests.datasets.writers import amigos, dreamer, swell, wesad
from tests.tiny import tiny_masked, tiny_pretrainer

# Made up samples have no heart beats.
pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats")


@pytest.fixture(scope="module", autouse=True)
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(checkout() / "examples" / "reproduce"))
        yield


def rated(person):
    """Ratings that fall on either side of their mean for both people."""

    def change(variables):
        for trial, answers in enumerate(variables["labels_selfassessment"]):
            answers[0, :3] = [2 + 5 * (trial % 2), 2 + 5 * (trial % 3 > 0), 5]
        beats = np.random.default_rng(person)
        for trial in variables["joined_data"]:
            trial[:, 14:16] += beats.standard_normal((len(trial), 1))

    return change


@pytest.fixture(scope="module")
def only_amigos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amigos")
    for person in (1, 2):
        amigos.preprocessed(folder, person, rated(person), n_times=128 * 26)
    return {"amigos": str(folder)}


@pytest.fixture(scope="module")
def folders(only_amigos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("swell")
    swell.write(folder, n_times=256 * (180 + 62), rate=256)
    return only_amigos | {"swell": str(folder)}


def paper(name, pretrainer, **changes):
    """A paper with networks that learn in milliseconds."""
    full = __import__(name).PAPER
    heads = {
        data_set: clone(head).set_params(hidden=(4,), max_epochs=1, batch_size=8)
        for data_set, head in full.heads.items()
    }
    return replace(full, pretrainer=pretrainer, heads=heads, **changes)


def run(paper, folders, cache, *arguments):
    from tables import reproduce

    paths = [part for name, path in folders.items() for part in (f"--{name}", path)]
    return reproduce(paper, [*paths, "--cache", str(cache), "--folds", "2", *arguments])


@pytest.mark.parametrize(
    ("name", "n_figures", "networks"),
    [
        ("icassp2020", 10, ["supervised", "self-supervised"]),
        ("tac2020", 16, ["supervised", "self-supervised"]),
        (
            "icpr2022",
            12,
            ["fine-tuned", "without pretraining", "fine-tuned, mean", "fine-tuned, max"],
        ),
    ],
)
def test_papers_are_whole(name, n_figures, networks):
    full = __import__(name).PAPER
    assert len(full.figures) == n_figures
    assert list(full.networks) == networks
    for figure in full.figures:
        network = full.network(figure.network, figure.data_set)
        without = figure.network in ("supervised", "without pretraining")
        assert network.pretrainer.max_epochs == (0 if without else full.pretrainer.max_epochs)
        assert network.freeze == ("trunk" if figure.network == "self-supervised" else None)
        assert (figure.accuracy is None) == (name == "tac2020")


@pytest.mark.slow
def test_every_figure_has_a_measured_one(folders, tmp_path):
    icassp = run(paper("icassp2020", tiny_pretrainer(max_epochs=1)), folders, tmp_path)
    networks = icassp[icassp["accuracy"].notna()]
    assert len(networks) == 10
    scores = [f"{p}_{s}" for p in ("windows", "subjects") for s in ("accuracy", "f1")]
    assert networks[scores].notna().all(axis=None)
    row = networks.query("data_set == 'amigos' and label == 'valence'").iloc[1]
    assert row["network"] == "self-supervised"
    assert (row["accuracy"], row["f1"]) == (0.840, 0.837)
    assert (icassp["network"] == "majority class").sum() == 5
    assert icassp.loc[icassp["network"] == "majority class", "f1"].isna().all()


def test_goes_on_where_it_stopped_and_says_what_differs(only_amigos, tmp_path, capsys, monkeypatch):
    small = paper("icassp2020", tiny_pretrainer(max_epochs=1))
    only = ("--only", "amigos/valence", "--protocols", "windows", "--csv", str(tmp_path / "t.csv"))
    first = run(small, only_amigos, tmp_path, *only)
    monkeypatch.setattr(type(small.heads["amigos"]), "fit", None)
    assert run(small, only_amigos, tmp_path, *only).equals(first)
    assert (tmp_path / "t.csv").read_text().count("\n") == 5
    said = capsys.readouterr().out
    assert set(first["label"]) == {"valence"}
    assert "subjects_f1" not in first
    for part in ("doi:10.1109", "0.837", "- swell is not there", "- 2 folds", "- The amount of n"):
        assert part in said


@pytest.mark.slow
def test_four_data_sets_of_the_journal_paper(folders, tmp_path, capsys):
    wesad.write(tmp_path / "wesad", seconds=41)
    dreamer.dreamer(tmp_path / "dreamer", n_times=256 * 21)
    there = folders | {name: str(tmp_path / name) for name in ("wesad", "dreamer")}
    small = paper("tac2020", tiny_pretrainer(max_epochs=0))
    table = run(small, there, tmp_path / "cache", "--protocols", "windows")
    assert len(table[["data_set", "label"]].drop_duplicates()) == 8
    assert table["windows_f1"].notna().all()
    assert "Error" not in capsys.readouterr().out


@pytest.mark.slow
def test_transformer_at_three_window_lengths(tmp_path):
    for person in (1, 2):
        amigos.preprocessed(tmp_path / "amigos", person, rated(person), n_times=128 * 17)
    small = paper("icpr2022", tiny_masked(max_epochs=1, batch_size=64))
    shorter = {10: 2, 20: 4, 40: 8}
    figures = [f._replace(window_length=shorter[f.window_length]) for f in small.figures]
    small = replace(small, figures=[f for f in figures if f.label == "arousal"])
    there = {"amigos": str(tmp_path / "amigos")}
    table = run(small, there, tmp_path / "cache", "--protocols", "windows")
    published = table[table["f1"].notna()]
    assert published["window_length"].tolist() == [2, 2, 2, 2, 4, 8]
    assert published["accuracy"].tolist() == [0.88, 0.85, 0.88, 0.86, 0.87, 0.86]
    assert published["windows_f1"].notna().all()


class TestFolds:
    """Three data sets; eight windows a recording, two recordings a person."""

    SETS = np.array(["a"] * 8 + ["b"] * 6 + ["c"] * 4)
    PEOPLE = np.array([f"{name}/{i // 2}" for i, name in enumerate(SETS)])
    UNLABELLED = 9  # the second recording of b

    @pytest.fixture(scope="class")
    @classmethod
    def windows(cls):
        blocks = [np.full((8, 4), i, dtype=np.float32) for i in range(18)]
        return LabelledWindows.from_recordings(blocks, np.arange(18) % 2, cls.PEOPLE)

    def folds(self, windows, kind="windows", data_set="b", two_encoders=False, n_folds=4, seed=0):
        from sklearn.utils import Bunch
        from tables import protocol

        known = (data_set == self.SETS) & (np.arange(18) != self.UNLABELLED)
        corpus = Bunch(fields={"data_set": self.SETS}, names=["a", "b", "c"])
        args, made = Bunch(seed=seed, folds=n_folds), Bunch(two_encoders=two_encoders)
        return protocol(kind, made, corpus, data_set, known, args).folds(windows)

    @pytest.mark.parametrize("kind", ["windows", "subjects"])
    @pytest.mark.parametrize("two_encoders", [False, True])
    @pytest.mark.parametrize("n_folds", [2, 4, 10])
    def test_nothing_that_is_tested_is_learnt_from(self, windows, kind, two_encoders, n_folds):
        folds = self.folds(windows, kind, two_encoders=two_encoders, n_folds=n_folds)
        labelled = np.flatnonzero(
            (self.SETS == "b")[windows.recording] & (windows.recording != self.UNLABELLED)
        )
        assert sorted(np.concatenate([fold.test for fold in folds])) == labelled.tolist()
        for fold in folds:
            assert sorted([*fold.train, *fold.test]) == labelled.tolist()
            assert set(fold.pretrain).isdisjoint(fold.test)
            assert set(self.SETS[windows.recording[fold.pretrain]]) == {"a", "b", "c"}
            if kind == "subjects":
                tested = set(windows.subject[fold.test])
                assert tested.isdisjoint(windows.subject[[*fold.train, *fold.pretrain]])
            if not two_encoders:
                assert set(fold.train) <= set(fold.pretrain)
        others = set(np.flatnonzero(self.SETS[windows.recording] != "b"))
        if two_encoders:
            assert all(others <= set(fold.pretrain) for fold in folds)
            assert len({fold.pretrain.tobytes() for fold in folds}) == 2
        learnt = np.concatenate([fold.pretrain for fold in folds])
        assert self.UNLABELLED in windows.recording[learnt]

    def test_data_sets_share_their_pretraining(self, windows):
        of_a, of_b = (
            [fold.pretrain.tolist() for fold in self.folds(windows, data_set=name)] for name in "ab"
        )
        assert of_a == of_b
        assert of_a != [fold.pretrain.tolist() for fold in self.folds(windows, seed=1)]


def test_targets_of_one_data_set_are_not_those_of_another():
    from sklearn.utils import Bunch
    from tables import target_of

    corpus = Bunch(
        fields={
            "data_set": np.array(["one", "one", "two", "two", "two"]),
            "valence": np.array([9, 8, 1, 3, np.nan]),
            "condition": np.array(["rest", "", "work", "", "work"]),
        }
    )
    target, known = target_of(corpus, "two", "valence")
    assert known.tolist() == [False, False, True, True, False]
    assert target[known].tolist() == ["low", "high"]
    target, known = target_of(corpus, "two", "stress")
    assert known.tolist() == [False, False, True, False, True]
    assert set(target) == {"work"}
