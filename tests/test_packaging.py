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
