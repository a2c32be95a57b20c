"""Recordings of simulated people, and what is trained on them and shipped, once for all tests."""

import tomllib
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_ecgssl import datasets
from sklearn_ecgssl.pretext import load_pretrained
from tests.checkout import IN_CHECKOUT

# It skips whoever imports it without a checkout, which a conftest.py must not be.
collect_ignore = ["recipe.py"]
if IN_CHECKOUT:
    from tests.pretrained.recipe import CONFIG, NAMES, RATE, TINY, command, corpus


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder of recordings files and a configuration, and what is in them."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "scores.md").write_text("| downstream | 0.71 |\n")
    recordings, subject = {}, {}
    for seed, (name, people) in enumerate(NAMES.items()):
        cohort = datasets.make_cohort(
            len(people), n_conditions=2 - seed, duration=(8 - 3 * seed, 10 - 4 * seed),
            sampling_rate=RATE, random_state=seed,
        )  # fmt: skip
        recordings[name], subject[name] = cohort.recordings, np.array(people)[cohort.subject]
        datasets.save_recordings(folder / f"{name}.npz", cohort.recordings, RATE, subject[name])
    config = tomllib.loads(CONFIG)
    return SimpleNamespace(folder=folder, config=config, recordings=recordings, subject=subject)


@pytest.fixture(scope="session")
def place(files, tmp_path_factory):
    return corpus.Place(tmp_path_factory.mktemp("work"), files.folder)


@pytest.fixture(scope="session")
def corpora(files, place):
    return {
        name: corpus.make_corpus(files.config, recipe, place)
        for name, recipe in files.config["encoders"].items()
    }


@pytest.fixture(scope="session")
def trained(files, place):
    for name in TINY:
        command(files, place.work, "train", name)
    return {name: load_pretrained(place.work / name / "encoder") for name in TINY}


@pytest.fixture(scope="session")
def shipped(trained, files, place, tmp_path_factory):
    """The folder of what was shipped, in which there is a folder of each encoder."""
    output = tmp_path_factory.mktemp("encoders")
    for name in TINY:
        command(files, place.work, "ship", name, "--output", output)
    return output
