"""XML, told as it comes: nothing is kept, no entity is made or followed, and little is believed."""

from collections.abc import Iterator
from typing import IO, Protocol
from xml.parsers import expat

_PIECE_BYTES = 2**16
# Expat keeps a tag and its attributes until it ends, and what every open element is called.
_LONGEST_TAG = 2**20
_DEEPEST = 100


class XMLHandler(Protocol):
    """Who is told of a document. Names come without the prefix of their namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Hear that an element begins."""
        ...  # pragma: no cover

    def end(self, name: str) -> None:
        """Hear that an element ends."""
        ...  # pragma: no cover

    def text(self, text: str) -> None:
        """Hear text, or a part of it."""
        ...  # pragma: no cover


def parse_xml(stream: IO[bytes], handler: XMLHandler, most_elements: int) -> Iterator[None]:
    """Read a document.

    Parameters
    ----------
    stream : file object
        Its bytes.
    handler : XMLHandler
        Is told what is in it. May raise ValueError.
    most_elements : int
        A document with more is refused.

    Yields
    ------
    None
        After every piece of the file, so that one can take from the handler what it has so far.

    Raises
    ------
    ValueError
        If it is not well-formed, declares a document type (which is where entities are made), or
        is too large in some way.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    n_elements = depth = n_bytes = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal n_elements, depth
        n_elements += 1
        depth += 1
        if n_elements > most_elements:
            raise ValueError(f"has more than {most_elements} elements")
        if depth > _DEEPEST:
            raise ValueError(f"has more than {_DEEPEST} elements inside each other")
        handler.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name.rpartition(":")[2])

    def refuse(*_: object) -> None:
        raise ValueError("declares a document type, which is not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        while data := stream.read(_PIECE_BYTES):
            parser.Parse(data, False)
            n_bytes += len(data)
            if n_bytes - parser.CurrentByteIndex > _LONGEST_TAG:
                raise ValueError(f"has a tag of more than {_LONGEST_TAG} bytes")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise ValueError(f"is damaged: {what}, at its byte {parser.ErrorByteIndex}") from error
    yield  # once more: newer versions of expat keep the last elements back until now
