"""Two processes that train one network: the same as one, and what happens when one dies."""

import json
import os
import pickle
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open

from sklearn_ecgssl.training._group import LAUNCHED, process_group
from tests.training import together

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
#: One thread a process, and no GPU: two processes may not share one.
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]


def start(arguments, **variables):
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=ENVIRONMENT | variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def results(what, folder, launcher=TORCHRUN):
    """Let two processes do something, and read what each has got."""
    run = start([*launcher, "tests.training.together", what, str(folder)])
    output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert "Warning" not in output.replace("FutureWarning", ""), output
    return [pickle.loads((folder / f"{what}-{rank}.pickle").read_bytes()) for rank in (0, 1)]


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    return results("fitted", tmp_path_factory.mktemp("together"))


@pytest.mark.parametrize("name", together.FITS)
def test_two_processes_learn_what_one_does(fits, name):
    np.testing.assert_equal(fits[1][name], fits[0][name])
    estimator, X, groups = together.FITS[name]
    alone = together.attributes(estimator.fit(X, groups=groups))
    found = fits[0][name]
    assert len(found["history"]) == len(alone["history"])
    for row, expected in zip(found["history"], alone["history"], strict=True):
        assert row == pytest.approx(expected, rel=1e-4, abs=1e-6)
    for weights, array in alone["state"].items():
        learnt = np.ones(len(array), bool)
        if weights.endswith("projection.bias"):
            # a bias of the keys changes no attention: its gradients are rounding errors
            learnt[len(array) // 3 : 2 * len(array) // 3] = False
        np.testing.assert_allclose(
            found["state"][weights][learnt], array[learnt], rtol=1e-3, atol=1e-5
        )


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return results("various", tmp_path_factory.mktemp("together"))


@pytest.mark.parametrize("name", ["unseeded", "seeded", "memory", "in a worker", "here"])
def test_all_processes_have_the_same_estimator(both, name):
    np.testing.assert_equal(both[1][name], both[0][name])


def test_draws(both):
    """The same seed gives the same bits, and processes draw for themselves: not the same masks."""
    one, other = both[0]["seeded"]
    np.testing.assert_equal(one, other)
    alone = together.attributes(together.tiny_masked(max_epochs=2).fit(together.X))
    assert one["history"] != alone["history"]


def test_what_the_first_process_keeps_serves_all(both):
    one, other = both[1]["memory"]
    np.testing.assert_equal(one, other)
    assert both[0]["in memory"] == both[1]["in memory"] == ["memory-0"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("other windows", "Process 1 was given other windows than process 0. Give all"),
        ("odd batch", "batch_size=5 cannot be shared equally by 2 processes: use a multiple"),
        ("another fit", "checkpoint=.* holds another fit: l2 was 0.0001, is 0.5"),
        ("diverged", "loss became (nan|inf) in epoch 1, batch 8 of 12. .* window 7 in it"),
    ],
)
def test_all_processes_raise_the_same_error(both, what, words):
    kind, message = both[0][what]
    assert re.search(words, message)
    assert both[1][what] == (kind, message)


@pytest.mark.parametrize("killed", [0, 1])
def test_when_one_is_killed_the_other_says_so_and_the_training_can_go_on(killed, tmp_path):
    """Without a launcher, which would end the other one before it can say anything."""
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    command = ["-m", "tests.training.together", "slow", str(tmp_path)]
    runs = [start(command, **place, RANK=str(rank)) for rank in (0, 1)]
    checkpoint = tmp_path / "checkpoint" / "checkpoint.safetensors"
    try:
        end = time.monotonic() + 60
        while not checkpoint.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        runs[killed].kill()
        output = runs[1 - killed].communicate(timeout=120)[0]
    finally:
        for run in runs:
            run.kill()
    assert runs[1 - killed].returncode == 0, output
    found = pickle.loads((tmp_path / f"slow-{1 - killed}.pickle").read_bytes())
    assert re.match("A process of the group ended or cannot be reached", found["error"])
    assert found["epochs"] >= 1

    with safe_open(checkpoint, "numpy") as saved:
        n_epochs = len(json.loads(saved.metadata()["training"])["history"]) + 2
    (tmp_path / "epochs").write_text(str(n_epochs))
    for resumed, whole in results("go_on", tmp_path):
        assert len(resumed["history"]) == n_epochs
        np.testing.assert_equal(resumed, whole)


def test_accelerate_starts_the_same_processes(tmp_path):
    pytest.importorskip("accelerate")
    launcher = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launcher += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    one, other = results(
        "size", tmp_path, [*launcher, "--main_process_port", free_port(), "--module"]
    )
    assert one["size"] == 2
    np.testing.assert_equal(one, other)


def test_more_processes_than_gpus(monkeypatch):
    for name, value in zip(LAUNCHED, ("1", "2", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    main = SimpleNamespace(name="MainProcess")  # a process of pytest-xdist has another name
    monkeypatch.setattr("multiprocessing.current_process", lambda: main)
    with pytest.raises(RuntimeError, match="process 1, counted from 0, of a machine that has 1"):
        process_group("auto")
