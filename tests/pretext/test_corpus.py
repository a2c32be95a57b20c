"""The corpus of examples/pretrained/, on tiny made-up recordings files."""

import tomllib

import numpy as np
import pytest

from sklearn_ecgssl import load_pretrained
from sklearn_ecgssl.datasets import save_recordings
from tests.checkout import checkout

RATE = 100
FOLDER = checkout() / "examples" / "pretrained"
CONFIG = tomllib.loads((FOLDER / "encoders.toml").read_text(encoding="utf-8"))
RECIPE = CONFIG["encoders"]["rhythm-open"] | {"windows_per_person": 2}
SETS = {one["name"]: one for one in CONFIG["corpus"]["sets"]}
PEOPLE = np.array([f"A{i:05d}" for i in range(1000)])


@pytest.fixture(scope="module")
def corpus():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield __import__("corpus")


@pytest.fixture(scope="module")
def made(corpus, tmp_path_factory):
    """The corpus of two sets of 30 people each, whose third is flat in the second half."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    recordings = [rng.normal(size=35 * RATE).cumsum() % 7 for _ in range(30)]
    recordings[2][12 * RATE :] = 0
    for name in ("cinc2017", "ptbxl"):
        save_recordings(folder / SETS[name]["file"], recordings, RATE, PEOPLE[:30])
    noise = [rng.normal(size=20 * RATE), 5 * rng.normal(size=20 * RATE)]
    save_recordings(folder / CONFIG["noise"]["file"], noise, RATE, ["noise"] * 2)
    sets = [SETS["cinc2017"], SETS["ptbxl"]]
    config = CONFIG | {"corpus": CONFIG["corpus"] | {"sets": sets}}
    return corpus.make_corpus(config, RECIPE, corpus.Place(folder / "work", folder))


def test_learnt_held_out_and_reserved_are_disjoint(corpus, made):
    learnt, held_out = set(made.learnt_from), set(made.held_out_of)
    assert not learnt & held_out
    parts = corpus.parts_of(SETS["cinc2017"], PEOPLE[:30], 0.1)
    reserved = {f"cinc2017/{one}" for one in PEOPLE[:30] if parts[one] == "reserved"}
    assert reserved
    assert len(learnt) + len(held_out) == 60 - len(reserved)
    assert not reserved & (learnt | held_out)
    assert len([one for one in held_out if one.startswith("ptbxl/")]) == 3
    assert len([one for one in held_out if one.startswith("cinc2017/")]) == 6


def test_windows_are_as_many_as_asked_for_and_none_is_flat(made):
    assert made.learnt.shape[1] == made.held_out.shape[1] == 10 * RATE
    assert made.n_flat == 2
    for windows, person in ((made.learnt, made.learnt_from), (made.held_out, made.held_out_of)):
        assert len(windows) == len(person)
        assert set(np.unique(person, return_counts=True)[1]) == {2}
        assert (windows.std(axis=1) > 0.1).all()


def test_noise_has_a_standard_deviation_of_one(made):
    assert made.noise.shape == (2, 20 * RATE)
    np.testing.assert_allclose(made.noise.std(axis=1), 1, rtol=1e-3)


def test_names_alone_decide(corpus):
    parts = corpus.parts_of(SETS["cinc2017"], PEOPLE, 0.1)
    assert corpus.parts_of(SETS["cinc2017"], PEOPLE[::-1], 0.1) == parts
    count = list(parts.values()).count
    assert (count("held_out"), count("reserved"), count("learnt")) == (200, 200, 600)
    assert [parts[person] for person in PEOPLE[:3]] == ["held_out", "held_out", "learnt"]


def test_others_are_held_out_as_ever(corpus):
    people = [f"sele{i}" for i in range(10)] + [f"sel{i}" for i in range(10)]
    parts = corpus.parts_of(SETS["qtdb"], people, 0.1)
    held_out = [person for person in people if parts[person] == "held_out"]
    assert held_out == ["sel2", "sel9"]
    assert corpus.parts_of(SETS["qtdb"], people[::-1], 0.1) == parts


def test_older_encoders_learn_from_what_they_did(corpus):
    names = ["mitdb", "qtdb", "ecgiddb", "ludb"]
    for name in ("recognition-open", "masked-open"):
        recipe = CONFIG["encoders"][name]
        assert [one["name"] for one in corpus.sources_of(CONFIG, recipe)] == names
    of_rhythm = [one["name"] for one in corpus.sources_of(CONFIG, RECIPE)]
    assert of_rhythm == [*names, "cinc2017", "ptbxl", "nstdb"]


def test_what_is_not_downloaded_says_so(corpus, tmp_path):
    with pytest.raises(SystemExit, match=r"PTB-XL .* pass --recordings, .* with ptbxl500.npz"):
        corpus.data_set_of(SETS["ptbxl"], corpus.Place(tmp_path))


@pytest.mark.parametrize("name", CONFIG["encoders"])
def test_encoders_that_ship_hold_their_preparation(name, corpus):
    expected = corpus.preparation_of(CONFIG, CONFIG["encoders"][name]["method"])
    assert str(load_pretrained(name).preparation_) == str(expected)
    assert expected[-1].window_length == CONFIG["corpus"]["window_length"]
