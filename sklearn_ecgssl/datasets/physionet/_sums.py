"""The list of files of a data set, ``SHA256SUMS.txt``."""

import re

from ...formats import UnreadableFileError

NAME = "SHA256SUMS.txt"
#: The largest that is read: 200 thousand files.
MOST_BYTES = 2**25
_LINE = re.compile(r"([0-9A-Fa-f]{64})[ \t]+\*?(\S.*)")
_DRIVE = re.compile("[A-Za-z]:")


def read_sums(content: bytes, source: str) -> dict[str, str]:
    """Read names of files and their checksums.

    Parameters
    ----------
    content : bytes
        Of the list: a line has a checksum of 64 hexadecimal digits, a space and a path.
    source : str
        Where it is from, for errors.

    Returns
    -------
    dict of str to str
        Checksum in lower case by path, relative to the folder of the list, with "/".

    Raises
    ------
    UnreadableFileError
        If it is anything else, or a path would lead out of the folder.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFileError(
            f"{source} has {len(content)} bytes, more than {MOST_BYTES}: it is no list of "
            "checksums."
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(source, f"is no text, at byte {error.start}") from None
    sums: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _wrong(
                source, f"has in line {number} {line!r:.60} in place of a checksum and a path"
            )
        name = match[2]
        if not _stays_inside(name):
            raise _wrong(
                source, f"names in line {number} {name!r:.80}, which leads out of its folder"
            )
        if sums.setdefault(name, match[1].lower()) != match[1].lower():
            raise _wrong(source, f"has in line {number} a second checksum of {name!r:.80}")
    if not sums:
        raise _wrong(source, "is empty")
    return sums


def _stays_inside(name: str) -> bool:
    parts = name.split("/")
    return (
        name.isprintable()
        and "\\" not in name
        and not _DRIVE.match(name)
        and not any(part in ("", ".", "..") for part in parts)
    )


def _wrong(source: str, defect: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{source} {defect}: it is no list of checksums. If it is a file of yours, delete it, and "
        "it is downloaded again."
    )
