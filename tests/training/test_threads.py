"""Threads and processes: reproducible with any number, never more than the machine has."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.tiny import each_pretrainer

CHILD = """
import torch
from joblib import Parallel, cpu_count, delayed
import numpy as np
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer

def threads_of_a_fit():
    windows = np.random.default_rng(0).normal(size=(4, 300)).astype(np.float32)
    for kind in (PretextPretrainer, MaskedPretrainer):
        kind(filters=(2,), kernel_sizes=(4,), head_hidden=(), max_epochs=1).fit(windows)
    return torch.get_num_threads()

threads = Parallel(n_jobs=2)(delayed(threads_of_a_fit)() for _ in range(2))
assert sum(threads) <= max(cpu_count(), 2), (threads, cpu_count())
print("not oversubscribed")
"""


def test_processes_of_joblib_share_the_cores():
    free = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    answer = subprocess.run(
        [sys.executable, "-c", CHILD], env=free, capture_output=True, text=True, check=False
    )
    assert answer.stdout == "not oversubscribed\n", answer.stderr


@each_pretrainer
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_bits_again_with_the_same_threads(tiny, precision):
    windows = np.random.default_rng(0).normal(size=(24, 300)).astype(np.float32)
    before = torch.get_num_threads()
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        try:
            one, two = (
                tiny(precision=precision, random_state=3, batch_size=24).fit(windows)
                for _ in range(2)
            )
        finally:
            torch.set_num_threads(before)
        for name in one.state_:
            np.testing.assert_array_equal(one.state_[name], two.state_[name])
