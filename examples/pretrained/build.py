"""Make the encoders that come with the package: the corpus, the training, the files.

    python examples/pretrained/build.py corpus
    python examples/pretrained/build.py train recognition-open
    python examples/pretrained/build.py ship recognition-open --downstream scores.md

What is made is in encoders.toml alone. Data sets are downloaded from PhysioNet (extra `datasets`);
with `--recordings FOLDER` they are read from recordings files of the same samples. A training that
was stopped goes on where it was.
"""

import argparse
import tomllib
from pathlib import Path

import numpy as np
from card import model_card
from corpus import Corpus, Place, checksum, make_corpus, recorded_noise, sets_of

from sklearn_ecgssl import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.pretext import BasePretrainer

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "sklearn_ecgssl" / "pretext" / "encoders"
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=HERE / "encoders.toml")
    parser.add_argument("--recordings", type=Path, help="folder of recordings files")
    parser.add_argument(
        "--work", type=Path, default=Path("pretrained-work"), help="for prepared data and trainings"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("corpus", help="say what goes in")
    training = commands.add_parser("train", help="train an encoder or a candidate")
    training.add_argument("name")
    shipping = commands.add_parser("ship", help="write the files of an encoder and its model card")
    shipping.add_argument("name")
    shipping.add_argument("--output", type=Path, default=SHIPPED)
    shipping.add_argument(
        "--downstream", type=Path, required=True, help="measured scores, for the card (Markdown)"
    )
    return parser.parse_args()


def train(name: str, config: dict, place: Place) -> None:
    """Train until `max_epochs`, or go on with that; print what it is worth on other people."""
    recipe = recipe_of(name, config)
    pretrainer = untrained(recipe, config, place).set_params(
        checkpoint=place.work / name / "checkpoint", resume=True, verbose=1
    )
    corpus = make_corpus(config, recipe, place)
    pretrainer.fit(corpus.learnt, X_val=corpus.held_out)
    pretrainer.save_pretrained(encoder_folder(name, place), sampling_rate=rate_of(recipe, config))
    for row in pretrainer.history_:
        print(", ".join(f"{key} {row[key]:.4g}" for key in row if "accuracy" not in key))


def untrained(recipe: dict, config: dict, place: Place) -> BasePretrainer:
    """Make the pretrainer of a recipe."""
    pretrainer = PRETRAINERS[recipe["method"]](**recipe["parameters"])
    if recipe.get("recorded_noise"):
        pretrainer.set_params(noise=recorded_noise(config, place))
    return pretrainer


def ship(name: str, config: dict, place: Place, output: Path, downstream: Path) -> None:
    """Write what comes with the package, and compare it with what was trained."""
    recipe = recipe_of(name, config)
    corpus = make_corpus(config, recipe, place)
    trained = load_pretrained(encoder_folder(name, place))
    trained.save_pretrained(output / name, dtype="bfloat16")
    shipped = load_pretrained(output / name)
    facts = {
        "name": name,
        "recipe": recipe,
        "config": config,
        "checksums": {one["name"]: checksum(one, place) for one in sets_of(config, recipe)},
        "held_out": {"float32": scores(trained, corpus), "bfloat16": scores(shipped, corpus)},
        "untrained": scores(as_initialised(recipe, config, place, corpus), corpus),
        "downstream": downstream.read_text(encoding="utf-8"),
    }
    card = model_card(shipped, corpus, output / name / "weights.safetensors", **facts)
    (output / name / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    print(card)


def scores(pretrainer: BasePretrainer, corpus: Corpus) -> dict[str, float]:
    """Score an encoder on the people of the corpus who were held out."""
    X = corpus.held_out
    if isinstance(pretrainer, PretextPretrainer):
        return {"mean": pretrainer.score(X), **pretrainer.task_scores(X)}
    return {"share of the masked samples' variance that is predicted": pretrainer.score(X)}


def as_initialised(recipe: dict, config: dict, place: Place, corpus: Corpus) -> BasePretrainer:
    return untrained(recipe, config, place).set_params(max_epochs=0).fit(corpus.held_out)


def recipe_of(name: str, config: dict) -> dict:
    recipes = config["encoders"] | config["candidates"]
    if name not in recipes:
        raise SystemExit(f"There is no encoder {name!r} in the configuration: {list(recipes)}.")
    return recipes[name]


def encoder_folder(name: str, place: Place) -> Path:
    return place.work / name / "encoder"


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
