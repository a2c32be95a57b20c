"""Fixtures that every test may use."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

# Under pytest-xdist each process gets one thread (set before torch is imported): two processes
# that both take every core are slower than one.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Properties (tests/properties). "default" tries the same few examples in every run, "fuzz" many new
# ones: HYPOTHESIS_PROFILE=fuzz, or --hypothesis-profile=fuzz. Neither writes into the checkout.
_scratch = TemporaryDirectory(prefix="hypothesis-")
set_hypothesis_home_dir(_scratch.name)
settings.register_profile(
    "default",
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "fuzz", settings.get_profile("default"), max_examples=500, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings: ``SKLEARN_ECGSSL_DATA``, else ``../shared/data``, else skip."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SKLEARN_ECGSSL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is not a folder (set SKLEARN_ECGSSL_DATA)")
    return folder
