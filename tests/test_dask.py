"""A real Dask cluster of two processes: what joblib shares out here, it shares out there."""

import os

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import make_cohort, prepare_windows, save_recordings
from sklearn_ecgssl.evaluation import compare_protocols
from sklearn_ecgssl.features import embed_blocks
from sklearn_ecgssl.signal import Segmenter
from tests.tiny import ecg_like, tiny_embedder, tiny_masked, tiny_pretrainer, waves

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

X, Y = waves(48)


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture
def dask(client):
    with parallel_config(backend="dask"):
        yield client


def processes(client):
    return set(client.run(os.getpid).values())


class Where(LogisticRegression):
    """A classifier that notes in which process it was fitted."""

    def fit(self, X, y):
        self.process_ = os.getpid()
        return super().fit(X, y)


def pipe():
    return make_pipeline(Segmenter(64, 1), tiny_embedder(), LogisticRegression())


def test_grid_search(dask):
    recordings, target, subject = ecg_like(12)
    grid = {"sslembedder__pretrainer__noise__snr_db": [5, 25], "logisticregression__C": [0.1, 1]}
    cv = GroupKFold(3)
    search = GridSearchCV(pipe(), grid, cv=cv, error_score="raise")
    found = search.fit(recordings, target, groups=subject).cv_results_
    with parallel_config(backend="sequential"):
        expected = search.fit(recordings, target, groups=subject).cv_results_
    np.testing.assert_array_equal(found["mean_test_score"], expected["mean_test_score"])


def test_the_work_is_done_by_the_workers(dask):
    fitted = cross_validate(Where(), X, Y, cv=4, return_estimator=True)["estimator"]
    assert {one.process_ for one in fitted} <= processes(dask)


def test_pretrainers_in_workers_train_alone(dask):
    found = cross_val_score(pipe(), *ecg_like(8)[:2], cv=2)
    with parallel_config(backend="sequential"):
        np.testing.assert_array_equal(found, cross_val_score(pipe(), *ecg_like(8)[:2], cv=2))


def test_an_evaluation(dask):
    recordings, target, subject = ecg_like(8)
    how = {"segmenter": Segmenter(64, 1), "protocols": ["subjects"], "n_splits": 2}
    estimator = make_pipeline(tiny_embedder(), LogisticRegression())
    found = compare_protocols({"one": estimator}, recordings, target, subject, **how)
    with parallel_config(backend="sequential"):
        expected = compare_protocols({"one": estimator}, recordings, target, subject, **how)
    times = ["fit_seconds"]
    assert found.table().drop(columns=times).equals(expected.table().drop(columns=times))


def test_a_gpu_for_each_worker():
    """The means that docs/guide/scale.md names: an environment of its own for each process."""
    workers = {
        number: {
            "cls": distributed.Nanny,
            "options": {"nthreads": 1, "env": {"CUDA_VISIBLE_DEVICES": str(number)}},
        }
        for number in (0, 1)
    }
    scheduler = {"cls": distributed.Scheduler, "options": {"dashboard_address": None}}
    cluster = distributed.SpecCluster(workers=workers, scheduler=scheduler)
    with cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2)
        seen = client.run(os.getenv, "CUDA_VISIBLE_DEVICES")
    assert sorted(seen.values()) == ["0", "1"]


class TestBlocks:
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls):
        return tiny_embedder().fit(X)

    def test_windows_of_a_file(self, dask, embedder, tmp_path):
        zarr = pytest.importorskip("zarr")
        windows = zarr.create_array(tmp_path / "w.zarr", data=X, chunks=(10, 64))
        path = embed_blocks(embedder, windows, tmp_path / "f.npy", block_size=10)
        expected = embedder.transform(windows[0:48])
        np.testing.assert_allclose(np.load(path), expected, rtol=1e-4, atol=1e-5)

    def test_an_array_of_dask(self, dask, embedder):
        windows = da.from_array(X, chunks=(10, 64))
        expected = embedder.transform(X)
        found = embed_blocks(embedder, windows, block_size=20)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(embedder.transform(windows), expected, rtol=1e-4, atol=1e-5)
        lazy = windows.map_blocks(
            embedder.transform, dtype=np.float32, chunks=(windows.chunks[0], expected.shape[1])
        )
        np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-4, atol=1e-5)


def test_preparation(dask, tmp_path):
    pytest.importorskip("zarr")
    files = []
    for i in range(3):
        cohort = make_cohort(n_subjects=1, duration=25, sampling_rate=100, random_state=i)
        files.append(save_recordings(tmp_path / f"{i}.npz", cohort.recordings, 100, [f"p{i}"] * 2))
    found = prepare_windows(files, tmp_path / "dask.zarr")
    with parallel_config(backend="sequential"):
        expected = prepare_windows(files, tmp_path / "here.zarr")
    np.testing.assert_array_equal(found.windows[:], expected.windows[:])
    assert found.subject.tolist() == expected.subject.tolist()


@pytest.mark.parametrize("tiny", [tiny_pretrainer, tiny_masked])
def test_a_pretrainer_reads_an_array_of_dask(tiny):
    windows = da.from_array(X, chunks=(10, 64))
    np.testing.assert_equal(tiny().fit(windows).state_, tiny().fit(X).state_)
