import struct
import time
import tracemalloc

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._sorted_table import read_varint, table_entries
from tests.formats.tensor_bundle_writer import (
    MAGIC,
    block,
    table,
    table_of_blocks,
    trailed,
    varint,
)

ITEMS = [
    (b"", b"header"),
    (b"conv_layer_1/bias", b"\x08\x01"),
    (b"conv_layer_1/kernel", b""),
    (b"conv_layer_1/kernel/Adam", bytes(150)),
    (b"conv_layer_10/kernel", b"x"),
    (b"task", b"y"),
    (b"\xff", b"not text"),
]


def entry(shared, own, n_value, content):
    """An entry whose lengths may lie."""
    return varint(shared) + varint(own) + varint(n_value) + content


def raw_block(*entries):
    return b"".join(entries) + struct.pack("<II", 0, 1)


def read(content):
    return list(table_entries(content))


def refused(content, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(content)


class TestWhole:
    @pytest.mark.parametrize("per_block", [1, 2, 3, 7, 100])
    @pytest.mark.parametrize("restart_interval", [1, 2, 16])
    def test_entries_come_back(self, per_block, restart_interval):
        assert read(table(ITEMS, per_block, restart_interval)) == ITEMS

    def test_prefixes_are_shared(self):
        """The writer must write what the reader is tested on."""
        assert len(block(ITEMS, 16)) < len(block(ITEMS, 1)) - 30

    def test_many_entries(self):
        items = [(f"layer_{i:05}/kernel".encode(), varint(i)) for i in range(2000)]
        assert read(table(items, per_block=300, restart_interval=16)) == items

    def test_no_entries(self):
        assert read(table([])) == []
        assert read(table_of_blocks([block([])], [b"z"])) == []

    def test_checksum_that_has_been_written_elsewhere(self):
        """An empty block as LevelDB writes it, with the four bytes of its checksum."""
        empty = struct.pack("<II", 0, 1)
        assert block([]) == empty
        assert trailed(empty) == bytes.fromhex("000000000100000000c0f2a1b0")


class TestVarint:
    @pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**32, 2**63, 2**64 - 1])
    def test_comes_back(self, value):
        written = varint(value)
        assert read_varint(b"??" + written + b"?", 2, 2 + len(written)) == (value, 2 + len(written))

    @pytest.mark.parametrize(
        "written",
        [b"", b"\x80", b"\xff" * 9, b"\x80" * 10 + b"\x01", b"\xff" * 9 + b"\x02", b"\xff" * 500],
    )
    def test_that_does_not_end(self, written):
        with pytest.raises(UnreadableFileError, match="cut off or has more than 64 bits"):
            read_varint(written, 0, len(written))

    def test_that_is_endless_takes_no_time(self):
        written = b"\xff" * 300_000
        before = time.process_time()
        with pytest.raises(UnreadableFileError, match="more than 64 bits"):
            read_varint(written, 0, len(written))
        assert time.process_time() - before < 0.5

    def test_that_ends_after_the_stop(self):
        with pytest.raises(UnreadableFileError, match="at byte 1 is cut off"):
            read_varint(b"\x80\x80\x01", 1, 2)


class TestDamage:
    whole = table(ITEMS, per_block=3, restart_interval=2)

    def test_every_flipped_bit(self):
        n_refused = 0
        for i in range(8 * len(self.whole)):
            damaged = bytearray(self.whole)
            damaged[i // 8] ^= 1 << i % 8
            try:
                assert read(bytes(damaged)) == ITEMS
            except UnreadableFileError:
                n_refused += 1
        # What may change unseen is the metaindex, which is empty, and the padding of the footer.
        assert n_refused > 8 * (len(self.whole) - len(trailed(block([]))) - 40)

    def test_every_length(self):
        for n in range(len(self.whole)):
            refused(self.whole[:n], "does not end as a sorted table does")

    def test_every_length_of_its_end(self):
        for n in range(1, 48):
            refused(self.whole[-n:], f"has {n} bytes and does not end as a sorted table does")
        refused(self.whole[-48:], "does not fit into")

    @pytest.mark.parametrize("n", [0, 1, 47, 48, 49, 500])
    def test_random_bytes(self, n):
        rng = np.random.default_rng(n)
        for _ in range(50):
            refused(rng.bytes(n), "does not end as a sorted table does")

    def test_random_bytes_before_a_right_end(self):
        rng = np.random.default_rng(0)
        for n in rng.integers(0, 300, size=300):
            refused(rng.bytes(n).ljust(40, b"\0") + MAGIC, "does not fit|match|cut off")

    def test_random_blocks_with_right_checksums(self):
        rng = np.random.default_rng(0)
        for n in rng.integers(0, 80, size=1500):
            content = bytes(rng.choice([0, 1, 2, 3, 10, 128, 255], size=n).tolist())
            for written in (raw_block(content), content):
                try:
                    keys = [key for key, _ in read(table_of_blocks([written], [b"z"]))]
                except UnreadableFileError:
                    continue
                assert keys == sorted(set(keys))

    def test_mutated_blocks_with_right_checksums(self):
        rng = np.random.default_rng(0)
        outcomes = []
        for _ in range(1500):
            content = bytearray(block(ITEMS, 2))
            content[rng.integers(len(content))] = rng.integers(256)
            try:
                outcomes.append(len(read(table_of_blocks([bytes(content)], [b"z"]))))
            except UnreadableFileError as error:
                outcomes.append(str(error))
        assert {type(outcome) for outcome in outcomes} == {int, str}


class TestRefused:
    def test_keys_that_do_not_rise(self):
        for wrong in ([(b"b", b""), (b"a", b"")], [(b"a", b""), (b"a", b"")]):
            refused(table(wrong), "keys do not rise")
            refused(table(wrong, per_block=1), "keys do not rise")

    @pytest.mark.parametrize(("kind", "name"), [(1, "snappy"), (2, "zstd"), (77, "type 77")])
    def test_compressed_blocks(self, kind, name):
        content = table_of_blocks([block(ITEMS)], [b"z"], compression=kind)
        refused(content, rf"compressed \({name}\)")

    def test_wrong_checksum_of_a_data_block(self):
        right = trailed(block(ITEMS))
        content = table_of_blocks([block(ITEMS)], [b"z"])
        assert right in content
        wrong = right[:-1] + bytes([right[-1] ^ 1])
        refused(content.replace(right, wrong), "at byte 0 does not match its checksum")

    def test_wrong_checksum_of_the_index(self):
        content = bytearray(table(ITEMS))
        content[-49] ^= 1
        refused(bytes(content), "does not match its checksum")

    @pytest.mark.parametrize(
        "wrong",
        [
            entry(1, 1, 0, b"a"),  # shares what is not there
            entry(0, 9, 0, b"a"),  # key that is cut off
            entry(0, 1, 9, b"av"),  # value that is cut off
            entry(0, 2**64 - 1, 2**64 - 1, b"a"),
            entry(2**63, 0, 0, b""),
            b"\x00",  # lengths that are cut off
            b"\x00\x01",
            b"\x80",
        ],
    )
    def test_entries_that_lie(self, wrong):
        refused(table_of_blocks([raw_block(wrong)], [b"z"]), "an entry says|cut off")

    @pytest.mark.parametrize("n", [2, 3, 1000, 2**32 - 1])
    def test_starts_that_do_not_fit(self, n):
        content = struct.pack("<II", 0, n)
        refused(table_of_blocks([content], [b"z"]), f"lists {n} starts")

    @pytest.mark.parametrize("content", [b"", b"\0", b"\1\0\0"])
    def test_blocks_that_are_too_short(self, content):
        refused(table_of_blocks([content], [b"z"]), "starts of entries")

    @pytest.mark.parametrize(
        "handle", [(10**6, 8), (0, 10**6), (2**64 - 1, 8), (0, 2**64 - 1), (2**63, 2**63)]
    )
    def test_handles_beyond_the_end(self, handle):
        refused(table_of_blocks([block(ITEMS)], [b"z"], [handle]), "does not fit into")

    def test_blocks_that_reach_into_the_footer(self):
        whole = table([])
        start = len(whole) - 48
        inside = trailed(bytes(8))
        footer = (varint(0) + varint(0) + varint(start) + varint(8) + inside[8:]).ljust(40, b"\0")
        refused(whole[:-48] + footer + MAGIC, "does not fit into")

    def test_a_block_that_is_named_twice(self):
        content = block([])
        handles = [(0, len(content))] * 2
        twice = table_of_blocks([content, content], [b"y", b"z"], handles)
        refused(twice, "starts at byte 0, inside or before")

    def test_a_handle_that_is_cut_off(self):
        index = block([(b"z", b"\x00")], 1)
        content = trailed(block([]))
        at_index = varint(len(content)) + varint(len(index))
        footer = (varint(0) + varint(8) + at_index).ljust(40, b"\0") + MAGIC
        refused(content + trailed(index) + footer, "cut off")

    def test_keys_that_grow_out_of_all_proportion(self):
        """Each key is the one before and a byte: a small file of very long keys."""
        entries = [entry(i, 1, 0, b"a") for i in range(30_000)]
        content = table_of_blocks([raw_block(*entries)], [b"z"])
        tracemalloc.start()
        refused(content, "longer than any")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 200 * len(content)
