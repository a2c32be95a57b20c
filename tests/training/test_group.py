"""Two processes that train one network: the same as one, and what happens when one dies."""

import json
import os
import pickle
import re
import signal
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

ROOT = Path(__file__).resolve().parents[2]
#: One thread a process, and no GPU: two processes may not share one.
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def launch(what, folder):
    """Start two processes as a user does."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "tests.training.together", what, str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def results(what, folder):
    """Let two processes do something, and read what each has got."""
    run = launch(what, folder)
    output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert "Warning" not in output.replace("FutureWarning", ""), output
    return [pickle.loads((folder / f"{what}-{rank}.pickle").read_bytes()) for rank in (0, 1)]


def same(one, other):
    np.testing.assert_equal(one, other)


class TestWithoutDraws:
    @pytest.fixture(scope="class")
    @classmethod
    def fits(cls, tmp_path_factory):
        return results("fitted", tmp_path_factory.mktemp("together"))

    @pytest.mark.parametrize("name", together.FITS)
    def test_two_processes_learn_what_one_does(self, fits, name):
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

    @pytest.mark.parametrize("name", together.FITS)
    def test_all_processes_have_the_same_estimator(self, fits, name):
        same(fits[1][name], fits[0][name])


class TestVarious:
    @pytest.fixture(scope="class")
    @classmethod
    def both(cls, tmp_path_factory):
        return results("various", tmp_path_factory.mktemp("together"))

    @pytest.mark.parametrize("name", ["unseeded", "seeded", "memory"])
    def test_all_processes_have_the_same_estimator(self, both, name):
        same(both[1][name], both[0][name])

    def test_it_can_be_pickled(self, both):
        same(both[0]["pickle"], both[0]["unseeded"])

    def test_the_same_seed_gives_the_same_bits(self, both):
        one, other = both[0]["seeded"]
        same(one, other)

    def test_processes_draw_for_themselves(self, both):
        """Were their masks the same, so would the parts of the batch be that they see."""
        alone = together.attributes(together.tiny_masked(max_epochs=2).fit(together.X))
        assert both[0]["seeded"][0]["history"] != alone["history"]

    def test_what_the_first_process_keeps_serves_all(self, both):
        one, other = both[1]["memory"]
        same(one, other)
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
    def test_all_processes_raise_the_same_error(self, both, what, words):
        kind, message = both[0][what]
        assert re.search(words, message)
        assert both[1][what] == (kind, message)

    def test_workers_of_a_process_train_alone(self, both):
        one, other = both
        assert one["alone in a worker"] == other["alone in a worker"]
        assert one["together here"] == other["together here"]


@pytest.fixture
def broken(tmp_path):
    """A folder with a checkpoint of a training one of whose processes was killed."""
    run = launch("slow", tmp_path)
    try:
        pids = dict(re.findall(r"pid (\d) (\d+)", run.stdout.readline() + run.stdout.readline()))
        wait_for(lambda: (tmp_path / "checkpoint" / "checkpoint.safetensors").exists())
        os.kill(int(pids["1"]), signal.SIGKILL)
        output = run.communicate(timeout=120)[0]
    finally:
        run.kill()
    return tmp_path, run.returncode, output


def test_a_killed_process_ends_the_training_which_can_be_resumed(broken):
    folder, code, output = broken
    assert code != 0, output
    with safe_open(folder / "checkpoint" / "checkpoint.safetensors", "numpy") as saved:
        n_epochs = len(json.loads(saved.metadata()["training"])["history"]) + 2
    (folder / "epochs").write_text(str(n_epochs))
    whole = results("unbroken", folder)
    resumed = results("go_on", folder)
    assert len(resumed[0]["history"]) == n_epochs
    same(resumed[0], whole[0])
    same(resumed[1], whole[0])


@pytest.mark.parametrize("killed", [0, 1])
def test_the_survivor_says_what_happened_and_keeps_its_epochs(killed, tmp_path):
    """Without a launcher, which would end the survivor before it can say anything."""
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    command = [sys.executable, "-m", "tests.training.together", "slow", str(tmp_path)]
    env = ENVIRONMENT | place
    runs = [
        subprocess.Popen(
            command, cwd=ROOT, env=env | {"RANK": str(rank)}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    try:
        wait_for(lambda: (tmp_path / "checkpoint" / "checkpoint.safetensors").exists())
        runs[killed].kill()
        output = runs[1 - killed].communicate(timeout=120)[0]
    finally:
        for run in runs:
            run.kill()
    assert runs[1 - killed].returncode == 0, output
    found = pickle.loads((tmp_path / f"slow-{1 - killed}.pickle").read_bytes())
    assert re.match("A process of the group ended or cannot be reached", found["error"])
    assert found["epochs"] >= 1


def test_accelerate_starts_the_same_processes(tmp_path):
    pytest.importorskip("accelerate")
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
    ]
    command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    command += ["--main_process_port", str(free_port()), "--module", "tests.training.together"]
    env = ENVIRONMENT
    run = subprocess.run(
        [*command, "size", str(tmp_path)], cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    one, other = (pickle.loads((tmp_path / f"size-{i}.pickle").read_bytes()) for i in (0, 1))
    assert one["size"] == 2
    same(one, other)


def test_more_processes_than_gpus(monkeypatch):
    for name, value in zip(LAUNCHED, ("1", "2", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    main = SimpleNamespace(name="MainProcess")  # a process of pytest-xdist has another name
    monkeypatch.setattr("multiprocessing.current_process", lambda: main)
    words = "process 1, counted from 0, of a machine that has 1"
    with pytest.raises(RuntimeError, match=words):
        process_group("auto")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
