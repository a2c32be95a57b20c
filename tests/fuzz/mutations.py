"""Changes to bytes and to JSON, drawn from a generator, so that a seed tells all of them."""

import json
import pickle
import re

#: What a number of a format might be taken for: nothing, a sign, too much, far too much.
EXTREMES = [0, 1, -1, 2**7, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1]


class Payload:
    """Unpickling it calls a function: the canary that no reader may let sing."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def harmful_pickle(folder, protocol=4):
    """A pickle that makes a folder."""
    import os

    return pickle.dumps(Payload(os.mkdir, str(folder)), protocol)


def choice(rng, values):
    """One of a list, as it is: numpy's would make an array of it."""
    return values[int(rng.integers(len(values)))]


def place(rng, data):
    return int(rng.integers(len(data) + 1))


def piece(rng, data, longest=64):
    """Bounds of a piece of the data, most often a short one."""
    start = place(rng, data)
    return start, min(len(data), start + int(rng.integers(1, longest)))


# Bytes: each function changes something; the data may be empty.


def flip_bits(data, rng):
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if changed:
            changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def overwrite(data, rng):
    start, stop = piece(rng, data)
    return data[:start] + rng.bytes(stop - start) + data[stop:]


def insert(data, rng):
    start = place(rng, data)
    return data[:start] + rng.bytes(int(rng.integers(1, 64))) + data[start:]


def delete(data, rng):
    start, stop = piece(rng, data)
    return data[:start] + data[stop:]


def truncate(data, rng):
    return data[: place(rng, data)]


def cut_front(data, rng):
    return data[place(rng, data) :]


def duplicate(data, rng):
    start, stop = piece(rng, data, 512)
    return data[:stop] + data[start:]


def swap(data, rng):
    first, second = sorted(place(rng, data) for _ in range(2))
    third = min(len(data), second + int(rng.integers(1, 64)))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def extreme_number(data, rng):
    size, order = choice(rng, [1, 2, 4, 8]), choice(rng, ["little", "big"])
    value = (choice(rng, EXTREMES) % 256**size).to_bytes(size, order)
    start = place(rng, data)
    return data[:start] + value + data[start + size :]


def zeros(data, rng):
    start, stop = piece(rng, data, 256)
    return data[:start] + bytes(stop - start) + data[stop:]


def change_digit(data, rng):
    found = [match.start() for match in re.finditer(rb"\d", data)]
    if not found:
        return flip_bits(data, rng)
    start = choice(rng, found)
    return data[:start] + b"%d" % rng.integers(10) + data[start + 1 :]


def random_bytes(data, rng):
    return rng.bytes(int(rng.integers(2000)))


BYTE_CHANGES = [
    *[flip_bits, overwrite, insert, delete, truncate, cut_front, duplicate, swap, extreme_number],
    *[zeros, change_digit, random_bytes],
]


def mutate_bytes(data, rng):
    """Change bytes once, or a few times."""
    for _ in range(choice(rng, [1, 1, 1, 2, 4])):
        data = choice(rng, BYTE_CHANGES)(data, rng)
    return data


# JSON

# Stand for lists inside lists and for long integers, which json.dumps could not write.
DEEP, DIGITS = "\0deep", "\0digits"

STRANGE = [
    *[None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 10**400, -(10**30)],
    *[0.0, -0.5, 0.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf")],
    *["", "x", "x" * 5000, "\ud800", "é" * 300, "nan", "1", "__class__", "../../evil", "cuda:99"],
    *[[], {}, [None], [[]], [1, "a", None], {"a": 1}, {"": {}}, [[["a"], 1]], list(range(3000))],
    *[DEEP + "40", DEEP + "400", DEEP + "950", DEEP + "985", DEEP + "2000", DEEP + "100000"],
    *[DIGITS + "4000", DIGITS + "5000"],
]

TAGS = [
    {"$estimator": "Pipeline", "parameters": {"steps": []}, "fitted": {}},
    {"$estimator": "os.system", "parameters": {"command": "true"}, "fitted": {}},
    {"$estimator": "Negate", "parameters": {}, "fitted": {}},
    {"$estimator": "Negate", "parameters": {}, "fitted": {"__class__": 1}},
    {"$estimator": "Negate", "parameters": {}, "fitted": {"fit": 1, "x_": 2}},
    {"$estimator": "Scale", "parameters": {"factor": "1"}, "fitted": {}},
    {"$estimator": "PretextPretrainer", "parameters": {}, "fitted": {}},
    {"$estimator": "MaskedPretrainer", "parameters": {"memory": "/tmp"}, "fitted": {}},
    {"$estimator": "FrozenEstimator", "parameters": {"estimator": None}, "fitted": {}},
    {"$estimator": "FrozenEstimator", "parameters": {}, "fitted": {}},
    {"$estimator": []},
    {"$array": "state_/trunk.blocks.0.convs.0.weight"},
    {"$array": []},
    {"$array": "classes_"},
    {"$array": ["a", "b"], "dtype": "<U1"},
    {"$array": ["a"] * 3000, "dtype": "<U16000"},
    {"$array": [["a"] * 300] * 300, "dtype": "<U16000"},
    {"$array": ["a", None], "dtype": "|O"},
    {"$array": "aaaa", "dtype": "O"},
    {"$array": [1], "dtype": "i4,O"},
    {"$array": [1], "dtype": [["f", "O"]]},
    {"$array": [1], "dtype": "<U999999999999"},
    {"$arrays": ""},
    {"$arrays": "state_/"},
    {"$arrays": 3},
    {"$tuple": 5},
    {"$tuple": {"a": 1}},
    {"$tuple": []},
    {"$tuple": [3, 4]},
    {"$dict": [[[], 1]]},
    {"$dict": [[1, 2], [True, 3]]},
    {"$dict": 7},
    {"$": 1},
    {"$nothing": 1, "$tuple": []},
]

KEYS = ["__class__", "__dict__", "_x_", "fit", "memory", "checkpoint", "state_", "x_", "$tuple", ""]


def places(value, found=None):
    """All (container, key) of a value."""
    found = [] if found is None else found
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        found.append((value, key))
        if isinstance(item, (dict, list)):
            places(item, found)
    return found


def tweaked(value, rng):
    """Something like the value, but not the value."""
    if isinstance(value, bool) or value is None:
        return choice(rng, [0, 1, "true", [], not value])
    if isinstance(value, (int, float)):
        if abs(value) > 1e300:
            return 1
        others = [value + 1, value - 1, -value, value * 1000, value / 2, str(value), [value]]
        return choice(rng, [*others, float(value), bool(value), {"$tuple": [value]}])
    if isinstance(value, str):
        return choice(rng, [value + "x", value[1:], value.upper(), [value], value * 3, 1])
    items = list(value)
    return choice(rng, [items, items * 2, items[::-1], items[:1], {"$tuple": items}, len(items)])


def mutate_json(value, rng):
    """A changed copy of a JSON value that is a list or dict."""
    value = json.loads(json.dumps(value))
    for _ in range(choice(rng, [1, 1, 1, 2, 3])):
        found = places(value)
        if not found:
            return choice(rng, STRANGE)
        container, key = choice(rng, found)
        other, other_key = choice(rng, found)
        what = int(rng.integers(10))
        if what < 3:
            container[key] = choice(rng, STRANGE)
        elif what < 5:
            container[key] = choice(rng, TAGS)
        elif what < 7:
            container[key] = tweaked(container[key], rng)
        elif what < 8:
            del container[key]
        elif what < 9:
            # A copy, so that nothing comes to stand inside itself.
            container[key] = json.loads(json.dumps(other[other_key]))
        elif isinstance(container, dict):
            container[choice(rng, KEYS)] = choice(rng, [container[key], *TAGS])
        else:
            container.append(choice(rng, [container[key], *STRANGE]))
        value = json.loads(json.dumps(value))
    return value


def json_text(value, rng=None):
    """Write what `mutate_json` made; a generator may double a key."""
    text = json.dumps(value)
    text = re.sub(r'"\\u0000deep(\d+)"', lambda m: "[" * int(m[1]) + "]" * int(m[1]), text)
    text = re.sub(r'"\\u0000digits(\d+)"', lambda m: "9" * int(m[1]), text)
    keys = [match.start() for match in re.finditer(r'"[^"\\]*": ', text)]
    if rng is not None and keys and rng.random() < 0.05:
        start = choice(rng, keys)
        key = text[start : text.index(": ", start)]
        text = f"{text[:start]}{key}: {choice(rng, ['null', '1', '[]'])}, {text[start:]}"
    return text
