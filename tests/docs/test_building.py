"""What builds the site: links, other projects' inventories, and when examples are run again."""

import sys
from importlib import import_module

import numpy as np
import pytest

from sklearn_ecgssl import fetch_eegmat, save_recordings
from tests.checkout import checkout

DOCS = checkout() / "docs"
pytest.importorskip("sphinx", reason='the site is built by Sphinx: pip install ".[docs]"')


@pytest.fixture(autouse=True)
def docs_can_be_imported(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])


def module(name):
    return import_module(name)


@pytest.mark.parametrize(
    ("written", "on_the_site"),
    [
        (
            "[a](../../examples/start/plot_first_pipeline.py)",
            "../auto_examples/start/plot_first_pip",
        ),
        ("[a](../../CONTRIBUTING.md#check)", "[a](../development/contributing.md#check)"),
        ("[a](../measured/results.md)", "[a](../measured/results.md)"),
        ("[a](saving.md#onnx)", "[a](saving.md#onnx)"),
        ("[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("[a](#below)", "[a](#below)"),
        ("see [the demo](../../examples/programs/first_result.py) there", "see the demo there"),
    ],
)
def test_links_of_files_become_links_of_pages(written, on_the_site):
    linked = module("building.links").with_site_links(written, "docs/guide", "guide/faq")
    assert on_the_site in linked


def test_links_of_a_shown_file_start_from_its_page():
    links = module("building.links")
    linked = links.with_site_links("[r](docs/measured/results.md)", ".", "development/changelog")
    assert linked == "[r](../measured/results.md)"


def test_names_in_text_are_completed():
    full = module("building.links").FULL
    assert full["SSLEmbedder"] == "sklearn_ecgssl.SSLEmbedder"
    assert full["linear_classifier"] == "sklearn_ecgssl.evaluation.linear_classifier"
    assert full["GroupKFold"] == "sklearn.model_selection.GroupKFold"


def test_inventories_are_read_by_sphinx(tmp_path):
    from sphinx.util.inventory import InventoryFile

    mapping = module("building.inventories").mapping(tmp_path)
    site, (online, path) = mapping["sklearn"]
    assert online is None  # the site's own is asked first
    with open(path, "rb") as file:
        found = InventoryFile.load(file, site, lambda base, page: base + page)
    svc = found["py:class"]["sklearn.svm.SVC"]
    assert svc.uri == f"{site}modules/generated/sklearn.svm.SVC.html#sklearn.svm.SVC"


def test_names_of_other_projects_exist():
    for _, _, entries in module("building.inventories").PROJECTS.values():
        for entry in entries:
            role, name, *_ = entry.split()
            if role.startswith("py:") and "." in name:
                package, _, last = name.rpartition(".")
                assert hasattr(import_module(package), last), name


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ('def f(x):\n    """Other."""\n    return x  # a comment\n', True),
        ("def f(x):\n    return x\n", True),
        ('def f(x):\n    """Some."""\n    return x + 1\n', False),
        ('def f(x):\n    "no docstring"; return "another"\n', False),
    ],
)
def test_docstrings_do_not_run_examples_again(source, same):
    without = module("build").without_docstrings
    assert (without(source) == without('def f(x):\n    """Some."""\n    return x\n')) is same


def test_recordings_are_laid_out_as_physionet_does(tmp_path):
    pytest.importorskip("edfio")
    rng = np.random.default_rng(0)
    recordings = [rng.normal(0, 0.2, 3000).cumsum() / 50 for _ in range(4)]
    facts = {"age": 20, "sex": "F", "n_subtractions": 7.5, "count_quality": 1}
    save_recordings(
        tmp_path / "eegmat_ecg.npz",
        recordings,
        500,
        ["Subject05", "Subject05", "Subject06", "Subject06"],
        record=["Subject05_1", "Subject05_2", "Subject06_1", "Subject06_2"],
        fields={name: [value] * 4 for name, value in facts.items()},
    )
    place = tmp_path / "eegmat" / "1.0.0"
    place.mkdir(parents=True)
    module("building.recordings").write_eegmat(tmp_path / "eegmat_ecg.npz", place)
    data = fetch_eegmat(data_home=tmp_path, download_if_missing=False)
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.sampling_rate == 500
    for fetched, recording in zip(data.recordings, recordings, strict=True):
        np.testing.assert_allclose(fetched, recording, atol=2e-4 * np.abs(recording).max())
