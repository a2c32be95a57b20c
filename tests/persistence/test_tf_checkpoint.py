import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.persistence import load_tf_checkpoint
from sklearn_ecgssl.pretext import PretextPretrainer
from tests.formats.tensor_bundle_writer import (
    Checkpoint,
    Entry,
    header,
    message,
    recognition_tensors,
    table,
)

DATA = "SSL_model.ckpt.data-00000-of-00001"


@pytest.fixture
def prefix(tmp_path):
    return tmp_path / "SSL_model.ckpt"


@pytest.fixture
def tensors():
    return recognition_tensors()


def load(prefix, **params):
    """Load without a word about the licence, for float32."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The weights that Sarkar and Etemad")
        return load_tf_checkpoint(prefix, **params).set_params(precision="float32")


def loaded(tensors, prefix, **params):
    return load(Checkpoint(tensors).write(prefix), **params)


def leaky_relu(values):
    return np.where(values > 0, values, 0.2 * values)


def same_convolution(signal, kernel, bias):
    """TensorFlow's, of a signal (times, channels) with a kernel (times, inputs, outputs)."""
    n_padding = len(kernel) - 1
    padded = np.pad(signal, ((n_padding // 2, n_padding - n_padding // 2), (0, 0)))
    steps = [padded[i : i + len(signal)] @ kernel[i] for i in range(len(kernel))]
    return sum(steps) + bias


def max_pool(signal):
    """Of 8 samples every 2, where all 8 are there."""
    return np.array([signal[i : i + 8].max(axis=0) for i in range(0, len(signal) - 7, 2)])


def tensorflow_network(tensors, window):
    """What the authors' network makes of a window, in float64: features of the blocks, logits."""
    tensors = {name: np.float64(tensor) for name, tensor in tensors.items()}

    def dense(inputs, name):
        return inputs @ tensors[f"{name}/kernel"] + tensors[f"{name}/bias"]

    signal, features = np.float64(window)[:, None], []
    for i in range(1, 7):
        layer = f"conv_layer_{i}"
        convolved = same_convolution(signal, tensors[f"{layer}/kernel"], tensors[f"{layer}/bias"])
        signal = leaky_relu(convolved)
        if i % 2 == 0:
            features.append(signal.max(axis=0))
            signal = max_pool(signal)
    logits = []
    for task in range(7):
        hidden = leaky_relu(dense(features[-1], f"task_{task}_dense_1"))
        hidden = leaky_relu(dense(hidden, f"task_{task}_dense_2"))
        logits.append(dense(hidden, f"task_{task}"))
    return features, np.concatenate(logits)


class TestTheNetwork:
    @pytest.mark.parametrize(
        "sizes",
        [
            {},
            {"filters": (3, 3, 3), "kernel_sizes": (4, 4, 4), "hidden": (3, 3)},
            {"filters": (4, 3, 5), "kernel_sizes": (1, 2, 7), "hidden": (2, 6), "seed": 1},
        ],
        ids=["small", "square", "odd"],
    )
    @pytest.mark.parametrize("n_times", [2560, 101])
    def test_computes_what_tensorflow_would(self, prefix, sizes, n_times):
        tensors = recognition_tensors(**sizes)
        pretrainer = loaded(tensors, prefix, n_times=n_times)
        windows = np.random.default_rng(2).normal(size=(3, n_times)).astype(np.float32)
        expected = [tensorflow_network(tensors, window) for window in windows]
        every_block = [np.concatenate(features) for features, _ in expected]
        np.testing.assert_allclose(pretrainer.encode(windows, "all"), every_block, atol=1e-5)
        np.testing.assert_allclose(
            pretrainer.encode(windows), [features[-1] for features, _ in expected], atol=1e-5
        )
        with torch.no_grad():
            network = pretrainer._rebuilt(torch.device("cpu"))
            logits = network(torch.from_numpy(windows)).numpy()
        np.testing.assert_allclose(logits, [logits for _, logits in expected], atol=1e-5)

    def test_full_size(self, prefix):
        sizes = {"filters": (32, 64, 128), "kernel_sizes": (32, 16, 8), "hidden": (128, 128)}
        tensors = recognition_tensors(**sizes, optimiser=False)
        pretrainer = loaded(tensors, prefix)
        assert sum(weights.size for weights in pretrainer.state_.values()) == 561_223
        assert sum(weights.size for weights in pretrainer.trunk_state().values()) == 329_152
        default = PretextPretrainer(precision="float32")
        assert pretrainer.get_params(deep=False) == default.get_params(deep=False)
        window = np.random.default_rng(3).normal(size=(1, 2560)).astype(np.float32)
        (*_, expected), _ = tensorflow_network(tensors, window[0])
        np.testing.assert_allclose(pretrainer.encode(window)[0], expected, rtol=1e-5, atol=1e-5)

    def test_weights_are_not_changed(self, prefix, tensors):
        state = loaded(tensors, prefix).state_
        kernel = state["trunk.blocks.1.convs.0.weight"]
        np.testing.assert_array_equal(kernel[2, 1, 0], tensors["conv_layer_3/kernel"][:, 1, 2])
        np.testing.assert_array_equal(state["heads.4.3.bias"], tensors["task_4_dense_2/bias"])
        np.testing.assert_array_equal(state["heads.6.6.weight"][0], tensors["task_6/kernel"][:, 0])


class TestTheEstimator:
    @pytest.fixture
    def pretrainer(self, prefix, tensors):
        return loaded(tensors, prefix)

    @pytest.fixture
    def windows(self):
        return np.random.default_rng(0).normal(size=(6, 2560)).astype(np.float32)

    def test_is_what_fit_would_have_left(self, pretrainer, windows):
        fitted = clone(pretrainer).set_params(max_epochs=0).fit(windows)
        assert set(vars(pretrainer)) == {*vars(fitted), "sampling_rate_"}
        assert pretrainer.sampling_rate_ == 256
        names = {name for name in vars(fitted) if name.endswith("_")}
        for name in names - {"state_", "transforms_"}:
            assert getattr(pretrainer, name) == getattr(fitted, name), name
            assert type(getattr(pretrainer, name)) is type(getattr(fitted, name)), name
        assert repr(pretrainer.transforms_) == repr(fitted.transforms_)
        assert list(pretrainer.state_) == list(fitted.state_)
        for name, weights in pretrainer.state_.items():
            assert weights.shape == fitted.state_[name].shape
            assert weights.dtype == np.float32
            assert weights.flags.c_contiguous
            assert weights.flags.writeable
            assert weights.flags.owndata or weights.base.flags.owndata

    def test_parameters_are_those_of_the_network(self, pretrainer):
        assert pretrainer._architecture() == pretrainer.architecture_
        assert pretrainer.architecture_ == {
            "filters": (2, 3, 4),
            "kernel_sizes": (5, 4, 3),
            "convs_per_block": 2,
            "pool_size": 8,
            "pool_stride": 2,
            "activation": "leaky_relu",
            "negative_slope": 0.2,
            "n_tasks": 7,
            "head_hidden": (3, 5),
            "head_dropout": 0.6,
        }
        assert {type(n) for n in pretrainer.filters + pretrainer.kernel_sizes} == {int}

    def test_tasks(self, pretrainer):
        names = ["original", "noise", "scale", "negate", "flip", "permute", "warp"]
        assert pretrainer.task_names_ == names
        assert pretrainer.task_weights_ == [0.195, 0.195, 0.195, 0.0125, 0.0125, 0.195, 0.195]
        assert pretrainer.n_features_in_ == 2560

    def test_encodes_and_scores(self, pretrainer, windows):
        assert pretrainer.encode(windows).shape == (6, 4)
        assert 0 <= pretrainer.score(windows) <= 1
        assert list(pretrainer.task_scores(windows)) == pretrainer.task_names_

    def test_pickled(self, pretrainer, windows):
        again = pickle.loads(pickle.dumps(pretrainer))
        np.testing.assert_array_equal(again.encode(windows), pretrainer.encode(windows))

    def test_frozen_in_an_embedder(self, pretrainer, windows):
        embedder = SSLEmbedder(FrozenEstimator(pretrainer)).fit(windows)
        np.testing.assert_array_equal(embedder.transform(windows), pretrainer.encode(windows))

    def test_refuses_windows_of_another_length(self, pretrainer):
        with pytest.raises(ValueError, match="expecting 2560"):
            pretrainer.encode(np.zeros((2, 1280)))

    def test_device(self, prefix, tensors):
        assert loaded(tensors, prefix).device == "auto"
        assert loaded(tensors, prefix, device="cpu").device == "cpu"
        with pytest.raises(ValueError, match="The 'device' parameter"):
            loaded(tensors, prefix, device=3)

    @pytest.mark.parametrize("n_times", [22, 64, np.int64(1280)])
    def test_other_windows(self, prefix, tensors, n_times):
        pretrainer = loaded(tensors, prefix, n_times=n_times)
        assert pretrainer.n_features_in_ == n_times
        assert type(pretrainer.n_features_in_) is int
        assert pretrainer.encode(np.zeros((1, n_times))).shape == (1, 4)

    @pytest.mark.parametrize("n_times", [21, 0, -1, 2560.0, "2560", None])
    def test_windows_that_cannot_be(self, prefix, tensors, n_times):
        with pytest.raises(ValueError, match="n_times must be an integer of at least 22, got"):
            loaded(tensors, prefix, n_times=n_times)


class TestThePath:
    @pytest.mark.parametrize("suffix", ["", ".index", ".meta", ".data-00000-of-00001"])
    @pytest.mark.parametrize("kind", [str, lambda path: path])
    def test_suffixes_are_taken_off(self, prefix, tensors, suffix, kind):
        Checkpoint(tensors).write(prefix)
        path = prefix.with_name(prefix.name + suffix)
        assert load(kind(path)).filters == (2, 3, 4)

    @pytest.mark.parametrize("given", ["", ".index"])
    def test_both_files_are_named(self, prefix, given):
        with pytest.raises(FileNotFoundError) as caught:
            load(f"{prefix}{given}")
        assert f"{prefix}.index and {prefix}.data-00000-of-00001" in str(caught.value)

    def test_data_is_missing(self, prefix, tensors):
        Checkpoint(tensors).write(prefix)
        prefix.with_name(DATA).unlink()
        with pytest.raises(FileNotFoundError, match=f"no file .*{DATA}"):
            load(prefix)


class TestTheLicence:
    def test_is_told_at_every_call(self, prefix, tensors):
        Checkpoint(tensors).write(prefix)
        for _ in range(2):
            with pytest.warns(UserWarning, match=r"non-commercial licence \(CC BY-NC\)") as caught:
                load_tf_checkpoint(prefix)
            assert [warning.filename for warning in caught] == [__file__]

    def test_is_in_the_documentation(self):
        assert "non-commercial licence (CC BY-NC)" in load_tf_checkpoint.__doc__


class TestOtherTensors:
    def test_without_an_optimiser(self, prefix):
        assert loaded(recognition_tensors(optimiser=False), prefix).filters == (2, 3, 4)

    @pytest.mark.parametrize(
        "name",
        ["beta1_power_1", "opt/beta2_power", "a/b/Adam", "a/Adam_12", "train/global_step", "steps"],
    )
    def test_of_training_are_ignored(self, prefix, tensors, name):
        checkpoint = Checkpoint(tensors)
        checkpoint.entries[name] = Entry(dtype=9, size=8, offset=10**9)
        assert load(checkpoint.write(prefix)).filters == (2, 3, 4)

    def test_damaged_slots_are_never_read(self, prefix, tensors):
        checkpoint = Checkpoint(tensors)
        spoilt = bytearray(checkpoint.data)
        n_spoilt = 0
        for name, entry in checkpoint.entries.items():
            if "Adam" in name or "power" in name or "step" in name:
                for i in range(entry.offset, entry.offset + entry.size):
                    spoilt[i] ^= 255
                    n_spoilt += 1
        assert n_spoilt > len(spoilt) / 2
        checkpoint.write(prefix)
        whole = load(prefix).state_
        prefix.with_name(DATA).write_bytes(spoilt)
        for name, weights in load(prefix).state_.items():
            np.testing.assert_array_equal(weights, whole[name])

    @pytest.mark.parametrize(
        "name",
        [
            "task_7/kernel",
            "conv_layer_7/bias",
            "Adamant",
            "my_steps",
            "beta3_power",
            "conv_layer_1/kernel/Adam_1x",
            "_CHECKPOINTABLE_OBJECT_GRAPH",
        ],
    )
    def test_of_another_network_are_listed(self, prefix, tensors, name):
        tensors[name] = np.float32(1)
        with pytest.raises(UnreadableFileError, match=f"lacks nothing, and has besides '{name}'"):
            loaded(tensors, prefix)

    def test_many_are_counted(self, prefix, tensors):
        tensors |= {f"other_{i:02}": np.float32(1) for i in range(30)}
        with pytest.raises(UnreadableFileError, match="'other_09' and 20 more"):
            loaded(tensors, prefix)


class TestRefused:
    def refused(self, checkpoint, prefix, reason):
        with pytest.raises(UnreadableFileError, match=reason) as caught:
            load(checkpoint.write(prefix))
        assert prefix.name in str(caught.value)

    @pytest.mark.parametrize(
        "name", ["conv_layer_1/kernel", "conv_layer_6/bias", "task_0/bias", "task_6_dense_2/kernel"]
    )
    def test_missing(self, prefix, tensors, name):
        del tensors[name]
        self.refused(Checkpoint(tensors), prefix, f"lacks '{name}', and has besides nothing")

    def test_six_tasks(self, prefix, tensors):
        fewer = {name: t for name, t in tensors.items() if not name.startswith("task_6")}
        self.refused(Checkpoint(fewer), prefix, "lacks 'task_6_dense_1/kernel', ")

    def test_nothing_of_it(self, prefix):
        other = Checkpoint({"dense/kernel": np.float32(1)})
        self.refused(other, prefix, "and 44 more, and has besides 'dense/kernel'")

    @pytest.mark.parametrize(
        ("name", "shape", "reason"),
        [
            ("conv_layer_1/kernel", (5, 2, 2), r"\(5, 2, 2\), but \(5, 1, 2\)"),
            ("conv_layer_2/kernel", (5, 2, 3), r"\(5, 2, 3\), but \(5, 2, 2\)"),
            ("conv_layer_2/kernel", (4, 2, 2), r"\(4, 2, 2\), but \(5, 2, 2\)"),
            ("conv_layer_3/kernel", (4, 3, 3), r"\(4, 3, 3\), but \(4, 2, 3\)"),
            ("conv_layer_6/kernel", (3, 4, 5), r"\(3, 4, 5\), but \(3, 4, 4\)"),
            ("conv_layer_4/bias", (4,), r"\(4,\), but \(3,\)"),
            ("task_0_dense_1/kernel", (5, 3), r"\(5, 3\), but \(4, 3\)"),
            ("task_0_dense_1/bias", (1,), r"\(1,\), but \(3,\)"),
            ("task_0_dense_2/kernel", (4, 5), r"\(4, 5\), but \(3, 5\)"),
            ("task_5_dense_1/kernel", (4, 2), r"\(4, 2\), but \(4, 3\)"),
            ("task_3/kernel", (5, 2), r"\(5, 2\), but \(5, 1\)"),
            ("task_3/bias", (2,), r"\(2,\), but \(1,\)"),
            ("conv_layer_1/kernel", (5, 2), "3 dimensions"),
            ("conv_layer_1/kernel", (1, 5, 1, 2), "3 dimensions"),
            ("conv_layer_5/kernel", (), "3 dimensions"),
            ("conv_layer_3/kernel", (0, 2, 3), "none of them 0"),
            ("conv_layer_3/kernel", (4, 2, 0), "none of them 0"),
            ("task_2_dense_2/kernel", (1, 3, 5), "2 dimensions"),
            ("task_2_dense_2/bias", (5, 1), "1 dimensions"),
            ("task_2/bias", (), "1 dimensions"),
            ("task_0_dense_1/kernel", (4, 0), "none of them 0"),
        ],
    )
    def test_shapes(self, prefix, tensors, name, shape, reason):
        tensors[name] = np.zeros(shape, np.float32)
        self.refused(Checkpoint(tensors), prefix, f"'{name}'.*{reason}")

    @pytest.mark.parametrize("name", ["conv_layer_1/kernel", "task_6/bias"])
    @pytest.mark.parametrize("dtype", ["float64", "int32", "int64"])
    def test_dtypes(self, prefix, tensors, name, dtype):
        tensors[name] = tensors[name].astype(dtype)
        self.refused(Checkpoint(tensors), prefix, f"'{name}' must be float32.* and is {dtype}")

    def test_dtype_that_is_unknown(self, prefix, tensors):
        checkpoint = Checkpoint(tensors)
        checkpoint.entries["task_1/bias"].dtype = 14
        self.refused(checkpoint, prefix, "'task_1/bias' must be float32.* and is type 14")

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    @pytest.mark.parametrize("name", ["conv_layer_4/kernel", "task_6/bias"])
    def test_weights_that_are_not_finite(self, prefix, tensors, name, value):
        tensors[name].flat[-1] = value
        self.refused(Checkpoint(tensors), prefix, "weights that are not finite")

    def test_a_size_that_does_not_fit_into_memory(self, prefix, tensors):
        checkpoint = Checkpoint(tensors)
        checkpoint.entries["conv_layer_1/kernel"].shape = (2**55, 1, 2)
        checkpoint.entries["conv_layer_1/kernel"].size = 2**58
        checkpoint.entries["conv_layer_2/kernel"].shape = (2**55, 2, 2)
        checkpoint.entries["conv_layer_2/kernel"].size = 2**59
        self.refused(checkpoint, prefix, "has 57[0-9]+ bytes, but .* has 288230376151711744")

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            (header(n_shards=2), "in 2 files"),
            (header(endianness=1), "big-endian"),
            (header(min_consumer=2), "newer than 1"),
        ],
    )
    def test_header(self, prefix, tensors, wrong, reason):
        checkpoint = Checkpoint(tensors)
        checkpoint.header = wrong
        self.refused(checkpoint, prefix, reason)

    def test_slices(self, prefix, tensors):
        checkpoint = Checkpoint(tensors)
        checkpoint.entries["conv_layer_1/kernel"].extra = message(7, b"")
        self.refused(checkpoint, prefix, "in slices")

    def test_swapped_weights(self, prefix, tensors):
        """Two tensors of one shape change places; the index does not know it."""
        checkpoint = Checkpoint(tensors)
        entries = checkpoint.entries
        one, other = entries["conv_layer_1/bias"], entries["conv_layer_2/bias"]
        one.offset, other.offset = other.offset, one.offset
        self.refused(checkpoint, prefix, "'conv_layer_1/bias' do not match their checksum")


class TestDamage:
    def unchanged_or_refused(self, prefix, expected):
        try:
            state = load(prefix).state_
        except UnreadableFileError:
            return False
        assert list(state) == list(expected)
        return all(np.array_equal(state[name], expected[name]) for name in expected)

    def test_bytes_of_the_index(self, prefix, tensors):
        Checkpoint(tensors).write(prefix)
        expected = load(prefix).state_
        index = prefix.with_name(f"{prefix.name}.index")
        whole = index.read_bytes()
        rng = np.random.default_rng(0)
        for i in rng.integers(len(whole) - 61, size=100):  # before the metaindex and the footer
            damaged = bytearray(whole)
            damaged[i] ^= 1 << rng.integers(8)
            index.write_bytes(damaged)
            assert not self.unchanged_or_refused(prefix, expected)
        for n in rng.integers(len(whole), size=50):
            index.write_bytes(whole[:n])
            assert not self.unchanged_or_refused(prefix, expected)

    def test_a_byte_of_every_second_tensor(self, prefix, tensors):
        """Of a weight: refused. Of anything else: as if nothing had happened."""
        checkpoint = Checkpoint(tensors)
        checkpoint.write(prefix)
        expected = load(prefix).state_
        weights = recognition_tensors(optimiser=False)
        rng = np.random.default_rng(0)
        for name, entry in [*checkpoint.entries.items()][::2]:
            damaged = bytearray(checkpoint.data)
            damaged[entry.offset + rng.integers(entry.size)] ^= 1 << rng.integers(8)
            prefix.with_name(DATA).write_bytes(damaged)
            if name in weights:
                with pytest.raises(UnreadableFileError, match=f"the bytes of '{name}' do not"):
                    load(prefix)
            else:
                assert self.unchanged_or_refused(prefix, expected)

    def test_lengths_of_the_data(self, prefix, tensors):
        checkpoint = Checkpoint({n: t for n, t in tensors.items() if "Adam" not in n})
        checkpoint.write(prefix)
        last = max((e.offset + e.size, n) for n, e in checkpoint.entries.items() if "task" in n)
        assert last == (len(checkpoint.data), "task_6_dense_2/kernel")
        for n in range(0, len(checkpoint.data), 23):
            prefix.with_name(DATA).write_bytes(checkpoint.data[:n])
            with pytest.raises(UnreadableFileError, match=f"has {n} bytes, but"):
                load(prefix)

    def test_mutated_entries_with_right_checksums(self, prefix, tensors):
        """What is loaded is the network that some index describes, never anything else."""
        checkpoint = Checkpoint(tensors)
        checkpoint.write(prefix)
        index = prefix.with_name(f"{prefix.name}.index")
        rng = np.random.default_rng(0)
        items = checkpoint.items()
        outcomes = []
        for _ in range(80):
            i = rng.integers(len(items))
            key, value = (bytearray(part) for part in items[i])
            part = value if rng.random() < 0.8 or not key else key
            part[rng.integers(len(part))] = rng.choice([0, 1, 2, 127, 128, 255])
            others = items[:i] + items[i + 1 :]
            index.write_bytes(table(sorted([*others, (bytes(key), bytes(value))])))
            try:
                pretrainer = load(prefix)
            except UnreadableFileError:
                outcomes.append("refused")
                continue
            outcomes.append("loaded")
            pretrainer.encode(np.zeros((1, 2560), np.float32))
        assert outcomes.count("refused") > 20
        assert outcomes.count("loaded") > 10
