"""The gallery: its order, what is executed, and the pictures and output that are kept."""

import re
from pathlib import Path

from sphinx.util import logging
from sphinx_gallery.sorting import ExplicitOrder
from sphinx_gallery.utils import get_md5sum

from sklearn_ecgssl import fetch_eegmat

DOCS = Path(__file__).resolve().parents[1]
EXAMPLES = DOCS.parent / "examples"
#: Checksums of the scripts that full builds ran, to be read by `md5sum --check` in examples/.
RECORD = DOCS / "examples.md5"
#: Folders and, in each, scripts: from the first thing that one tries to the last.
ORDER = {
    "start": ["plot_first_pipeline.py"],
    "data": ["plot_recordings_file.py", "plot_quality.py"],
    "pretraining": [
        "plot_difficulty.py",
        "plot_own_transformation.py",
        "plot_fine_tuning.py",
        "plot_transformer.py",
    ],
    "evaluation": ["plot_protocols.py", "plot_window_length.py"],
    "search": ["plot_grid_search.py"],
    "looking": ["plot_embedding_map.py", "plot_foreign_encoder.py", "plot_saliency.py"],
    "deployment": ["plot_new_person.py", "plot_streaming.py"],
}


class ScriptOrder:
    """Key of a script within its folder: its place in ORDER."""

    def __init__(self, folder: str) -> None:
        self.scripts = ORDER.get(Path(folder).name, [])

    def __call__(self, script: str) -> int:
        return self.scripts.index(script)


def settings(only_changed: bool) -> dict[str, object]:
    """sphinx_gallery_conf."""
    return {
        "examples_dirs": "../examples",
        "gallery_dirs": "auto_examples",
        "subsection_order": ExplicitOrder([f"../examples/{folder}" for folder in ORDER]),
        "within_subsection_order": ScriptOrder,
        "filename_pattern": executed(only_changed),
        "ignore_pattern": r"/(pretrained|programs|reproduce)/",
        "abort_on_example_error": True,
        "capture_repr": ("_repr_html_", "__repr__"),
        "doc_module": ("sklearn_ecgssl",),
        "reference_url": {"sklearn_ecgssl": None},
        "backreferences_dir": "reference/examples_of",
        "download_all_examples": False,
        "show_memory": False,
        "show_signature": False,
        "image_srcset": ["2x"],
        "matplotlib_animations": False,
        "nested_sections": True,
        "write_computation_times": False,  # a page that loads scripts from elsewhere
        "thumbnail_size": (400, 280),
        "default_thumb_file": str(DOCS / "_static" / "thumbnail.png"),
    }


def executed(only_changed: bool) -> str:
    """Pattern of the scripts to run: without those that fetch ECG where none can be had."""
    log = logging.getLogger(__name__)
    scripts = sorted(EXAMPLES.rglob("plot_*.py"))
    if only_changed:
        scripts = changed(scripts)
    fetching = [path for path in scripts if re.search(r"^data = fetch_", path.read_text(), re.M)]
    if fetching and not can_fetch():
        names = ", ".join(path.name for path in fetching)
        log.info("PhysioNet cannot be reached: shown without output are %s", names)
        scripts = [path for path in scripts if path not in fetching]
    log.info("examples that are run: %s", ", ".join(path.name for path in scripts) or "none")
    return "|".join(re.escape(named(path)) for path in scripts) or "(?!)"  # which matches nothing


def named(script: Path) -> str:
    """The name of a script of the gallery: its path in examples/."""
    return script.relative_to(EXAMPLES).as_posix()


def changed(scripts: list[Path]) -> list[Path]:
    """Scripts that are not what the last full build ran."""
    record = read_record()
    return [path for path in scripts if get_md5sum(path, mode="t") != record.get(named(path))]


def read_record() -> dict[str, str]:
    """Checksum of each script that was run, by its name."""
    lines = RECORD.read_text().splitlines() if RECORD.is_file() else []
    return {name: checksum for checksum, name in map(str.split, lines)}


def write_record(built: Path) -> None:
    """Note what a build of the gallery ran; what it could not run stays as it was noted."""
    record = read_record()
    for path in built.rglob("*.py.md5"):  # sphinx-gallery writes one when a script has run
        record[path.relative_to(built).as_posix().removesuffix(".md5")] = path.read_text()
    kept = [name for name in sorted(record) if (EXAMPLES / name).is_file()]
    RECORD.write_text("".join(f"{record[name]}  {name}\n" for name in kept))


def can_fetch() -> bool:
    """Whether the data set of the examples is here or can be downloaded."""
    try:
        fetch_eegmat(subjects=["Subject05"])
    except (ConnectionError, FileNotFoundError):
        return False
    return True
