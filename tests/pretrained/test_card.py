"""What the card of an encoder says."""

import json
import re
import tomllib
from datetime import UTC, datetime

import pytest

from sklearn_ecgssl.pretext import load_pretrained
from sklearn_ecgssl.transforms import AddNoise
from tests.pretrained.recipe import (
    CONFIG,
    TINY,
    build,
    cards,
    command,
    corpus,
    each_encoder,
    manifest_of,
    sha256,
)


@each_encoder
class TestEachCard:
    def test_the_card_says_who_was_learnt_from(self, name, shipped, files, corpora):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        assert card.startswith(f"# {name}\n")
        found = corpora[name.removeprefix("tiny-")]
        titles = {f"{one['name']}/": one["title"] for one in files.config["corpus"]["sets"]}
        for start, title in {**titles, "": "all"}.items():
            amounts = re.search(rf"^\| {re.escape(title)} \| (.*) h \| (.*) h \|$", card, re.M)
            for amount, person in zip(
                amounts.groups(), (found.learnt_from, found.held_out_of), strict=True
            ):
                own = [one for one in person if one.startswith(start)]
                n_people, n_windows, hours = amount.split(", ")
                assert (int(n_people), int(n_windows)) == (len(set(own)), len(own))
                assert float(hours) == pytest.approx(len(own) * 2 / 3600, abs=0.05)
        for one in files.config["corpus"]["sets"]:
            link = f"[{one['title']}](https://physionet.org/content/{one['physionet']}/)"
            assert f"- {link}, ODC-By 1.0: {one['cite']}\n" in card
            checksum = sha256(files.folder / one["file"])
            assert f"- {one['title']}, {one['file']}: `{checksum}`\n" in card
        assert "Third Database" not in card
        assert "doi:10.1161/01.CIR.101.23.e215" in card
        assert "At most 6 windows of a person" in card

    def test_the_card_says_what_it_is_worth(self, name, shipped, trained, files, corpora):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        held_out = corpora[name.removeprefix("tiny-")].held_out
        parameters = files.config["encoders"][name]["parameters"] | {"max_epochs": 0}
        untrained = TINY[name](**parameters).fit(held_out)
        encoders = [load_pretrained(shipped / name), trained[name], untrained]
        if name == "tiny-masked":
            what = "share of the masked samples' variance that is predicted"
            scores = {what: [encoder.score(held_out) for encoder in encoders]}
        else:
            of_each = [encoder.task_scores(held_out) for encoder in encoders]
            scores = {task: [one[task] for one in of_each] for task in trained[name].task_names_}
            scores = {"mean": [encoder.score(held_out) for encoder in encoders], **scores}
            for values in scores.values():
                values.append(6 / 7)
        table = card.partition("## Scores on the people who were held out")[2]
        rows = [line for line in table.partition("\n## ")[0].splitlines() if line[-2:] == " |"]
        expected = [
            f"| {what} | {' | '.join(f'{value:.3f}' for value in values)} |"
            for what, values in scores.items()
        ]
        assert rows[2:] == expected
        columns = "score | as shipped (bfloat16) | weights in float32 | untrained"
        columns += "" if name == "tiny-masked" else " | a constant answer"
        assert rows[0] == f"| {columns} |"
        missed = re.search(
            r"Not learnt, within 0\.01 of a constant answer or below: (.*?)\.", table
        )
        if name == "tiny-masked":
            assert missed is None
        else:
            del scores["mean"]
            expected = [f"`{task}`" for task, (value, *_) in scores.items() if value < 6 / 7 + 0.01]
            assert missed[1] == (", ".join(expected) or "none")
        assert "chose the epoch" not in table
        assert "## Scores downstream\n\n| downstream | 0.71 |\n\n" in card

    def test_the_card_says_how_it_was_trained(self, name, shipped, trained):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        losses = ", ".join(f"{row['valid_loss']:.3f}" for row in trained[name].history_)
        assert f"{losses}." in " ".join(card.split())
        assert "3 epochs" in card
        assert "max_epochs=3" in card
        size = (shipped / name / "weights.safetensors").stat().st_size
        assert f"({size:,} bytes)" in card
        assert f"{sum(a.size for a in trained[name].state_.values()):,} weights" in card
        rate = {"tiny-recognition": 64, "tiny-masked": 32}[name]
        assert f"windows of {2 * rate} samples: 2 s at {rate} Hz" in card
        assert f'SSLEmbedder("{name}", sampling_rate={rate})' in card
        loaded = load_pretrained(shipped / name)
        assert loaded.precision == "float32"
        assert 'is shipped with `precision="float32"`' in " ".join(card.split())

    def test_the_card_says_what_it_is_not_for(self, name, shipped):
        card = (shipped / name / "MODEL_CARD.md").read_text("utf-8")
        section = card.partition("## What it must not be used for\n")[2].partition("\n## ")[0]
        assert "diagnosis" in section
        assert "people of the data sets above" in section
        licence = card.partition("\n## Licence\n")[2]
        assert "BSD-3-Clause" in licence
        for title in ("First Database 1.0.0", "Second Database 1.0.0, without sel1"):
            assert (
                f"- Contains information from {title}, which is made available under the Open Data "
                "Commons Attribution License v1.0 (https://opendatacommons.org/licenses/by/1-0/).\n"
            ) in licence
        assert licence.count("Contains information") == 2


class TestCard:
    def test_its_facts_are_those_of_the_training(self, files, own, table, tmp_path):
        """Not of the day and the machine that it is shipped on."""
        said = manifest_of("tiny-masked", own)
        said["made"] = {
            "date": "2001-02-03", "sklearn_ecgssl": "7.7", "torch": "8.8", "device": "cuda",
            "precision": "bfloat16", "n_threads": 5,
        }  # fmt: skip
        said["sets"]["first"]["learnt"] = {"people": 77, "windows": 1800}
        said["read"]["first"] = {"file": "elsewhere.npz", "sha256": "abc"}
        (own / "tiny-masked" / "manifest.json").write_text(json.dumps(said))
        command(files, own, "ship", "tiny-masked", "--output", tmp_path, "--downstream", table)
        card = " ".join((tmp_path / "tiny-masked" / "MODEL_CARD.md").read_text("utf-8").split())
        assert "MaskedPretrainer of sklearn_ecgssl 7.7, trained on" in card
        assert "Trained with sklearn_ecgssl 7.7 and torch 8.8, done on 2001-02-03, by" in card
        assert "It was trained in bfloat16 (cuda, 5 threads) and is shipped with" in card
        assert "| First Database 1.0.0 | 77, 1,800, 1.0 h |" in card
        n_people = 77 + said["sets"]["second"]["learnt"]["people"]
        n_windows = 1800 + said["sets"]["second"]["learnt"]["windows"]
        assert f"| all | {n_people}, {n_windows:,}, " in card
        assert "First Database 1.0.0, elsewhere.npz: `abc`" in card
        assert f"{datetime.now(UTC):%Y-%m-%d}" not in card

    def test_recorded_noise_is_a_source(self, shipped, files):
        card = (shipped / "noisy" / "MODEL_CARD.md").read_text("utf-8")
        noise = files.config["noise"]
        link = "[Third Database 1.0.0](https://physionet.org/content/third/1.0.0/)"
        assert f"- {link}, ODC-By 1.0: {noise['cite']}\n" in card
        checksum = sha256(files.folder / "noise.npz")
        assert f"- Third Database 1.0.0, noise.npz: `{checksum}`\n" in card
        assert "Contains information from Third Database 1.0.0, which" in card
        assert "| Third Database" not in card  # nobody is in it
        assert "adds recorded noise, Third Database 1.0.0, 15 dB below" in " ".join(card.split())

    @pytest.mark.parametrize("name", [*TINY, "noisy"])
    def test_scores_are_of_one_arithmetic_and_noise(
        self, name, shipped, files, place, table, tmp_path, monkeypatch
    ):
        """In float32, also where the training chose its own, with the noise that was learnt."""
        scored, scores = [], build.scores

        def noted(pretrainer, found):
            scored.append(pretrainer)
            return scores(pretrainer, found)

        monkeypatch.setattr(build, "scores", noted)
        command(files, place.work, "ship", name, "--output", tmp_path, "--downstream", table)
        assert [pretrainer.precision for pretrainer in scored] == ["float32"] * 3
        if name != "tiny-masked":
            noises = {type(dict(pretrainer.transforms_)["noise"]) for pretrainer in scored}
            assert noises == {corpus.AddRecordedNoise if name == "noisy" else AddNoise}
        loaded = load_pretrained(tmp_path / name)  # without any class that is not the package's
        assert loaded.n_epochs_ == (2 if name == "noisy" else 3)

    def test_tasks_that_were_not_learnt(self):
        scores = {"mean": 0.7, "original": 0.76, "noise": 0.7599, "flip": 0.3, "warp": 0.9}
        both = dict.fromkeys(["float32", "bfloat16"], scores)
        said = cards._held_out(both, scores, None)
        assert "| mean | 0.700 | 0.700 | 0.700 | 0.750 |" in said
        assert "within 0.01 of a constant answer or below: `noise`, `flip`." in said
        assert "chose the epoch" not in said
        all_learnt = dict.fromkeys(scores, 0.9)
        said = cards._held_out(dict.fromkeys(both, all_learnt), all_learnt, 3)
        assert "of a constant answer or below: none." in said
        assert "The same people chose the epoch (patience=3)" in said

    def test_unknown_licences(self):
        changed = tomllib.loads(CONFIG.replace('licence = "ODC-By 1.0"', 'licence = "mine"', 1))
        with pytest.raises(ValueError, match=r"licence \['mine'\] is not known, \['ODC-By 1.0'\]"):
            cards._licence(changed, {})
