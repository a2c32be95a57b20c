"""Pages and examples: their links hold, their Python imports what is public, and runs.

The ``python`` blocks of a page are one script. One that cannot run here (it needs a download, a
cluster, data that are not public) stands behind a comment ``<!-- not run: reason -->``. Scripts of
the gallery are run by ``make docs``, where an error ends the build.
"""

import ast
import os
import re
import subprocess
import sys
from importlib import import_module
from inspect import ismodule
from itertools import pairwise
from urllib.parse import unquote

import pytest

import sklearn_ecgssl
from tests.checkout import checkout
from tests.datasets.writers import amigos

ROOT = checkout()
DOCS, EXAMPLES = ROOT / "docs", ROOT / "examples"
markdown_it = pytest.importorskip(
    "markdown_it", reason='pages are read by it: pip install ".[docs]"'
)

#: Folders of docs/ that are built, or that Sphinx fills.
BUILT = {"_build", "_static", "auto_examples", "generated"}
PAGES = [
    *(page for page in sorted(DOCS.rglob("*.md")) if not BUILT & {*page.relative_to(DOCS).parts}),
    *sorted(ROOT.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
    EXAMPLES / "README.md",
    EXAMPLES / "pretrained" / "RECIPES.md",
]
GALLERY = sorted(EXAMPLES.rglob("plot_*.py"))
#: Programs, and arguments with which they are run.
PROGRAMS = {
    "programs/demo.py": "--epochs 1 --folds 2 --output {tmp_path}/output",
    "programs/pretrain_torchrun.py": "--epochs 1 --batch-size 32 --output {tmp_path}/encoder"
    " --checkpoint {tmp_path}/checkpoint",
    "reproduce/icassp2020.py": "--amigos {tmp_path}/amigos --only amigos/arousal"
    " --cache {tmp_path} --epochs 1 --folds 2",
}


def named(path):
    return path.relative_to(ROOT).as_posix()


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


def not_public(source):
    """Names that a script imports from the package and that are not public."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if "sklearn_ecgssl._" in alias.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn_ecgssl"):
            public = [] if "._" in node.module else import_module(node.module).__all__
            names = {alias.name for alias in node.names}
            yield from (f"{node.module}.{name}" for name in names.difference(public))


def run_python(folder, *arguments):
    """Run Python in a new folder."""
    folder.mkdir()
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=900,
        check=False,
    )


SCRIPTS = [*EXAMPLES.glob("programs/*.py"), *EXAMPLES.glob("reproduce/*.py")]
GUIDE = [page for page in PAGES if page.parent.name == "guide" and script(page)]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        place = (page.parent / unquote(path)).resolve() if path else page
        assert place.exists(), link
        assert place.is_relative_to(ROOT), link
        assert not anchor or place.suffix != ".md" or anchor in anchors(place), link


def test_every_public_name_has_a_reference_page():
    def listed(page):
        return set(re.findall(r"^   ([\w.]+)$", page.read_text("utf-8"), re.MULTILINE))

    index = DOCS / "reference" / "index.rst"
    pages = [listed(page) for page in index.parent.glob("*.rst") if page != index]
    names = {n for n in sklearn_ecgssl.__all__ if not ismodule(getattr(sklearn_ecgssl, n))}
    assert names - set().union(*pages) == set()
    assert set().union(*pages) - listed(index) == set()


def test_every_example_is_listed():
    listed = links(EXAMPLES / "README.md")
    assert {path.relative_to(EXAMPLES).as_posix() for path in GALLERY} <= {*listed}
    assert PROGRAMS.keys() <= {*listed}


@pytest.mark.parametrize("path", GALLERY, ids=named)
def test_examples_say_whether_their_ecg_is_real(path):
    source = path.read_text("utf-8")
    title = ast.get_docstring(ast.parse(source))
    fetches = re.search(r"^data = fetch_\w+\(", source, re.MULTILINE) is not None
    assert ("The ECG is real" in title, "**simulated**" in title) == (fetches, not fetches)


@pytest.mark.parametrize("path", [*GUIDE, *GALLERY, *SCRIPTS], ids=named)
def test_code_imports_what_is_public(path):
    source = script(path) if path in GUIDE else path.read_text("utf-8")
    assert [*not_public(source)] == []


def test_imports_of_what_is_not_public_are_seen():
    source = "from sklearn_ecgssl import SSLEmbedder, opposite_halves, _compat"
    names = {"sklearn_ecgssl.opposite_halves", "sklearn_ecgssl._compat"}
    assert {*not_public(source)} == names
    assert [*not_public("from sklearn_ecgssl.evaluation import opposite_halves")] == []
    assert "PretextPretrainer(" in script(DOCS / "guide" / "pretraining.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDE, ids=named)
def test_code_of_a_page_runs(page, tmp_path):
    file = tmp_path / page.with_suffix(".py").name
    file.write_text(script(page), "utf-8")
    # -P: a page may be named like what it imports.
    done = run_python(tmp_path / "working directory", "-P", file)
    assert done.returncode == 0, done.stderr[-3000:]  # its lines are those of the page


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_runs(name, tmp_path):
    pytest.importorskip("matplotlib")
    if name.startswith("reproduce/"):
        for person in (1, 2):
            amigos.preprocessed(tmp_path / "amigos", person, n_times=128 * 16)
    folder = tmp_path / "working directory"
    arguments = PROGRAMS[name].format(tmp_path=tmp_path).split()
    done = run_python(folder, EXAMPLES / name, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "fits failed" not in done.stdout + done.stderr
    assert [*folder.iterdir()] == []  # nothing is written where nobody asked for it
