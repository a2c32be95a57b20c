"""What the sdist and the wheel hold, as far as it shows without building them.

``.ci/test-wheel`` builds them and runs these tests on what it has installed.
"""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

import sklearn_ecgssl
from tests.checkout import IN_CHECKOUT, checkout

PACKAGE = Path(sklearn_ecgssl.__file__).parent
#: Files of the package that are no Python.
DATA = {
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc", ".lock"}
}


@pytest.fixture(scope="module")
def settings():
    return tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def manifest():
    """Each word of MANIFEST.in that names something, and the command that it stands behind."""
    lines = (checkout() / "MANIFEST.in").read_text("utf-8").splitlines()
    commands = [line.split() for line in lines if line and not line.startswith("#")]
    return [(command, name) for command, *names in commands for name in names]


@pytest.fixture(scope="module")
def citation():
    return (checkout() / "CITATION.cff").read_text("utf-8")


def test_data_are_what_they_were():
    encoders = sklearn_ecgssl.list_pretrained()
    files = ("config.json", "weights-*.safetensors", "MODEL_CARD.md")
    folders = [PACKAGE / "pretext" / "encoders" / name for name in encoders]
    found = {path for folder in folders for file in files for path in folder.glob(file)}
    assert len(found) == 3 * len(encoders)
    names = {path.relative_to(PACKAGE).as_posix() for path in found}
    assert {"py.typed", "__init__.pyi", *names} == DATA


def test_package_data_are_all_data(settings):
    patterns = settings["tool"]["setuptools"]["package-data"]["sklearn_ecgssl"]
    packed = {pattern: set(PACKAGE.glob(pattern)) for pattern in patterns}
    assert [pattern for pattern, found in packed.items() if not found] == []
    names = {path.relative_to(PACKAGE).as_posix() for found in packed.values() for path in found}
    assert names == DATA


def test_the_installed_wheel_holds_the_package_alone():
    if IN_CHECKOUT:
        pytest.skip("needs an installed wheel: run .ci/test-wheel")
    distribution = importlib.metadata.distribution("sklearn_ecgssl")
    installed = {path.as_posix() for path in distribution.files}
    about = f"sklearn_ecgssl-{sklearn_ecgssl.__version__}.dist-info"
    assert {name.partition("/")[0] for name in installed} == {"sklearn_ecgssl", about}
    assert {f"sklearn_ecgssl/{name}" for name in DATA} <= installed
    assert f"{about}/licenses/LICENSE" in installed


def test_manifest_names_what_exists(manifest):
    root = checkout()
    exists = {"include": Path.is_file, "graft": Path.is_dir}
    assert {command for command, _ in manifest} == {*exists, "prune", "global-exclude"}
    named = [(command, name) for command, name in manifest if command in exists]
    assert [name for command, name in named if not exists[command](root / name)] == []


def test_manifest_holds_what_tests_need(manifest):
    held = {name for command, name in manifest if command in {"include", "graft"}}
    folders = {"tests", "examples", "docs", "benchmarks", ".ci"}
    assert held >= folders | {"Makefile", "constraints.txt", "pyproject.toml", "README.md"}


def test_manifest_leaves_out_what_git_ignores(manifest):
    grafted = [name for command, name in manifest if command == "graft"]
    ignored = (checkout() / ".gitignore").read_text("utf-8").split("\n")
    built = {line.strip("/") for line in ignored if line.partition("/")[0] in grafted}
    assert built
    assert built <= {name for command, name in manifest if command == "prune"}


def test_citation_is_of_this_version(citation, settings):
    # Without a YAML library, which nothing else here needs.
    said = dict(re.findall(r"^([a-z-]+): ([^#\n]+?) *(?:#.*)?$", citation, re.MULTILINE))
    assert said["cff-version"] == "1.2.0"
    assert said["title"] == settings["project"]["name"]
    assert said["version"] == sklearn_ecgssl.__version__
    assert said["license"] == settings["project"]["license"]


@pytest.mark.parametrize(
    "identifier", ["10.1109/ICASSP40776.2020.9053985", "2002.03898", "2204.05103"]
)
def test_citation_refers_to_the_papers(identifier, citation):
    assert identifier in citation


def test_citation_is_yaml(citation, settings):
    yaml = pytest.importorskip("yaml")
    said = yaml.safe_load(citation)
    assert said["authors"] == settings["project"]["authors"]
    assert said["keywords"] == settings["project"]["keywords"]
    assert len(said["references"]) == 3
