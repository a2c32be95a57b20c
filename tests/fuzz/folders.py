"""Changed folders of a ``config.json`` and a ``weights.safetensors``, signed again or not."""

import hashlib
import json
import re
import sys
from contextlib import contextmanager

from sklearn_ecgssl.formats._folder import _config_checksum
from tests.fuzz.mutations import (
    STRANGE,
    TAGS,
    choice,
    harmful_pickle,
    json_text,
    mutate_bytes,
    mutate_json,
)
from tests.fuzz.weights import mutate_weights

CONFIG, WEIGHTS = "config.json", "weights.safetensors"


@contextmanager
def deep_recursion():
    """Let JSON be nested deeper here than where it will be read."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def signed(config, weights):
    """The text of a configuration with the checksums of itself and of the weights."""
    try:
        with deep_recursion():
            value = json.loads(config)
            if isinstance(value, dict):
                return _signed_again(config, value, weights)
    except (ValueError, RecursionError):  # no checksum could be right
        pass
    return config


def _signed_again(text, value, weights):
    if isinstance(value.get("weights"), dict):
        for key, now in (("bytes", len(weights)), ("sha256", hashlib.sha256(weights).hexdigest())):
            if isinstance(value["weights"].get(key), type(now)):
                text = text.replace(json.dumps(value["weights"][key]), json.dumps(now))
    sum_of_all = _config_checksum(json.loads(text))
    if not isinstance(value.get("config_sha256"), str):
        return text
    return re.sub(r'("config_sha256": )"[^"]*"', rf'\1"{sum_of_all}"', text)


def sealed(files):
    """The same files with checksums that are right."""
    config = files[CONFIG].decode("utf-8", "surrogateescape")
    return {**files, CONFIG: signed(config, files[WEIGHTS]).encode("utf-8", "surrogateescape")}


def mutate_folder(files, rng, canary, others=()):
    """Changed files, and whether their checksums are right."""
    files = dict(files)
    what = rng.random()
    if what < 0.2:
        name = choice(rng, [CONFIG, WEIGHTS])
        files[name] = mutate_bytes(files[name], rng)
        return files, False
    if what < 0.3:
        files = _strange_files(files, rng, canary, others)
        whole = CONFIG in files and WEIGHTS in files and rng.random() < 0.5
        return (sealed(files), True) if whole else (files, False)
    if what < 0.8:
        files[CONFIG] = changed_config(files[CONFIG], rng)
    if what > 0.75:
        files[WEIGHTS] = mutate_weights(files[WEIGHTS], rng)
    if rng.random() < 0.1:
        return files, False
    return sealed(files), True


def changed_config(config, rng):
    """Change the JSON, most often where the estimator or the training is in it."""
    config = json.loads(config)
    names = ("parameters", "fitted", "fitted", "facts", "training", "seeds")
    parts = [name for name in names if name in config]
    if rng.random() < 0.05:
        config[choice(rng, sorted(config))] = choice(rng, [*STRANGE, *TAGS])
    elif rng.random() < 0.8:
        part = choice(rng, parts)
        config[part] = mutate_json(config[part], rng)
    else:
        config = mutate_json(config, rng)
    return json_text(config, rng).encode()


def _strange_files(files, rng, canary, others):
    """Files that are missing, exchanged, doubled or something else altogether."""
    name, other = choice(rng, [(CONFIG, WEIGHTS), (WEIGHTS, CONFIG)])
    changes = [
        lambda: files.pop(name),
        lambda: files.update({name: b""}),
        lambda: files.update({name: harmful_pickle(canary, int(rng.integers(6)))}),
        lambda: files.update({name: files[other]}),
        lambda: files.update({name: choice(rng, [files, *others])[name]}),
        lambda: files.update({".0123456789abcdef.pending": files[WEIGHTS]}),
        lambda: files.update({name: files[name] + b" " * 1000}),
        lambda: files.update({name: rng.bytes(3000)}),
    ]
    choice(rng, changes)()
    return files
