"""The package as a whole: lazy imports, its version, and the architecture that it promises."""

import ast
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import sklearn_ecgssl

PACKAGE = Path(sklearn_ecgssl.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

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


def run_python(code: str) -> str:
    """Standard output of `code` run by a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imports(path: Path, source: str | None = None) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that a module of the package imports, anywhere."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    package = parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8") if source is None else source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base = (*base, *(node.module or "").split(".")) if node.module else base
            yield from ((node.lineno, ".".join((*base, a.name))) for a in node.names)


def folder(path: Path) -> str:
    """Folder of the package that a module stands in; '' at the top level."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def top_level_imports(path: Path) -> set[str]:
    """Packages that a module imports from."""
    return {name.split(".")[0] for _, name in imports(path)}


def imports_down(path: Path, source: str | None = None) -> Iterator[str]:
    """Imports that point down ORDER. The top level stands above every folder."""
    rank = ORDER.index(folder(path)) if folder(path) else -1
    for line, name in imports(path, source):
        parts = name.split(".")
        if parts[0] == PACKAGE.name and len(parts) > 1 and parts[1] in ORDER[rank + 1 :]:
            yield f"{path.relative_to(PACKAGE)}:{line} imports {parts[1]}/"


def private_sklearn(path: Path, source: str | None = None) -> Iterator[str]:
    """Imports of names that scikit-learn keeps private."""
    for line, name in imports(path, source):
        parts = name.split(".")
        if parts[0] == "sklearn" and any(part.startswith("_") for part in parts):
            yield f"{path.relative_to(PACKAGE)}:{line} imports {name}"


@pytest.mark.parametrize("module", ["", ".datasets", ".signal"])
def test_import_needs_no_torch(module):
    code = f"import sys, sklearn_ecgssl{module}; print('torch' in sys.modules)"
    assert run_python(code).strip() == "False"


def test_import_is_light():
    code = "import sys, sklearn_ecgssl; print(*sys.modules)"
    assert not {"sklearn", "scipy", "numpy", "skorch", "torch"} & set(run_python(code).split())


@pytest.mark.parametrize("name", sklearn_ecgssl.__all__)
def test_public_name_resolves_and_is_documented(name):
    value = getattr(sklearn_ecgssl, name)
    assert name in dir(sklearn_ecgssl)
    if not isinstance(value, ModuleType):
        assert "Examples\n" in value.__doc__
        folder = importlib.import_module(value.__module__.rpartition(".")[0])
        assert name in getattr(folder, "__all__", [name])


def test_folders_are_lazy_attributes():
    code = "import sklearn_ecgssl; print(sklearn_ecgssl.signal.__name__)"
    assert run_python(code).strip() == "sklearn_ecgssl.signal"


def test_unknown_name():
    with pytest.raises(AttributeError, match="ECGFilters"):
        _ = sklearn_ecgssl.ECGFilters
    with pytest.raises(ImportError, match="ECGFilters"):
        from sklearn_ecgssl import ECGFilters  # noqa: F401


def test_version():
    assert sklearn_ecgssl.__version__ == importlib.metadata.version("sklearn_ecgssl")


def test_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_folders_are_known():
    assert {folder(path) for path in MODULES} <= {"", *ORDER}


def test_imports_point_up():
    assert [found for path in MODULES for found in imports_down(path)] == []


def test_only_compat_imports_private_sklearn():
    compat = PACKAGE / "_compat.py"
    assert [found for path in MODULES if path != compat for found in private_sklearn(path)] == []


@pytest.mark.parametrize(
    ("library", "allowed"),
    [("skorch", lambda f: f == "training"), ("sklearn", lambda f: f != "networks")],
    ids=["only training imports skorch", "networks imports no sklearn"],
)
def test_library_stays_where_it_belongs(library, allowed):
    users = {folder(path) for path in MODULES if library in top_level_imports(path)}
    assert [f for f in users if not allowed(f)] == []


def test_modules_are_short():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {path: n for path, n in lengths.items() if n > 400} == {}, "are these two modules each?"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from ..features import SSLEmbedder", True),
        ("from .. import features", True),
        ("from ..features._embedder import SSLEmbedder", True),
        ("import sklearn_ecgssl.classify", True),
        ("def f():\n    from sklearn_ecgssl.classify import DenseClassifier", True),
        ("from ..signal import ECGFilter", False),
        ("from ._pretrainer import PretextPretrainer", False),
        ("from .._compat import Interval", False),
        ("from sklearn.pipeline import Pipeline", False),
    ],
)
def test_downward_imports_are_seen(source, found):
    assert bool(list(imports_down(PACKAGE / "pretext" / "_x.py", source))) is found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from sklearn.utils._param_validation import Interval", True),
        ("from sklearn.base import _fit_context", True),
        ("import sklearn.utils._tags", True),
        ("from sklearn.base import BaseEstimator", False),
        ("from .._compat import _fit_context", False),
    ],
)
def test_private_imports_are_seen(source, found):
    assert bool(list(private_sklearn(PACKAGE / "pretext" / "_x.py", source))) is found
