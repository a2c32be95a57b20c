"""A safetensors file in its two parts: a header of JSON, and bytes."""

import json
import struct


def split(data):
    """The header and the bytes after it."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header, content, length=None):
    """A file of a header, given as text or as a value, and bytes."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode("utf-8", "replace")
    return struct.pack("<Q", len(text) if length is None else length) + text + content
