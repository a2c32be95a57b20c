"""A real Dask cluster of two processes: what joblib shares out here, it shares out there."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import prepare_windows, save_recordings
from sklearn_ecgssl.evaluation import compare_protocols
from sklearn_ecgssl.features import embed_blocks
from sklearn_ecgssl.signal import Segmenter
from tests.tiny import each_pretrainer, ecg_like, tiny_embedder, waves

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
zarr = pytest.importorskip("zarr")

X, Y = waves(48)
RECORDINGS, TARGET, SUBJECT = ecg_like(8)


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def compare(folder):
    estimators = {"one": make_pipeline(tiny_embedder(), LogisticRegression())}
    how = {"segmenter": Segmenter(64, 1), "protocols": ["subjects"], "n_splits": 2}
    table = compare_protocols(estimators, RECORDINGS, TARGET, SUBJECT, **how).table()
    return table.drop(columns="fit_seconds").to_dict("list")


def prepare(folder):
    files = [
        save_recordings(folder / f"{subject}.npz", RECORDINGS[:2], 64, [subject] * 2)
        for subject in "abc"
    ]
    how = {"sampling_rate": 64, "segmenter": Segmenter(64, 1)}
    prepared = prepare_windows(files, folder / "windows.zarr", **how)
    return prepared.windows[:], prepared.subject.tolist()


def embed(folder):
    windows = zarr.create_array(folder / "w.zarr", data=X, chunks=(10, 64))
    embedder = tiny_embedder().fit(X)
    embed_blocks(embedder, windows, folder / "f.npy", block_size=10)
    features = np.load(folder / "f.npy")
    np.testing.assert_allclose(features, embedder.transform(X), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("work", [compare, prepare, embed])
def test_workers_give_the_same(client, work, tmp_path):
    def n_events():
        return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.transition_log))

    before, found = n_events(), []
    for backend in ("sequential", "dask"):
        folder = tmp_path / backend
        folder.mkdir()
        with parallel_config(backend=backend):
            found.append(work(folder))
    np.testing.assert_equal(*found)
    assert n_events() > before


def test_features_of_an_array_of_dask():
    embedder, windows = tiny_embedder().fit(X), da.from_array(X, chunks=(10, 64))
    expected = embedder.transform(X)
    lazy = windows.map_blocks(
        embedder.transform, dtype=np.float32, chunks=(windows.chunks[0], expected.shape[1])
    )
    in_blocks = embed_blocks(embedder, windows, block_size=20)
    for found in (in_blocks, embedder.transform(windows), lazy):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@each_pretrainer
@pytest.mark.filterwarnings("ignore:X lies in chunks")
def test_a_pretrainer_reads_an_array_of_dask(tiny):
    windows = da.from_array(X, chunks=(10, 64))
    fits = [tiny(max_epochs=1).fit(given) for given in (windows, X)]
    np.testing.assert_equal(fits[0].state_, fits[1].state_)
