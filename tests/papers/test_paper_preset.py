"""The presets say what the papers say."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import MaskedPretrainer, PretextPretrainer, SSLEmbedder
from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.evaluation import LabelledWindows
from sklearn_ecgssl.papers import PaperPreset, PaperTask, paper_preset
from sklearn_ecgssl.signal import Segmenter

NAMES = ["icassp2020", "tac2020", "icpr2022"]


@pytest.fixture(params=NAMES)
def preset(request):
    return paper_preset(request.param)


def published(preset):
    return {
        (*figure.task[:2], figure.network, figure.window_length): (figure.accuracy, figure.f1)
        for figure in preset.figures
    }


def test_icassp2020():
    preset = paper_preset("icassp2020")
    parameters = preset.pretrainer.get_params()
    assert isinstance(preset.pretrainer, PretextPretrainer)
    assert parameters["negative_slope"] == 0
    assert parameters["permute__n_pieces"] == 10
    assert parameters["scale__factor"] == 1.2
    assert parameters["max_epochs"] == 30
    assert parameters["batch_size"] == 128
    assert parameters["learning_rate"] == 1e-3
    assert parameters["lr_decay"] == 1
    assert {head.hidden for head in preset.heads.values()} == {(64, 64)}
    assert {head.max_epochs for head in preset.heads.values()} == {100}
    assert published(preset) == {
        ("swell", "stress", "supervised", 10): (0.984, None),
        ("swell", "stress", "self-supervised", 10): (0.983, None),
        ("swell", "arousal", "supervised", 10): (0.958, 0.957),
        ("swell", "arousal", "self-supervised", 10): (0.960, 0.956),
        ("swell", "valence", "supervised", 10): (0.961, 0.956),
        ("swell", "valence", "self-supervised", 10): (0.963, 0.958),
        ("amigos", "arousal", "supervised", 10): (0.837, 0.828),
        ("amigos", "arousal", "self-supervised", 10): (0.858, 0.851),
        ("amigos", "valence", "supervised", 10): (0.809, 0.808),
        ("amigos", "valence", "self-supervised", 10): (0.840, 0.837),
    }


def test_tac2020():
    preset = paper_preset("tac2020")
    parameters = preset.pretrainer.get_params()
    wanted = {
        "noise__snr_db": 15,
        "scale__factor": 1.1,
        "permute__n_pieces": 20,
        "warp__n_pieces": 9,
        "warp__stretch": 1.05,
        "negative_slope": 0.2,
        "head_dropout": 0.6,
        "l2": 1e-4,
        "learning_rate": 1e-3,
        "lr_decay": 0.9,
        "lr_decay_steps": 10_000,
        "max_epochs": 100,
        "batch_size": 128,
    }
    assert {name: parameters[name] for name in wanted} == wanted
    heads = {
        name: (head.hidden, head.dropout, head.l2, head.max_epochs)
        for name, head in preset.heads.items()
    }
    assert heads == {
        "amigos": ((512, 512, 512), 0.4, 0.0, 200),
        "dreamer": ((512, 512, 512), 0.2, 1e-4, 200),
        "wesad": ((512, 512), 0.0, 0.0, 200),
        "swell": ((512, 512), 0.0, 0.0, 200),
    }
    assert preset.pretraining_sets == ("amigos", "dreamer", "wesad", "swell")
    assert PaperTask("wesad", "condition") in preset.tasks
    assert PaperTask("swell", "stress") in preset.tasks
    assert len(preset.tasks) == 8


@pytest.mark.parametrize("name", ["icassp2020", "tac2020"])
def test_sarkar(name):
    preset = paper_preset(name)
    assert (preset.filter.sampling_rate, preset.filter.low, preset.filter.high) == (256, 0.8, None)
    assert (preset.segmenter.sampling_rate, preset.segmenter.window_length) == (256, 10)
    assert preset.segmenter.overlap == 0
    assert preset.scale == "trimmed"
    assert preset.n_splits == 10
    assert not preset.two_encoders
    supervised = preset.network("supervised", "swell")
    assert supervised.freeze is None
    assert supervised.pretrainer.max_epochs == 0
    transferred = preset.network("self-supervised", "swell")
    assert transferred.freeze == "trunk"
    assert transferred.pretrainer.max_epochs == preset.pretrainer.max_epochs
    assert {task.binarize for task in preset.tasks if task.attribute in ("arousal", "valence")} == {
        "mean"
    }


def test_icpr2022():
    preset = paper_preset("icpr2022")
    parameters = preset.pretrainer.get_params()
    assert isinstance(preset.pretrainer, MaskedPretrainer)
    wanted = {
        "mask_ratio": 0.0325,
        "span_length": 20,
        "filters": (64, 128, 256),
        "kernel_sizes": (65, 33, 17),
        "n_layers": 2,
        "n_heads": 2,
        "feedforward": 1024,
        "dropout": 0.1,
        "l2": 5e-3,
        "learning_rate": 1e-3,
        "max_epochs": 500,
    }
    assert {name: parameters[name] for name in wanted} == wanted
    assert parameters["warm_up"] * parameters["max_epochs"] == 30
    head = preset.heads["amigos"]
    assert (head.hidden, head.dropout, head.l2, head.max_epochs) == ((1024, 512), 0.3, 1e-5, 100)
    assert (head.learning_rate, head.lr_decay, head.lr_decay_epochs) == (1e-4, 0.65, 45)
    assert head.class_weight == "positive"
    assert preset.filter.get_params()["order"] == 8
    assert (preset.filter.sampling_rate, preset.filter.low, preset.filter.high) == (128, 0.8, 50)
    assert preset.scale == "standard"
    assert preset.two_encoders
    assert preset.loading["amigos"] == {"leads": "left"}
    assert {preset.network(name, "amigos").freeze for name in preset.networks} == {None}
    assert preset.network("without pretraining", "amigos").pretrainer.max_epochs == 0
    assert preset.network("fine-tuned, mean", "amigos").aggregate == "mean"
    assert published(preset) == {
        ("amigos", "arousal", "fine-tuned", 10): (0.88, 0.87),
        ("amigos", "valence", "fine-tuned", 10): (0.83, 0.83),
        ("amigos", "arousal", "without pretraining", 10): (0.85, 0.84),
        ("amigos", "valence", "without pretraining", 10): (0.80, 0.80),
        ("amigos", "arousal", "fine-tuned, mean", 10): (0.88, 0.87),
        ("amigos", "valence", "fine-tuned, mean", 10): (0.83, 0.83),
        ("amigos", "arousal", "fine-tuned, max", 10): (0.86, 0.84),
        ("amigos", "valence", "fine-tuned, max", 10): (0.80, 0.80),
        ("amigos", "arousal", "fine-tuned", 20): (0.87, 0.86),
        ("amigos", "valence", "fine-tuned", 20): (0.82, 0.82),
        ("amigos", "arousal", "fine-tuned", 40): (0.86, 0.85),
        ("amigos", "valence", "fine-tuned", 40): (0.82, 0.81),
    }


def test_all_networks_can_be_built(preset):
    for figure in preset.figures:
        network = preset.network(figure.network, figure.task.data_set)
        clone(network)
        assert network.get_params()["pretrainer__max_epochs"] >= 0


def test_one_does_not_change_another(preset):
    preset.pretrainer.set_params(max_epochs=7)
    preset.filter.set_params(low=3)
    preset.segmenter.set_params(window_length=3)
    for head in preset.heads.values():
        head.set_params(max_epochs=7)
    again = paper_preset(preset.name)
    assert again.pretrainer.max_epochs > 7
    assert again.filter.low == 0.8
    assert again.segmenter.window_length == 10
    assert min(head.max_epochs for head in again.heads.values()) > 7


def test_parts_make_a_pipeline(preset):
    cohort = make_cohort(
        n_subjects=2, duration=20, sampling_rate=preset.filter.sampling_rate, random_state=0
    )
    pretrainer = clone(preset.pretrainer).set_params(
        max_epochs=0, filters=(4, 4, 4), random_state=0
    )
    pipe = make_pipeline(preset.filter, preset.segmenter, SSLEmbedder(pretrainer), SVC())
    pipe.fit(cohort.recordings, cohort.target)
    assert np.isin(pipe.predict(cohort.recordings), [0, 1]).all()


def test_protocol(preset):
    cohort = make_cohort(n_subjects=4, duration=60, sampling_rate=64, random_state=0)
    windows = LabelledWindows.from_recordings(
        cohort.recordings, cohort.target, cohort.subject, Segmenter(64, window_length=3)
    )
    parts = preset.protocol.parts(windows)
    assert len(parts) == 10
    assert sorted(np.concatenate([part.test for part in parts])) == list(range(len(windows)))
    encoders = {None if part.pretrain is None else tuple(part.pretrain) for part in parts}
    assert len(encoders) == (2 if preset.name == "icpr2022" else 1)
    assert (None in encoders) == (preset.name != "icpr2022")


def test_unknown_names(preset):
    with pytest.raises(ValueError, match="name must be one of icassp2020, tac2020, icpr2022, got"):
        paper_preset("icassp2021")
    with pytest.raises(ValueError, match=f"one that {preset.name} uses: .*; got 'mitdb'"):
        preset.load("mitdb", "folder", cache="cache")


def test_it_is_one_object(preset):
    assert isinstance(preset, PaperPreset)
    with pytest.raises(AttributeError):
        preset.scale = None
