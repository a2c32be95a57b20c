"""The recipe of the package's encoders: who is in the corpus, what is trained, what is shipped."""

import fnmatch
import hashlib
import inspect
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import datasets
from sklearn_ecgssl.datasets.physionet._overlaps import _QTDB_ORIGIN, origin_of, person_of
from sklearn_ecgssl.datasets.physionet._overlaps import subject_of as name_of
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects
from sklearn_ecgssl.training._net import TrainingNet
from tests.datasets.writers import wfdb
from tests.datasets.writers.physionet import write_database
from tests.fuzz.weights import split

RECIPE = Path(__file__).resolve().parents[2] / "examples" / "pretrained"
OWN = ("build", "card", "corpus")  # names that other modules may have
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(RECIPE)
    for name in OWN:
        patch.delitem(sys.modules, name, raising=False)
    import build
    import corpus

    for name in OWN:
        del sys.modules[name]

RATE = 128  # of the recordings
CONFIG = """
[corpus]
window_length = 2
windows_per_person = 6
held_out = 0.25

[[corpus.sets]]
name = "first"
physionet = "first/1.0.0"
title = "First Database 1.0.0"
fetch = "fetch_mitdb"
file = "first.npz"
cite = "A. Nobody, First, 2001, doi:10.1000/first"

[[corpus.sets]]
name = "second"
physionet = "second/1.0.0"
title = "Second Database 1.0.0, without sel1"
fetch = "fetch_qtdb"
file = "second.npz"
cite = "B. Nobody, Second, 2002, doi:10.1000/second"
without = ["sel1"]
never_held_out = ["sele*"]

[noise]
fetch = "fetch_physionet"
file = "noise.npz"

[preparation.recognition]
sampling_rate = 64
filter = { low = 0.8, order = 4 }
scale = "trimmed"

[preparation.masked]
sampling_rate = 32
filter = { low = 0.8, high = 12, order = 8 }
scale = "standard"

[encoders.tiny-recognition]
method = "recognition"

[encoders.tiny-recognition.parameters]
filters = [3, 4]
kernel_sizes = [8, 4]
head_hidden = [5]
batch_size = 16
max_epochs = 3
random_state = 0
precision = "float32"

[encoders.tiny-masked]
method = "masked"

[encoders.tiny-masked.parameters]
filters = [4, 6]
kernel_sizes = [9, 5]
feedforward = 8
span_length = 4
mask_ratio = 0.1
head_hidden = [5]
batch_size = 16
max_epochs = 3
random_state = 0
precision = "float32"

[candidates.noisy]
method = "recognition"
recorded_noise = true

[candidates.noisy.parameters]
filters = [3]
kernel_sizes = [8]
head_hidden = []
batch_size = 16
max_epochs = 2
random_state = 0

[candidates.without-first]
method = "masked"
without_sets = ["first"]
parameters = {}
"""
NAMES = {
    "first": [f"p{i}" for i in range(8)],
    "second": ["sel0", "sel1", "sele2", "sele3", "sel4"],
}
TINY = {"tiny-recognition": PretextPretrainer, "tiny-masked": MaskedPretrainer}
each_encoder = pytest.mark.parametrize("name", TINY)
each_method = pytest.mark.parametrize("method", ["recognition", "masked"])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of recordings files and a configuration, and what is in them."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "config.toml").write_text(CONFIG)
    recordings, subject = {}, {}
    for seed, (name, people) in enumerate(NAMES.items()):
        cohort = datasets.make_cohort(
            len(people), n_conditions=2 - seed, duration=(8 - 3 * seed, 10 - 4 * seed),
            sampling_rate=RATE, random_state=seed,
        )  # fmt: skip
        recordings[name], subject[name] = cohort.recordings, np.array(people)[cohort.subject]
        datasets.save_recordings(folder / f"{name}.npz", cohort.recordings, RATE, subject[name])
    noise = np.cumsum(np.random.default_rng(0).normal(size=(3, 40 * RATE)), axis=1)
    datasets.save_recordings(folder / "noise.npz", noise, RATE, ["noise"] * 3)
    config = tomllib.loads(CONFIG)
    return SimpleNamespace(
        folder=folder, config=config, recordings=recordings, subject=subject, noise=noise
    )


@pytest.fixture(scope="module")
def place(files, tmp_path_factory):
    return corpus.Place(tmp_path_factory.mktemp("work"), files.folder)


@pytest.fixture(scope="module")
def corpora(files, place):
    return {
        method: corpus.make_corpus(files.config, {"method": method}, place)
        for method in ("recognition", "masked")
    }


def prepared(files, set_name, person, method):
    """The windows of a person, made step by step."""
    preparation = files.config["preparation"][method]
    rate = preparation["sampling_rate"]
    own = files.subject[set_name] == person
    recordings = [files.recordings[set_name][i] for i in np.flatnonzero(own)]
    pipe = make_pipeline(Resampler(RATE, rate), ECGFilter(rate, **preparation["filter"]))
    trim = {"trimmed": {}, "standard": {"trim": 0.0}}[preparation["scale"]]
    recordings = scale_subjects(pipe.fit_transform(recordings), [person] * own.sum(), **trim)
    return Segmenter(rate, 2).windows(recordings)


class TestCorpus:
    @each_method
    def test_nobody_stands_on_both_sides(self, corpora, method):
        found = corpora[method]
        assert not set(found.learnt_from) & set(found.held_out_of)
        assert len(found.learnt) == len(found.learnt_from) > 0
        assert len(found.held_out) == len(found.held_out_of) > 0
        windows = {part.tobytes() for part in found.learnt}
        assert windows.isdisjoint(part.tobytes() for part in found.held_out)

    @each_method
    def test_it_holds_everyone_but_those_left_out(self, corpora, method):
        found = corpora[method]
        everyone = {*found.learnt_from, *found.held_out_of}
        expected = {f"{one}/{name}" for one, names in NAMES.items() for name in names}
        assert everyone == expected - {"second/sel1"}

    @each_method
    def test_windows_are_prepared_and_spread_evenly(self, corpora, files, method):
        found = corpora[method]
        n_cut = n_whole = 0
        for X, person in (
            (found.learnt, found.learnt_from), (found.held_out, found.held_out_of),
        ):  # fmt: skip
            for one in np.unique(person):
                own = X[person == one]
                windows = prepared(files, *one.split("/"), method)
                if len(windows) > 6:
                    windows = windows[np.round(np.linspace(0, len(windows) - 1, 6)).astype(int)]
                    n_cut += 1
                else:
                    n_whole += 1
                np.testing.assert_allclose(own, windows, atol=2e-3)  # files have 16 bits
        assert n_cut == 8
        assert n_whole == 4

    def test_both_methods_hold_out_the_same_people(self, corpora):
        one, other = (set(found.held_out_of) for found in corpora.values())
        assert one == other
        assert sum(person.startswith("first/") for person in one) == 2
        assert sum(person.startswith("second/") for person in one) == 1
        assert not any(person.startswith("second/sele") for person in one)

    def test_without_a_set_the_others_are_the_same(self, corpora, files, place):
        recipe = files.config["candidates"]["without-first"]
        fewer = corpus.make_corpus(files.config, recipe, place)
        for part, person in (("learnt", "learnt_from"), ("held_out", "held_out_of")):
            whole, names = getattr(corpora["masked"], part), getattr(corpora["masked"], person)
            kept = np.char.startswith(names, "second/")
            np.testing.assert_array_equal(getattr(fewer, part), whole[kept])
            np.testing.assert_array_equal(getattr(fewer, person), names[kept])

    def test_the_command_says_who_is_in_it(self, files, corpora, tmp_path):
        """As a script of its own, which writes nothing where it runs."""
        run = subprocess.run(
            [
                sys.executable, str(RECIPE / "build.py"), "--recordings", str(files.folder),
                "--config", str(files.folder / "config.toml"), "--work", str(tmp_path / "work"),
                "corpus",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert [path.name for path in tmp_path.iterdir()] == ["work"]
        assert " ".join(run.stdout.split()) == " ".join(
            f"{said} {name}: SHA-256 {sha256(files.folder / f'{name}.npz')}"
            for name in NAMES
            for said in [
                " ".join(
                    f"{name}, {kind}: {len(set(own))} people, {len(own)} windows, "
                    f"{len(own) * 2 / 3600:.1f} h"
                    for kind, person in (
                        ("learnt", corpora["recognition"].learnt_from),
                        ("held out", corpora["recognition"].held_out_of),
                    )
                    for own in [[one for one in person if one.startswith(name)]]
                )
            ]
        )


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


class TestSpread:
    @given(st.integers(1, 200), st.integers(2, 80))
    def test_evenly_from_the_first_to_the_last(self, n, at_most):
        chosen = corpus.spread(np.arange(n), at_most)
        assert len(chosen) == min(n, at_most)
        assert (chosen[0], chosen[-1]) == (0, n - 1)
        steps = np.diff(chosen)
        assert n == 1 or (steps.min() >= 1 and np.ptp(steps) <= 1)


people = st.sets(st.integers(0, 99), min_size=1).map(lambda ids: [f"{'ab'[i % 2]}{i}" for i in ids])


class TestChoice:
    @given(people, st.randoms(), st.floats(0.01, 1))
    def test_neither_order_nor_type_matters(self, names, random, fraction):
        one = {"name": "some", "never_held_out": ["a*"]}
        chosen = corpus.choose_held_out(one, np.array(names), fraction)
        shuffled = random.sample(names, len(names))
        assert corpus.choose_held_out(one, shuffled, fraction) == chosen
        eligible = [name for name in names if not name.startswith("a")]
        assert chosen <= set(eligible)
        assert len(chosen) == min(len(eligible), max(1, round(fraction * len(names))))

    @given(people, st.data())
    def test_others_do_not_matter(self, names, data):
        """Of as many others, whoever was held out still is, whatever these are called."""
        chosen = corpus.choose_held_out({"name": "some"}, names, 0.3)
        others = [name for name in names if name not in chosen]
        gone = data.draw(st.sets(st.sampled_from(others))) if others else set()
        fewer = [name for name in names if name not in gone]
        assert corpus.choose_held_out({"name": "some"}, fewer, len(chosen) / len(fewer)) == chosen

    def test_it_stays_as_it_was_when_the_encoders_were_made(self):
        """By the SHA-256 of names alone."""
        names = [str(n) for n in (*range(100, 125), *range(200, 235)) if n not in ABSENT]
        assert len(names) == 47
        assert corpus.choose_held_out({"name": "mitdb"}, names, 0.1) == {
            "228", "207", "233", "112", "119",
        }  # fmt: skip
        assert corpus.choose_held_out({"name": "other"}, names, 0.1) != corpus.choose_held_out(
            {"name": "mitdb"}, names, 0.1
        )


#: Numbers between those of mitdb's records; 202 is of the person of 201.
ABSENT = {110, 120, 202, 204, 206, 211, 216, 218, 224, 225, 226, 227, 229}


class TestNoise:
    @given(
        st.integers(0, 2**32 - 1), st.floats(-20, 60), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3)
    )
    def test_it_has_the_ratio_asked_for(self, seed, snr_db, of_windows, of_noise):
        rng = np.random.default_rng(seed)
        windows = torch.tensor(rng.normal(size=(5, 40)) * of_windows)
        noise = np.float32(rng.normal(size=(3, 100)) * of_noise + of_noise)
        added = corpus.AddRecordedNoise(noise, snr_db).apply(windows, generator(seed)) - windows
        ratio = windows.square().mean(1) / added.square().mean(1)
        np.testing.assert_allclose(10 * torch.log10(ratio), snr_db, atol=1e-3)
        np.testing.assert_allclose(added.mean(1), 0, atol=1e-3 * float(added.abs().max()))

    @given(st.integers(0, 2**32 - 1))
    def test_it_is_a_stretch_of_what_was_recorded(self, seed):
        noise = np.random.default_rng(seed).normal(size=(3, 30)).astype(np.float32)
        windows = torch.ones(200, 24, dtype=torch.float64)
        added = corpus.AddRecordedNoise(noise, 0).apply(windows, generator(seed)) - windows
        stretches = np.lib.stride_tricks.sliding_window_view(noise, 24, axis=1).reshape(21, 24)
        like = np.corrcoef(np.vstack([added, stretches]))[:200, 200:]
        np.testing.assert_allclose(like.max(axis=1), 1, atol=1e-4)
        assert set(like.argmax(axis=1)) == set(range(21))  # of all recordings, from end to end

    def test_it_is_drawn_by_the_generator(self):
        transform = corpus.AddRecordedNoise(np.random.default_rng(0).normal(size=(2, 500)))
        windows = torch.ones(4, 64)
        one, again, other = (transform.apply(windows, generator(seed)) for seed in (0, 0, 1))
        assert torch.equal(one, again)
        assert not torch.equal(one, other)
        assert len(np.unique(one.numpy(), axis=0)) == 4
        assert torch.equal(windows, torch.ones(4, 64))

    def test_silence_adds_nothing(self):
        windows = torch.randn(3, 16, generator=generator(0))
        transform = corpus.AddRecordedNoise(np.full((1, 16), 7.0))
        assert torch.equal(transform.apply(windows, generator(0)), windows)

    def test_it_is_prepared_as_the_windows_are(self, files, place):
        transform = corpus.recorded_noise(files.config, place)
        expected = ECGFilter(64, low=0.8, order=4).fit_transform(
            Resampler(RATE, 64).fit_transform(list(files.noise))
        )
        assert transform.noise.shape == (3, 40 * 64)
        np.testing.assert_allclose(transform.noise, expected, atol=2e-3)
        assert transform.snr_db == 15


def generator(seed):
    return torch.Generator().manual_seed(seed)


def command(files, work, *args):
    """Run build.py in this process."""
    where = ["--recordings", files.folder, "--config", files.folder / "config.toml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["build.py", *map(str, [*where, "--work", work, *args])])
        build.main()


@pytest.fixture(scope="module")
def trained(files, place):
    for name in TINY:
        command(files, place.work, "train", name)
    return {name: load_pretrained(place.work / name / "encoder") for name in TINY}


class TestTrain:
    @each_encoder
    def test_it_is_the_fit_of_the_configuration(self, name, trained, files, corpora):
        parameters = files.config["encoders"][name]["parameters"]
        found = corpora[name.removeprefix("tiny-")]
        expected = TINY[name](**parameters).fit(found.learnt, X_val=found.held_out)
        assert type(trained[name]) is TINY[name]
        np.testing.assert_equal(trained[name].state_, expected.state_)
        assert trained[name].history_ == expected.history_
        assert "valid_loss" in expected.history_[-1]
        rate = {"tiny-recognition": 64, "tiny-masked": 32}[name]
        assert (trained[name].sampling_rate_, trained[name].n_features_in_) == (rate, 2 * rate)

    @each_encoder
    def test_interrupted_it_goes_on_to_the_same_bits(
        self, name, trained, files, tmp_path, monkeypatch, capsys
    ):
        steps, train_step = [], TrainingNet.train_step

        def counted(self, *args, **params):
            steps.append(1)
            if len(steps) == 5:  # in the second epoch of 3 steps
                raise KeyboardInterrupt
            return train_step(self, *args, **params)

        monkeypatch.setattr(TrainingNet, "train_step", counted)
        with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="with 1 of 3 epo"):
            command(files, tmp_path, "train", name)
        assert not (tmp_path / name / "encoder").exists()
        command(files, tmp_path, "train", name)
        assert len(steps) == 5 + 6
        resumed = load_pretrained(tmp_path / name / "encoder")
        np.testing.assert_equal(resumed.state_, trained[name].state_)
        assert resumed.history_ == trained[name].history_
        lines = [line for line in capsys.readouterr().out.splitlines() if "valid_loss" in line]
        assert [line.split(",")[0] for line in lines] == ["epoch 1", "epoch 2", "epoch 3"]

    def test_other_people_are_another_training(self, trained, files, place, tmp_path):
        changed = CONFIG.replace("held_out = 0.25", "held_out = 0.5")
        (tmp_path / "config.toml").write_text(changed)
        with pytest.raises(ValueError, match="holds another fit"):
            command(files, place.work, "--config", tmp_path / "config.toml", "train", "tiny-masked")

    def test_recorded_noise_takes_the_place_of_white_noise(self, files, place, tmp_path):
        for _ in range(2):  # the second has nothing left to do
            command(files, tmp_path, "train", "noisy")
            folder = tmp_path / "noisy" / "encoder"
            loaded = PretextPretrainer.from_pretrained(folder, classes=[corpus.AddRecordedNoise])
            assert loaded.n_epochs_ == 2
        noise = dict(loaded.transforms_)["noise"]
        np.testing.assert_array_equal(noise.noise, corpus.recorded_noise(files.config, place).noise)
        assert loaded.task_names_[:3] == ["original", "noise", "scale"]

    def test_unknown_encoders(self, files, tmp_path):
        with pytest.raises(SystemExit, match="no encoder 'big' .*'tiny-recognition'.*'noisy'"):
            command(files, tmp_path, "train", "big")


@pytest.fixture(scope="module")
def shipped(trained, files, place, tmp_path_factory):
    """The folder of what was shipped, in which there is a folder of each encoder."""
    output = tmp_path_factory.mktemp("encoders")
    (files.folder / "scores.md").write_text("| downstream | 0.71 |\n")
    options = ["--output", output, "--downstream", files.folder / "scores.md"]
    for name in TINY:
        command(files, place.work, "ship", name, *options)
    return output


@each_encoder
class TestShip:
    def test_files(self, name, shipped, trained):
        folder = shipped / name
        assert {path.name for path in folder.iterdir()} - {".writing.lock"} == {
            "config.json", "weights.safetensors", "MODEL_CARD.md",
        }  # fmt: skip
        header = split((folder / "weights.safetensors").read_bytes())[0]
        assert {entry["dtype"] for entry in header.values()} == {"BF16"}
        loaded = load_pretrained(folder)
        assert loaded.sampling_rate_ == trained[name].sampling_rate_
        assert loaded.history_ == trained[name].history_
        for key, array in loaded.state_.items():
            whole = torch.from_numpy(trained[name].state_[key].copy())
            np.testing.assert_array_equal(array, whole.bfloat16().float())

    def test_the_card_says_who_was_learnt_from(self, name, shipped, files, corpora):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        assert card.startswith(f"# {name}\n")
        found = corpora[name.removeprefix("tiny-")]
        titles = {f"{one['name']}/": one["title"] for one in files.config["corpus"]["sets"]}
        for start, title in {**titles, "": "all"}.items():
            amounts = re.search(rf"^\| {re.escape(title)} \| (.*) h \| (.*) h \|$", card, re.M)
            for amount, person in zip(
                amounts.groups(), (found.learnt_from, found.held_out_of), strict=True
            ):
                own = [one for one in person if one.startswith(start)]
                n_people, n_windows, hours = amount.split(", ")
                assert (int(n_people), int(n_windows)) == (len(set(own)), len(own))
                assert float(hours) == pytest.approx(len(own) * 2 / 3600, abs=0.05)
        for one in files.config["corpus"]["sets"]:
            assert f"- {one['cite']}\n" in card
            assert f"- {one['title']}: `{sha256(files.folder / one['file'])}`\n" in card
        assert "doi:10.1161/01.CIR.101.23.e215" in card
        assert "At most 6 windows of a person" in card

    def test_the_card_says_what_it_is_worth(self, name, shipped, trained, files, corpora):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        held_out = corpora[name.removeprefix("tiny-")].held_out
        parameters = files.config["encoders"][name]["parameters"] | {"max_epochs": 0}
        untrained = TINY[name](**parameters).fit(held_out)
        encoders = [load_pretrained(shipped / name), trained[name], untrained]
        if name == "tiny-masked":
            what = "share of the masked samples' variance that is predicted"
            scores = {what: [encoder.score(held_out) for encoder in encoders]}
        else:
            of_each = [encoder.task_scores(held_out) for encoder in encoders]
            scores = {task: [one[task] for one in of_each] for task in trained[name].task_names_}
            scores = {"mean": [encoder.score(held_out) for encoder in encoders], **scores}
        table = card.partition("## Scores on the people who were held out")[2]
        rows = [line for line in table.partition("\n## ")[0].splitlines() if line[-2:] == " |"]
        expected = [
            f"| {what} | {' | '.join(f'{value:.3f}' for value in values)} |"
            for what, values in scores.items()
        ]
        assert rows[2:] == expected
        assert rows[0] == "| score | as shipped (bfloat16) | in float32 | untrained |"
        assert "## Scores downstream\n\n| downstream | 0.71 |\n\n" in card

    def test_the_card_says_how_it_was_trained(self, name, shipped, trained):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        losses = ", ".join(f"{row['valid_loss']:.3f}" for row in trained[name].history_)
        assert f"{losses}." in " ".join(card.split())
        assert "3 epochs" in card
        assert "max_epochs=3" in card
        size = (shipped / name / "weights.safetensors").stat().st_size
        assert f"({size:,} bytes)" in card
        assert f"{sum(a.size for a in trained[name].state_.values()):,} weights" in card
        rate = {"tiny-recognition": 64, "tiny-masked": 32}[name]
        assert f"windows of {2 * rate} samples: 2 s at {rate} Hz" in card
        assert f'SSLEmbedder("{name}", sampling_rate={rate})' in card

    def test_the_card_says_what_it_is_not_for(self, name, shipped):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        section = card.partition("## What it must not be used for\n")[2].partition("\n## ")[0]
        assert "diagnosis" in section
        assert "people of the data sets above" in section
        licence = card.partition("\n## Licence\n")[2]
        assert "BSD-3-Clause" in licence
        assert "Open Data Commons Attribution License v1.0" in licence


# The configuration that the encoders were made from


REAL = tomllib.loads((RECIPE / "encoders.toml").read_text("utf-8"))
SETS = {one["name"]: one for one in REAL["corpus"]["sets"]}
RECIPES = REAL["encoders"] | REAL["candidates"]


#: Records of nstdb and their channels.
NSTDB = {
    "118e00": ("MLII", "V1"), "bw": ("noise1", "noise2"), "em": ("noise1", "noise2"),
    "ma": ("noise1", "noise2"),
}  # fmt: skip


class TestConfiguration:
    def test_what_is_evaluated_on_is_not_learnt_from(self):
        said = json.dumps([*SETS.values(), REAL["noise"]]).casefold()
        assert not [one for one in ("eegmat", "drivedb", "wesad", "swell") if one in said]

    def test_nobody_is_in_two_sets(self):
        of_mitdb = {name for name, (database, _) in _QTDB_ORIGIN.items() if database == "mitdb"}
        assert len(of_mitdb) == 15
        assert set(SETS["qtdb"]["without"]) == of_mitdb
        assert len(SETS["qtdb"]["without"]) == 15
        # No other set of the corpus is a source of the QT database's records.
        assert set(SETS) & {database for database, _ in _QTDB_ORIGIN.values()} == {"mitdb"}

    @pytest.mark.parametrize("one", SETS.values(), ids=list(SETS))
    def test_sets_are_found_and_cited(self, one, tmp_path):
        assert {"name", "physionet", "title", "fetch", "file", "cite"} <= set(one)
        assert re.search(r"doi:10\.\d{4,}/\S+$", one["cite"])
        place = corpus.Place(tmp_path)
        load, source, options = corpus.loader_of(one, place)
        inspect.signature(load).bind(*source, **options)
        folder = tmp_path / "physionet" / one["physionet"]
        with pytest.raises(FileNotFoundError, match=re.escape(f"{folder} lacks SHA256SUMS.txt")):
            load(*source, **options, download_if_missing=False)

    @pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
    def test_recipes(self, recipe):
        kind = build.PRETRAINERS[recipe["method"]]
        pretrainer = kind(**recipe["parameters"])
        pretrainer._validate_params()
        assert isinstance(pretrainer.random_state, int)
        assert pretrainer.validation_fraction is None
        assert pretrainer.patience is None
        assert set(recipe.get("without_sets", [])) <= set(SETS)
        preparation = REAL["preparation"][recipe["method"]]
        ECGFilter(preparation["sampling_rate"], **preparation["filter"])._validate_params()
        assert preparation["scale"] in ("trimmed", "standard")

    def test_noise_is_read_from_physionets_files(self, tmp_path):
        """Both channels of each record; the set's other records hold ECG."""
        place, counts, files = corpus.Place(tmp_path), np.random.default_rng(0), {}
        for record, names in NSTDB.items():
            channels = [wfdb.Signal(name, counts.integers(-99, 99, 360 * 12)) for name in names]
            files |= wfdb.record(record, channels, 360, fmt="212")
        write_database(corpus.home(place), "nstdb", files, list(NSTDB))
        noise = corpus.recorded_noise(REAL, place).noise
        assert noise.shape == (6, 256 * 12)
        assert len(np.unique(noise[:, 500])) == 6

    @pytest.mark.real
    def test_names_in_recordings_files_are_those_of_physionet(self, shared_data):
        """Up to mitdb's 201, whom the file calls by both of his records."""
        for name, one in SETS.items():
            with np.load(shared_data / one["file"]) as archive:
                record, subject = archive["record"], archive["subject"]
            theirs = [name_of(name, str(one)) for one in record]
            differing = [(a, str(b)) for a, b in zip(theirs, subject, strict=True) if a != str(b)]
            assert differing == ([("201", "201+202")] * 2 if name == "mitdb" else [])
            ours, fraction = np.unique(subject), REAL["corpus"]["held_out"]
            assert corpus.choose_held_out(one, ours, fraction) == corpus.choose_held_out(
                one, np.unique(theirs), fraction
            )

    @pytest.mark.real
    def test_people_of_the_european_database_are_never_held_out(self, shared_data):
        with np.load(shared_data / SETS["qtdb"]["file"]) as archive:
            records = archive["record"].tolist()
        (pattern,) = SETS["qtdb"]["never_held_out"]
        matched = set(fnmatch.filter(records, pattern))
        assert matched == {one for one in records if origin_of(one).database == "edb"}
        assert set(SETS["qtdb"]["without"]) == {
            one for one in records if person_of("qtdb", one).startswith("mitdb/")
        }


@pytest.mark.real
@each_method
def test_physionets_own_files_give_the_same_windows(shared_data, method, tmp_path, monkeypatch):
    """Record 100 of mitdb, downloaded, and from a recordings file of the same samples."""
    originals = shared_data / "originals" / "mitdb"
    if not originals.is_dir():
        pytest.skip(f"no original files: {originals} is not a folder")
    names = ["100.hea", "100.dat", "100.atr"]
    files = {name: (originals / name).read_bytes() for name in names}
    downloaded = corpus.Place(tmp_path / "downloaded")
    write_database(corpus.home(downloaded), "mitdb", files, ["100"])
    one = SETS["mitdb"] | {"options": {"subjects": ["100"], "download_if_missing": False}}
    ours = corpus.load_set(REAL, one, method, downloaded)
    assert len(corpus.checksum(one, downloaded)) == 64

    loader_of = corpus.loader_of

    def only_100(one, place):
        load, source, options = loader_of(one, place)
        return load, source, options | {"where": {"record": "100"}}

    monkeypatch.setattr(corpus, "loader_of", only_100)
    theirs = corpus.load_set(REAL, SETS["mitdb"], method, corpus.Place(tmp_path, shared_data))
    assert ours.subject.tolist() == theirs.subject.tolist() == ["100"]
    (found,), (expected,) = ours.recordings, theirs.recordings
    assert found.shape == expected.shape == (180, 10 * REAL["preparation"][method]["sampling_rate"])
    # Prepared files have 16 bits a sample: what float32 rounds may be a step of theirs.
    (file,) = theirs.folder.glob("*.npz")
    step = np.load(file)["scale"].max()
    difference = np.abs(found - expected)
    assert difference.max() < 1.01 * step < 2e-3
    assert np.mean(difference > step / 2) < 0.05
