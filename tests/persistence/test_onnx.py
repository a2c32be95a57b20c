"""The exported model gives the embedder's features, and writing it harms nothing."""

import errno
import json
import os
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sklearn_ecgssl
from sklearn_ecgssl import (
    ECGFilter,
    MaskedPretrainer,
    PretextPretrainer,
    Resampler,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    export_onnx,
    load_recordings,
)
from tests.tiny import SAMPLING_RATE, each_pretrainer, ecg_like, tiny_masked, tiny_pretrainer

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

SECONDS = 4


def run(path, windows):
    """The features of windows by onnxruntime, which knows nothing of the package."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["features"], {"windows": windows})[0]


def metadata(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def shaken(pretrainer, seed=0):
    """A fitted pretrainer with weights none of which is what it was initialised with."""
    rng = np.random.default_rng(seed)
    pretrainer.state_ = {
        name: (array + rng.normal(scale=0.1, size=array.shape)).astype(np.float32)
        for name, array in pretrainer.state_.items()
    }
    return pretrainer


def embedder_of(pretrainer, windows, **params):
    params = {"sampling_rate": SAMPLING_RATE, **params}
    return SSLEmbedder(FrozenEstimator(pretrainer), **params).fit(windows)


def assert_same_features(embedder, path, windows, tolerance=1e-4):
    """Close in absolute terms, and against the largest value of each feature."""
    expected, given = embedder.transform(windows), run(path, windows)
    assert given.dtype == np.float32
    assert given.shape == expected.shape
    scale = np.minimum(np.abs(expected).max(axis=0), 1)
    assert (np.abs(given - expected) <= tolerance * scale).all()


@pytest.fixture(scope="module")
def windows():
    return Segmenter(SAMPLING_RATE, SECONDS).windows(ecg_like(17, seconds=(6, 8))[0])


@pytest.fixture(params=["recognition", "masked"], scope="module")
def pretrainer(request, windows):
    """One of either kind. A fixture: `tiny` in the tests' own parameters would fit it each time."""
    tiny = {"recognition": tiny_pretrainer, "masked": tiny_masked}[request.param]
    return shaken(tiny(max_epochs=1).fit(windows))


@pytest.fixture
def embedder(windows):
    return SSLEmbedder(tiny_pretrainer(max_epochs=1)).fit(windows)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "embedder.onnx"


# The features


@pytest.mark.parametrize(
    "aggregate", [None, "max", "mean", "std", "rhythm", ["std", "rhythm", "max", "mean"]]
)
@pytest.mark.parametrize("layer", ["first", "last", "all"])
def test_gives_what_transform_gives(pretrainer, windows, path, layer, aggregate):
    layer = pretrainer.layer_names()[0] if layer == "first" else layer
    embedder = embedder_of(pretrainer, windows, layer=layer, aggregate=aggregate)
    assert export_onnx(embedder, path) == path
    assert_same_features(embedder, path, windows)


@pytest.mark.parametrize("aggregate", ["cls", "last", ["last", "cls"], ["cls", "mean", "last"]])
@pytest.mark.parametrize("layer", ["layer1", "layer2", "all"])
def test_gives_single_tokens(windows, path, layer, aggregate):
    masked = shaken(tiny_masked(max_epochs=0).fit(windows))
    embedder = embedder_of(masked, windows, layer=layer, aggregate=aggregate)
    assert_same_features(embedder, export_onnx(embedder, path), windows)


@pytest.mark.parametrize(
    "tiny",
    [
        tiny_pretrainer(negative_slope=0.0),
        tiny_pretrainer(negative_slope=0.7),
        tiny_pretrainer(convs_per_block=1, kernel_sizes=(1, 2)),
        tiny_pretrainer(convs_per_block=3),
        tiny_pretrainer(pool_size=7, pool_stride=3),
        tiny_pretrainer(pool_size=2, pool_stride=5),
        tiny_pretrainer(pool_size=1, pool_stride=1),
        tiny_pretrainer(filters=(5,), kernel_sizes=(9,)),
        tiny_pretrainer(filters=(2, 3, 4, 5), kernel_sizes=(8, 7, 6, 5)),
        tiny_masked(filters=(6,), kernel_sizes=(4,)),
        tiny_masked(filters=(2, 4, 6), kernel_sizes=(4, 3, 2), n_layers=1),
        tiny_masked(n_heads=1, n_layers=3, feedforward=5),
        tiny_masked(n_heads=3, dropout=0.9),
    ],
    ids=lambda tiny: str(tiny).replace("\n", ""),
)
@pytest.mark.parametrize("n_times", [199, 200])
def test_knows_every_architecture(windows, path, tiny, n_times):
    X = windows[:5, :n_times]
    pretrainer = shaken(tiny.set_params(max_epochs=0).fit(X))
    embedder = embedder_of(pretrainer, X, layer="all", aggregate=["max", "mean", "std"])
    assert_same_features(embedder, export_onnx(embedder, path), X)


@pytest.mark.parametrize("n_windows", [1, 3, 17])
def test_takes_any_number_of_windows(pretrainer, windows, path, n_windows):
    embedder = embedder_of(pretrainer, windows)
    assert_same_features(embedder, export_onnx(embedder, path), windows[:n_windows])


@pytest.mark.parametrize("n_times", [SAMPLING_RATE * SECONDS - 1, SAMPLING_RATE * SECONDS + 1])
def test_takes_only_windows_of_the_fitted_length(embedder, path, n_times):
    export_onnx(embedder, path)
    with pytest.raises(Exception, match=r"(?s)windows.*Got: \d+ Expected: 256"):
        run(path, np.zeros((2, n_times), np.float32))


def test_rhythm_finds_the_right_period(windows, path):
    """Not only the same as `transform`: the beats come every 1 and every 0.56 s."""
    pretrainer = tiny_pretrainer(max_epochs=0).fit(windows)
    embedder = embedder_of(pretrainer, windows, layer="block1", aggregate="rhythm")
    _, target, _ = ecg_like(17, seconds=(6, 8))
    periods = np.exp(np.median(run(export_onnx(embedder, path), windows)[:, :3], axis=1))
    np.testing.assert_allclose(periods, np.where(target == 0, 1, 35 / 64), atol=0.02)


def test_silent_channels_have_no_rhythm(path):
    """Zeros: no power to share out, no peak to find, and nothing is divided by zero."""
    X = np.zeros((2, SAMPLING_RATE * SECONDS), np.float32)
    embedder = embedder_of(tiny_pretrainer(max_epochs=0).fit(X), X, aggregate="rhythm")
    assert_same_features(embedder, export_onnx(embedder, path), X)


# What is exported


def test_a_pretrainer_gives_its_last_layer(pretrainer, windows, path):
    export_onnx(pretrainer, path)
    np.testing.assert_allclose(run(path, windows), pretrainer.encode(windows), atol=1e-5)
    assert metadata(path)["layer"] == "last"


def test_frozen_or_not_makes_no_difference(pretrainer, windows, tmp_path):
    embedder = embedder_of(pretrainer, windows)
    for name, given in {
        "embedder": embedder,
        "frozen embedder": FrozenEstimator(embedder),
        "pretrainer": pretrainer,
        "frozen pretrainer": FrozenEstimator(FrozenEstimator(pretrainer)),
    }.items():
        export_onnx(given, tmp_path / name)
    names = ("embedder", "pretrainer")
    contents = [[(tmp_path / f"{p}{n}").read_bytes() for p in ("", "frozen ")] for n in names]
    assert [len(set(same)) for same in contents] == [1, 1]
    features = [run(tmp_path / name, windows) for name in names]
    np.testing.assert_array_equal(*features)


def test_a_fitted_clone_is_exported_and_not_what_it_was_cloned_from(windows, path):
    embedder = SSLEmbedder(tiny_pretrainer(max_epochs=1)).fit(windows)
    assert not hasattr(embedder.pretrainer, "state_")
    assert_same_features(embedder, export_onnx(embedder, path), windows)


@pytest.mark.parametrize("pool", ["mean", "mean_std"])
def test_windows_of_recordings_are_not_pooled(windows, path, pool):
    recordings = windows[:16].reshape(4, 4, -1)
    embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0), pool=pool).fit(recordings)
    features = run(export_onnx(embedder, path), windows[:16])
    pooled = features.reshape(4, 4, -1)
    pooled = np.concatenate([pooled.mean(axis=1), pooled.std(axis=1)], axis=1)
    expected = embedder.transform(recordings)
    np.testing.assert_allclose(pooled[:, : expected.shape[1]], expected, atol=1e-5)
    assert len(json.loads(metadata(path)["feature_names"])) == features.shape[1]


def test_parameters_that_were_set_after_fit_count(embedder, windows, path):
    embedder.set_params(layer="block1", aggregate="std")
    assert_same_features(embedder, export_onnx(embedder, path), windows)


def test_weights_are_float32_whatever_the_precision(embedder, windows, tmp_path):
    contents = []
    for precision in ("float32", "bfloat16", "auto"):
        embedder.pretrainer_.set_params(precision=precision)
        contents.append(export_onnx(embedder, tmp_path / precision).read_bytes())
    assert len(set(contents)) == 1


# The model


def test_says_what_it_is(embedder, path):
    embedder.set_params(layer="all", aggregate=("max", "mean"))
    export_onnx(embedder, path)
    found = metadata(path)
    names = json.loads(found.pop("feature_names"))
    assert names == embedder.get_feature_names_out().tolist()
    assert found == {
        "package": "sklearn_ecgssl",
        "version": sklearn_ecgssl.__version__,
        "pretrainer": "PretextPretrainer",
        "layer": "all",
        "aggregate": '["max", "mean"]',
        "n_times": "256",
    }


def test_says_the_sampling_rate_where_it_is_known(embedder, windows, path):
    export_onnx(embedder.set_params(aggregate="rhythm", sampling_rate=SAMPLING_RATE), path)
    assert metadata(path)["sampling_rate"] == "64.0"
    pretrainer = tiny_masked(max_epochs=0).fit(windows)
    pretrainer.sampling_rate_ = 100  # as of one that was saved with it
    export_onnx(pretrainer, path)
    assert metadata(path)["sampling_rate"] == "100"


def test_inputs_and_outputs_are_named_and_sized(embedder, path):
    graph = onnx.load(export_onnx(embedder, path)).graph
    shapes = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {"windows": ["n_windows", 256], "features": ["n_windows", 4]}


def test_old_runtimes_can_read_it(pretrainer, windows, path):
    """Nothing newer than opset 17, no operators of one runtime, no weights beside the file."""
    everything = ["max", "mean", "std", "rhythm"]
    embedder = embedder_of(pretrainer, windows, layer="all", aggregate=everything)
    model = onnx.load(export_onnx(embedder, path), load_external_data=False)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert model.ir_version == 8
    assert {node.domain for node in model.graph.node} == {""}
    assert not any(array.external_data for array in model.graph.initializer)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("layer", ["first", "all"])
def test_computes_nothing_twice_and_nothing_that_is_not_asked_for(pretrainer, windows, path, layer):
    layer = pretrainer.layer_names()[0] if layer == "first" else layer
    everything = ["max", "mean", "std", "rhythm"]
    embedder = embedder_of(pretrainer, windows, layer=layer, aggregate=everything)
    nodes = onnx.load(export_onnx(embedder, path)).graph.node
    calls = [
        (node.op_type, *node.input, *sorted(map(str, node.attribute)))
        for node in nodes
        if node.op_type != "Identity"
    ]
    assert len(set(calls)) == len(calls)
    used = {name for node in nodes for name in node.input}
    assert {name for node in nodes for name in node.output} - used == {"features"}


def test_no_token_is_computed_that_nobody_asks_for(windows, path):
    embedder = embedder_of(tiny_masked(max_epochs=0).fit(windows), windows)
    model = onnx.shape_inference.infer_shapes(onnx.load(export_onnx(embedder, path)))
    softmax = [node.output[0] for node in model.graph.node if node.op_type == "Softmax"]
    sizes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim][2:]
        for value in model.graph.value_info
    }
    assert [sizes[name] for name in softmax] == [[257, 257], [1, 257]]


# Side effects


def test_the_same_bytes_again(pretrainer, windows, tmp_path):
    everything = ["max", "mean", "std", "rhythm"]
    embedder = embedder_of(pretrainer, windows, layer="all", aggregate=everything)
    before = export_onnx(embedder, tmp_path / "a").read_bytes()
    after = export_onnx(pickle.loads(pickle.dumps(embedder)), tmp_path / "b").read_bytes()
    assert before == after


@each_pretrainer
def test_leaves_everything_as_it_was(tiny, windows, path, capfd):
    embedder = SSLEmbedder(tiny(max_epochs=1)).fit(windows)
    fitted, random = pickle.dumps(embedder), torch.get_rng_state()
    numpy_random = pickle.dumps(np.random.get_state())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_onnx(embedder, path)
    assert pickle.dumps(embedder) == fitted
    assert torch.equal(torch.get_rng_state(), random)
    assert pickle.dumps(np.random.get_state()) == numpy_random
    assert capfd.readouterr() == ("", "")


def test_works_in_threads(windows, tmp_path):
    embedders = [
        SSLEmbedder(tiny(max_epochs=0)).fit(windows) for tiny in (tiny_pretrainer, tiny_masked)
    ]
    alone = [export_onnx(e, tmp_path / f"alone {i}").read_bytes() for i, e in enumerate(embedders)]
    with ThreadPoolExecutor(4) as pool:
        paths = list(
            pool.map(lambda i: export_onnx(embedders[i % 2], tmp_path / f"{i}"), range(16))
        )
    assert [path.read_bytes() for path in paths] == alone * 8


def test_importing_the_folder_does_not_import_onnx():
    code = "import sys, sklearn_ecgssl.persistence; print('onnx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Writing


def test_takes_a_path_as_a_string(embedder, path):
    assert export_onnx(embedder, str(path)) == path
    assert path.is_file()


@pytest.mark.parametrize("failing", [(os, "fsync"), (os, "replace"), (onnx.checker, "check_model")])
def test_failure_while_writing_leaves_the_old_file(embedder, path, monkeypatch, failing):
    before = export_onnx(embedder, path).read_bytes()

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*failing, fail)
    with pytest.raises(OSError, match="No space left"):
        export_onnx(embedder.set_params(layer="block1"), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_new_model_takes_the_place_of_the_old(embedder, windows, path):
    export_onnx(embedder, path)
    assert_same_features(embedder, export_onnx(embedder.set_params(layer="all"), path), windows)
    assert os.listdir(path.parent) == [path.name]


def test_missing_folder(embedder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere to write to"):
        export_onnx(embedder, tmp_path / "nowhere" / "e.onnx")
    assert os.listdir(tmp_path) == []


def test_folder_for_a_file(embedder, tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder: give the name of a file"):
        export_onnx(embedder, tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written_to(embedder, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        export_onnx(embedder, tmp_path / "e.onnx")
    tmp_path.chmod(0o700)
    assert os.listdir(tmp_path) == []


def test_path_that_cannot_be_written_to(embedder, tmp_path):
    with pytest.raises(OSError, match="name too long"):
        export_onnx(embedder, tmp_path / f"{'long' * 99}.onnx")
    assert os.listdir(tmp_path) == []


# What cannot be exported


@pytest.mark.parametrize(
    "unfitted",
    [
        SSLEmbedder(),
        PretextPretrainer(),
        MaskedPretrainer(),
        FrozenEstimator(PretextPretrainer()),
        FrozenEstimator(SSLEmbedder()),
    ],
    ids=str,
)
def test_unfitted(unfitted, path):
    with pytest.raises(NotFittedError):
        export_onnx(unfitted, path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (LogisticRegression(), "LogisticRegression"),
        (make_pipeline(SSLEmbedder()), "Pipeline"),
        (SSLEmbedder, "type"),
        ("encoder", "str"),
        (None, "NoneType"),
    ],
    ids=str,
)
def test_something_else(other, named, path):
    with pytest.raises(TypeError, match=rf"embedder must be a fitted SSLEmbedder.* got {named}\."):
        export_onnx(other, path)


class DoubledTrunk(sklearn_ecgssl.ConvTrunk):
    def forward(self, windows):
        return 2 * super().forward(windows)


class DoublingPretrainer(PretextPretrainer):
    def _build_trunk(self, ways):
        trunk = super()._build_trunk(ways)
        trunk.__class__ = DoubledTrunk
        return trunk


def test_a_network_of_its_own(windows, path):
    pretrainer = DoublingPretrainer(**tiny_pretrainer(max_epochs=0).get_params(deep=False))
    with pytest.raises(TypeError, match=r"does not know, DoubledTrunk: it knows ConvTrunk, Tra"):
        export_onnx(pretrainer.fit(windows), path)


def test_unknown_layer_or_aggregate(embedder, path):
    with pytest.raises(ValueError, match=r"layer must be one of \['block1'.* got 'block9'"):
        export_onnx(embedder.set_params(layer="block9"), path)
    with pytest.raises(ValueError, match=r"aggregate must be one or several of .* got 'median'"):
        export_onnx(embedder.set_params(layer="last", aggregate="median"), path)


@pytest.mark.parametrize(
    ("sampling_rate", "message"),
    [(256, r"windows of at least 3\.2 s, these have 1 s"), (5, r"activations at 3 Hz or more")],
)
def test_rhythm_where_there_is_none(embedder, windows, path, sampling_rate, message):
    embedder.set_params(aggregate="rhythm", sampling_rate=sampling_rate)
    with pytest.raises(ValueError, match=message):
        embedder.transform(windows)
    with pytest.raises(ValueError, match=message):
        export_onnx(embedder, path)


def test_missing_onnx(embedder, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[onnx\]"'):
        export_onnx(embedder, path)
    assert not path.exists()


# Real ECG


@pytest.fixture(scope="module")
def real_windows(shared_data):
    file = shared_data / "eegmat_ecg.npz"
    if not file.is_file():
        pytest.skip(f"no real recordings: {file} is not a file")
    recordings = load_recordings(file, where={"ecg_ok": True}).recordings[::8]
    clean = make_pipeline(Resampler(500, 256), ECGFilter(256), TrimmedScaler())
    return Segmenter(256).windows(clean.fit_transform(recordings))[::8]


@pytest.fixture(scope="module")
def real_pretrainer(real_windows):
    pretrainer = PretextPretrainer(max_epochs=1, batch_size=8, precision="float32", random_state=0)
    return pretrainer.fit(real_windows[:16])


@pytest.mark.real
@pytest.mark.parametrize("aggregate", ["max", "mean", "std", "rhythm"])
@pytest.mark.parametrize("layer", ["last", "all"])
def test_gives_what_transform_gives_on_real_ecg(
    real_windows, real_pretrainer, path, layer, aggregate
):
    X = real_windows
    assert X.shape[1] == 2560
    assert len(X) >= 10
    embedder = embedder_of(real_pretrainer, X, layer=layer, aggregate=aggregate, sampling_rate=256)
    export_onnx(embedder, path)
    assert_same_features(embedder, path, X)
    assert_same_features(embedder, path, X[:1])


@pytest.mark.real
@pytest.mark.parametrize("aggregate", ["cls", "rhythm"])
def test_masked_gives_what_transform_gives_on_real_ecg(real_windows, path, aggregate):
    X = Resampler(256, 128).fit_transform(real_windows[:6])
    pretrainer = MaskedPretrainer(max_epochs=0, precision="float32", random_state=0).fit(X)
    embedder = embedder_of(pretrainer, X, aggregate=aggregate, sampling_rate=128)
    export_onnx(embedder, path)
    assert_same_features(embedder, path, X)
