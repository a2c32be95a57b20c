"""Processes and threads that share a memory, a checkpoint, a saved folder, a data file."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import load_recordings, make_cohort, save_recordings
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import load_pretrained
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_pretrainer, waves

ROOT = Path(__file__).resolve().parents[1]
X, Y = waves(24)

each_backend = pytest.mark.parametrize("backend", ["loky", "threading"])


def fit_with_memory(pretrainer, turn):
    """Fit two of three pretrainers, in an order of one's own."""
    seeds = [(turn + i) % 3 for i in range(2)]
    fits = {
        seed: clone(pretrainer).set_params(random_state=seed).fit(X).encode(X) for seed in seeds
    }
    return fits


@each_pretrainer
@each_backend
def test_one_memory(tiny, backend, tmp_path):
    alone = [tiny(random_state=seed).fit(X).encode(X) for seed in range(3)]
    shared = tiny(memory=tmp_path)
    for _ in range(2):
        turns = Parallel(n_jobs=3, backend=backend)(
            delayed(fit_with_memory)(shared, turn) for turn in range(9)
        )
        for turn in turns:
            for seed, features in turn.items():
                np.testing.assert_array_equal(features, alone[seed])
    assert len(list(tmp_path.rglob("output.pkl"))) == 3


@each_backend
def test_a_grid_search_with_memory(backend, tmp_path):
    """Fits of a grid run at once and share what they can, and score as without either."""
    from joblib import parallel_config

    grid = {"sslembedder__layer": ["block1", "last"], "logisticregression__C": [0.1, 1.0]}
    scores = []
    for memory, n_jobs in [(None, 1), (tmp_path, 3)]:
        pipe = make_pipeline(SSLEmbedder(tiny_pretrainer(memory=memory)), LogisticRegression())
        with parallel_config(backend=backend):
            search = GridSearchCV(pipe, grid, cv=3, n_jobs=n_jobs, error_score="raise").fit(X, Y)
        scores.append(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*scores)


def fit_and_save(folder, seed):
    saved = tiny_pretrainer(random_state=seed % 2).fit(X)
    for _ in range(5):
        saved.save_pretrained(folder)
        loaded = load_pretrained(folder)
        assert loaded.random_state in (0, 1)
        expected = tiny_pretrainer(random_state=loaded.random_state).fit(X)
        np.testing.assert_array_equal(loaded.encode(X), expected.encode(X))
    return True


@each_backend
def test_one_saved_folder(backend, tmp_path):
    tiny_pretrainer().fit(X).save_pretrained(tmp_path)
    assert all(
        Parallel(n_jobs=3, backend=backend)(
            delayed(fit_and_save)(tmp_path, seed) for seed in range(6)
        )
    )


@each_backend
def test_a_fitted_network_in_many_hands(backend):
    model = tiny_ecg_classifier(tiny_pretrainer()).fit(X, Y)
    expected = model.predict_proba(X)
    answers = Parallel(n_jobs=3, backend=backend)(delayed(model.predict_proba)(X) for _ in range(9))
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


HOLDER = """
import sys
from pathlib import Path
from skorch.callbacks import Callback
from tests.tiny import tiny_pretrainer, waves

class Hold(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            print("held", flush=True)
            sys.stdin.read()

tiny_pretrainer(max_epochs=4, checkpoint=sys.argv[1], callbacks=[Hold]).fit(waves(24)[0])
"""


@pytest.mark.parametrize("end", ["killed", "left to finish"])
def test_one_checkpoint(end, tmp_path):
    """A second process is refused, and let in as soon as the first one is gone, however it went."""
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdout.readline() == "held\n"
    second = tiny_pretrainer(max_epochs=4, checkpoint=tmp_path)
    with pytest.raises(RuntimeError, match=r"checkpoint='.*' is in use by another fit"):
        second.fit(X)
    if end == "killed":
        first.send_signal(signal.SIGKILL)
    else:
        first.stdin.close()
    first.wait()
    first.stdout.close()
    expected = tiny_pretrainer(max_epochs=4).fit(X)
    np.testing.assert_equal(second.fit(X).state_, expected.state_)
    assert second.history_ == expected.history_


def save_or_load(path, turn):
    """Replace a recordings file, or read it: what is read is one version or the other."""
    for version in (turn % 2, 1 - turn % 2):
        cohort = versions()[version]
        if turn % 3 == 0:
            save_recordings(path, *cohort)
        read = load_recordings(path)
        found = [np.round(one[:3], 3).tolist() for one in read.recordings]
        expected = [[np.round(one[:3], 3).tolist() for one in v[0]] for v in versions()]
        assert found in expected
    return True


def versions():
    cohorts = (make_cohort(n_subjects=2, duration=20, random_state=seed) for seed in range(2))
    return [(c.recordings, c.sampling_rate, c.subject) for c in cohorts]


@each_backend
def test_one_data_file(backend, tmp_path):
    path = save_recordings(tmp_path / "ecg.npz", *versions()[0])
    assert all(
        Parallel(n_jobs=3, backend=backend)(delayed(save_or_load)(path, turn) for turn in range(9))
    )
    assert [file.name for file in tmp_path.iterdir()] == ["ecg.npz"]
