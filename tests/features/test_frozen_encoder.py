"""Encoders of other people: any rate, length and kind of model, and all that scikit-learn does."""

import pickle
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.features import FrozenEncoder, SSLEmbedder, embed_blocks
from sklearn_ecgssl.pretext import load_pretrained
from sklearn_ecgssl.signal import Resampler, Segmenter, scale_subjects
from tests.tiny import tiny_pretrainer

RATE, MODEL_RATE, SECONDS = 64, 40, 2
N_TIMES = MODEL_RATE * SECONDS
RNG = np.random.default_rng(0)
RECORDINGS = [RNG.normal(3, 2, n).astype(np.float32) for n in (128, 290, 400)]
WINDOWS = RNG.normal(size=(7, 2 * RATE)).astype(np.float32)


def net(**params):
    """Convolutions of one lead, with layers that training changes."""
    torch.manual_seed(0)
    layers = [nn.Conv1d(1, 3, 9, stride=2), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten())


def encoder(model=None, **params):
    defaults = {"sampling_rate": MODEL_RATE, "window_length": SECONDS, "input_rate": RATE}
    return FrozenEncoder(net() if model is None else model, **{**defaults, **params})


def first_samples(X):
    return X[:, :3]


def by_hand(x, model, scaling=lambda piece: piece):
    """Features of the model's windows of one recording."""
    x = Resampler(RATE, MODEL_RATE).fit_transform([x])[0]
    pieces = [x[i : i + N_TIMES] for i in range(0, len(x) - N_TIMES + 1, N_TIMES)]
    batch = np.stack([scaling(piece) for piece in pieces]).astype(np.float32)
    with torch.no_grad():
        return model.eval()(torch.from_numpy(batch[:, None])).numpy()


class Odd(nn.Module):
    """What foreign modules hold: a lambda, tied and half weights, tensors outside parameters."""

    def __init__(self, layer=2):
        super().__init__()
        self.scale = lambda x: x - x.mean(dim=1, keepdim=True)
        self.linear = nn.utils.parametrizations.weight_norm(nn.Linear(N_TIMES, 4))
        self.tied = self.short = nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
        self.tensors = {"window": torch.hann_window(N_TIMES), "complex": torch.ones(2) * 1j}
        self.old = nn.utils.weight_norm(nn.Linear(4, 4)) if layer else None
        self.layer = layer
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        x = self.linear(self.scale(x) * self.tensors["window"])
        return self.old(x) * self.short.float() + self.layer


class TestRows:
    @pytest.mark.parametrize("pool", ["mean", "max", "mean_std"])
    def test_recordings_are_resampled_cut_and_pooled(self, pool):
        pooled = {
            "mean": lambda f: f.mean(0),
            "max": lambda f: f.max(0),
            "mean_std": lambda f: np.r_[f.mean(0), f.std(0)],
        }[pool]
        expected = [pooled(by_hand(x, net())) for x in RECORDINGS]
        fitted = encoder(pool=pool).fit(RECORDINGS)
        np.testing.assert_allclose(fitted.transform(RECORDINGS), expected, atol=1e-6)
        assert len(fitted.get_feature_names_out()) == len(expected[0])
        small = fitted.set_params(batch_size=1).transform(RECORDINGS)
        np.testing.assert_allclose(small, expected, atol=1e-6)

    def test_windows_give_a_row_each(self):
        expected = np.concatenate([by_hand(x, net()) for x in WINDOWS])
        for pool in ("mean", "mean_std"):  # there is nothing to pool
            features = encoder(pool=pool).fit_transform(WINDOWS)
            assert features.dtype == np.float32
            np.testing.assert_allclose(features, expected, atol=1e-6)

    def test_long_windows_are_cut(self):
        long = WINDOWS[:6].reshape(2, -1)
        expected = [by_hand(x, net()).mean(0) for x in long]
        np.testing.assert_allclose(encoder().fit_transform(long), expected, atol=1e-6)

    @pytest.mark.parametrize(
        "windowed", [[WINDOWS[:4], WINDOWS[4:5]], WINDOWS[:6].reshape(2, 3, -1)]
    )
    def test_windowed_recordings_give_a_row_each(self, windowed):
        by_window = encoder().fit_transform(np.concatenate(list(windowed)))
        parts = np.split(by_window, np.cumsum([len(x) for x in windowed])[:-1])
        expected = [np.r_[part.mean(0), part.std(0)] for part in parts]
        found = encoder(pool="mean_std").fit_transform(windowed)
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_mean_std_needs_what_it_was_fitted_on(self):
        with pytest.raises(ValueError, match="pass one to each row, as in fit"):
            encoder(pool="mean_std").fit(WINDOWS).transform(RECORDINGS)
        with pytest.raises(ValueError, match="pass several to each row, as in fit"):
            encoder(pool="mean_std").fit(RECORDINGS).transform(WINDOWS)

    @pytest.mark.parametrize(
        ("of", "kind"),
        [
            (RECORDINGS, tuple),
            (RECORDINGS, lambda X: pd.Series(X, index=[3, 1, 2])),
            (RECORDINGS, lambda X: [x.tolist() for x in X]),
            (WINDOWS, pd.DataFrame),
            (WINDOWS, np.ndarray.tolist),
            (WINDOWS, lambda X: X.astype(np.float64)),
            (WINDOWS.round(), lambda X: X.astype(np.int8)),
        ],
    )
    def test_other_containers(self, of, kind):
        np.testing.assert_allclose(
            encoder().fit_transform(kind(of)), encoder().fit_transform(of), atol=1e-6
        )

    def test_read_only_and_memory_maps(self, tmp_path):
        np.save(tmp_path / "windows.npy", WINDOWS)
        expected = encoder().fit_transform(WINDOWS)
        for mode in ("r", "c"):
            mapped = np.load(tmp_path / "windows.npy", mmap_mode=mode)
            np.testing.assert_array_equal(encoder().fit_transform(mapped), expected)
        blocks = embed_blocks(encoder().fit(WINDOWS), WINDOWS, block_size=3)
        np.testing.assert_allclose(blocks, expected, atol=1e-6)


class TestScaling:
    by_name = pytest.mark.parametrize(
        ("scaling", "of_one"),
        [
            ("standard", lambda x: (x - x.mean()) / x.std()),
            ("minmax", lambda x: (x - x.min()) / (x.max() - x.min())),
            ("trimmed", lambda x: (x - x.mean()) / np.sort(x)[2:-2].std()),
            (np.tanh, np.tanh),
        ],
    )

    @by_name
    def test_of_each_window_of_the_model(self, scaling, of_one):
        expected = [by_hand(x, net(), of_one).mean(0) for x in RECORDINGS]
        found = encoder(scaling=scaling).fit_transform(RECORDINGS)
        np.testing.assert_allclose(found, expected, atol=1e-5)

    @pytest.mark.parametrize("scaling", ["standard", "minmax", "trimmed"])
    def test_flat_windows_become_zeros(self, scaling):
        flat = np.full((2, 2 * RATE), 7.0)
        found = encoder(first_samples, scaling=scaling).fit_transform(flat)
        np.testing.assert_allclose(found, 0, atol=1e-6)

    def test_that_changes_the_shape_is_refused(self):
        with pytest.raises(ValueError, match="scaling must return as many windows"):
            encoder(scaling=first_samples).fit(WINDOWS)


class TestModel:
    @pytest.mark.parametrize(
        ("model", "axis"),
        [
            (nn.Linear(N_TIMES, 2), None),
            (nn.Sequential(nn.Flatten(), nn.Linear(N_TIMES, 2)), None),
            (nn.Sequential(nn.Conv1d(1, 2, N_TIMES), nn.Flatten()), 1),
            (nn.Sequential(nn.Linear(1, 2), nn.Flatten()), 2),
        ],
    )
    def test_the_shape_that_it_takes_is_found(self, model, axis):
        fitted = encoder(model).fit(WINDOWS)
        assert fitted.channel_axis_ == axis
        given = encoder(model, channel_axis=axis).fit(WINDOWS)
        np.testing.assert_array_equal(given.transform(WINDOWS), fitted.transform(WINDOWS))

    def test_another_length_is_an_error_with_what_the_model_says(self):
        with pytest.raises(
            ValueError, match=r"windows of 40 samples \(window_length=1 s .* \(5, 1, 40\): mat1 and"
        ):
            encoder(nn.Linear(N_TIMES, 2), window_length=1).fit(WINDOWS)

    def test_short_windows_are_an_error_in_seconds(self):
        with pytest.raises(ValueError, match=r"\(2 s\); these signals have 1 s at 64 Hz"):
            encoder().fit(WINDOWS[:, :RATE])

    @pytest.mark.parametrize(
        ("make", "params", "message"),
        [
            (lambda x: (x[:, :2], x[:, 2:]), {"output": 1}, "several outputs.*0: .*output=0"),
            (lambda x: {"a": x, "b": x[:, 2:]}, {"output": "b"}, "'b': .*such as output='a'"),
            (lambda x: (x[:, 2:], None), {}, None),
            (lambda x: {"only": x[:, 2:]}, {}, None),
            (lambda x: torch.stack([x, x], 2)[:, 2:], {"time_axis": 2}, "time_axis=2 if channels"),
            (lambda x: torch.stack([x, x], 1)[:, :, 2:], {"time_axis": 1}, "time_axis=1 if time"),
        ],
    )
    def test_which_output_is_features(self, make, params, message):
        class Model(nn.Module):
            def forward(self, x):
                return make(x)

        if message is not None:
            with pytest.raises(ValueError, match=message):
                encoder(Model()).fit(WINDOWS)
        found = encoder(Model(), **params).fit_transform(WINDOWS)
        expected = encoder(lambda X: X).fit_transform(WINDOWS)[:, 2:]
        np.testing.assert_array_equal(found, expected)

    def test_a_row_for_the_whole_batch_is_refused(self):
        with pytest.raises(ValueError, match=r"shape \(80,\) of 5 windows, .* torch.nn.Module"):
            encoder(lambda X: X.mean(axis=0)).fit(WINDOWS)

    def test_one_number_a_window_is_one_feature(self):
        assert encoder(lambda X: X.mean(axis=1)).fit_transform(WINDOWS).shape == (7, 1)

    def test_is_never_changed(self):
        model = net().train()
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        first = encoder(model).fit_transform(WINDOWS)
        np.testing.assert_array_equal(encoder(model).fit_transform(WINDOWS), first)
        assert model.training
        assert model[1].training
        assert all((before[name] == tensor).all() for name, tensor in model.state_dict().items())

    def test_double_and_half_weights(self):
        expected = encoder().fit_transform(WINDOWS)
        for dtype, tolerance in [(torch.float64, 1e-6), (torch.bfloat16, 0.05)]:
            found = encoder(net().to(dtype)).fit_transform(WINDOWS)
            np.testing.assert_allclose(found, expected, atol=tolerance)

    def test_the_default_dtype_of_torch_changes_nothing(self):
        model = net()
        expected = encoder(model).fit_transform(WINDOWS)
        torch.set_default_dtype(torch.float64)
        try:
            np.testing.assert_array_equal(encoder(model).fit_transform(WINDOWS), expected)
        finally:
            torch.set_default_dtype(torch.float32)

    def test_a_fitted_transformer(self):
        embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0)).fit(WINDOWS[:, :N_TIMES])
        resampled = Resampler(RATE, MODEL_RATE).fit_transform(WINDOWS)
        expected = embedder.transform(resampled)
        found = clone(encoder(embedder)).fit_transform(WINDOWS)
        np.testing.assert_allclose(found, expected, atol=1e-6)

    @pytest.mark.parametrize(
        ("model", "error", "message"),
        [
            (StandardScaler(), NotFittedError, "not fitted yet"),
            (nn.Linear, TypeError, "model must be a torch.nn.Module, a program"),
            (5, TypeError, "got 5"),
            (net().state_dict(), TypeError, "Weights go into a module of their class first"),
            (tiny_pretrainer(), TypeError, "A pretrainer goes into SSLEmbedder"),
            ("missing.onnx", FileNotFoundError, "missing.onnx"),
            ("weights.pth", ValueError, "must be one of '.onnx', '.pt2', got '.pth'"),
        ],
    )
    def test_what_is_none_is_refused(self, model, error, message):
        with pytest.raises(error, match=message):
            encoder(model).fit(WINDOWS)

    def test_nan_and_nothing_are_refused(self):
        with pytest.raises(ValueError, match="contains NaN"):
            encoder().fit(np.full((2, 2 * RATE), np.nan))
        with pytest.raises(ValueError, match="0 sample"):
            encoder().fit(WINDOWS[:0])
        with pytest.raises(ValueError, match="X is empty"):
            encoder().fit([])


class TestScikitLearn:
    """What breaks where a torch module is a parameter."""

    @pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
    @pytest.mark.parametrize("model", [net, Odd, partial(nn.LSTM, 1, 4, batch_first=True)])
    def test_pickles_hashes_and_clones_are_the_same_encoder(self, model):
        one = encoder(model(), output=0 if "LSTM" in str(model) else None, time_axis=1)
        expected = one.fit_transform(WINDOWS)
        hashed = joblib.hash(one)
        assert joblib.hash(one) == hashed  # though it was run
        copied = pickle.loads(pickle.dumps(one))
        assert joblib.hash(copied) == hashed
        np.testing.assert_array_equal(copied.transform(WINDOWS), expected)
        cloned = clone(one)
        assert not hasattr(cloned, "channel_axis_")
        assert cloned.model is one.model
        np.testing.assert_array_equal(cloned.fit_transform(WINDOWS), expected)
        assert joblib.hash(clone(copied)) == joblib.hash(clone(one)) != hashed

    @pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
    def test_another_weight_or_setting_is_another_encoder(self):
        model = net()
        before = joblib.hash(encoder(model))
        with torch.no_grad():
            model[0].weight[0, 0, 0] += 1e-6
        assert joblib.hash(encoder(model)) != before
        odd = Odd()
        before = joblib.hash(encoder(odd))
        odd.layer = 1
        assert joblib.hash(encoder(odd)) != before

    @pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
    def test_a_script_too(self):
        one = encoder(torch.jit.trace(net().eval(), torch.zeros(2, 1, N_TIMES)))
        found = one.fit_transform(WINDOWS)
        np.testing.assert_allclose(found, encoder().fit_transform(WINDOWS), atol=1e-6)
        copied = pickle.loads(pickle.dumps(one))
        np.testing.assert_array_equal(copied.transform(WINDOWS), found)
        assert joblib.hash(one) == joblib.hash(one)

    def test_a_pickle_holds_no_tensor(self):
        assert b"torch._utils" not in pickle.dumps(encoder())

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
    def test_processes(self):
        one = encoder(Odd())
        expected = one.fit_transform(WINDOWS)
        jobs = (delayed(clone(one).fit_transform)(WINDOWS) for _ in range(3))
        for found in Parallel(n_jobs=2)(jobs):
            np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_threads(self):
        one = encoder(net().train())
        expected = one.fit_transform(WINDOWS)
        jobs = (delayed(clone(one).fit_transform)(WINDOWS) for _ in range(8))
        for found in Parallel(n_jobs=4, backend="threading")(jobs):
            np.testing.assert_array_equal(found, expected)

    def test_memory_of_a_pipeline_finds_it_again(self, tmp_path):
        pipe = make_pipeline(encoder(), StandardScaler(), memory=str(tmp_path))
        first = pipe.fit_transform(WINDOWS)
        n_kept = len(list(tmp_path.rglob("output.pkl")))
        again = clone(pipe).set_params(frozenencoder__model=pickle.loads(pickle.dumps(net())))
        np.testing.assert_array_equal(again.fit_transform(WINDOWS), first)
        assert len(list(tmp_path.rglob("output.pkl"))) == n_kept == 1

    def test_set_output_keeps_the_index_also_in_a_clone(self):
        frame = pd.DataFrame(WINDOWS, index=list("gfedcba"))
        out = clone(encoder().set_output(transform="pandas")).fit_transform(frame)
        assert out.index.tolist() == list("gfedcba")
        assert out.columns.tolist() == ["frozenencoder0", "frozenencoder1", "frozenencoder2"]
        assert isinstance(encoder().fit_transform(frame), np.ndarray)

    def test_set_output_of_a_clone_is_its_own(self):
        one = encoder().set_output(transform="default")
        clone(one).set_output(transform="pandas")
        assert isinstance(one.fit_transform(WINDOWS), np.ndarray)

    def test_parameters_inside_a_transformer_are_not_its_own(self):
        embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0)).fit(WINDOWS)
        assert "model__pretrainer" not in encoder(embedder).get_params(deep=True)

    def test_checks_of_scikit_learn_with_a_module(self):
        expected = {"check_estimators_overwrite_params": "joblib hashes no module as it is twice"}
        model = nn.Sequential(nn.Linear(1, 3), nn.Tanh())
        one = FrozenEncoder(model, sampling_rate=1, window_length=1)
        check_estimator(one, expected_failed_checks=expected, on_skip=None)


def onnx_model(path, shape, n_outputs=1):
    """Write a model that multiplies windows by constants."""
    onnx = pytest.importorskip("onnx")
    numbers, helper = onnx.TensorProto.FLOAT, onnx.helper
    weights = onnx.numpy_helper.from_array(MATRIX, "weights")
    outputs = [f"features{i}" for i in range(n_outputs)]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["windows", "weights"], [name]) for name in outputs],
        "model",
        [helper.make_tensor_value_info("windows", numbers, shape)],
        [helper.make_tensor_value_info(name, numbers, None) for name in outputs],
        [weights],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


MATRIX = RNG.normal(size=(N_TIMES, 3)).astype(np.float32)


def linear(X):
    return X @ MATRIX


class TestOnnx:
    @pytest.mark.parametrize("shape", [["n", N_TIMES], [3, N_TIMES], ["n", 1, "t"], None])
    def test_of_any_number_of_windows_and_of_a_fixed_one(self, tmp_path, shape):
        pytest.importorskip("onnxruntime")
        path = onnx_model(tmp_path / "model.onnx", shape)
        one = encoder(path, time_axis=1).fit(WINDOWS)
        assert one.channel_axis_ == (1 if shape == ["n", 1, "t"] else None)
        expected = encoder(linear).fit_transform(WINDOWS)
        np.testing.assert_allclose(one.transform(WINDOWS), expected, atol=1e-4)
        copied = pickle.loads(pickle.dumps(one))
        np.testing.assert_array_equal(copied.transform(WINDOWS), one.transform(WINDOWS))

    def test_outputs_have_names(self, tmp_path):
        pytest.importorskip("onnxruntime")
        path = onnx_model(tmp_path / "model.onnx", ["n", N_TIMES], n_outputs=2)
        with pytest.raises(ValueError, match="such as output='features0'"):
            encoder(str(path)).fit(WINDOWS)
        assert encoder(str(path), output="features1").fit_transform(WINDOWS).shape == (7, 3)

    def test_several_leads_are_refused(self, tmp_path):
        pytest.importorskip("onnxruntime")
        path = onnx_model(tmp_path / "model.onnx", ["n", 12, N_TIMES])
        with pytest.raises(ValueError, match=r"shape \('n', 12, 80\); those of one lead"):
            encoder(path).fit(WINDOWS)

    @pytest.mark.parametrize(
        "ending",
        [".onnx", pytest.param(".pt2", marks=pytest.mark.slow)],  # imports much of torch
    )
    def test_a_file_that_is_none(self, tmp_path, ending):
        pytest.importorskip("onnxruntime")
        path = tmp_path / f"model{ending}"
        path.write_bytes(b"no model")
        with pytest.raises(UnreadableFileError, match=f"model{ending} cannot be read"):
            encoder(path).fit(WINDOWS)

    def test_a_file_that_was_replaced_is_opened_again(self, tmp_path):
        pytest.importorskip("onnxruntime")
        path = onnx_model(tmp_path / "model.onnx", ["n", N_TIMES])
        one = encoder(path).fit(WINDOWS)
        onnx_model(path, ["n", N_TIMES], n_outputs=2)
        with pytest.raises(ValueError, match="several outputs"):
            one.transform(WINDOWS)


@pytest.mark.slow
@pytest.mark.parametrize("is_fixed", [True, False])
def test_a_program_of_torch_export(tmp_path, is_fixed):
    free = None if is_fixed else ({0: torch.export.Dim("n")},)
    program = torch.export.export(net().eval(), (torch.zeros(2, 1, N_TIMES),), dynamic_shapes=free)
    torch.export.save(program, tmp_path / "model.pt2")
    expected = encoder().fit_transform(WINDOWS)
    for model in (program, tmp_path / "model.pt2"):
        one = encoder(model)
        np.testing.assert_allclose(one.fit_transform(WINDOWS), expected, atol=1e-6)
        copied = pickle.loads(pickle.dumps(one))
        assert joblib.hash(copied) == joblib.hash(one)
        np.testing.assert_array_equal(copied.transform(WINDOWS), one.transform(WINDOWS))


@pytest.mark.real
@pytest.mark.slow
def test_an_encoder_of_ours_is_the_same_from_outside(shared_data, tmp_path):
    pytest.importorskip("onnxruntime")
    data = load_recordings(shared_data / "eegmat_ecg.npz", where={"ecg_ok": True})
    recordings = Resampler(500, 100).fit_transform(data.recordings[:6])
    recordings = scale_subjects(recordings, data.subject[:6])
    windows = Segmenter(100).windows(recordings)
    embedder = SSLEmbedder("rhythm-open", sampling_rate=100).fit(windows)
    expected = embedder.transform(windows)

    from sklearn_ecgssl.saving import export_onnx

    batch = (torch.zeros(2, 1000),)
    program = torch.export.export(
        embedder.to_torch(), batch, dynamic_shapes=({0: torch.export.Dim("n")},)
    )
    torch.export.save(program, tmp_path / "rhythm.pt2")
    models = [
        embedder,
        embedder.to_torch(),
        tmp_path / "rhythm.pt2",
        export_onnx(embedder, tmp_path / "rhythm.onnx"),
        make_pipeline(
            SSLEmbedder(FrozenEstimator(load_pretrained("rhythm-open")), sampling_rate=100)
        ).fit(windows),
    ]
    for model in models:
        one = FrozenEncoder(model, sampling_rate=100, window_length=10).fit(windows)
        np.testing.assert_allclose(one.transform(windows), expected, atol=1e-4)
        whole = one.transform(recordings)
        counts = [len(x) // 1000 for x in recordings]
        means = [part.mean(0) for part in np.split(expected, np.cumsum(counts)[:-1])]
        np.testing.assert_allclose(whole, means, atol=1e-4)
