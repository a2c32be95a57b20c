"""What an encoder was trained from, when and with what: kept beside it, for its model card."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from corpus import Corpus, Place, file_read, sets_of, sources_of, windows_per_person

import sklearn_ecgssl
from sklearn_ecgssl.pretext import BasePretrainer
from sklearn_ecgssl.training import resolve_device, resolve_precision

#: Keys of a data set that change nothing in what is trained.
SAID = ("title", "licence", "cite", "note")


def write_manifest(
    name: str, config: dict, recipe: dict, place: Place, corpus: Corpus, pretrainer: BasePretrainer
) -> None:
    """Write the manifest of a trained encoder."""
    manifest = {
        "name": name,
        **trained_from(name, config, recipe, place, corpus),
        "sets": amounts_of(config, recipe, corpus),
        "read": {one["name"]: file_read(one, place) for one in sources_of(config, recipe)},
        "made": _made(name, place, pretrainer),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    _file(name, place).write_text(text, encoding="utf-8")


def read_manifest(name: str, config: dict, recipe: dict, place: Place, corpus: Corpus) -> dict:
    """Read the manifest of an encoder; it must be of this training and of the encoder beside it."""
    file = _file(name, place)
    if not file.exists():
        raise SystemExit(f"There is no {file}: {name!r} is not trained. {_again(name)}")
    manifest = json.loads(file.read_text(encoding="utf-8"))
    now = trained_from(name, config, recipe, place, corpus)
    if differing := [key for key in now if manifest[key] != now[key]]:
        raise SystemExit(
            f"{name!r} was not trained from this: other {', '.join(differing)} ({file}). "
            f"{_again(name)} For another training than the one begun, delete {file.parent} first."
        )
    return manifest


def trained_from(name: str, config: dict, recipe: dict, place: Place, corpus: Corpus) -> dict:
    """Return all that a training depends on, and the checksum of the weights that it gave."""
    sets = [
        {key: value for key, value in one.items() if key not in SAID}
        for one in sets_of(config, recipe)
    ]
    at_most = windows_per_person(config, recipe)
    weights = weights_file(encoder_folder(name, place))
    return {
        "recipe": recipe,
        "corpus": config["corpus"] | {"windows_per_person": at_most, "sets": sets},
        "preparation": config["preparation"][recipe["method"]],
        "windows": [_checksum(corpus.learnt), _checksum(corpus.held_out)],
        **({} if corpus.noise is None else {"noise": _checksum(corpus.noise)}),
        "encoder": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }


def amounts_of(config: dict, recipe: dict, corpus: Corpus) -> dict[str, dict[str, dict[str, int]]]:
    """Count people and windows of each set."""
    kinds = {"learnt": corpus.learnt_from, "held_out": corpus.held_out_of}
    amounts: dict[str, dict[str, dict[str, int]]] = {}
    for one in sets_of(config, recipe):
        name = one["name"]
        amounts[name] = {}
        for kind, person in kinds.items():
            own = person[np.char.startswith(person, f"{name}/")]
            amounts[name][kind] = {"people": len(set(own)), "windows": len(own)}
    return amounts


def encoder_folder(name: str, place: Place) -> Path:
    return place.work / name / "encoder"


def weights_file(folder: Path) -> Path:
    """Find the weights in the folder of a saved encoder."""
    (file,) = folder.glob("*.safetensors")
    return file


def _file(name: str, place: Place) -> Path:
    return place.work / name / "manifest.json"


def _checksum(X: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(X, dtype="<f4").data).hexdigest()


def _made(name: str, place: Place, pretrainer: BasePretrainer) -> dict:
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


def _again(name: str) -> str:
    return f"Train it again: python examples/pretrained/build.py train {name}."
