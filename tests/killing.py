"""Kill trainings and writes for real, at every step that leaves a trace, and see what is left.

``python -m tests.killing <subject> [--every N] [--random N]`` prints what it did as JSON. It runs
in a process of its own, with one thread, because each training is a fork that dies by SIGKILL.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from sklearn.base import clone

from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

X, Y = waves(24)
LONG, _ = waves(8, 1280)
GROUPS = np.arange(24) // 4
DECAYING = {"max_epochs": 3, "batch_size": 8, "lr_decay": 0.5}
STOPS_EARLY = {"validation_fraction": 0.3, "patience": 2, "max_epochs": 6, "learning_rate": 0.05}
PUBLISHED = {"max_epochs": 2, "batch_size": 4, "random_state": 0}
PRETRAINER = tiny_pretrainer(max_epochs=1)

#: What is trained, and what it is fitted on.
FITS = {
    "recognition": (tiny_pretrainer(**DECAYING, lr_decay_steps=4), {"X": X}),
    "masked": (tiny_masked(**STOPS_EARLY, batch_size=8), {"X": X, "groups": GROUPS}),
    "classifier": (
        tiny_ecg_classifier(PRETRAINER, **DECAYING, lr_decay_epochs=1, dropout=0.3),
        {"X": X, "y": Y},
    ),
    "head": (tiny_ecg_classifier(PRETRAINER, "trunk", **DECAYING, dropout=0.3), {"X": X, "y": Y}),
    "recognition as published": (PretextPretrainer(**PUBLISHED), {"X": LONG}),
    "masked as published": (MaskedPretrainer(**PUBLISHED), {"X": LONG}),
}


def killed(*arguments):
    """Run this module with arguments in a process of its own, and return what it found."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.killing", *arguments],
        cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


class Countdown:
    """Kills the process at the n-th step that it is told of; counts them when n is None."""

    def __init__(self, n):
        self.n = n
        self.steps = 0

    def step(self):
        self.steps += 1
        if self.steps == self.n:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner, name):
        """Make a step before, and one after, each call of a function."""
        function = getattr(owner, name)

        def stepped(*args, **kwargs):
            self.step()
            result = function(*args, **kwargs)
            self.step()
            return result

        setattr(owner, name, stepped)

    def arm(self):
        """Make every batch, write, sync and move of this process a step."""
        self.around(os, "replace")
        self.around(os, "fsync")
        self.around(TrainingNet, "train_step")

        def write_bytes(path, content):
            with open(path, "wb") as stream:
                stream.write(content[: len(content) // 2])
                stream.flush()
                self.step()
                stream.write(content[len(content) // 2 :])

        Path.write_bytes = write_bytes


def in_fork(function, *, kill_after=None):
    """Run a function in a fork; return how it ended: "done", "killed" or "failed"."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return "done" if os.WEXITSTATUS(status) == 0 else "failed"


def learnt(estimator):
    """Everything that a fit has set, in bytes that can be compared."""
    arrays = {name: array.tobytes().hex() for name, array in sorted(estimator.state_.items())}
    return json.dumps([estimator.history_, arrays])


def trainings(name, every, n_random):
    """Kill a training at its steps, and at random moments, and let it go on each time."""
    estimator, how = FITS[name]
    place = Path(tempfile.mkdtemp())
    folder, result = place / "checkpoint", place / "result.json"
    expected = learnt(clone(estimator).fit(**how))
    counts = Counter()

    def fit():
        result.write_text(learnt(clone(estimator).set_params(checkpoint=folder).fit(**how)))

    def fit_until(step):
        countdown = Countdown(step)
        countdown.arm()
        fit()
        result.write_text(str(countdown.steps))

    def go_on():
        result.unlink(missing_ok=True)
        ended = in_fork(fit)
        counts["trainings"] += 1
        counts["same bits"] += ended == "done" and result.read_text() == expected
        shutil.rmtree(folder)

    began = time.perf_counter()
    assert in_fork(lambda: fit_until(None)) == "done"
    duration, n_steps = time.perf_counter() - began, int(result.read_text())
    shutil.rmtree(folder)
    for step in range(1, n_steps + 1, every):
        counts[f"{in_fork(lambda: fit_until(step))} at a step"] += 1  # noqa: B023
        go_on()
    draw = random.Random(0)
    for _ in range(n_random):
        for _ in range(draw.choice([1, 2, 3])):
            ended = in_fork(fit, kill_after=draw.uniform(0, 0.7 * duration))
            counts[f"{ended} at a random moment"] += 1
        folder.mkdir(exist_ok=True)
        go_on()
    shutil.rmtree(place)
    return {"steps": n_steps, **counts}


def savings():
    """Kill `save_pretrained` at each step once, over an earlier version."""
    old, new = (tiny_pretrainer(random_state=seed).fit(X) for seed in (1, 2))
    versions = {learnt(old): "old", learnt(new): "new"}
    folder = Path(tempfile.mkdtemp())
    counts = Counter()
    step, ended = 0, "killed"
    while ended == "killed":
        step += 1
        old.save_pretrained(folder)

        def save():
            Countdown(step).arm()  # noqa: B023
            new.save_pretrained(folder)

        ended = in_fork(save)
        counts[f"{ended} at a step"] += 1
        counts[versions.get(learnt(load_pretrained(folder)), "neither")] += 1
        new.save_pretrained(folder)  # whatever was left is no obstacle
        counts["saved again"] += learnt(load_pretrained(folder)) == learnt(new)
    shutil.rmtree(folder)
    return dict(counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", choices=[*FITS, "save"])
    parser.add_argument("--every", type=int, default=1, help="kill at every so many-th step")
    parser.add_argument("--random", type=int, default=0, help="kills at random moments")
    args = parser.parse_args()
    torch.set_num_threads(1)
    save = args.subject == "save"
    found = savings() if save else trainings(args.subject, args.every, args.random)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
