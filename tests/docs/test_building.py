"""What builds the site: where its links lead, and which examples a fast build runs."""

import re
from importlib import import_module

import pytest

from tests.checkout import checkout

DOCS = checkout() / "docs"
pytest.importorskip("sphinx_gallery", reason='the site is built by it: pip install ".[docs]"')


@pytest.fixture
def building(monkeypatch):
    """Import a module of docs/building."""
    monkeypatch.syspath_prepend(DOCS)
    return lambda name: import_module(f"building.{name}")


@pytest.mark.parametrize(
    ("written", "on_the_site"),
    [
        ("../../examples/start/plot_x.py", "../auto_examples/start/plot_x.rst"),
        ("../../CONTRIBUTING.md#check", "../development/contributing.md#check"),
        ("../measured/rhythm.md", "../measured/rhythm.md"),
        ("faq.md#scores", "faq.md#scores"),
        ("https://example.org/x.md", "https://example.org/x.md"),
        ("#below", "#below"),
    ],
)
def test_links_of_files_become_links_of_pages(written, on_the_site, building, monkeypatch):
    links = building("links")
    monkeypatch.setattr("pathlib.Path.exists", lambda path: True)
    linked = links.with_site_links(f"[a]({written})", "docs/guide", "guide/faq")
    assert linked == f"[a]({on_the_site})"


def test_links_of_files_that_the_site_does_not_show_are_plain_text(building):
    text = "see [the demo](../../examples/programs/pretrain_torchrun.py) there"
    linked = building("links").with_site_links(text, "docs/guide", "guide/faq")
    assert linked == "see the demo there"


def test_fast_build_runs_the_examples_that_changed(building, monkeypatch, tmp_path):
    gallery = building("gallery")
    monkeypatch.setattr(gallery, "EXAMPLES", tmp_path / "examples")
    monkeypatch.setattr(gallery, "RECORD", tmp_path / "examples.md5")
    built = tmp_path / "auto_examples"
    (built / "start").mkdir(parents=True)
    (tmp_path / "examples" / "start").mkdir(parents=True)
    scripts = [tmp_path / "examples" / "start" / f"plot_{name}.py" for name in "abc"]

    def executed():
        pattern = gallery.executed(only_changed=True)
        return [path for path in scripts if re.search(pattern, str(path))]

    for script in scripts:
        script.write_text("print(1)\n")
        checksum = gallery.get_md5sum(script, mode="t")
        (built / "start" / f"{script.name}.md5").write_text(checksum)  # as sphinx-gallery does
    assert executed() == scripts
    gallery.write_record(built)
    assert executed() == []
    scripts[1].write_text("print(2)\n")
    scripts[2].write_text("data = fetch_eegmat()\n")
    monkeypatch.setattr(gallery, "can_fetch", lambda: True)
    assert executed() == scripts[1:]
    monkeypatch.setattr(gallery, "can_fetch", lambda: False)
    assert executed() == scripts[1:2]
