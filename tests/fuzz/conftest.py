"""Readers with their samples, and a place that nothing may touch."""

import json

import pytest

from tests.fuzz.folders import CONFIG, sealed
from tests.fuzz.readers import READERS


@pytest.fixture(scope="session")
def readers():
    """All readers, with their samples."""
    return {name: make() for name, make in READERS.items()}


@pytest.fixture
def canary(tmp_path):
    """A folder that nothing may make, beside the one that is read."""
    yield tmp_path / "canary"
    assert sorted(path.name for path in tmp_path.iterdir()) in ([], ["read"])


@pytest.fixture
def read(readers, tmp_path, canary):
    """Let a reader read files."""

    def read(name, files, sample=0):
        folder = tmp_path / "read"
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        return readers[name].read(folder, sample)

    return read


@pytest.fixture
def tampered(readers):
    """Change the configuration of a reader's sample, and sign it again."""

    def tampered(name, change, sample=0):
        files = dict(readers[name].samples[sample])
        config = json.loads(files[CONFIG])
        change(config)
        return sealed(files | {CONFIG: json.dumps(config).encode()})

    return tampered
