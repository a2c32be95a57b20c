import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._tensor_bundle import TensorBundle
from tests.formats.tensor_bundle_writer import (
    BYTES,
    Checkpoint,
    Entry,
    fixed32,
    header,
    masked,
    message,
    number,
    slow_crc32c,
    table,
    varint,
)

TENSORS = {
    "conv/bias": np.array([0.5, -1, np.pi], dtype=np.float32),
    "conv/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "double": np.array([[1e300]]),
    "empty": np.empty((0, 5), dtype=np.float32),
    "global_step": np.int64(-3),
    "steps": np.int32(9),
}
DATA = "m.ckpt.data-00000-of-00001"


@pytest.fixture
def checkpoint():
    return Checkpoint(TENSORS)


@pytest.fixture
def small():
    return Checkpoint(
        {"a/bias": TENSORS["conv/bias"], "a/kernel": np.ones((1, 2)), "n": np.int32(1)}
    )


def contents(prefix):
    """All that is in a bundle."""
    bundle = TensorBundle(prefix)
    return bundle.entries, {name: bundle.read(name).tobytes() for name in bundle.entries}


def is_refused_or_equal(prefix, expected):
    """Whether a bundle is refused; else it must hold what is expected. No other error may come."""
    try:
        found = contents(prefix)
    except UnreadableFileError as error:
        return "m.ckpt" in str(error)
    assert found == expected
    return False


def flipped(content):
    """The bytes with one bit changed, for each of them."""
    for i in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[i // 8] ^= 1 << i % 8
        yield bytes(damaged)


class TestWhole:
    @pytest.mark.parametrize("per_block", [1, 3, 100])
    def test_tensors_come_back(self, checkpoint, tmp_path, per_block):
        bundle = TensorBundle(checkpoint.write(tmp_path / "m.ckpt", per_block=per_block))
        assert list(bundle.entries) == list(TENSORS)
        for name, expected in TENSORS.items():
            tensor = bundle.read(name)
            assert (tensor.dtype, tensor.shape) == (expected.dtype, expected.shape)
            assert (bundle.entries[name].dtype, bundle.entries[name].shape) == (
                expected.dtype.name,
                expected.shape,
            )
            np.testing.assert_array_equal(tensor, expected)
            assert tensor.dtype.isnative
            assert tensor.flags.writeable

    def test_path_may_be_a_string(self, checkpoint, tmp_path):
        assert list(TensorBundle(str(checkpoint.write(tmp_path / "m.ckpt"))).entries)

    def test_other_types_are_listed_and_not_read(self, checkpoint, tmp_path):
        checkpoint.entries["graph"] = Entry(dtype=7, size=100, offset=10**6)
        bundle = TensorBundle(checkpoint.write(tmp_path / "m.ckpt"))
        assert bundle.entries["graph"].dtype == "type 7"
        with pytest.raises(UnreadableFileError, match="'graph' is of type 7, which is not among"):
            bundle.read("graph")

    def test_fields_of_later_versions_are_skipped(self, checkpoint, tmp_path):
        unknown = number(9, 2**64 - 1) + message(10, b"?") + fixed32(11, bytes(4))
        unknown += varint(12 * 8 + 1) + bytes(8) + number(2**28, 1)
        checkpoint.entries["conv/bias"].extra = unknown
        checkpoint.header += unknown
        bundle = TensorBundle(checkpoint.write(tmp_path / "m.ckpt"))
        np.testing.assert_array_equal(bundle.read("conv/bias"), TENSORS["conv/bias"])

    def test_tensors_that_are_not_asked_for_are_not_read(self, checkpoint, tmp_path):
        prefix = checkpoint.write(tmp_path / "m.ckpt")
        spoilt = bytearray(checkpoint.data)
        kept = checkpoint.entries["conv/kernel"]
        spoilt[: kept.offset] = bytes(kept.offset)
        end = kept.offset + kept.size
        (tmp_path / DATA).write_bytes(spoilt[:end])
        bundle = TensorBundle(prefix)
        np.testing.assert_array_equal(bundle.read("conv/kernel"), TENSORS["conv/kernel"])
        for name in ("conv/bias", "double"):
            with pytest.raises(UnreadableFileError):
                bundle.read(name)


class TestMissing:
    @pytest.mark.parametrize("lost", ["m.ckpt.index", DATA])
    @pytest.mark.parametrize("instead", [None, "folder"])
    def test_both_files_are_named(self, checkpoint, tmp_path, lost, instead):
        prefix = checkpoint.write(tmp_path / "m.ckpt")
        (tmp_path / lost).unlink()
        if instead:
            (tmp_path / lost).mkdir()
        with pytest.raises(FileNotFoundError) as caught:
            TensorBundle(prefix)
        assert str(caught.value).startswith(f"There is no file {tmp_path / lost}.")
        assert str(tmp_path / "m.ckpt.index") in str(caught.value)
        assert str(tmp_path / DATA) in str(caught.value)


class TestDamage:
    def test_every_bit_of_the_index(self, small, tmp_path):
        prefix = small.write(tmp_path / "m.ckpt", per_block=2)
        expected = contents(prefix)
        index = tmp_path / "m.ckpt.index"
        whole = index.read_bytes()
        n_refused = 0
        for damaged in flipped(whole):
            index.write_bytes(damaged)
            n_refused += is_refused_or_equal(prefix, expected)
        assert n_refused > 8 * (len(whole) - 60)  # all but the metaindex and padding

    def test_every_bit_of_the_data(self, small, tmp_path):
        prefix = small.write(tmp_path / "m.ckpt")
        expected = contents(prefix)
        for damaged in flipped(small.data):
            (tmp_path / DATA).write_bytes(damaged)
            assert is_refused_or_equal(prefix, expected)

    @pytest.mark.parametrize("name", ["m.ckpt.index", DATA])
    def test_every_length(self, small, tmp_path, name):
        prefix = small.write(tmp_path / "m.ckpt")
        expected = contents(prefix)
        whole = (tmp_path / name).read_bytes()
        for n in range(len(whole)):
            (tmp_path / name).write_bytes(whole[:n])
            assert is_refused_or_equal(prefix, expected)

    def test_bytes_after_the_data(self, checkpoint, tmp_path):
        prefix = checkpoint.write(tmp_path / "m.ckpt")
        expected = contents(prefix)
        (tmp_path / DATA).write_bytes(checkpoint.data + b"more")
        assert not is_refused_or_equal(prefix, expected)

    def test_data_of_another_checkpoint(self, checkpoint, tmp_path):
        prefix = checkpoint.write(tmp_path / "m.ckpt")
        (tmp_path / DATA).write_bytes(bytes(len(checkpoint.data)))
        with pytest.raises(UnreadableFileError, match="'conv/bias' do not match their checksum"):
            TensorBundle(prefix).read("conv/bias")

    def test_data_that_is_cut_off(self, checkpoint, tmp_path):
        prefix = checkpoint.write(tmp_path / "m.ckpt")
        (tmp_path / DATA).write_bytes(checkpoint.data[:11])
        with pytest.raises(UnreadableFileError, match="has 11 bytes, but m.ckpt.index says that"):
            TensorBundle(prefix).read("conv/bias")

    def test_random_bytes(self, tmp_path):
        rng = np.random.default_rng(0)
        for n in rng.integers(0, 300, size=200):
            (tmp_path / "m.ckpt.index").write_bytes(rng.bytes(n))
            assert is_refused_or_equal(tmp_path / "m.ckpt", None)

    def test_random_messages_with_right_checksums(self, checkpoint, tmp_path):
        """Bytes that protobuf is made of, in any order: header and entries of any kind."""
        rng = np.random.default_rng(0)
        (tmp_path / DATA).write_bytes(checkpoint.data)
        common = [0, 1, 2, 4, 8, 10, 13, 16, 18, 24, 32, 40, 53, 58, 127, 128, 255]
        for i in range(600):
            key, value = rng.choice(common, size=(2, rng.integers(0, 20))).tolist()
            first = bytes(value) if i % 5 == 0 else header()
            items = [(b"", first), (bytes(key or [1]), bytes(value))]
            (tmp_path / "m.ckpt.index").write_bytes(table(items))
            self.read_what_can_be(tmp_path / "m.ckpt")

    def test_mutated_messages_with_right_checksums(self, checkpoint, tmp_path):
        """One byte of a header, a name or an entry changes, and the block's checksum with it."""
        rng = np.random.default_rng(0)
        prefix = checkpoint.write(tmp_path / "m.ckpt")
        n_read = 0
        items = checkpoint.items()
        for i, pair in enumerate(items):
            for part in (0, 1):
                for position in range(len(pair[part])):
                    for value in (0, 128, 255, rng.integers(256)):
                        changed = bytearray(pair[part])
                        changed[position] = value
                        new = (pair[0], bytes(changed)) if part else (bytes(changed), pair[1])
                        others = items[:i] + items[i + 1 :]
                        mutated = table(sorted([*others, new]))
                        (tmp_path / "m.ckpt.index").write_bytes(mutated)
                        n_read += self.read_what_can_be(prefix)
        assert n_read > 500

    @staticmethod
    def read_what_can_be(prefix):
        """Read all that is not refused; a tensor that is read must have passed its checksum."""
        try:
            bundle = TensorBundle(prefix)
        except UnreadableFileError:
            return 0
        n_read = 0
        for name, entry in bundle.entries.items():
            try:
                tensor = bundle.read(name)
            except UnreadableFileError:
                continue
            n_read += 1
            assert tensor.shape == entry.shape
            assert tensor.nbytes == entry.size
            checksum = masked(slow_crc32c(tensor.tobytes()))
            assert int.from_bytes(checksum, "little") == entry.checksum
        return n_read


class TestRefused:
    def refused(self, checkpoint, folder, reason):
        with pytest.raises(UnreadableFileError, match=reason) as caught:
            contents(checkpoint.write(folder / "m.ckpt"))
        assert "m.ckpt" in str(caught.value)

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            (header(n_shards=3), "in 3 files.*sharded=False"),
            (header(n_shards=0), "in 0 files"),
            (header(n_shards=-1), "in -1 files"),
            (b"", "in 0 files"),
            (header(endianness=1), "big-endian"),
            (header(endianness=-1), "big-endian"),
            (header(min_consumer=2), "version of the format newer than 1"),
            (number(1, 1) * 2, "field 1 is there 2 times"),
            (message(1, b"\1"), "field 1 is not of wire type 0"),
            (number(1, 1) + number(3, 1), "field 3 is not of wire type 2"),
            (number(1, 1) + b"\x1a", "cut off"),
            (number(1, 1) + message(3, b"\xff"), "cut off"),
            (number(1, 1) + varint(5 * 8 + 3), "wire type 3, which is not in use"),
            (number(1, 1) + varint(5 * 8 + 7), "wire type 7, which is not in use"),
        ],
    )
    def test_header(self, checkpoint, tmp_path, wrong, reason):
        checkpoint.header = wrong
        self.refused(checkpoint, tmp_path, reason)

    def test_lowest_version_that_is_read(self, checkpoint, tmp_path):
        checkpoint.header = header(min_consumer=1)
        assert contents(checkpoint.write(tmp_path / "m.ckpt"))

    @pytest.mark.parametrize("items", [[], [(b"a", header())], [(b"\0", header())]])
    def test_table_without_a_header(self, tmp_path, items):
        (tmp_path / "m.ckpt.index").write_bytes(table(items))
        with pytest.raises(UnreadableFileError, match="without the header of a checkpoint"):
            TensorBundle(tmp_path / "m.ckpt")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"shape": (4,)}, r"12 bytes, which is not float32 of shape \(4,\)"),
            ({"shape": ()}, "12 bytes, which is not float32"),
            ({"shape": (0,)}, "12 bytes, which is not float32"),
            ({"shape": (2**62,)}, "too large"),
            ({"shape": (2**62, 4)}, "too large"),
            ({"shape": (2**62, 0), "size": 0}, "too large"),
            ({"shape": (2**62,), "size": 2**64 - 2**63 + 12}, "too large|is -"),
            ({"shape": (3, -1)}, "shape that an array can have"),
            ({"shape": (-3, -1)}, "shape that an array can have"),
            ({"shape": (3,) + (1,) * 40}, "shape that an array can have"),
            ({"dtype": 2}, "12 bytes, which is not float64"),
            ({"dtype": 0}, "'conv/bias' is of type 0, which is not among"),
            ({"dtype": 14}, "'conv/bias' is of type 14"),
            ({"dtype": -1}, "'conv/bias' is of type -1"),
            ({"size": 8}, "8 bytes, which is not float32"),
            ({"size": -12}, "-12 bytes at byte 0 of file 0"),
            ({"size": 2**62}, "which is not float32"),
            ({"offset": -4}, "12 bytes at byte -4 of file 0"),
            ({"offset": 4}, "do not match their checksum"),
            ({"offset": 10**6}, "but m.ckpt.index says that 'conv/bias' has 12 at byte 1000000"),
            ({"offset": 2**63 - 1}, "but m.ckpt.index says"),
            ({"shard": 1}, "of file 1"),
            ({"shard": -1}, "of file -1"),
            ({"checksum": bytes(4)}, "do not match their checksum"),
            ({"checksum": bytes(3)}, "4 bytes is cut off"),
            ({"extra": message(7, b"")}, "'conv/bias' is in slices"),
            ({"extra": message(7, message(1, number(2, 3)))}, "'conv/bias' is in slices"),
            ({"extra": message(2, b"")}, "shape that an array can have"),
            ({"extra": number(5, 12)}, "field 5 is there 2 times"),
            ({"extra": fixed32(6, bytes(4))}, "field 6 is there 2 times"),
            ({"extra": varint(8 + BYTES)}, "cut off"),
            ({"extra": varint(9 * 8 + BYTES) + varint(2**63)}, "cut off"),
            ({"extra": varint(9 * 8 + 1) + bytes(7)}, "8 bytes is cut off"),
            ({"extra": b"\xff" * 11}, "more than 64 bits"),
        ],
    )
    def test_entry(self, checkpoint, tmp_path, change, reason):
        for name, value in change.items():
            setattr(checkpoint.entries["conv/bias"], name, value)
        self.refused(checkpoint, tmp_path, reason)

    def test_shape_of_unknown_rank(self, checkpoint, tmp_path):
        entry = checkpoint.entries["steps"]
        entry.shape, entry.dtype = (), 3
        written = entry.write().replace(message(2, b""), message(2, number(3, 1)))
        assert written != entry.write()
        items = [*checkpoint.items()[:-1], (b"steps", written)]
        checkpoint.write(tmp_path / "m.ckpt")
        (tmp_path / "m.ckpt.index").write_bytes(table(items))
        with pytest.raises(UnreadableFileError, match="'steps' a shape that an array"):
            TensorBundle(tmp_path / "m.ckpt")

    def test_dimension_of_the_wrong_type(self, checkpoint, tmp_path):
        checkpoint.entries["conv/bias"].shape = ()
        checkpoint.entries["conv/bias"].extra = message(2, message(2, message(1, b"")))
        self.refused(checkpoint, tmp_path, "field 1 is not of wire type 0")

    def test_a_name_that_is_there_twice(self, checkpoint, tmp_path):
        checkpoint.write(tmp_path / "m.ckpt")
        items = checkpoint.items()
        for per_block in (1, 2, 50):
            twice = table([*items, items[-1]], per_block)
            (tmp_path / "m.ckpt.index").write_bytes(twice)
            with pytest.raises(UnreadableFileError, match="keys do not rise: b'steps' comes"):
                TensorBundle(tmp_path / "m.ckpt")

    @pytest.mark.parametrize(
        ("key", "reason"),
        [
            (b"\0conv", "in slices"),
            (b"\0\xff\xfe", "in slices"),
            (b"caf\xe9", "not the name of a tensor"),
        ],
    )
    def test_names(self, tmp_path, key, reason):
        (tmp_path / "m.ckpt.index").write_bytes(table([(b"", header()), (key, Entry().write())]))
        with pytest.raises(UnreadableFileError, match=reason):
            TensorBundle(tmp_path / "m.ckpt")

    def test_index_of_another_program(self, tmp_path):
        for content in (b"", b"{}", b"PK\3\4" + bytes(100), bytes(10_000)):
            (tmp_path / "m.ckpt.index").write_bytes(content)
            with pytest.raises(
                UnreadableFileError, match="m.ckpt.index cannot be read as the index"
            ):
                TensorBundle(tmp_path / "m.ckpt")

    def test_index_of_the_size_of_a_disk(self, tmp_path):
        with open(tmp_path / "m.ckpt.index", "wb") as stream:
            stream.truncate(2**40)
        tracemalloc.start()
        with pytest.raises(UnreadableFileError, match="1099511627776 bytes, more than"):
            TensorBundle(tmp_path / "m.ckpt")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1e6

    def test_message_of_many_empty_fields(self, checkpoint, tmp_path):
        """Memory stays in proportion to the file."""
        checkpoint.entries["conv/bias"].extra = number(9, 0) * 10_000
        checkpoint.entries["conv/kernel"].shape = (2, 3, 4) + (1,) * 5_000
        checkpoint.write(tmp_path / "m.ckpt")
        size = Path(tmp_path / "m.ckpt.index").stat().st_size
        tracemalloc.start()
        with pytest.raises(UnreadableFileError, match="shape that an array can have"):
            TensorBundle(tmp_path / "m.ckpt")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 300 * size
