"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

# Under pytest-xdist each process gets one thread (set before torch is imported): two processes
# that both take every core are slower than one.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings: ``SKLEARN_ECGSSL_DATA``, else ``../shared/data``, else skip."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SKLEARN_ECGSSL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is not a folder (set SKLEARN_ECGSSL_DATA)")
    return folder
