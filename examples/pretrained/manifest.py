"""What an encoder was trained from, when and with what: kept beside it, for its model card."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpus import Corpus, Place, checksum, file_read, sets_of, sources_of, windows_per_person

import sklearn_ecgssl
from sklearn_ecgssl.pretext import BasePretrainer
from sklearn_ecgssl.training import resolve_device, resolve_precision

#: Keys of a source that change nothing in what is trained.
SAID = ("title", "licence", "cite")


def write_manifest(
    name: str, config: dict, recipe: dict, place: Place, corpus: Corpus, pretrainer: BasePretrainer
) -> None:
    """Write the manifest of a trained encoder, unless it has one that says the same training.

    Of a training with nothing left to do, the first manifest says when and with what it was.
    """
    manifest = {
        "name": name,
        **wanted(config, recipe),
        "windows": checksums(corpus),
        "encoder": encoder_checksum(name, place),
        "sets": {one["name"]: _amounts(one, corpus) for one in sets_of(config, recipe)},
        "read": {
            one["name"]: {"file": file_read(one, place), "sha256": checksum(one, place)}
            for one in sources_of(config, recipe)
        },
        "made": _made(name, place, pretrainer),
    }
    file = _file(name, place)
    if file.exists():
        before = json.loads(file.read_text(encoding="utf-8"))
        if all(before[key] == manifest[key] for key in ("recipe", "config", "windows", "encoder")):
            return
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, file)


def read_manifest(name: str, config: dict, recipe: dict, place: Place) -> dict:
    """Read the manifest of an encoder; it must be of this recipe and of the encoder beside it."""
    file = _file(name, place)
    if not file.exists():
        raise SystemExit(
            f"There is no {file}: {name!r} is not trained, or by an earlier version. {_again(name)}"
            " It goes on where it was; where nothing is left to do, it writes this file."
        )
    manifest = json.loads(file.read_text(encoding="utf-8"))
    expected = wanted(config, recipe) | {"encoder": encoder_checksum(name, place)}
    _check_equal({key: manifest[key] for key in expected}, expected, name, file)
    return manifest


def check_windows(manifest: dict, corpus: Corpus, place: Place) -> None:
    """Refuse windows that are not those that were learnt from and held out."""
    name = manifest["name"]
    found = {"windows": checksums(corpus)}
    _check_equal({"windows": manifest["windows"]}, found, name, _file(name, place))


def wanted(config: dict, recipe: dict) -> dict:
    """The recipe, and those parts of the configuration that its training depends on."""
    parts = {
        "corpus": config["corpus"]
        | {
            "windows_per_person": windows_per_person(config, recipe),
            "sets": [_unsaid(one) for one in sets_of(config, recipe)],
        },
        "preparation": config["preparation"][recipe["method"]],
    }
    if recipe.get("recorded_noise"):
        parts["noise"] = _unsaid(config["noise"])
    return {"recipe": recipe, "config": parts}


def checksums(corpus: Corpus) -> dict[str, str]:
    """SHA-256 of the windows, in their order."""
    parts = {"learnt": corpus.learnt, "held_out": corpus.held_out}
    return {
        kind: hashlib.sha256(np.ascontiguousarray(X, dtype="<f4").data).hexdigest()
        for kind, X in parts.items()
    }


def encoder_folder(name: str, place: Place) -> Path:
    return place.work / name / "encoder"


def encoder_checksum(name: str, place: Place) -> str:
    weights = encoder_folder(name, place) / "weights.safetensors"
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def _file(name: str, place: Place) -> Path:
    return place.work / name / "manifest.json"


def _unsaid(one: dict) -> dict:
    return {key: value for key, value in one.items() if key not in SAID}


def _amounts(one: dict, corpus: Corpus) -> dict[str, dict[str, int]]:
    """Count people and windows of a set."""
    amounts = {}
    for kind, person in (("learnt", corpus.learnt_from), ("held_out", corpus.held_out_of)):
        own = person[np.char.startswith(person, f"{one['name']}/")]
        amounts[kind] = {"people": len(set(own)), "windows": len(own)}
    return amounts


def _made(name: str, place: Place, pretrainer: BasePretrainer) -> dict[str, Any]:
    """When the last epoch was over, and with what."""
    last = (place.work / name / "checkpoint" / "checkpoint.safetensors").stat().st_mtime
    device = resolve_device(pretrainer.device)
    precision = resolve_precision(pretrainer.precision, device)
    return {
        "date": f"{datetime.fromtimestamp(last, UTC):%Y-%m-%d}",
        "sklearn_ecgssl": sklearn_ecgssl.__version__,
        "torch": torch.__version__,
        "device": device.type,
        "precision": str(precision).removeprefix("torch."),
        "n_threads": torch.get_num_threads(),
    }


def _check_equal(before: dict, now: dict, name: str, file: Path) -> None:
    if differing := _differences(before, now, ""):
        raise SystemExit(
            f"{name!r} was not trained from this: {'; '.join(differing)} ({file}). {_again(name)} "
            f"For another training than the one begun there, delete {file.parent} first."
        )


def _differences(before: Any, now: Any, where: str) -> list[str]:
    """Name what differs, as deep as both are tables or lists of one length."""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        before, now = dict(enumerate(before)), dict(enumerate(now))
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return [] if before == now else [f"{where} was {before!r:.80}, is {now!r:.80}"]
    return [
        difference
        for key in dict.fromkeys([*before, *now])
        for difference in _differences(
            before.get(key), now.get(key), f"{where}.{key}".removeprefix(".")
        )
    ]


def _again(name: str) -> str:
    return f"Train it again: python examples/pretrained/build.py train {name}."
