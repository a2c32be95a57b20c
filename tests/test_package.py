"""The package as a whole: lazy imports, public names, its architecture, and what a wheel holds.

``.ci/test-wheel`` runs these tests on a wheel that it has built and installed.
"""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

import pytest

import sklearn_ecgssl
from tests.checkout import IN_CHECKOUT, checkout

PACKAGE = Path(sklearn_ecgssl.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: Files of the package that are no Python.
DATA = {
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc", ".lock"}
}

# A folder may import the ones before it (ARCHITECTURE.md), and itself.
ORDER = [
    "signal",
    "datasets",
    "transforms",
    "networks",
    "training",
    "saving",
    "pretext",
    "features",
    "classify",
    "evaluation",
    "plotting",
]


def test_imports_are_light():
    code = (
        "import sys, sklearn_ecgssl; print(*sys.modules);"
        "sklearn_ecgssl.signal, sklearn_ecgssl.datasets; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    at_first, with_data = (set(line.split()) for line in done.stdout.splitlines())
    assert not {"sklearn", "scipy", "numpy", "skorch", "torch"} & at_first
    assert "sklearn_ecgssl.datasets" in with_data
    assert "torch" not in with_data


def test_public_names_are_those_of_their_folders():
    for name in sklearn_ecgssl.__all__:
        value = getattr(sklearn_ecgssl, name)
        assert name in dir(sklearn_ecgssl)
        if not isinstance(value, ModuleType):
            folder = import_module(value.__module__.rpartition(".")[0])
            assert name in getattr(folder, "__all__", [name])


def imports(path, source):
    """Full dotted name of everything that a module imports, anywhere in it."""
    package = ".".join(path.relative_to(PACKAGE.parent).parts[:-1])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def forbidden(path, source):
    """Imports of a module that ARCHITECTURE.md rules out."""
    folder, *rest = path.relative_to(PACKAGE).parts
    below = ORDER[ORDER.index(folder) + 1 :] if rest else ORDER  # the top level is above them all
    for name in imports(path, source):
        library, *parts = name.split(".")
        is_private = any(part.startswith("_") for part in parts)
        if (
            (library == PACKAGE.name and parts and parts[0] in below)
            or (library == "skorch" and folder != "training")
            or (library == "sklearn" and folder == "networks")
            or (library == "sklearn" and is_private and folder != "_compat.py")
        ):
            yield name


@pytest.mark.parametrize(
    ("module", "source", "is_forbidden"),
    [
        ("pretext/_x.py", "from ..features import SSLEmbedder", True),
        ("pretext/_x.py", "from .. import features", True),
        ("pretext/_x.py", "def f():\n    import sklearn_ecgssl.features._x", True),
        ("pretext/_x.py", "from ..signal import ECGFilter", False),
        ("pretext/_x.py", "from ._base import features", False),
        ("_x.py", "from .signal import ECGFilter", True),
        ("pretext/_x.py", "from skorch import NeuralNet", True),
        ("training/_x.py", "from skorch import NeuralNet", False),
        ("networks/_x.py", "from sklearn.base import BaseEstimator", True),
        ("pretext/_x.py", "from sklearn.base import BaseEstimator", False),
        ("pretext/_x.py", "from sklearn.utils._tags import Tags", True),
        ("_compat.py", "from sklearn.utils._tags import Tags", False),
    ],
)
def test_forbidden_imports_are_seen(module, source, is_forbidden):
    assert bool([*forbidden(PACKAGE / module, source)]) is is_forbidden


def test_modules_import_what_they_may():
    found = {path: [*forbidden(path, path.read_text("utf-8"))] for path in MODULES}
    assert {path: names for path, names in found.items() if names} == {}


def test_modules_are_short():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {path: n for path, n in lengths.items() if n > 400} == {}, "are these two modules each?"


def test_package_has_its_data():
    folders = [f"pretext/encoders/{name}" for name in sklearn_ecgssl.list_pretrained()]
    wanted = {"py.typed", "__init__.pyi"}
    for folder in folders:
        wanted |= {f"{folder}/config.json", f"{folder}/MODEL_CARD.md"}
        wanted |= {f"{folder}/{path.name}" for path in (PACKAGE / folder).glob("weights-*")}
    assert wanted == DATA
    assert len(wanted) == 2 + 3 * len(folders)


def test_package_data_are_all_data():
    settings = tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["sklearn_ecgssl"]
    packed = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    assert {path.relative_to(PACKAGE).as_posix() for path in packed} == DATA


def test_extras_hold_the_libraries_that_errors_send_people_to_them_for():
    project = tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {
        extra: {re.match(r"[\w.-]+", one)[0].replace("-", "_") for one in requirements}
        for extra, requirements in project["optional-dependencies"].items()
    }
    named = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "library":
                what = node.args[0].value.partition(".")[0]
                named.add((what, node.args[2].value if len(node.args) > 2 else "datasets"))
    assert ("onnxruntime", "onnx") in named
    assert [one for one in named if one[0] not in extras[one[1]]] == []


def test_the_installed_wheel_holds_the_package_alone():
    if IN_CHECKOUT:
        pytest.skip("needs an installed wheel: run .ci/test-wheel")
    distribution = importlib.metadata.distribution("sklearn_ecgssl")
    installed = {path.as_posix() for path in distribution.files}
    about = f"sklearn_ecgssl-{sklearn_ecgssl.__version__}.dist-info"
    assert {name.partition("/")[0] for name in installed} == {"sklearn_ecgssl", about}
    assert {f"sklearn_ecgssl/{name}" for name in DATA} <= installed
    assert f"{about}/licenses/LICENSE" in installed


def test_version_is_said_everywhere():
    assert importlib.metadata.version("sklearn_ecgssl") == sklearn_ecgssl.__version__
    citation = (checkout() / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (\S+)", citation, re.MULTILINE) == [sklearn_ecgssl.__version__]
