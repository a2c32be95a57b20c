"""Make the encoders that come with the package: the corpus, the training, the files.

    python examples/pretrained/build.py corpus
    python examples/pretrained/build.py train recognition-open
    python examples/pretrained/build.py ship recognition-open

What is made is in encoders.toml alone. Data sets are downloaded from PhysioNet (extra `datasets`);
with `--recordings FOLDER` they are read from recordings files of the same samples. A training that
was stopped goes on where it was. Only what was trained from this configuration is shipped, and
with scores downstream: scores/NAME.md, a table of the benchmark `pretrained`.
"""

import argparse
import os
import shutil
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from card import model_card
from corpus import Corpus, Place, checksum, make_corpus, recorded_noise
from manifest import check_windows, encoder_folder, read_manifest, write_manifest

from sklearn_ecgssl import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.pretext import BasePretrainer
from sklearn_ecgssl.transforms import WindowTransform, default_transforms

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "sklearn_ecgssl" / "pretext" / "encoders"
CARD = "MODEL_CARD.md"
DEFAULTS = {"config": HERE / "encoders.toml", "recordings": None, "work": Path("pretrained-work")}
PRETRAINERS = {"recognition": PretextPretrainer, "masked": MaskedPretrainer}


def main() -> None:
    args = parsed()
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    place = Place(args.work, args.recordings)
    if args.command == "corpus":
        print_corpus(config, place)
    elif args.command == "train":
        train(args.name, config, place)
    else:
        ship(args.name, config, place, args.output, args.downstream)


def parsed() -> argparse.Namespace:
    # Before and after the command: what is left out in one place must not undo the other.
    places = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    places.add_argument("--config", type=Path, help="encoders.toml, if it is not the one here")
    places.add_argument("--recordings", type=Path, help="folder of recordings files")
    places.add_argument("--work", type=Path, help="for prepared data and trainings")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], parents=[places])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("corpus", parents=[places], help="say what goes in")
    training = commands.add_parser("train", parents=[places], help="train an encoder or candidate")
    training.add_argument("name")
    shipping = commands.add_parser("ship", parents=[places], help="write an encoder and its card")
    shipping.add_argument("name")
    shipping.add_argument("--output", type=Path, default=SHIPPED)
    said = "measured scores, for the card (Markdown); scores/NAME.md beside build.py, else"
    shipping.add_argument("--downstream", type=Path, help=said)
    return parser.parse_args(namespace=argparse.Namespace(**DEFAULTS))


def train(name: str, config: dict, place: Place) -> None:
    """Train until `max_epochs`, or go on with that; print what it is worth on other people."""
    recipe = recipe_of(name, config)
    pretrainer = untrained(recipe, config, place).set_params(
        checkpoint=place.work / name / "checkpoint", verbose=1
    )
    corpus = make_corpus(config, recipe, place)
    pretrainer.fit(corpus.learnt, X_val=corpus.held_out)
    if recipe.get("recorded_noise"):
        # Its class is no part of the package. To go on with it, it is in the checkpoint.
        set_noise(pretrainer, dict(default_transforms())["noise"])
    pretrainer.save_pretrained(encoder_folder(name, place), sampling_rate=rate_of(recipe, config))
    write_manifest(name, config, recipe, place, corpus, pretrainer)
    for row in pretrainer.history_:
        print(", ".join(f"{key} {row[key]:.4g}" for key in row if "accuracy" not in key))


def untrained(recipe: dict, config: dict, place: Place) -> BasePretrainer:
    """Make the pretrainer of a recipe."""
    pretrainer = PRETRAINERS[recipe["method"]](**recipe["parameters"])
    if recipe.get("recorded_noise"):
        pretrainer.set_params(noise=recorded_noise(config, place))
    return pretrainer


def set_noise(pretrainer: PretextPretrainer, noise: WindowTransform) -> None:
    """Set the noise of a pretrainer that is fitted."""
    pretrainer.set_params(noise=noise)
    pretrainer.transforms_ = [
        (name, noise if name == "noise" else transform)
        for name, transform in pretrainer.transforms_
    ]


def ship(name: str, config: dict, place: Place, output: Path, downstream: Path | None) -> None:
    """Write what comes with the package: all that was made by one training, or nothing."""
    recipe = recipe_of(name, config)
    table = read_downstream(downstream or HERE / "scores" / f"{name}.md", name, recipe, place)
    manifest = read_manifest(name, config, recipe, place)
    corpus = make_corpus(config, recipe, place)
    check_windows(manifest, corpus, place)
    with TemporaryDirectory(prefix="shipping-", dir=place.work / name) as staged:
        card = write_files(Path(staged), manifest, config, place, corpus, table)
        put_in_place(Path(staged), output / name)
    print(card)


def write_files(
    folder: Path, manifest: dict, config: dict, place: Place, corpus: Corpus, downstream: str
) -> str:
    """Write an encoder and its card, which is returned."""
    recipe = manifest["recipe"]
    trained = load_pretrained(encoder_folder(manifest["name"], place))
    trained.set_params(precision="float32")  # for the same features on every machine
    trained.save_pretrained(folder, dtype="bfloat16")
    shipped = load_pretrained(folder)
    initialised = untrained(recipe, config, place).set_params(max_epochs=0, precision="float32")
    initialised.fit(corpus.held_out)
    if recipe.get("recorded_noise"):
        for encoder in (trained, shipped):
            set_noise(encoder, recorded_noise(config, place))
    card = model_card(
        shipped,
        manifest,
        config,
        n_bytes=(folder / "weights.safetensors").stat().st_size,
        held_out={"float32": scores(trained, corpus), "bfloat16": scores(shipped, corpus)},
        untrained=scores(initialised, corpus),
        downstream=downstream,
    )
    (folder / CARD).write_text(card, encoding="utf-8")
    return card


def read_downstream(file: Path, name: str, recipe: dict, place: Place) -> str:
    if file.is_file():
        return file.read_text(encoding="utf-8")
    trained = f"--{recipe['method']} {encoder_folder(name, place)}"
    raise SystemExit(
        f"--downstream {file} is missing: a Markdown table of what {name!r} is worth on people "
        "whom it has not met goes into its card. `make bench BENCH=pretrained ARGS='--data FILE "
        f"--target FIELD {trained}'` makes one (docs/guide/pretrained.md): save it there."
    )


def put_in_place(staged: Path, folder: Path) -> None:
    """Copy the files so that no encoder has a card, by which it is listed, of another one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    for name in ("config.json", "weights.safetensors", CARD):
        temporary = folder / f".{name}.tmp"
        try:
            shutil.copyfile(staged / name, temporary)
            os.replace(temporary, folder / name)
        finally:
            temporary.unlink(missing_ok=True)


def scores(pretrainer: BasePretrainer, corpus: Corpus) -> dict[str, float]:
    """Score an encoder on the people of the corpus who were held out."""
    X = corpus.held_out
    if isinstance(pretrainer, PretextPretrainer):
        return {"mean": pretrainer.score(X), **pretrainer.task_scores(X)}
    return {"share of the masked samples' variance that is predicted": pretrainer.score(X)}


def recipe_of(name: str, config: dict) -> dict:
    recipes = config["encoders"] | config["candidates"]
    if name not in recipes:
        raise SystemExit(f"There is no encoder {name!r} in the configuration: {list(recipes)}.")
    return recipes[name]


def rate_of(recipe: dict, config: dict) -> float:
    return config["preparation"][recipe["method"]]["sampling_rate"]


def print_corpus(config: dict, place: Place) -> None:
    corpus = make_corpus(config, {"method": "recognition"}, place)
    kinds = {"learnt": corpus.learnt_from, "held out": corpus.held_out_of}
    for one in config["corpus"]["sets"]:
        for kind, person in kinds.items():
            own = person[np.char.startswith(person, f"{one['name']}/")]
            hours = len(own) * config["corpus"]["window_length"] / 3600
            print(
                f"{one['name']}, {kind}: {len(set(own))} people, {len(own)} windows, {hours:.1f} h"
            )
        print(f"{one['name']}: SHA-256 {checksum(one, place)}")


if __name__ == "__main__":
    main()
