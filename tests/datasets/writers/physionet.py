"""Lays out databases as PhysioNet does: ``<database>/<version>/`` with checksums and records."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path


def sums(files: Mapping[str, bytes]) -> bytes:
    """The file SHA256SUMS.txt: checksum, one space, path."""
    lines = [f"{hashlib.sha256(content).hexdigest()} {name}\n" for name, content in files.items()]
    return "".join(lines).encode()


def write_database(
    root: Path,
    database: str,
    files: Mapping[str, bytes],
    records: Sequence[str],
    version: str = "1.0.0",
) -> Path:
    """Write files with their RECORDS and SHA256SUMS.txt; returns the folder."""
    folder = root / database / version
    files = {"RECORDS": "".join(f"{one}\n" for one in records).encode(), **files}
    for name, content in {**files, "SHA256SUMS.txt": sums(files)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
