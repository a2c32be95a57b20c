"""The scripts of examples/: what each must hold, and that the programs run by themselves.

The scripts of the gallery are run by ``make docs``, where an error ends the build.
"""

import ast
import os
import re
import subprocess
import sys
from importlib import import_module

import pytest

import sklearn_ecgssl
from tests.checkout import checkout
from tests.datasets.writers import amigos

ROOT = checkout()
EXAMPLES = ROOT / "examples"
GALLERY = sorted(EXAMPLES.rglob("plot_*.py"))
#: But for the one that needs TensorFlow, and reads no ECG, and a module of several.
PROGRAMS = sorted(
    path
    for folder in ("programs", "reproduce")
    for path in (EXAMPLES / folder).glob("*.py")
    if path.name not in ("convert_tf_checkpoint.py", "corpus.py", "tables.py")
)
SCRIPTS = GALLERY + PROGRAMS
#: Besides, there is how the encoders of the package were made.
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "pretrained")
#: Lines that cannot do without the data set that they name.
FETCHES = re.compile(r"^data = fetch_\w+\(", re.MULTILINE)
TINY = {
    "own_encoder.py": [
        *("--epochs", "1"),
        *("--head-epochs", "1"),
        *("--folds", "2"),
        *("--output", "{tmp_path}/output"),
    ],
    "first_result.py": ["--output", "{tmp_path}/output"],
    "icassp2020.py": [
        *("--amigos", "{tmp_path}/amigos", "--only", "amigos/arousal", "--cache", "{tmp_path}"),
        *("--epochs", "1", "--folds", "2"),
    ],
    "pretrain_torchrun.py": [
        *("--epochs", "1", "--batch-size", "32"),
        *("--output", "{tmp_path}/encoder", "--checkpoint", "{tmp_path}/checkpoint"),
    ],
}


def named(path):
    return path.relative_to(EXAMPLES).as_posix()


def private_imports(source):
    """Names that a script imports from the package and that are not public."""
    package = sklearn_ecgssl.__name__
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
            yield from (m for m in modules if m.startswith(f"{package}.") and "._" in m)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            public = [] if "._" in node.module else import_module(node.module).__all__
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if alias.name not in public
            )


@pytest.fixture(params=SCRIPTS, ids=named)
def script(request):
    return request.param


@pytest.fixture
def source(script):
    return script.read_text("utf-8")


def test_compiles(script, source):
    compile(source, str(script), "exec")


def test_has_a_docstring_with_a_title(source):
    title, underline, empty, *text = ast.get_docstring(ast.parse(source)).splitlines()
    assert title
    assert underline == "=" * len(title)
    assert empty == ""
    assert any(text)
    assert "# %%\n" in source


def test_says_where_its_ecg_is_from(script, source):
    title = ast.get_docstring(ast.parse(source))
    fetches = bool(FETCHES.search(source)) or script.parent.name == "reproduce"
    assert ("**simulated**" in title) != fetches
    if script in GALLERY:
        assert ("The ECG is real" in title) == fetches


def test_gallery_is_whole():
    pytest.importorskip("sphinx_gallery", reason="the gallery is built by sphinx-gallery")
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        order = import_module("building.gallery").ORDER
    finally:
        sys.path.remove(str(ROOT / "docs"))
    listed = {f"{folder}/{script}" for folder, scripts in order.items() for script in scripts}
    assert listed == {named(path) for path in GALLERY}
    for folder in order:
        title, underline, *_ = (EXAMPLES / folder / "GALLERY_HEADER.rst").read_text().splitlines()
        assert underline == "-" * len(title)


def test_folders_hold_scripts_alone():
    for folder in FOLDERS:
        rest = {path.name for path in folder.iterdir() if path.suffix != ".py"}
        assert rest <= {"GALLERY_HEADER.rst", "__pycache__"}


def test_readme_names_every_script():
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    assert [named(path) for path in SCRIPTS if f"]({named(path)})" not in readme] == []


def test_is_short(source):
    assert len(source.splitlines()) < 150


def test_imports_public_names_only(source):
    assert list(private_imports(source)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from sklearn_ecgssl import SSLEmbedder", []),
        ("from sklearn_ecgssl.evaluation import opposite_halves", []),
        ("import sklearn_ecgssl.plotting", []),
        ("from sklearn_ecgssl import opposite_halves", ["sklearn_ecgssl.opposite_halves"]),
        ("import sklearn_ecgssl._compat", ["sklearn_ecgssl._compat"]),
        ("from sklearn_ecgssl.pretext._base import TRUNK", ["sklearn_ecgssl.pretext._base.TRUNK"]),
        ("from numpy import _core", []),
    ],
)
def test_private_imports_are_seen(source, found):
    assert list(private_imports(source)) == found


@pytest.mark.slow
@pytest.mark.parametrize("script", [p for p in PROGRAMS if p.name in TINY], ids=named)
def test_runs(script, tmp_path):
    pytest.importorskip("matplotlib")
    arguments = [part.format(tmp_path=tmp_path) for part in TINY[script.name]]
    if script.parent.name == "reproduce":
        for person in (1, 2):
            amigos.preprocessed(tmp_path / "amigos", person, n_times=128 * 16)
    folder = tmp_path / "working directory"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "fits failed" not in done.stdout + done.stderr
    assert list(folder.iterdir()) == []  # nothing is written where nobody asked for it
