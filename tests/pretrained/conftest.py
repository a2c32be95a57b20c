"""Recordings of simulated people, and what is trained on them and shipped, once for all tests."""

import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_ecgssl import datasets
from sklearn_ecgssl.pretext import load_pretrained
from tests.checkout import IN_CHECKOUT

# It skips whoever imports it without a checkout, which a conftest.py must not be. It holds no
# examples either; collected for them, it would stay half imported.
collect_ignore = ["recipe.py"]
if IN_CHECKOUT:
    from tests.pretrained.recipe import CONFIG, NAMES, RATE, TINY, command, corpus


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def place(files, tmp_path_factory):
    return corpus.Place(tmp_path_factory.mktemp("work"), files.folder)


@pytest.fixture(scope="session")
def corpora(files, place):
    return {
        method: corpus.make_corpus(files.config, {"method": method}, place)
        for method in ("recognition", "masked")
    }


@pytest.fixture(scope="session")
def noisy(files, place):
    command(files, place.work, "train", "noisy")
    return load_pretrained(place.work / "noisy" / "encoder")


@pytest.fixture(scope="session")
def trained(files, place):
    for name in TINY:
        command(files, place.work, "train", name)
    return {name: load_pretrained(place.work / name / "encoder") for name in TINY}


@pytest.fixture
def own(trained, place, tmp_path):
    """A copy of all that was trained, to be changed."""
    return Path(shutil.copytree(place.work, tmp_path / "work"))


@pytest.fixture(scope="session")
def table(files):
    (files.folder / "scores.md").write_text("| downstream | 0.71 |\n")
    return files.folder / "scores.md"


@pytest.fixture(scope="session")
def shipped(trained, noisy, files, place, table, tmp_path_factory):
    """The folder of what was shipped, in which there is a folder of each encoder."""
    output = tmp_path_factory.mktemp("encoders")
    for name in (*TINY, "noisy"):
        command(files, place.work, "ship", name, "--output", output, "--downstream", table)
    return output
