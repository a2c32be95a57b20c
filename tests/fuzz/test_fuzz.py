"""A few of the inputs that ``python -m tests.fuzz`` tries by the thousand."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.readers import READERS


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits and measures memory as Linux does")
def test_nothing_is_found(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", "200", "--keep", str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(READERS)
    for line in lines:  # they do reach what lies behind the first check
        assert re.search(r" 200 inputs .* [1-9]\d* loaded, refused: .*; 0 failures", line), line


def test_samples_are_read_and_used(readers, read):
    for name, reader in readers.items():
        for sample, files in enumerate(reader.samples):
            reader.use(read(name, files, sample))


def test_inputs_can_be_drawn_again(readers, tmp_path):
    for name in ("recordings", "recognition", "tensorflow", "outcomes"):
        for number in range(20):
            first, second = (
                readers[name].mutated(np.random.default_rng(number), tmp_path) for _ in range(2)
            )
            assert first == second
