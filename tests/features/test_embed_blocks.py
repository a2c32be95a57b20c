"""Features of windows block by block: the same as at once, in a file that is written atomically."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_ecgssl.features import SSLEmbedder, embed_blocks
from sklearn_ecgssl.pretext import load_pretrained
from tests.tiny import tiny_embedder, tiny_pretrainer, waves

X, _ = waves(45)


@pytest.fixture(scope="module")
def embedder():
    return tiny_embedder().fit(X)


@pytest.fixture(params={".npy": "numpy", ".zarr": "zarr", ".parquet": "pyarrow"}.items())
def kind(request):
    ending, library = request.param
    pytest.importorskip(library)
    return ending


class Chunked:
    """Slices alone, as a file gives them."""

    chunks, shape, dtype, ndim = (10, 64), X.shape, X.dtype, 2

    def __getitem__(self, rows):
        assert rows.stop - rows.start <= 256
        return X[rows]


@pytest.mark.parametrize("block_size", [1, 8, 45, 1000])
@pytest.mark.parametrize("kind", ["array", "chunked", "memory-map"])
def test_is_what_transform_gives(embedder, kind, block_size, tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    windows = {"array": X, "chunked": Chunked(), "memory-map": mapped}[kind]
    found = embed_blocks(embedder, windows, block_size=block_size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, embedder.transform(X), rtol=1e-5, atol=1e-6)


def test_a_pretrainer_its_folder_or_a_name(fitted_masked, tmp_path):
    fitted_masked.save_pretrained(tmp_path / "encoder")
    for encoder in (fitted_masked, str(tmp_path / "encoder")):
        found = embed_blocks(encoder, X)
        np.testing.assert_allclose(found, fitted_masked.encode(X), rtol=1e-5, atol=1e-6)
    windows, _ = waves(3, 2560)
    found = embed_blocks("recognition-open", windows, block_size=2)
    expected = SSLEmbedder("recognition-open").fit_transform(windows)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_processes(embedder):
    found = embed_blocks(embedder, X, block_size=16, n_jobs=2)
    np.testing.assert_array_equal(found, embed_blocks(embedder, X, block_size=16))


class TestFiles:
    def test_hold_the_features_and_their_names(self, embedder, tmp_path, kind):
        path = embed_blocks(embedder, X, tmp_path / f"f{kind}", block_size=16)
        assert [p.name for p in tmp_path.iterdir()] == [f"f{kind}"]
        names = embedder.get_feature_names_out().tolist()
        if kind == ".npy":
            found = np.load(path)
        elif kind == ".zarr":
            found = pytest.importorskip("zarr").open_array(path)
            assert found.attrs["names"] == names
        else:
            found = pytest.importorskip("pandas").read_parquet(path)
            assert list(found.columns) == names
        np.testing.assert_array_equal(found, embed_blocks(embedder, X, block_size=16))

    def test_a_failure_leaves_nothing(self, embedder, tmp_path, kind):
        bad = X.copy()
        bad[40] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            embed_blocks(embedder, bad, tmp_path / f"f{kind}", block_size=16)
        assert not list(tmp_path.iterdir())

    def test_places(self, embedder, tmp_path):
        with pytest.raises(ValueError, match="path must be one of '.npy', '.parquet', '.zarr'"):
            embed_blocks(embedder, X, tmp_path / "f.csv")
        (tmp_path / "f.npy").write_text("mine")
        with pytest.raises(FileExistsError, match="delete it first"):
            embed_blocks(embedder, X, tmp_path / "f.npy")
        assert (tmp_path / "f.npy").read_text() == "mine"


def test_what_cannot_be_is_refused(embedder):
    for unfitted in (tiny_embedder(), tiny_pretrainer()):
        with pytest.raises(NotFittedError):
            embed_blocks(unfitted, X)
    for no_windows in (X[:0], X[0], X[None]):
        with pytest.raises(ValueError, match="X must be windows"):
            embed_blocks(embedder, no_windows)
    with pytest.raises(ValueError, match="block_size == 0, must be >= 1"):
        embed_blocks(embedder, X, block_size=0)


def test_an_encoder_knows_its_rate(tmp_path):
    windows = np.tile(waves(3, 500)[0], 2)
    expected = SSLEmbedder("rhythm-open", sampling_rate=100).fit_transform(windows)
    for encoder in ("rhythm-open", load_pretrained("rhythm-open")):
        np.testing.assert_array_equal(embed_blocks(encoder, windows), expected)
