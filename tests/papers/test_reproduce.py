"""The papers' tables on tiny files in the formats of the data sets."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import Bunch

from sklearn_ecgssl.papers import _preset, _reproduce, paper_preset, reproduce
from sklearn_ecgssl.papers._corpus import Corpus
from sklearn_ecgssl.papers._folds import CorpusFolds
from tests.datasets.writers import amigos, dreamer, swell, wesad
from tests.tiny import tiny_masked, tiny_pretrainer

# Made up samples have no heart beats.
pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats")

SECONDS = 26


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
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for person in (1, 2):
        amigos.preprocessed(folder / "amigos", person, rated(person), n_times=128 * SECONDS)
    swell.write(folder / "swell", n_times=256 * (180 + 62), rate=256)
    return {"amigos": folder / "amigos", "swell": folder / "swell"}


def tiny(preset, pretrainer, **changes):
    heads = {
        name: clone(head).set_params(hidden=(4,), max_epochs=1, batch_size=8)
        for name, head in preset.heads.items()
    }
    return replace(preset, pretrainer=pretrainer, heads=heads, n_splits=2, **changes)


@pytest.fixture(scope="module")
def icassp(folders, tmp_path_factory):
    preset = tiny(paper_preset("icassp2020"), tiny_pretrainer(max_epochs=1))
    return reproduce(preset, folders, cache=tmp_path_factory.mktemp("cache"))


def test_every_figure_has_a_measured_one(icassp):
    table = icassp.table()
    networks = table[table["published_accuracy"].notna()]
    assert len(networks) == 10
    scores = [f"{p}_{s}" for p in ("windows", "subjects") for s in ("accuracy", "f1")]
    assert networks[scores].notna().all(axis=None)
    assert ((networks[scores] >= 0) & (networks[scores] <= 1)).all(axis=None)
    row = networks.query("data_set == 'amigos' and attribute == 'valence'").iloc[1]
    assert row["network"] == "self-supervised"
    assert (row["published_accuracy"], row["published_f1"]) == (0.840, 0.837)


def test_baselines_stand_beside(icassp):
    table = icassp.table()
    assert (table["network"] == "majority class").sum() == 5
    assert table.loc[table["network"] == "majority class", "published_f1"].isna().all()


def test_no_fit_fails(icassp):
    assert {len(found.failures) for found in icassp.results.values()} == {0}


def test_scores_are_means_over_folds(icassp):
    (task, length), found = next(iter(icassp.results.items()))
    folds = found.folds().query("estimator == 'supervised' and protocol == 'subjects'")
    row = icassp.table().query(
        f"data_set == '{task.data_set}' and attribute == '{task.attribute}' "
        f"and network == 'supervised' and window_length == {length}"
    )
    assert row["subjects_f1"].item() == pytest.approx(folds["macro_f1"].mean())
    assert row["subjects_accuracy"].item() == pytest.approx(folds["accuracy"].mean())


def test_people_who_are_tested_are_unseen(icassp):
    for found in icassp.results.values():
        predictions = found.predictions.query("protocol == 'subjects'")
        folds = predictions.groupby("subject")["fold"].nunique()
        assert (folds == 1).all()
        assert len(folds) == 2


def test_every_difference_is_named(icassp):
    said = "\n".join(icassp.differences)
    assert "The order of the high-pass filter is not published" in said
    assert "The pretrainer has filters=(3, 4); in the paper (32, 64, 128)." in said
    assert "The pretrainer has max_epochs=1; in the paper 30." in said
    assert "The head of swell has hidden=(4,); in the paper (64, 64)." in said
    assert "n_splits is 2; in the paper 10." in said
    assert "transforms" not in said
    assert "random_state" not in said
    assert "The filter" not in said
    assert (
        "1 recording of swell is left out: PP10/3 has no value of 'arousal'; "
        "PP10/3 has no value of 'valence'."
    ) in said
    assert said.count("left out") == 1
    assert "is not there" not in said


def test_prints(icassp):
    printed = str(icassp)
    assert printed.startswith("P. Sarkar, A. Etemad, Self-Supervised Learning")
    for part in ("published_accuracy", "0.858", "says little about a person", "- n_splits is 2"):
        assert part in printed


def test_preset_as_it_is_has_no_changes(folders):
    from sklearn_ecgssl.papers._differences import differences
    from sklearn_ecgssl.papers._paper_preset import PRESETS

    for name in PRESETS:
        preset = paper_preset(name)
        assert differences(preset, PRESETS, preset.loading, {}, {}) == list(preset.choices)


def test_changed_tasks_and_recordings_left_out_are_named(folders):
    from sklearn_ecgssl.datasets import LeftOut
    from sklearn_ecgssl.papers._differences import differences
    from sklearn_ecgssl.papers._paper_preset import PRESETS

    preset = paper_preset("tac2020")
    preset.pretrainer.set_params(noise="drop")
    preset.filter.set_params(low=0.5)
    left_out = {"wesad": [LeftOut("S2", f"S2/{i}", "is a flat line") for i in range(5)]}
    said = differences(preset, PRESETS, preset.loading, {"swell": ["PP1", "PP2"]}, left_out)
    assert said[len(preset.choices) :] == [
        "The filter has low=0.5; in the paper 0.8.",
        "The pretrainer has noise='drop'; in the paper 'AddNoise'.",
        "The pretrainer has noise__snr_db=None; in the paper 15.",
        "Only 2 people of swell: PP1, PP2.",
        "5 recordings of wesad are left out: S2/0 is a flat line; S2/1 is a flat line; "
        "S2/2 is a flat line; ....",
    ]


def test_part_of_it(folders, tmp_path):
    preset = tiny(paper_preset("tac2020"), tiny_pretrainer(max_epochs=1))
    result = reproduce(
        preset,
        {"amigos": folders["amigos"]},
        cache=tmp_path,
        protocols=["windows"],
        tasks=[("amigos", "arousal")],
        subjects={"amigos": ["P02"]},
    )
    table = result.table()
    assert set(zip(table["data_set"], table["attribute"], strict=True)) == {("amigos", "arousal")}
    assert "subjects_f1" not in table
    assert table["published_f1"].isna().all()
    said = "\n".join(result.differences)
    assert "Only 1 people of amigos: P02." in said
    for name in ("dreamer", "wesad", "swell"):
        assert f"{name} is not there: nothing was pretrained on it" in said


def test_goes_on_where_it_stopped(folders, tmp_path, monkeypatch):
    preset = tiny(paper_preset("icassp2020"), tiny_pretrainer(max_epochs=1))
    options = {"cache": tmp_path, "protocols": ["windows"], "tasks": [("amigos", "valence")]}
    first = reproduce(preset, {"amigos": folders["amigos"]}, **options)
    fits = []
    monkeypatch.setattr(type(preset.heads["amigos"]), "fit", lambda *_, **__: fits.append(1))
    again = reproduce(preset, {"amigos": folders["amigos"]}, **options)
    assert fits == []
    assert again.table().equals(first.table())


def test_folds_are_those_of_the_paper(folders, tmp_path, monkeypatch):
    made = []

    def folds(*args, **parameters):
        made.append(parameters)
        return CorpusFolds(*args, **parameters)

    monkeypatch.setattr(_reproduce, "CorpusFolds", folds)
    preset = tiny(paper_preset("icpr2022"), tiny_masked(max_epochs=0))
    reproduce(
        replace(preset, n_splits=4, figures=preset.figures[:1]),
        {"amigos": folders["amigos"]},
        cache=tmp_path,
        protocols=["windows"],
        random_state=5,
    )
    assert made == [
        {
            "n_splits": 4,
            "two_encoders": True,
            "pretraining_sets": preset.pretraining_sets,
            "random_state": 5,
        }
    ]


def test_windows_are_those_of_the_paper(folders, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(_preset, "prepare", lambda *args, **options: asked.update(options))
    preset = paper_preset("icpr2022")
    preset.load("amigos", folders["amigos"], cache=tmp_path, attribute="valence")
    assert asked["sampling_rate"] == 128
    assert asked["transformer"] is preset.filter
    assert asked["segmenter"] is preset.segmenter
    assert asked["scale"] == "standard"
    assert asked["leads"] == "left"
    assert asked["attribute"] == "valence"


def test_targets_of_one_data_set_are_not_those_of_another():
    def study(target):
        fields = {"record": np.array(["a", "b"]), "lead": np.array(["I", "I"])}
        return Bunch(
            recordings=[np.zeros((1, 4))] * 2,
            subject=np.array(["1", "1"]),
            fields=fields,
            target=np.array(target),
        )

    corpus = Corpus({"one": study([1, 2]), "two": study([3, 4])})
    target, has_target = corpus.target("two", study([7, 8]))
    assert has_target.tolist() == [False, False, True, True]
    assert target.tolist() == [7, 7, 7, 8]
    assert corpus.subject.tolist() == ["one/1", "one/1", "two/1", "two/1"]


def test_all_four_data_sets_of_the_journal_paper(folders, tmp_path):
    wesad.write(tmp_path / "wesad", seconds=41)
    dreamer.dreamer(tmp_path / "dreamer", n_times=256 * 21)
    there = {**folders, "wesad": tmp_path / "wesad", "dreamer": tmp_path / "dreamer"}
    preset = tiny(paper_preset("tac2020"), tiny_pretrainer(max_epochs=0))
    result = reproduce(preset, there, cache=tmp_path / "cache", protocols=["windows"])
    assert len(result.results) == 8
    failures = {task[:2]: found.failures for (task, _), found in result.results.items()}
    assert {name: list(found["error"])[:1] for name, found in failures.items() if len(found)} == {}
    assert len(set(result.results[preset.tasks[4], 10].predictions["target"])) == 4


def test_transformer_at_three_window_lengths(folders, tmp_path):
    preset = tiny(paper_preset("icpr2022"), tiny_masked(max_epochs=1, batch_size=64))
    shorter = {10: 2, 20: 4, 40: 8}
    preset = replace(
        preset,
        figures=tuple(
            replace(figure, window_length=shorter[figure.window_length])
            for figure in preset.figures
            if figure.task.attribute == "arousal"
        ),
    )
    result = reproduce(
        preset,
        {"amigos": folders["amigos"]},
        cache=tmp_path,
        protocols=["windows"],
        subjects={"amigos": ["P01"]},
    )
    table = result.table()
    published = table[table["published_f1"].notna()]
    assert published["window_length"].tolist() == [2, 2, 2, 2, 4, 8]
    assert published["published_accuracy"].tolist() == [0.88, 0.85, 0.88, 0.86, 0.87, 0.86]
    assert published["network"].tolist()[:4] == [
        "fine-tuned",
        "without pretraining",
        "fine-tuned, mean",
        "fine-tuned, max",
    ]
    assert published["windows_f1"].notna().all()
    assert {len(found.failures) for found in result.results.values()} == {0}


@pytest.mark.parametrize(
    ("there", "options", "message"),
    [
        ({"mitdb": "x"}, {}, "folders: icassp2020 uses swell, amigos, not mitdb"),
        ({}, {}, "folders must hold a data set that icassp2020 classifies: one of swell, amigos"),
        ({"swell": "x"}, {"tasks": [("swell", "joy")]}, r"tasks: \('swell', 'joy'\) is none of"),
        ({"swell": "x"}, {"tasks": [("amigos", "arousal")]}, "or folders lacks its data set"),
        ({"swell": "x"}, {"protocols": ["people"]}, "protocols must be of windows, subjects"),
    ],
)
def test_bad_parameters(there, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        reproduce(paper_preset("icassp2020"), there, cache=tmp_path, **options)


def test_changed_networks_are_named():
    from sklearn_ecgssl.papers._differences import differences
    from sklearn_ecgssl.papers._paper_preset import PRESETS

    preset = replace(paper_preset("icassp2020"), networks={"supervised": {"pretrained": False}})
    said = differences(preset, PRESETS, preset.loading, {}, {})
    assert said[-1].startswith("networks is {'supervised': {'pretrained': False}}; in the paper {")
