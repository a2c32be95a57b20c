"""Weights as bytes: all bits of them, or rounded to bfloat16, and nothing else is."""

import hashlib
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_tensors, save as save_tensors
from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.formats import _folder, read_folder, write_folder
from sklearn_ecgssl.formats._weights import from_safetensors, to_safetensors
from sklearn_ecgssl.pretext import PretextPretrainer, load_pretrained
from sklearn_ecgssl.transforms import WindowTransform
from tests.safetensors_bytes import joined, split
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(12)

ARRAYS = {
    "float": np.linspace(-1, 1, 7, dtype=np.float32),
    "table": np.geomspace(1e-30, 1e30, 12, dtype=np.float32).reshape(3, 4),
    "double": np.array([[1e300, -0.0], [np.inf, np.nan]]),
    "half": np.linspace(-1, 1, 6).astype(np.float16).reshape(2, 1, 3),
    **{f"i{n}": np.array([-(2 ** (8 * n - 1)), 3], f"i{n}") for n in (1, 2, 4, 8)},
    **{f"u{n}": np.array([0, 2 ** (8 * n) - 1], f"u{n}") for n in (1, 2, 4, 8)},
    "flag": np.array([True, False]),
    "big-endian": np.linspace(0, 1, 4).astype(">f4"),
    "strided": np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)[::2, ::-3],
    "fortran": np.asfortranarray(np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)),
    "scalar": np.array(1 / 3, np.float32),
    "empty": np.empty((0, 4), np.float32),
}
FLOAT32 = [name for name, array in ARRAYS.items() if array.dtype.newbyteorder("=") == np.float32]


def to_nearest_bfloat16(array):
    """Round float32 to 16 bits, ties to even, by arithmetic on its bits."""
    bits = np.asarray(array, np.float32).view(np.uint32).astype(np.uint64)
    nearest = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
    return nearest.astype(np.uint32).view(np.float32)


def same_bits(one, other):
    assert (one.shape, one.dtype.newbyteorder("=")) == (other.shape, other.dtype.newbyteorder("="))
    assert (
        one.astype(one.dtype.newbyteorder("<")).tobytes()
        == other.astype(other.dtype.newbyteorder("<")).tobytes()
    )


def types_in(weights):
    return {name: entry["dtype"] for name, entry in split(weights)[0].items()}


class TestBytes:
    def test_all_bits_come_back(self):
        read = from_safetensors(to_safetensors(ARRAYS))
        assert set(read) == set(ARRAYS)
        for name, array in read.items():
            same_bits(array, ARRAYS[name])

    @pytest.mark.parametrize("rounded", [["table"], FLOAT32], ids=["one", "all"])
    def test_only_those_named_are_rounded(self, rounded):
        data = to_safetensors(ARRAYS, rounded)
        kinds = types_in(data)
        assert {name for name, kind in kinds.items() if kind == "BF16"} == set(rounded)
        for name, array in from_safetensors(data).items():
            expected = to_nearest_bfloat16(ARRAYS[name]) if name in rounded else ARRAYS[name]
            same_bits(array, expected)

    def test_to_the_nearest_and_ties_to_even(self):
        bits = np.random.default_rng(0).integers(0, 2**32, 200_000).astype(np.uint32)
        upper = bits[:1000] & 0xFFFF0000
        ties = [upper | low for low in (0x7FFF, 0x8000, 0x8001, 0xFFFF, 0)]
        special = np.array([0, 1, 0x8000, 0x8001, 0x18000, 0x007FFFFF, 0x7F7FFFFF, 0x7F800000])
        some = np.concatenate([bits, *ties, special, special | 0x80000000]).astype(np.uint32)
        numbers = some.view(np.float32)
        numbers = numbers[~np.isnan(numbers)]
        assert np.isinf(to_nearest_bfloat16(numbers)).sum() > np.isinf(numbers).sum() > 0
        read = from_safetensors(to_safetensors({"x": numbers}, ["x"]))["x"]
        np.testing.assert_array_equal(
            read.view(np.uint32), to_nearest_bfloat16(numbers).view(np.uint32)
        )

    def test_what_is_no_number_stays_none(self):
        none = np.array([0x7F800001, 0x7FFFFFFF, 0xFF800001], np.uint32).view(np.float32)
        assert np.isnan(from_safetensors(to_safetensors({"x": none}, ["x"]))["x"]).all()

    def test_rounded_they_take_two_bytes_each(self):
        array = np.linspace(0, 1, 1000, dtype=np.float32).reshape(10, 100)
        assert len(split(to_safetensors({"x": array}))[1]) == 4000
        assert len(split(to_safetensors({"x": array}, ["x"]))[1]) == 2000

    def test_rounding_again_changes_no_byte(self):
        data = to_safetensors(ARRAYS, FLOAT32)
        assert to_safetensors(from_safetensors(data), FLOAT32) == data

    def test_other_programs_read_it(self):
        found = load_tensors(to_safetensors(ARRAYS, ["table", "scalar"]))
        assert found["table"].dtype == found["scalar"].dtype == torch.bfloat16
        same_bits(found["table"].float().numpy(), to_nearest_bfloat16(ARRAYS["table"]))
        assert found["float"].dtype == torch.float32

    def test_what_other_programs_write_is_read(self):
        tensors = {
            "table": torch.linspace(-3, 3, 12).reshape(3, 4).to(torch.bfloat16),
            "scalar": torch.tensor(0.1, dtype=torch.bfloat16),
            "empty": torch.empty((2, 0), dtype=torch.bfloat16),
            "whole": torch.arange(3),
        }
        read = from_safetensors(save_tensors(tensors))
        for name in ("table", "scalar", "empty"):
            same_bits(read[name], tensors[name].float().numpy())
        same_bits(read["whole"], np.arange(3))

    def test_bits_written_by_hand(self):
        entry = {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}
        halves = np.array([0x3F80, 0xC049, 0x0001, 0xFF80], "<u2").tobytes()
        read = from_safetensors(joined({"x": entry}, halves))["x"]
        assert read.tolist() == [[1.0, -3.140625], [2.0**-133, -np.inf]]

    def test_the_same_gives_the_same_bytes(self):
        backwards = dict(reversed(ARRAYS.items()))
        for rounded in ([], FLOAT32):
            assert to_safetensors(backwards, rounded) == to_safetensors(ARRAYS, rounded)


class TestForged:
    """Checksums are right, types and sizes are not."""

    def refused(self, folder, header, content):
        weights = joined(header, content)
        (folder / "weights.safetensors").write_bytes(weights)
        config = json.loads((folder / "config.json").read_text())
        config["weights"] = {
            "bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest(),
        }  # fmt: skip
        config["config_sha256"] = _folder._config_checksum(config)
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(UnreadableFileError, match="is no safetensors file"):
            read_folder(folder, "pretrained")

    @pytest.fixture
    def folder(self, tmp_path):
        return write_folder(tmp_path, "pretrained", {}, {"x": np.ones(4, np.float32)})

    @pytest.mark.parametrize(
        "dtype", ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "C64", "bf16", "BF16 ", "", "X", None, 3]
    )
    @pytest.mark.parametrize("n_bytes", [0, 2, 4, 8, 16, 32])
    def test_other_types(self, folder, dtype, n_bytes):
        shape = [4] if n_bytes else [0]
        entry = {"dtype": dtype, "shape": shape, "data_offsets": [0, n_bytes]}
        self.refused(folder, {"x": entry}, bytes(n_bytes))

    @pytest.mark.parametrize("dtype", ["BF16", "F32"])
    @pytest.mark.parametrize(
        ("shape", "n_bytes"),
        [([4], 7), ([4], 32), ([2, 3], 8), ([-4], 8), ([2**62, 4], 8), ([0], 8), ([], 8)],
    )
    def test_other_sizes(self, folder, dtype, shape, n_bytes):
        entry = {"dtype": dtype, "shape": shape, "data_offsets": [0, n_bytes]}
        self.refused(folder, {"x": entry}, bytes(n_bytes))


class AddTable(WindowTransform):
    """A transformation of the user's own that holds an array."""

    def __init__(self, table):
        self.table = table

    def apply(self, windows, generator=None):
        return windows + torch.as_tensor(self.table)


def weights_of(folder):
    return (folder / "weights.safetensors").read_bytes()


def both_files(folder):
    return weights_of(folder), (folder / "config.json").read_bytes()


def same_but_rounded(rounded, saved):
    """All attributes that fitting made, but for those of the path and of the machine."""
    for name, value in vars(saved).items():
        found = getattr(rounded, name)
        if name == "state_":
            assert set(found) == set(value)
            for key, array in value.items():
                same_bits(found[key], to_nearest_bfloat16(array))
                assert found[key].dtype == np.float32
        elif name not in ("device", "sampling_rate_"):
            assert repr(found) == repr(value)


@each_pretrainer
class TestPretrainer:
    def test_weights_alone_are_rounded(self, tiny, tmp_path):
        saved = tiny(validation_fraction=0.3).fit(X)
        folder = saved.save_pretrained(tmp_path, sampling_rate=64, dtype="bfloat16")
        assert set(types_in(weights_of(folder)).values()) == {"BF16"}
        loaded = load_pretrained(folder)
        assert loaded.sampling_rate_ == 64
        same_but_rounded(loaded, saved)
        assert not np.array_equal(loaded.encode(X), saved.encode(X))
        # 8 bits of each weight are left; as much of the features, as they come.
        np.testing.assert_allclose(loaded.encode(X), saved.encode(X), atol=0.05)

    def test_unless_asked_nothing_is(self, tiny, tmp_path):
        saved = tiny().fit(X)
        folder = saved.save_pretrained(tmp_path / "a")
        assert set(types_in(weights_of(folder)).values()) == {"F32"}
        for name, array in load_pretrained(folder).state_.items():
            same_bits(array, saved.state_[name])
        asked = saved.save_pretrained(tmp_path / "b", dtype="float32")
        assert both_files(asked) == both_files(folder)

    def test_the_file_has_half_the_bytes(self, tiny, tmp_path):
        saved = tiny(filters=(32, 64)).fit(X)
        n_weights = sum(array.size for array in saved.state_.values())
        whole, half = (
            weights_of(saved.save_pretrained(tmp_path / dtype, dtype=dtype))
            for dtype in ("float32", "bfloat16")
        )
        assert len(split(whole)[1]) == 4 * n_weights
        assert len(split(half)[1]) == 2 * n_weights
        assert len(half) < 0.55 * len(whole)

    def test_loaded_it_is_saved_as_it_was(self, tiny, tmp_path):
        first = tiny().fit(X).save_pretrained(tmp_path / "1", sampling_rate=64, dtype="bfloat16")
        again = load_pretrained(first)
        second = again.save_pretrained(tmp_path / "2", dtype="bfloat16")
        assert both_files(second) == both_files(first)
        # As float32 it keeps what is left of it.
        third = load_pretrained(again.save_pretrained(tmp_path / "3"))
        np.testing.assert_equal(third.state_, again.state_)
        assert both_files(third.save_pretrained(tmp_path / "1", dtype="bfloat16")) == both_files(
            second
        )

    @pytest.mark.parametrize("dtype", ["float16", "bf16", "BFLOAT16", "", None, np.float32])
    def test_other_types_are_refused(self, tiny, dtype, tmp_path):
        with pytest.raises(ValueError, match='dtype must be "float32" or "bfloat16", got '):
            tiny(max_epochs=0).fit(X).save_pretrained(tmp_path, dtype=dtype)
        assert list(tmp_path.iterdir()) == []


def test_parameters_are_not_rounded(tmp_path):
    table, weights = np.geomspace(0.1, 0.7, 64, dtype=np.float32), np.float32([0.1, 0.3, 0.7])
    transforms = [("table", AddTable(table)), ("other", AddTable(table[::-1].copy()))]
    saved = tiny_pretrainer(transforms=transforms, task_weights=weights).fit(X)
    folder = saved.save_pretrained(tmp_path, dtype="bfloat16")
    loaded = PretextPretrainer.from_pretrained(folder, classes=[AddTable])
    same_bits(loaded.task_weights, weights)
    for transforms in (loaded.transforms, loaded.transforms_):
        same_bits(transforms[0][1].table, table)
        same_bits(transforms[1][1].table, table[::-1])
    for name, array in saved.state_.items():
        same_bits(loaded.state_[name], to_nearest_bfloat16(array))


@pytest.mark.parametrize("freeze", [None, "trunk"])
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(
    "labels",
    [
        np.float32([1, 2**24 - 1]), [-1.0, 2.0**53 - 1], np.uint8([3, 255]), [1, 2**53 + 1],
        [True, False], "ab",
    ],
    ids=["float32", "float64", "uint8", "int64", "bool", "text"],
)  # fmt: skip
def test_labels_of_a_classifier_are_not_rounded(freeze, frozen, labels, tmp_path):
    y = np.array(list(labels))[Y]
    pretrainer = tiny_pretrainer(max_epochs=0)
    pretrainer = FrozenEstimator(pretrainer.fit(X)) if frozen else pretrainer
    saved = tiny_ecg_classifier(pretrainer, freeze, max_epochs=1).fit(X, y)
    folder = saved.save_pretrained(tmp_path, dtype="bfloat16")
    loaded = ECGClassifier.from_pretrained(folder)
    assert loaded.classes_.dtype == saved.classes_.dtype
    assert loaded.classes_.tolist() == saved.classes_.tolist()
    inside = [(loaded, saved), (loaded.pretrainer_, saved.pretrainer_)]
    if frozen:
        inside.append((loaded.pretrainer, saved.pretrainer))
    for found, expected in inside:
        for name, array in expected.state_.items():
            same_bits(found.state_[name], to_nearest_bfloat16(array))
    assert loaded.history_ == saved.history_
    difference = np.abs(loaded.predict_proba(X) - saved.predict_proba(X)).max()
    assert 0 < difference < 0.05
    again = loaded.save_pretrained(tmp_path / "again", dtype="bfloat16")
    assert both_files(again) == both_files(folder)
