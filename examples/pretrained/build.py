"""Make the encoders that come with the package: the corpus, the training, the files.

    python examples/pretrained/build.py corpus
    python examples/pretrained/build.py train recognition-open
    python examples/pretrained/build.py ship recognition-open

What is made is in encoders.toml alone. Data sets are downloaded from PhysioNet (extra `datasets`);
with `--recordings FOLDER` they are read from recordings files of the same samples. rhythm-open
needs that: not all of its sets can be downloaded. A training that was stopped goes on where it was.
Only what was trained from this configuration is shipped, and with scores downstream:
scores/NAME.md, rows of the benchmark `level`.
"""

import argparse
import os
import shutil
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from card import amounts_table, model_card
from corpus import Corpus, Place, make_corpus, preparation_of
from manifest import amounts_of, encoder_folder, read_manifest, weights_file, write_manifest

from sklearn_ecgssl import MaskedPretrainer, PretextPretrainer, load_pretrained, transforms
from sklearn_ecgssl.pretext import BasePretrainer

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "sklearn_ecgssl" / "pretext" / "encoders"
CARD = "MODEL_CARD.md"
PRETRAINERS = {"recognition": PretextPretrainer, "masked": MaskedPretrainer}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["corpus", "train", "ship"])
    parser.add_argument("name", nargs="?", default="recognition-open", help="of an encoder")
    parser.add_argument("--config", type=Path, default=HERE / "encoders.toml")
    parser.add_argument("--recordings", type=Path, help="folder of recordings files")
    parser.add_argument("--work", type=Path, default=Path("pretrained-work"), help="for trainings")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="of ship")
    parser.add_argument("--downstream", type=Path, help="scores (Markdown), else scores/NAME.md")
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    recipes = config["encoders"] | config["candidates"]
    if args.name not in recipes:
        parser.error(f"There is no encoder {args.name!r} in the configuration: {list(recipes)}.")
    recipe, place = recipes[args.name], Place(args.work, args.recordings)
    corpus = make_corpus(config, recipe, place)
    if args.command == "corpus":
        print(amounts_table(config, recipe, amounts_of(config, recipe, corpus)))
        print(f"Without {corpus.n_flat} windows that are flat.")
    elif args.command == "train":
        train(args.name, config, recipe, place, corpus)
    else:
        downstream = args.downstream or HERE / "scores" / f"{args.name}.md"
        ship(args.name, config, recipe, place, corpus, args.output / args.name, downstream)


def train(name: str, config: dict, recipe: dict, place: Place, corpus: Corpus) -> None:
    """Train until `max_epochs`, or go on with that; print what it is worth on other people."""
    checkpoint = place.work / name / "checkpoint"
    pretrainer = make_pretrainer(recipe, corpus, checkpoint=checkpoint, verbose=1)
    pretrainer.fit(corpus.learnt, X_val=corpus.held_out)
    preparation = preparation_of(config, recipe["method"])
    pretrainer.save_pretrained(encoder_folder(name, place), preparation=preparation)
    write_manifest(name, config, recipe, place, corpus, pretrainer)
    for row in pretrainer.history_:
        print(", ".join(f"{key} {row[key]:.4g}" for key in row if "accuracy" not in key))


def make_pretrainer(recipe: dict, corpus: Corpus, **more: Any) -> BasePretrainer:
    """Make the pretrainer of a recipe; one that compares views gets the noise of the corpus."""
    parameters = recipe["parameters"] | more
    if recipe["method"] != "rhythm":
        return PRETRAINERS[recipe["method"]](**parameters)
    parameters["augmentation"] = transforms.RandomAugmentation(recorded_noise=corpus.noise)
    return PretextPretrainer.from_preset("rhythm", **parameters)


def ship(
    name: str,
    config: dict,
    recipe: dict,
    place: Place,
    corpus: Corpus,
    output: Path,
    downstream: Path,
) -> None:
    """Write what comes with the package: all that was made by one training, or nothing."""
    if not downstream.is_file():
        raise SystemExit(
            f"--downstream {downstream} is missing: a Markdown table of what {name!r} is worth on "
            "people whom it has not met. `make bench BENCH=level ARGS='--data FILE --target "
            f"FIELD --{recipe['method']} {encoder_folder(name, place)}'` prints one: save it there."
        )
    manifest = read_manifest(name, config, recipe, place, corpus)
    with TemporaryDirectory(prefix="shipping-", dir=place.work / name) as staged:
        folder = Path(staged)
        trained = load_pretrained(encoder_folder(name, place))
        trained.set_params(precision="float32")  # for the same features on every machine
        preparation = preparation_of(config, recipe["method"])
        trained.save_pretrained(folder, dtype="bfloat16", preparation=preparation)
        shipped = load_pretrained(folder)
        untrained = make_pretrainer(recipe, corpus, max_epochs=0, precision="float32")
        untrained.fit(corpus.held_out)
        card = model_card(
            shipped,
            manifest,
            config,
            n_bytes=weights_file(folder).stat().st_size,
            held_out={"float32": scores(trained, corpus), "bfloat16": scores(shipped, corpus)},
            untrained=scores(untrained, corpus),
            downstream=downstream.read_text(encoding="utf-8"),
        )
        (folder / CARD).write_text(card, encoding="utf-8")
        put_in_place(folder, output)
    print(card)


def put_in_place(staged: Path, folder: Path) -> None:
    """Copy the files so that no encoder has a card, by which it is listed, of another one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    weights = weights_file(staged).name
    for name in (weights, "config.json", CARD):
        temporary = folder / f".{name}.tmp"
        try:
            shutil.copyfile(staged / name, temporary)
            os.replace(temporary, folder / name)
        finally:
            temporary.unlink(missing_ok=True)
    for file in folder.glob("*.safetensors"):
        if file.name != weights:
            file.unlink()


def scores(pretrainer: BasePretrainer, corpus: Corpus) -> dict[str, float]:
    """Score an encoder on the people of the corpus who were held out."""
    X = corpus.held_out
    if isinstance(pretrainer, PretextPretrainer):
        return {"mean": pretrainer.score(X), **pretrainer.task_scores(X)}
    return {"share of the masked samples' variance that is predicted": pretrainer.score(X)}


if __name__ == "__main__":
    main()
