"""Two processes that train one network: the same as one, and what happens when one dies.

``torchrun --nproc-per-node 2 -m tests.training.test_group <what> <folder>`` is what the processes
do: one of the functions in `WORK`. Each writes what it has got into ``<what>-<rank>.pickle``.
"""

import os
import pickle
import re
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.pretext import MaskedPretrainer
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
from sklearn_ecgssl.transforms import FlipTime, Negate, Scale
from tests.tiny import tiny_masked, tiny_pretrainer, waves

X, _ = waves(45)
GROUPS = np.arange(45) // 5
HELD_OUT = {"validation_fraction": 0.3, "patience": 2, "max_epochs": 5, "batch_size": 16}


class SameMasks(MaskedPretrainer):
    """Masks the same samples of every window, so that nothing is drawn."""

    def _draw_masks(self, windows, generator):
        masked = torch.zeros(windows.shape, dtype=torch.bool, device=windows.device)
        masked[:, 3:9] = masked[:, 20:30] = True
        return masked


def without_draws(**params):
    """A recognition pretrainer for which nothing is drawn while it trains."""
    tasks = [("scale", Scale()), ("negate", Negate()), ("flip", FlipTime())]
    return tiny_pretrainer(transforms=tasks, head_dropout=0.0, **params)


def masked_without_draws(**params):
    """The same of masked modelling."""
    return SameMasks(**tiny_masked(dropout=0.0, **params).get_params())


#: Fits in which nothing is drawn but the order: one process and two must agree.
FITS = {
    # In the last batch there is a window for one process only.
    "recognition": (without_draws(batch_size=16, lr_decay=0.5, lr_decay_steps=2), X[:33], None),
    "recognition, held out": (without_draws(**HELD_OUT), X, GROUPS),
    "masked, held out": (masked_without_draws(learning_rate=0.05, **HELD_OUT), X, GROUPS),
}


def attributes(estimator):
    return {"state": estimator.state_, "history": estimator.history_}


def fits(folder):
    """Fit everything of FITS, with draws, and with a memory."""
    found = {
        name: attributes(clone(estimator).fit(windows, groups=groups))
        for name, (estimator, windows, groups) in FITS.items()
    }
    found["unseeded"] = attributes(tiny_pretrainer(random_state=None).fit(X))
    found["seeded"] = [attributes(tiny_masked().fit(X)) for _ in range(2)]
    # Each process has a folder of its own, and only the first one's decides.
    memory = folder / f"memory-{os.environ['RANK']}"
    kept = tiny_pretrainer(random_state=None, memory=memory)
    found["memory"] = [attributes(clone(kept).fit(X)) for _ in range(2)]
    files = folder.glob("memory-*/**/output.pkl")
    found["in memory"] = [path.relative_to(folder).parts[0] for path in files]
    return found


def errors(folder):
    """Ask for what cannot be."""
    extreme = X.copy()
    extreme[7] *= 1e30
    checkpoint = tiny_pretrainer(checkpoint=folder / "checkpoint").fit(X)
    warnings.simplefilter("ignore")
    tries = {
        "other windows": (tiny_pretrainer(), X + int(os.environ["RANK"])),
        "another fit": (clone(checkpoint).set_params(l2=0.5), X),
        "diverged": (tiny_pretrainer(), extreme),
    }
    found = {}
    for name, (estimator, windows) in tries.items():
        try:
            estimator.fit(windows)
        except Exception as error:
            found[name] = type(error).__name__, str(error)
    return found


def slow(folder):
    """Train for long, so that there is time to kill a process."""
    estimator = tiny_pretrainer(max_epochs=10_000, checkpoint=folder / "checkpoint")
    try:
        estimator.fit(X)
    except RuntimeError as error:
        return {"error": str(error), "epochs": estimator.n_epochs_}


def go_on(folder):
    """Go on with what `slow` left, and train for as many epochs without a stop."""
    epochs = {"max_epochs": int((folder / "epochs").read_text())}
    resumed = tiny_pretrainer(**epochs, checkpoint=folder / "checkpoint")
    return [attributes(estimator.fit(X)) for estimator in (resumed, tiny_pretrainer(**epochs))]


WORK = {work.__name__: work for work in (fits, errors, slow, go_on)}


def start(arguments, **variables):
    """Start a process with one thread and no GPU, which two may not share."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""} | variables
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=Path(__file__).resolve().parents[2],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]


def results(what, folder, launcher=TORCHRUN):
    """Let two processes do something, and read what each has got."""
    run = start([*launcher, "tests.training.test_group", what, str(folder)])
    output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert "Warning" not in output.replace("FutureWarning", ""), output
    return [pickle.loads((folder / f"{what}-{rank}.pickle").read_bytes()) for rank in (0, 1)]


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


ACCELERATE = [
    *["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"],
    *["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "--module"],
]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_two_processes_learn_what_one_does(launcher, tmp_path):
    if launcher == "accelerate":
        pytest.importorskip("accelerate")
    found, other = results("fits", tmp_path, TORCHRUN if launcher == "torchrun" else ACCELERATE)
    np.testing.assert_equal(other, found)
    for name, (estimator, windows, groups) in FITS.items():
        alone = estimator.fit(windows, groups=groups)
        for row, expected in zip(found[name]["history"], alone.history_, strict=True):
            assert row == pytest.approx(expected, rel=1e-4, abs=1e-6)
        for weights, array in alone.state_.items():
            learnt = np.ones(len(array), bool)
            if weights.endswith("projection.bias"):
                # a bias of the keys changes no attention: its gradients are rounding errors
                learnt[len(array) // 3 : 2 * len(array) // 3] = False
            np.testing.assert_allclose(
                found[name]["state"][weights][learnt], array[learnt], rtol=1e-3, atol=1e-5
            )
    np.testing.assert_equal(*found["seeded"])
    # They draw for themselves: not the same masks twice.
    assert found["seeded"][0]["history"] != tiny_masked().fit(X).history_
    np.testing.assert_equal(*found["memory"])
    assert found["in memory"] == ["memory-0"]


@pytest.mark.slow
def test_all_processes_raise_the_same_error(tmp_path):
    found, other = results("errors", tmp_path)
    assert found == other
    for what, words in {
        "other windows": "Process 1 was given other windows than process 0. Give all",
        "another fit": "checkpoint=.* holds another fit: l2 was 0.0001, is 0.5",
        "diverged": "loss became (nan|inf) in epoch 1, batch 8 of 12. .* window 7 in it",
    }.items():
        assert re.search(words, found[what][1])


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_when_one_is_killed_the_other_says_so_and_the_training_can_go_on(killed, tmp_path):
    """Without a launcher, which would end the other one before it can say anything."""
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    command = ["tests.training.test_group", "slow", str(tmp_path)]
    runs = [start(command, **place, RANK=str(rank)) for rank in (0, 1)]
    try:
        end = time.monotonic() + 60
        while not list(tmp_path.glob("checkpoint/*.safetensors")):
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
    n_epochs = found["epochs"] + 3  # the checkpoint may be one further
    (tmp_path / "epochs").write_text(str(n_epochs))
    for resumed, whole in results("go_on", tmp_path):
        assert len(resumed["history"]) == n_epochs
        np.testing.assert_equal(resumed, whole)


class TestHere:
    """What can be seen in one process."""

    @pytest.fixture
    def launched(self, monkeypatch):
        """Set what a launcher sets for one of so many processes."""

        def launched(rank, size, kind="MainProcess"):
            place = (str(rank), str(size), "127.0.0.1", free_port(), str(rank))
            for name, value in zip((*LAUNCHED, "LOCAL_RANK"), place, strict=True):
                monkeypatch.setenv(name, value)
            process = SimpleNamespace(name=kind)  # one of pytest-xdist has another name
            monkeypatch.setattr("multiprocessing.current_process", lambda: process)

        return launched

    def test_one_process_is_alone_however_it_was_started(self, launched):
        assert process_group("cpu") is ALONE
        launched(0, 1)
        try:
            assert process_group("auto") is ALONE
        finally:
            torch.distributed.destroy_process_group()

    def test_a_worker_of_joblib_inherits_variables_and_is_alone(self, launched):
        launched(1, 2, "LokyProcess-1")
        assert process_group("cpu") is ALONE

    def test_more_processes_than_gpus(self, launched, monkeypatch):
        launched(1, 2)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        with pytest.raises(RuntimeError, match="process 1, counted from 0, of a machine that has"):
            process_group("auto")

    def test_what_the_first_process_gets_or_raises_all_do(self, monkeypatch):
        sent = []

        def broadcast(outcome, src):
            if not sent:  # the first process
                sent.extend(outcome)
            outcome[:] = sent

        monkeypatch.setattr(torch.distributed, "broadcast_object_list", broadcast)
        assert [Group(rank, 2).first(lambda: rank + 5) for rank in (0, 1)] == [5, 5]  # noqa: B023
        sent.clear()
        for rank in (0, 1):
            with pytest.raises(ZeroDivisionError):
                Group(rank, 2).first(lambda: 1 / rank)  # noqa: B023

    def test_windows_of_another_process_that_are_others(self, monkeypatch):
        store, other = WindowStore([X]), WindowStore([X + 1])
        monkeypatch.setattr(Group, "gather", lambda self, own: [own, other.fingerprint()])
        with pytest.raises(ValueError, match="Process 1 was given other windows"):
            check_same_windows(store, Group(0, 2))
        check_same_windows(other, Group(1, 2))

    def test_errors_about_connections_are_told_from_others(self):
        for error, kind in (("gloo: closed", LostProcessError), ("wrong shape", RuntimeError)):
            with pytest.raises(RuntimeError) as caught, lost_processes():
                raise RuntimeError(error)
            assert type(caught.value) is kind


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, folder = sys.argv[1], Path(sys.argv[2])
    done = WORK[what](folder)
    (folder / f"{what}-{os.environ['RANK']}.pickle").write_bytes(pickle.dumps(done))
