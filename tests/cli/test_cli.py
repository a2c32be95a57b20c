"""The command line: what it does, what it says, and how it ends."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from sklearn_ecgssl.cli import main
from sklearn_ecgssl.datasets import load_windows, make_cohort, save_recordings
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from tests.tiny import waves

pytest.importorskip("zarr")

TINY = """
[pretrain]
parameters = { filters = [3, 4], kernel_sizes = [8, 4], head_hidden = [5], max_epochs = 2, \
batch_size = 8, random_state = 0, noise__snr_db = 5 }
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A folder of recordings files."""
    folder = tmp_path_factory.mktemp("recordings")
    for i in range(2):
        cohort = make_cohort(n_subjects=3, duration=(25, 35), sampling_rate=100, random_state=i)
        people = [f"{i}-{person}" for person in cohort.subject]
        save_recordings(
            folder / f"{i}.npz", cohort.recordings, 100, people, target=cohort.target,
            target_names=cohort.target_names,
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def corpus(recordings):
    path = recordings.parent / "corpus.zarr"
    how = ["--sampling-rate", "64", "--window-length", "2"]
    assert main(["prepare", str(recordings), "--output", str(path), *how]) == 0
    return path


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text(TINY)
    return ["--config", str(file)]


class TestWhatItDoes:
    def test_prepare(self, corpus):
        data = load_windows(corpus)
        assert data.windows.shape[1] == 128
        assert len(set(data.subject)) == 6
        assert 0.5 < data.windows[0:50].std() < 2
        assert {name.partition("/")[0] for name in data.subject} == {"0", "1"}

    def test_files_of_the_same_name(self, recordings, tmp_path, capsys):
        places = [str(recordings), str(recordings / "1.npz")]
        assert main(["prepare", *places, "--output", str(tmp_path / "x.zarr")]) == 2
        assert "several files called 1.npz" in capsys.readouterr().err

    def test_pretrain(self, corpus, config, tmp_path, capsys):
        out = str(tmp_path / "encoder")
        assert main(["pretrain", str(corpus), "--output", out, *config]) == 0
        found = PretextPretrainer.from_pretrained(out)
        assert found.sampling_rate_ == 64
        expected = PretextPretrainer(
            filters=(3, 4), kernel_sizes=(8, 4), head_hidden=(5,), max_epochs=2, batch_size=8,
            random_state=0,
        ).set_params(noise__snr_db=5).fit(load_windows(corpus).windows)  # fmt: skip
        np.testing.assert_equal(found.state_, expected.state_)
        assert "2 epochs, train_loss" in capsys.readouterr().out

    def test_flags_win_over_the_file(self, corpus, config, tmp_path):
        out = str(tmp_path / "encoder")
        flags = ["--set", "max_epochs=1", "--set", "device=cpu"]
        assert main(["pretrain", str(corpus), "--output", out, *config, *flags]) == 0
        assert PretextPretrainer.from_pretrained(out).n_epochs_ == 1

    def test_everything_may_stand_in_the_file(self, corpus, tmp_path):
        out = tmp_path / "encoder"
        file = tmp_path / "all.toml"
        file.write_text(
            f"[pretrain]\nwindows = ['{corpus}']\noutput = '{out}'\nmethod = 'masked'\n"
            "[pretrain.parameters]\nfilters = [4, 6]\nkernel_sizes = [9, 5]\nfeedforward = 8\n"
            "max_epochs = 1\nn_layers = 1\n"
        )
        assert main(["pretrain", "--config", str(file)]) == 0
        assert MaskedPretrainer.from_pretrained(out).n_epochs_ == 1

    def test_pretrain_again_goes_on(self, corpus, config, tmp_path):
        kept = ["--checkpoint", str(tmp_path / "kept")]
        outs = [str(tmp_path / name) for name in ("one", "two", "whole")]
        assert main(["pretrain", str(corpus), "--output", outs[0], *config, *kept]) == 0
        more = ["--set", "max_epochs=3"]
        assert main(["pretrain", str(corpus), "--output", outs[1], *config, *kept, *more]) == 0
        assert main(["pretrain", str(corpus), "--output", outs[2], *config, *more]) == 0
        two, whole = (PretextPretrainer.from_pretrained(out) for out in outs[1:])
        np.testing.assert_equal(two.state_, whole.state_)

    def test_a_tracker_follows_it(self, corpus, config, tmp_path):
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        out, runs = tmp_path / "encoder", tmp_path / "runs"
        track = ["--track", f"tensorboard={runs}"]
        assert main(["pretrain", str(corpus), "--output", str(out), *config, *track]) == 0
        events = EventAccumulator(str(runs)).Reload().Scalars("Loss/train_loss")
        history = PretextPretrainer.from_pretrained(out).history_
        losses = [row["train_loss"] for row in history]
        assert [event.value for event in events] == pytest.approx(losses)

    def test_embed(self, corpus, config, tmp_path):
        encoder, out = str(tmp_path / "encoder"), str(tmp_path / "features.npy")
        assert main(["pretrain", str(corpus), "--output", encoder, *config]) == 0
        how = ["--aggregate", "max", "mean", "--block-size", "16"]
        assert main(["embed", str(corpus), "--encoder", encoder, "--output", out, *how]) == 0
        windows = load_windows(corpus).windows
        embedder = SSLEmbedder(encoder, aggregate=["max", "mean"], sampling_rate=64)
        expected = embedder.fit_transform(windows[0 : len(windows)])
        np.testing.assert_allclose(np.load(out), expected, rtol=1e-4, atol=1e-5)

    def test_a_npy_of_windows(self, config, tmp_path):
        windows, _ = waves(24)
        np.save(tmp_path / "w.npy", windows)
        np.save(tmp_path / "w.subject.npy", np.arange(24) // 4)
        out = str(tmp_path / "encoder")
        more = ["--sampling-rate", "64", "--set", "validation_fraction=0.3"]
        args = ["pretrain", str(tmp_path / "w.npy"), "--output", out, *config, *more]
        assert main(args) == 0
        assert "valid_loss" in PretextPretrainer.from_pretrained(out).history_[0]

    def test_evaluate(self, recordings, tmp_path, capsys):
        out = tmp_path / "table.csv"
        how = ["--encoder", "recognition-open", "--folds", "2", "--output", str(out)]
        assert main(["evaluate", str(recordings), *how]) == 0
        table = out.read_text()
        assert re.search(r"recognition-open,subjects,", table)
        assert "heart rate,subjects" in table
        assert "recognition-open" in capsys.readouterr().out

    def test_info(self, corpus, recordings, config, tmp_path, capsys):
        encoder, kept = str(tmp_path / "encoder"), str(tmp_path / "kept")
        args = ["pretrain", str(corpus), "--output", encoder, "--checkpoint", kept, *config]
        assert main(args) == 0
        capsys.readouterr()
        places = [str(corpus), str(recordings), encoder, kept, "recognition-open"]
        assert main(["info", *places]) == 0
        lines = capsys.readouterr().out.splitlines()
        words = [
            "windows of 6 people, 2 s at 64 Hz", "12 recordings of 6 people.*at 100 Hz",
            "PretextPretrainer, 2 epochs, windows of 2 s at 64 Hz, 4 features",
            "checkpoint of a PretextPretrainer after 2 epochs, train_loss",
            "windows of 10 s at 256 Hz, 128 features",
        ]  # fmt: skip
        for line, word in zip(lines, words, strict=True):
            assert re.search(word, line), line
        assert main(["info"]) == 0
        assert re.search(r"device: \w+, precision: \w+", capsys.readouterr().out)


class TestHowItEnds:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["pretrain", "none.zarr", "--output", "x"], "FileNotFoundError: There is no windows"),
            (["info", "none"], "FileNotFoundError: There is nothing at"),
            (["embed", "none.npy", "--encoder", "nobody", "--output", "x.npy"], "none.npy"),
            (["evaluate", "none.npz", "--encoder", "recognition-open"], "none.npz"),
        ],
    )
    def test_what_fails(self, arguments, words, capsys):
        assert main(arguments) == 1
        assert words in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], "COMMAND"),
            (["knead"], "invalid choice"),
            (["pretrain", "--output", "x"], "windows: missing"),
            (["embed", "w.zarr"], "encoder, output: missing"),
            (["pretrain", "w.zarr", "--output", "x", "--set", "l2"], "expected name=value"),
            (["pretrain", "w.zarr", "--output", "x", "--track", "me"], "trackers are tensorboard"),
            (["info", "--config", "none.toml"], "none.toml"),
        ],
    )
    def test_wrong_command_lines(self, arguments, words, capsys):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 2
        assert words in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("[pretrain", "Expected"),
            ("[pretrain]\nepochs = 3", "has epochs, and knows checkpoint, method"),
            ("[pretrain]\nmethod = 'magic'", "must be one of recognition, masked"),
            ("[pretrain]\nwindows = 'x'", "windows must be a list"),
            ("[pretrain]\noutput = ['x']", "output must be one value"),
            ("pretrain = 3", "pretrain must be a table"),
            ("[pretrain]\nsampling_rate = 'fast'", "sampling_rate: could not convert string"),
            ("[pretrain]\ntrack = ['me']", "track: trackers are tensorboard"),
            ("[pretrain]\ntraceback = true", "has traceback, and knows"),
        ],
    )
    def test_wrong_files(self, text, words, tmp_path, capsys):
        file = tmp_path / "run.toml"
        file.write_text(text)
        with pytest.raises(SystemExit) as end:
            main(["pretrain", "w.zarr", "--output", "x", "--config", str(file)])
        assert end.value.code == 2
        assert words in capsys.readouterr().err

    def test_a_parameter_that_there_is_not(self, corpus, tmp_path, capsys):
        args = ["pretrain", str(corpus), "--output", str(tmp_path / "x"), "--set", "epochs=3"]
        assert main(args) == 1
        assert "Invalid parameter 'epochs'" in capsys.readouterr().err

    @pytest.mark.parametrize("kept", [True, False])
    @pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal(self, corpus, tmp_path, kept, sent):
        """A scheduler's SIGTERM ends it with a code that says whether to start it again."""
        checkpoint = tmp_path / "kept"
        args = ["pretrain", str(corpus), "--output", str(tmp_path / "x")]
        args += ["--set", "filters=[3]", "--set", "kernel_sizes=[8]", "--set", "max_epochs=100000"]
        args += ["--checkpoint", str(checkpoint)] if kept else []
        run = subprocess.Popen(
            [sys.executable, "-m", "sklearn_ecgssl", *args], stderr=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        try:
            if kept:
                wait_for(lambda: (checkpoint / "config.json").exists())
            else:
                wait_for(lambda: "epoch" in os.read(run.stderr.fileno(), 65536).decode())
            run.send_signal(sent)
            errors = run.communicate(timeout=60)[1]
        finally:
            run.kill()
        assert run.returncode == (75 if kept else 130), errors
        last = errors.strip().splitlines()[-1]
        assert re.search("the same command goes on" if kept else "nothing to go on with", last)
        assert not (tmp_path / "x").exists()

    def test_traceback(self, capsys):
        assert main(["info", "none", "--traceback"]) == 1
        assert "Traceback" in capsys.readouterr().err


def test_the_version():
    run = subprocess.run(
        [sys.executable, "-m", "sklearn_ecgssl", "--version"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert re.fullmatch(r"sklearn_ecgssl \d.*\n", run.stdout)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
