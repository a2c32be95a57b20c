"""The scripts of examples/reproduce/ on tiny files in the formats of the data sets."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import Bunch

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.datasets import LeftOut, available
from sklearn_ecgssl.evaluation import LabelledWindows
from tests.checkout import checkout
from tests.datasets.writers import amigos, dreamer, swell, wesad
from tests.evaluation.comparing import RECORDINGS, SEGMENTER, SUBJECT, TARGET, Mean, compare
from tests.tiny import tiny_masked, tiny_pretrainer


@pytest.fixture(scope="module", autouse=True)
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(checkout() / "examples" / "reproduce"))
        yield


@pytest.mark.parametrize(
    ("name", "n_figures"), [("icassp2020", 10), ("tac2020", 16), ("icpr2022", 12)]
)
def test_papers_are_whole(name, n_figures):
    full = __import__(name).PAPER
    assert len(full.figures) == n_figures
    assert {figure.network for figure in full.figures} == set(full.networks)
    for figure in full.figures:
        network = full.network(figure.network, figure.data_set)
        without = figure.network in ("supervised", "without pretraining")
        assert network.pretrainer.max_epochs == (0 if without else full.pretrainer.max_epochs)
        assert network.freeze == ("trunk" if figure.network == "self-supervised" else None)
        assert (figure.accuracy is None) == (name == "tac2020")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The data sets of two people, whose ratings in AMIGOS fall on either side of their mean."""
    folder = tmp_path_factory.mktemp("data sets")

    def rated(variables):
        for trial, answers in enumerate(variables["labels_selfassessment"]):
            answers[0, :3] = [2 + 5 * (trial % 2), 2 + 5 * (trial % 3 > 0), 5]
        for trial in variables["joined_data"]:
            trial[:, 14:16] += np.random.default_rng(0).standard_normal((len(trial), 1))

    for person in (1, 2):
        amigos.preprocessed(folder / "amigos", person, rated, n_times=128 * 26)
    swell.write(folder / "swell", n_times=256 * (180 + 62), rate=256)
    wesad.write(folder / "wesad", seconds=41)
    dreamer.dreamer(folder / "dreamer", n_times=256 * 21)
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*usable beats")  # made up samples have no heart beats
@pytest.mark.parametrize(
    ("name", "data_sets", "pretrainer", "protocols"),
    [
        ("icassp2020", ["amigos"], tiny_pretrainer(max_epochs=1), ["windows", "subjects"]),
        (
            "tac2020",
            ["amigos", "dreamer", "swell", "wesad"],
            tiny_pretrainer(max_epochs=0),
            ["windows"],
        ),
        ("icpr2022", ["amigos"], tiny_masked(max_epochs=1, batch_size=64), ["windows"]),
    ],
)
def test_every_figure_is_measured_once(
    name, data_sets, pretrainer, protocols, folders, tmp_path, capsys, monkeypatch
):
    from tables import reproduce

    full = __import__(name).PAPER
    seconds = {10: 2, 20: 4, 40: 8} if name == "icpr2022" else {10: 10}
    small = replace(
        full,
        pretrainer=pretrainer,
        heads={
            data_set: clone(head).set_params(hidden=(4,), max_epochs=1, batch_size=8)
            for data_set, head in full.heads.items()
        },
        figures=[f._replace(window_length=seconds[f.window_length]) for f in full.figures],
    )
    csv, shared = tmp_path / "t.csv", tmp_path / "scores.json"
    paths = [part for one in data_sets for part in (f"--{one}", str(folders / one))]
    arguments = [*paths, "--cache", str(tmp_path), "--folds", "2", "--csv", str(csv)]
    arguments += ["--scores", str(shared)]
    table = reproduce(small, [*arguments, "--protocols", *protocols])
    rows = table.set_index(["data_set", "label", "network", "window_length"])
    assert rows.index.is_unique
    for data_set, label, network, *published, window_length in small.figures:
        if data_set in data_sets:
            row = rows.loc[(data_set, label, network, window_length)]
            assert row[["accuracy", "f1"]].tolist() == published
    scores = [f"{p}_{s}" for p in protocols for s in ("accuracy", "f1")]
    assert table[scores].notna().all(axis=None)
    assert csv.read_text().count("\n") == 1 + len(table)
    assert "Error" not in capsys.readouterr().out
    check_shared(shared, small, table, {one: folders / one for one in data_sets})

    monkeypatch.setattr(ECGClassifier, "fit", None)  # it goes on where it stopped
    only = reproduce(small, [*arguments, "--protocols", "windows", "--only", "amigos/valence"])
    kept = table[(table["data_set"] == "amigos") & (table["label"] == "valence")]
    assert only.equals(kept[only.columns].reset_index(drop=True))


def strict_json(path):
    """Read a file that has no NaN, and return its text too."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = path.read_text("utf-8")
    return json.loads(text, parse_constant=refuse), text


def check_shared(path, paper, table, folders):
    """The scores that are shared are those of the table, on so much, and name nobody."""
    document, text = strict_json(path)
    assert document["paper"] == paper.citation
    assert document["settings"] == {"folds": 2, "epochs": None, "seed": 0}
    assert set(paper.choices) < set(document["differences"])
    of_row = table.set_index(["data_set", "label", "window_length", "network"])
    n_scores = 0
    for task in document["tasks"]:
        assert task["failed_fits"] == 0
        assert sum(task["windows_of_class"].values()) == task["windows"] > 0
        for scores in task["scores"]:
            what = *(task[key] for key in ("data_set", "label", "window_length")), scores["network"]
            row, protocol = of_row.loc[what], scores["protocol"]
            figures = [scores["published_accuracy"], scores["published_f1"]]
            expected = row[["accuracy", "f1"]].astype(object)
            expected = expected.where(expected.notna(), None).tolist()
            assert figures == (expected if protocol == "windows" else [None, None])
            assert scores["accuracy"] == row[f"{protocol}_accuracy"]
            assert scores["macro_f1"] == row[f"{protocol}_f1"]
            assert scores["n_folds"] == 2
            n_scores += 1
    assert n_scores == table.filter(regex="_accuracy$").size
    data_sets = {n: available()[n](folder).load(attribute=None) for n, folder in folders.items()}
    n_recordings = sum(len(data.recordings) for data in data_sets.values())
    for corpus in document["corpora"]:
        assert corpus["data_sets"].keys() == data_sets.keys()
        found = sum(counts["recordings"] for counts in corpus["data_sets"].values())
        assert found + corpus["left_out"] == n_recordings
    assert not any(str(place) in text for place in (path.parent, *folders.values()))
    for name in {n for data in data_sets.values() for n in (*data.subject, *data.fields["record"])}:
        as_word = f'"{name}"' if name.isdigit() else rf"\b{re.escape(name)}\b"
        assert not re.search(as_word, text), name


class NeedsFile(Mean):
    def fit(self, X, y):
        raise FileNotFoundError("/home/Ann/SWELL/PP2.csv")


def strange_numbers(model, X):
    return {"nothing": np.nan, "of_model": 0.5}


@pytest.mark.filterwarnings("ignore:.*fits failed")
def test_shared_scores_have_every_number_and_no_name(tmp_path):
    from shared_scores import corpus_counts, task_scores, write_scores
    from tables import Figure

    results = compare(
        {"mean": Mean(), "broken": NeedsFile()},
        protocols=["windows", "subjects"],
        measure=strange_numbers,
        n_splits=2,
    )
    known = np.arange(12) < 9
    corpus = Bunch(
        recordings=SEGMENTER.transform(RECORDINGS),
        subject=np.char.add("Ann ", SUBJECT),
        fields={"data_set": np.repeat(["swell", "wesad"], [10, 2])},
        names=["swell", "wesad"],
        left_out=[LeftOut("Ann A", "Ann A/rest", "holds no sample")] * 3,
    )
    figures = [Figure("swell", "stress", name, 0.9, None, 1) for name in ("mean", "broken")]
    n_windows = np.array([len(one) for one in corpus.recordings])
    counts = corpus_counts(corpus, 1)
    assert counts["left_out"] == 3
    assert counts["data_sets"]["wesad"] == {
        "people": len(set(SUBJECT[10:])),
        "recordings": 2,
        "windows": n_windows[10:].sum(),
    }
    task = task_scores(corpus, known, TARGET, figures, results)
    write_scores(tmp_path / "s.json", "A paper.", {"seed": 0}, ["Chosen."], [counts], [task])
    document, text = strict_json(tmp_path / "s.json")
    (written,) = document["tasks"]
    assert document["versions"].keys() > {"sklearn_ecgssl", "python", "torch", "scikit-learn"}
    assert (written["recordings"], written["windows"]) == (9, n_windows[:9].sum())
    assert written["windows_of_class"] == {
        name: n_windows[known & (name == TARGET)].sum() for name in ("calm", "tense")
    }
    assert written["failed_fits"] == len(results.failures) == 4
    assert "Ann" not in text
    table = results.table()
    assert len(written["scores"]) == len(table)
    for scores, (_, row) in zip(written["scores"], table.iterrows(), strict=True):
        figure = 0.9 if (row["estimator"], row["protocol"]) == ("mean", "windows") else None
        assert (scores.pop("published_accuracy"), scores.pop("published_f1")) == (figure, None)
        assert (scores.pop("network"), scores.pop("protocol")) == (*row[["estimator", "protocol"]],)
        numbers = row.drop(["estimator", "protocol"])
        assert scores == {
            name: value if np.isfinite(value) else None for name, value in numbers.items()
        }
        assert (scores["nothing"], scores["of_model"]) == (None, 0.5)


#: Three data sets; eight windows a recording, two recordings a person.
SETS = np.array(["a"] * 8 + ["b"] * 6 + ["c"] * 4)
PEOPLE = [f"{name}/{i // 2}" for i, name in enumerate(SETS)]
UNLABELLED = 9  # the second recording of b
WINDOWS = LabelledWindows.from_recordings(np.zeros((18, 8, 4)), np.arange(18) % 2, PEOPLE)


@pytest.mark.parametrize("kind", ["windows", "subjects"])
@pytest.mark.parametrize("two_encoders", [False, True])
@pytest.mark.parametrize("n_folds", [2, 4, 10])
def test_nothing_that_is_tested_is_learnt_from(kind, two_encoders, n_folds):
    from tables import protocol

    corpus = Bunch(fields={"data_set": SETS}, names=["a", "b", "c"])
    known = (SETS == "b") & (np.arange(18) != UNLABELLED)
    args, paper = Bunch(seed=0, folds=n_folds), Bunch(two_encoders=two_encoders)
    folds = protocol(kind, paper, corpus, "b", known, args).folds(WINDOWS)
    labelled = np.flatnonzero(known[WINDOWS.recording])
    assert sorted(np.concatenate([fold.test for fold in folds])) == labelled.tolist()
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == labelled.tolist()
        assert set(fold.pretrain).isdisjoint(fold.test)
        assert set(SETS[WINDOWS.recording[fold.pretrain]]) == {"a", "b", "c"}
        if kind == "subjects":
            learnt_from = WINDOWS.subject[[*fold.train, *fold.pretrain]]
            assert set(WINDOWS.subject[fold.test]).isdisjoint(learnt_from)
    if two_encoders:
        assert len({fold.pretrain.tobytes() for fold in folds}) == 2
    else:
        assert all(set(fold.train) <= set(fold.pretrain) for fold in folds)
    learnt = np.concatenate([fold.pretrain for fold in folds])
    assert UNLABELLED in WINDOWS.recording[learnt]


def test_targets_of_one_data_set_are_not_those_of_another():
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
