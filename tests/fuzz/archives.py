"""Changed ``.npz`` archives: valid zips of invalid arrays, and invalid zips."""

import io
import struct
import warnings
import zipfile

import numpy as np

from tests.fuzz.mutations import EXTREMES, choice, harmful_pickle, mutate_bytes, mutate_json

#: Names with which an archive would write elsewhere, were it unpacked.
ESCAPES = ["../../evil.npy", "/tmp/evil.npy", "..\\evil.npy", "C:\\evil.npy", "a/../../evil.npy"]
NAMES = [*ESCAPES, "", ".npy", "ecg", "ecg.npy", "a/b.npy", "notes.txt", "x\0y.npy", "é.npy", "/"]

SHAPES = [
    "()",
    "(4,)",
    "(5,)",
    "(2, 2)",
    "(4, 1)",
    "(1,) * 9",
    "4",
    "[4]",
    "None",
    "(-1,)",
    "(4.0,)",
]
SHAPES += [
    "(-4, -1)",
    "(0,)",
    "(0, 2**62)",
    "(True,)",
    "(9" + "9" * 30 + ",)",
    "(4611686018427387904,)",
]
SHAPES += ["(99999999999,)", "(2147483648, 2147483648)", "(" * 90 + ")" * 90, "(1,) " * 1000]
DTYPES = [
    "'|O'",
    "'<U0'",
    "'<U3'",
    "'|S4'",
    "'|V8'",
    "'<c16'",
    "'<M8[s]'",
    "'<f2'",
    "'>f8'",
    "'|b1'",
]
DTYPES += [
    "'<i8'",
    "'|u1'",
    "'<f16'",
    "'<U999999999'",
    "[('a', '<i4')]",
    "[('a', 'O')]",
    "'nonsense'",
]
DTYPES += ["[]", "None", "1", "'i4,i4'", "('<i4', (2,))", "[('a', [('b', '<i2', (3,))])]", "'|V0'"]
HEADERS = [
    *["{", "", "{}", "[]", "1" * 5000, "(" * 3000, "{'descr': ", "\x00\xff", "__import__('os')"],
    "{'descr': '<i4', 'fortran_order': 1, 'shape': (4,)}",
    "{'descr': '<i4', 'fortran_order': False, 'shape': (4L,)}",
    "{'descr': '<i4', 'fortran_order': False, 'shape': (4,), 'more': 1}",
    "{'descr': __import__('os'), 'fortran_order': False, 'shape': (4,)}",
]


def npy(array):
    """The bytes of an .npy file, pickles included."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=True)
    return stream.getvalue()


def npy_with_header(header, content, version=1):
    """An .npy file with any header."""
    text = header.encode("latin1", "replace")
    length = struct.pack(
        "<H" if version == 1 else "<I", len(text) % (2**16 if version == 1 else 2**32)
    )
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + content


def archive(members, compression=zipfile.ZIP_DEFLATED, change=None):
    """A zip of (name, bytes); `change` may alter what is said of each."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as written:
        warnings.simplefilter("ignore")  # names that are there twice
        for name, content in members:
            entry = zipfile.ZipInfo(name or "-", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = compression
            entry.filename = name
            if change is not None:
                change(entry)
            written.writestr(entry, content)
    return stream.getvalue()


def directory_fields(data):
    """Places of the numbers in the central directory, by field: (offset, size)."""
    layout = {"version": (6, 2), "flags": (8, 2), "method": (10, 2), "crc": (16, 4)}
    layout |= {"compressed": (20, 4), "size": (24, 4), "name": (28, 2), "extra": (30, 2)}
    layout |= {"disk": (34, 2), "attributes": (38, 4), "header": (42, 4)}
    starts = [i for i in range(len(data)) if data.startswith(b"PK\1\2", i)]
    return [(start + at, size) for start in starts for at, size in layout.values()]


def lie_in_directory(data, rng):
    """Change a number of the central directory, such as a size, a checksum or a flag."""
    start, size = choice(rng, directory_fields(data))
    before = int.from_bytes(data[start : start + size], "little")
    value = choice(rng, [*EXTREMES, before + 1, before - 1, before ^ 1, before * 2]) % 256**size
    return data[:start] + value.to_bytes(size, "little") + data[start + size :]


def strange_array(array, rng, folder):
    """Bytes of an .npy file that is right in itself and not what it should be."""
    n = len(array) if array.ndim else 1
    bomb = np.array([0] * max(1, min(n, 4)), dtype=object)
    bomb[0] = _Lazy(folder)
    kinds = ["<i1", "<u8", "<f2", "<f4", "<f8", ">i4", "?", "<U2", "S2", "<c8", "M8[s]", "V4"]
    makers = [
        lambda: array.astype(choice(rng, kinds), casting="unsafe"),
        lambda: np.zeros((), choice(rng, kinds)),
        lambda: np.zeros(n + int(rng.integers(-1, 2)), choice(rng, kinds)),
        lambda: np.full(n, choice(rng, [np.nan, np.inf, -1, 0, 1e308, 1e-320])),
        lambda: np.full(n, choice(rng, [2**62, -(2**62), -1, 0, 2**31])),
        lambda: rng.permutation(array) if array.ndim else array,
        lambda: array[: int(rng.integers(n))] if array.ndim else array,
        lambda: np.asfortranarray(np.zeros((n, 2))),
        lambda: np.array([str(v) * int(rng.integers(1, 50)) for v in range(n)]),
        lambda: np.zeros(n, [("a", "<i4"), ("b", "<U3")]),
        lambda: np.empty((0, n)),
        lambda: bomb,
    ]
    try:
        return npy(choice(rng, makers)())
    except (ValueError, TypeError):  # no such cast
        return npy(bomb)


class _Lazy:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        import os

        return os.mkdir, (str(self.folder),)


def strange_header(content, rng):
    """The bytes of an .npy file under another header."""
    data = content[128:]
    header = choice(rng, HEADERS)
    if rng.random() < 0.8:
        shape, descr = choice(rng, SHAPES), choice(rng, DTYPES)
        order = choice(rng, ["True", "False"])
        header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    return npy_with_header(header + "\n", data, choice(rng, [1, 1, 2, 3, 0, 9]))


def mutate_npz(arrays, rng, folder):
    """A changed archive of arrays; pickles in it would make the folder."""
    members = [[f"{name}.npy", npy(array)] for name, array in arrays.items()]
    what = int(rng.integers(11))
    some = int(rng.integers(len(members)))
    name, content = members[some]
    if what < 2:
        return mutate_bytes(archive(members), rng)
    if what < 3:
        return lie_in_directory(archive(members), rng)
    if what < 4:
        members[some][1] = mutate_bytes(content, rng)
    elif what < 6:
        members[some][1] = strange_header(content, rng)
    elif what < 8:
        members[some][1] = strange_array(arrays[name.removesuffix(".npy")], rng, folder)
    elif what < 9:
        members[some][0] = choice(rng, NAMES)
    elif what < 10:
        members.insert(some, [choice(rng, [name, *NAMES]), choice(rng, [content, b"", b"text"])])
    else:
        return whole_file(members, rng, folder)
    return archive(
        members, choice(rng, [*[zipfile.ZIP_DEFLATED] * 9, zipfile.ZIP_STORED, zipfile.ZIP_LZMA])
    )


def whole_file(members, rng, folder):
    """Something else in place of the archive, or an archive with unusual entries."""
    return choice(
        rng,
        [
            lambda: harmful_pickle(folder, int(rng.integers(6))),
            lambda: npy(np.array([_Lazy(folder)], dtype=object)),
            lambda: npy(np.arange(9)),
            lambda: archive([["inner.npz", archive(members)]]),
            lambda: archive(
                [*members, ["zeros.npy", npy(np.zeros(choice(rng, [10**5, 10**7]), "i1"))]]
            ),
            lambda: archive(
                members, change=lambda entry: setattr(entry, "external_attr", 0xA1FF << 16)
            ),
            lambda: archive(members) + archive(members),
            lambda: archive([]),
            lambda: archive([[f"{i}.npy", b""] for i in range(2000)]),
            lambda: archive(members, change=lambda entry: setattr(entry, "extra", rng.bytes(20))),
            lambda: archive(members)[:-2] + b"\xff\xff" + rng.bytes(100),
        ],
    )()


def mutate_meta(meta, rng):
    """A changed JSON object as an array of text."""
    from tests.fuzz.mutations import json_text

    return np.array(json_text(mutate_json(meta, rng), rng).replace("\0", ""))
