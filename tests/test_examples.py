"""The scripts of the gallery: what each must hold, and that each runs by itself."""

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sklearn_ecgssl
from tests.datasets.writers import amigos

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
#: How the encoders of the package were made, which is no example of how to use them.
RECIPE = EXAMPLES / "pretrained"
SCRIPTS = sorted(path for path in EXAMPLES.rglob("*.py") if RECIPE not in path.parents)
STUDIES = [name for name in sklearn_ecgssl.__all__ if name.endswith("_study")]
TINY = {
    "plot_emotion_recognition.py": [
        *("--epochs", "1"),
        *("--head-epochs", "1"),
        *("--folds", "2"),
        *("--output", "{tmp_path}/output"),
    ],
    "plot_first_result.py": ["--output", "{tmp_path}/output"],
    "plot_masked_modelling.py": ["--output", "{tmp_path}/output"],
    "plot_streaming.py": ["--output", "{tmp_path}/output"],
    "plot_dask.py": [],
    "pretrain_torchrun.py": [
        *("--epochs", "1", "--batch-size", "32"),
        *("--output", "{tmp_path}/encoder", "--checkpoint", "{tmp_path}/checkpoint"),
    ],
    "tables.py": [
        *("icassp2020", "amigos={tmp_path}/amigos", "--task", "amigos", "arousal"),
        *("--cache", "{tmp_path}/cache", "--csv", "{tmp_path}/table.csv"),
        *("--epochs", "1", "--folds", "2"),
    ],
}
#: Of a data set of people, not of the simulated cohort.
REAL = ["tables.py"]


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


def test_says_that_its_ecg_is_simulated(script, source):
    if script.name in REAL:
        pytest.skip("its ECG is not simulated")
    assert "**simulated**" in ast.get_docstring(ast.parse(source))


def test_is_short(source):
    assert len(source.splitlines()) < 150


def test_imports_public_names_only(source):
    assert list(private_imports(source)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from sklearn_ecgssl import SSLEmbedder", []),
        ("from sklearn_ecgssl.evaluation import three_networks", []),
        ("import sklearn_ecgssl.plotting", []),
        ("from sklearn_ecgssl import three_networks", ["sklearn_ecgssl.three_networks"]),
        ("import sklearn_ecgssl._compat", ["sklearn_ecgssl._compat"]),
        ("from sklearn_ecgssl.pretext._base import TRUNK", ["sklearn_ecgssl.pretext._base.TRUNK"]),
        ("from numpy import _core", []),
    ],
)
def test_private_imports_are_seen(source, found):
    assert list(private_imports(source)) == found


@pytest.mark.parametrize("study", STUDIES)
def test_each_study_has_an_example(study):
    sources = [path.read_text("utf-8") for path in (EXAMPLES / "studies").glob("plot_*.py")]
    assert sum(f"results = {study}(" in source for source in sources) == 1


@pytest.mark.slow
def test_runs(script, tmp_path):
    pytest.importorskip("matplotlib")
    if script.name == "plot_streaming.py":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    if script.name == "plot_dask.py":
        pytest.importorskip("distributed")
    arguments = [part.format(tmp_path=tmp_path) for part in TINY.get(script.name, [])]
    if script.name == "tables.py":
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
    assert "| estimator |" in done.stdout or script.name in TINY
    assert "fits failed" not in done.stdout + done.stderr
    assert list(folder.iterdir()) == []  # nothing is written where nobody asked for it
