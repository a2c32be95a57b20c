"""Fixtures that every test may use."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# Under pytest-xdist each process gets one thread (set before torch is imported): two processes
# that both take every core are slower than one.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

from sklearn_ecgssl import make_cohort
from tests.tiny import tiny_comparing, tiny_masked, tiny_pretrainer, waves

# Properties (pytest -m hypothesis): "default" tries the same few examples in every run, "fuzz" many
# new ones: HYPOTHESIS_PROFILE=fuzz, or --hypothesis-profile=fuzz. Neither writes into the checkout.
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

LIMIT = 3  # seconds of an unmarked test, without its fixtures, on a machine of today


def slowness():
    """How many times as long as on a machine of today a loop takes here."""
    rounds = []
    for _ in range(3):
        before = time.perf_counter()
        sum(i * i for i in range(500_000))
        rounds.append(time.perf_counter() - before)
    return max(1, min(rounds) / 0.02)


SLOWNESS = slowness()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a test that is too slow for ``make test``, in runs without the slow ones."""
    before = time.perf_counter()
    result = yield
    # A machine with more to do than cores stretches the clock, and so does a slow one.
    waiting = os.getloadavg()[0] / os.cpu_count() if hasattr(os, "getloadavg") else 1
    seconds = (time.perf_counter() - before) / max(1, waiting) / SLOWNESS
    is_limited = item.config.option.markexpr == "not slow"
    is_test = isinstance(item, pytest.Function)  # an example in a docstring cannot be marked
    if is_limited and is_test and seconds > LIMIT:
        pytest.fail(
            f"took {seconds:.1f} s, more than {LIMIT}: make it faster, or mark it with "
            "@pytest.mark.slow, for `make test-all` alone",
            pytrace=False,
        )
    return result


@pytest.fixture(scope="session")
def cohort():
    """Three simulated people at rest and under stress, ragged recordings of 20 to 24 s, 256 Hz."""
    return make_cohort(n_subjects=3, duration=(20, 24), random_state=0)


@pytest.fixture(scope="session")
def fitted_recognition():
    """A tiny pretrainer, fitted on ``waves()``. Clone it before you set anything."""
    return tiny_pretrainer().fit(waves()[0])


@pytest.fixture(scope="session")
def fitted_masked():
    """The same by masking."""
    return tiny_masked().fit(waves()[0])


@pytest.fixture(scope="session")
def fitted_comparing():
    """The same by comparing views."""
    return tiny_comparing().fit(waves()[0])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings: ``SKLEARN_ECGSSL_DATA``, else ``../shared/data``, else skip."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SKLEARN_ECGSSL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is not a folder (set SKLEARN_ECGSSL_DATA)")
    return folder
