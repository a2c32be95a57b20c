"""What is trained, what its card says, what is refused, and what an interrupted `ship` leaves."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_ecgssl.pretext import _load, list_pretrained, load_pretrained
from tests.pretrained.recipe import CONFIG, NAMES, TINY, build, command, corpus, each_encoder


@each_encoder
def test_training_is_the_fit_of_the_configuration(name, trained, files, corpora):
    found = corpora[name]
    expected = TINY[name](**files.config["encoders"][name]["parameters"])
    expected.fit(found.learnt, X_val=found.held_out)
    np.testing.assert_equal(trained[name].state_, expected.state_)
    assert trained[name].history_ == expected.history_
    rate = {"tiny-recognition": 64, "tiny-masked": 32}[name]
    assert (trained[name].sampling_rate_, trained[name].n_features_in_) == (rate, 2 * rate)


def test_other_people_are_another_training(trained, files, place, tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.replace("held_out = 0.25", "held_out = 0.5"))
    with pytest.raises(ValueError, match="holds another fit"):
        command(files, place.work, "--config", tmp_path / "config.toml", "train", "tiny-masked")


@each_encoder
def test_weights_are_rounded_for_shipping(name, shipped, trained):
    names = {path.name for path in (shipped / name).iterdir()}
    (weights,) = (shipped / name).glob("weights-*.safetensors")
    assert names == {"config.json", weights.name, "MODEL_CARD.md"}
    loaded = load_pretrained(shipped / name)
    assert loaded.precision == "float32"
    assert loaded.history_ == trained[name].history_
    for key, array in loaded.state_.items():
        whole = torch.from_numpy(trained[name].state_[key].copy())
        np.testing.assert_array_equal(array, whole.bfloat16().float())


@each_encoder
def test_card(name, shipped, trained, files, corpora):
    card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
    found = corpora[name]
    assert card.startswith(f"# {name}\n")
    titles = {f"{one['name']}/": one["title"] for one in files.config["corpus"]["sets"]}
    for start, title in {**titles, "": "all"}.items():
        row = re.search(rf"^\| {re.escape(title)} \| (.*), .* h \| (.*), .* h \|$", card, re.M)
        for amount, person in zip(
            row.groups(), (found.learnt_from, found.held_out_of), strict=True
        ):
            own = [one for one in person if one.startswith(start)]
            assert amount == f"{len(set(own))}, {len(own)}"
    for one in files.config["corpus"]["sets"]:
        assert one["cite"] in card
        assert f"- Contains information from {one['title']}, which is made available" in card
    for score in (load_pretrained(shipped / name), trained[name]):
        assert f" {score.score(found.held_out):.3f} |" in card
    losses = ", ".join(f"{row['valid_loss']:.3f}" for row in trained[name].history_)
    assert losses in " ".join(card.split())
    assert "## Scores downstream\n\n| downstream | 0.71 |\n\n" in card
    assert "Not for diagnosis" in card


def refused(files, work, tmp_path, said, *args):
    with pytest.raises(SystemExit, match=said):
        command(files, work, "ship", "tiny-masked", "--output", tmp_path / "out", *args)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("span_length = 4", "span_length = 3", "other recipe"),
        ("high = 12", "high = 13", "other preparation"),
        ("windows_per_person = 6", "windows_per_person = 5", "other corpus"),
        ('never_held_out = ["sele*"]', "", "other corpus"),
        ('without = ["sel1"]', 'without = ["sel0"]', "other corpus"),
    ],
)
def test_another_training_is_not_shipped(old, new, said, files, trained, place, tmp_path):
    assert CONFIG.count(old) == 1
    (tmp_path / "config.toml").write_text(CONFIG.replace(old, new))
    said = f"{said}.*build.py train tiny-masked"
    refused(files, place.work, tmp_path, said, "--config", tmp_path / "config.toml")


def test_other_windows_other_weights_and_what_was_not_trained(files, trained, place, tmp_path):
    own = Path(shutil.copytree(place.work, tmp_path / "work"))
    changed = Path(shutil.copytree(files.folder, tmp_path / "changed"))
    with np.load(changed / "first.npz") as archive:
        content = dict(archive)
    held_out = corpus.choose_held_out({"name": "first"}, np.array(NAMES["first"]), 0.25)
    start = content["start"][content["subject"].tolist().index(min(held_out))]
    content["ecg"][start + 100] += 2000  # of one sample of one held-out person
    np.savez(changed / "first.npz", **content)
    refused(files, own, tmp_path, "other windows ", "--recordings", changed)
    (weights,) = (own / "tiny-masked" / "encoder").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes() + b" ")
    refused(files, own, tmp_path, "other encoder ")
    (own / "tiny-masked" / "manifest.json").unlink()
    refused(files, own, tmp_path, "is not trained. Train it again")
    refused(files, own, tmp_path, "none.md is missing.*BENCH=pretrained", "--downstream", "none.md")


def test_the_card_has_the_facts_of_the_training_not_of_today(files, trained, place, tmp_path):
    own = Path(shutil.copytree(place.work, tmp_path / "work"))
    file = own / "tiny-masked" / "manifest.json"
    said = json.loads(file.read_text("utf-8"))
    said["made"] |= {"date": "2001-02-03", "torch": "8.8", "device": "cuda"}
    file.write_text(json.dumps(said))
    command(files, own, "ship", "tiny-masked", "--output", tmp_path)
    card = " ".join((tmp_path / "tiny-masked" / "MODEL_CARD.md").read_text("utf-8").split())
    assert "and torch 8.8, done on 2001-02-03, by" in card
    assert "(cuda, " in card


class Stopped(BaseException):
    """Ctrl-C, but no test is stopped by it where it is not caught."""


def stopping(function, at):
    """Make a function stop at a call, halfway where it copies a file."""
    calls = []

    def stops(*args, **params):
        calls.append(args)
        if len(calls) == at:
            if function is shutil.copyfile:
                Path(args[1]).write_bytes(Path(args[0]).read_bytes()[:9])
            raise Stopped
        return function(*args, **params)

    return stops


@pytest.mark.parametrize(
    ("where", "what", "at"),
    [
        (build, "scores", 3),
        (build, "put_in_place", 1),
        *((shutil, "copyfile", at) for at in (1, 2, 3)),
        *((build.os, "replace", at) for at in range(3, 6)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_no_encoder_ever_has_the_card_of_another(
    where, what, at, files, shipped, place, tmp_path, monkeypatch
):
    folder = tmp_path / "encoders" / "tiny-masked"
    folder.mkdir(parents=True)
    names = ("config.json", "weights-old.safetensors", "MODEL_CARD.md")
    old = {name: b"old " + name.encode() for name in names}
    for name, content in old.items():
        (folder / name).write_bytes(content)
    monkeypatch.setattr(_load, "FOLDER", folder.parent)
    args = ["ship", "tiny-masked", "--output", folder.parent]
    with monkeypatch.context() as patch:
        patch.setattr(where, what, stopping(getattr(where, what), at))
        with pytest.raises(Stopped):
            command(files, place.work, *args)
    found = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert found == old or "MODEL_CARD.md" not in found
    assert list_pretrained() == (["tiny-masked"] if found == old else [])
    assert not list((place.work / "tiny-masked").glob("shipping-*"))
    command(files, place.work, *args)
    new = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert new == {file.name: file.read_bytes() for file in (shipped / "tiny-masked").iterdir()}
