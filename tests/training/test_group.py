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
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training._group import (
    ALONE,
    LAUNCHED,
    Group,
    LostProcessError,
    check_same_windows,
    lost_processes,
    process_group,
)
from tests.tiny import tiny_embedder, tiny_masked
from tests.training import together

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


@pytest.mark.slow
class TestFits:
    @pytest.fixture(scope="class")
    @classmethod
    def fits(cls, tmp_path_factory):
        return results("fits", tmp_path_factory.mktemp("together"))

    def test_all_processes_have_the_same_estimators(self, fits):
        np.testing.assert_equal(fits[1], fits[0])

    @pytest.mark.parametrize("name", together.FITS)
    def test_two_processes_learn_what_one_does(self, fits, name):
        estimator, windows, groups = together.FITS[name]
        alone, found = estimator.fit(windows, groups=groups), fits[0][name]
        for row, expected in zip(found["history"], alone.history_, strict=True):
            assert row == pytest.approx(expected, rel=1e-4, abs=1e-6)
        for weights, array in alone.state_.items():
            learnt = np.ones(len(array), bool)
            if weights.endswith("projection.bias"):
                # a bias of the keys changes no attention: its gradients are rounding errors
                learnt[len(array) // 3 : 2 * len(array) // 3] = False
            np.testing.assert_allclose(
                found["state"][weights][learnt], array[learnt], rtol=1e-3, atol=1e-5
            )

    def test_draws(self, fits):
        """The same seed gives the same bits, and processes draw for themselves."""
        one, other = fits[0]["seeded"]
        np.testing.assert_equal(one, other)
        assert one["history"] != tiny_masked().fit(together.X).history_

    def test_what_the_first_process_keeps_serves_all(self, fits):
        one, other = fits[1]["memory"]
        np.testing.assert_equal(one, other)
        assert fits[0]["in memory"] == ["memory-0"]

    def test_workers_of_joblib_train_alone(self, fits):
        pipe = make_pipeline(tiny_embedder(), SVC())
        expected = cross_val_score(pipe, together.X, together.Y, cv=2)
        assert fits[0]["in a worker"] == expected.tolist()

    def test_accelerate_starts_the_same_processes(self, tmp_path):
        pytest.importorskip("accelerate")
        launcher = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
        launcher += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
        launcher += ["--main_process_port", free_port(), "--module"]
        one, other = results("size", tmp_path, launcher)
        assert one["size"] == 2
        np.testing.assert_equal(one, other)


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    return results("errors", tmp_path_factory.mktemp("together"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("other windows", "Process 1 was given other windows than process 0. Give all"),
        ("odd batch", "batch_size=5 cannot be shared equally by 2 processes: use a multiple"),
        ("another fit", "checkpoint=.* holds another fit: l2 was 0.0001, is 0.5"),
        ("diverged", "loss became (nan|inf) in epoch 1, batch 8 of 12. .* window 7 in it"),
    ],
)
def test_all_processes_raise_the_same_error(errors, what, words):
    assert re.search(words, errors[0][what][1])
    assert errors[1][what] == errors[0][what]


@pytest.mark.slow
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


class TestHere:
    """What can be seen in one process."""

    @pytest.fixture
    def launched(self, monkeypatch):
        """Set what a launcher sets for the second of so many processes."""

        def launched(rank, size):
            place = (str(rank), str(size), "127.0.0.1", free_port())
            for name, value in zip((*LAUNCHED, "LOCAL_RANK"), (*place, str(rank)), strict=True):
                monkeypatch.setenv(name, value)
            main = SimpleNamespace(name="MainProcess")  # a process of pytest-xdist has another name
            monkeypatch.setattr("multiprocessing.current_process", lambda: main)

        return launched

    def test_one_process_is_alone_however_it_was_started(self, launched):
        assert process_group("cpu") is ALONE
        launched(0, 1)
        try:
            assert process_group("cpu") is ALONE
        finally:
            torch.distributed.destroy_process_group()

    def test_a_worker_of_joblib_inherits_variables_and_is_alone(self, launched, monkeypatch):
        launched(1, 2)
        worker = SimpleNamespace(name="LokyProcess-1")
        monkeypatch.setattr("multiprocessing.current_process", lambda: worker)
        assert process_group("cpu") is ALONE

    def test_more_processes_than_gpus(self, launched, monkeypatch):
        launched(1, 2)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        with pytest.raises(RuntimeError, match="process 1, counted from 0, of a machine that has"):
            process_group("auto")

    def test_windows_of_another_process_that_are_others(self, monkeypatch):
        store, other = WindowStore([together.X]), WindowStore([together.X + 1])
        monkeypatch.setattr(Group, "gather", lambda self, own: [own, other.fingerprint()])
        with pytest.raises(ValueError, match="Process 1 was given other windows"):
            check_same_windows(store, Group(0, 2))
        check_same_windows(other, Group(1, 2))

    def test_errors_about_connections_are_told_from_others(self):
        for error, kind in (("gloo: closed", LostProcessError), ("wrong shape", RuntimeError)):
            with pytest.raises(RuntimeError) as caught, lost_processes():
                raise RuntimeError(error)
            assert type(caught.value) is kind
