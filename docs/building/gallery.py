"""The gallery: its order, what is executed, and the pictures and output that are kept."""

import re
from pathlib import Path

from sphinx.util import logging
from sphinx_gallery.sorting import ExplicitOrder

from sklearn_ecgssl import fetch_eegmat

#: Folders and, in each, scripts: from the first thing that one tries to the last.
ORDER = {
    "start": ["plot_first_pipeline.py", "plot_svm_for_dense_head.py"],
    "data": ["plot_recordings_file.py", "plot_physionet.py"],
    "pretraining": [
        "plot_single_task.py",
        "plot_difficulty.py",
        "plot_own_transformation.py",
        "plot_fine_tuning.py",
        "plot_transformer.py",
    ],
    "evaluation": [
        "plot_protocols.py",
        "plot_label_fractions.py",
        "plot_blocks.py",
        "plot_window_length.py",
    ],
    "search": ["plot_grid_search.py", "plot_caching.py", "plot_dask.py"],
    "looking": ["plot_embedding_map.py", "plot_saliency.py"],
    "deployment": ["plot_streaming.py"],
}


class ScriptOrder:
    """Key of a script within its folder: its place in ORDER."""

    def __init__(self, folder: str) -> None:
        self.scripts = ORDER.get(Path(folder).name, [])

    def __call__(self, script: str) -> int:
        return self.scripts.index(script)


def settings(docs: Path) -> dict[str, object]:
    """sphinx_gallery_conf."""
    examples = docs.parent / "examples"
    return {
        "examples_dirs": "../examples",
        "gallery_dirs": "auto_examples",
        "subsection_order": ExplicitOrder([f"../examples/{folder}" for folder in ORDER]),
        "within_subsection_order": ScriptOrder,
        "filename_pattern": executed(examples),
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
        "default_thumb_file": str(docs / "_static" / "thumbnail.png"),
    }


def executed(examples: Path) -> str:
    """Pattern of the scripts that are run: without those that fetch ECG where none can be had."""
    scripts = sorted(examples.rglob("plot_*.py"))
    fetching = [path for path in scripts if re.search(r"^data = fetch_", path.read_text(), re.M)]
    if fetching and not can_fetch():
        logging.getLogger(__name__).info(
            "PhysioNet cannot be reached: shown without output are %s",
            ", ".join(path.name for path in fetching),
        )
        scripts = [path for path in scripts if path not in fetching]
    return "|".join(re.escape(path.relative_to(examples).as_posix()) for path in scripts)


def can_fetch() -> bool:
    """Whether the data set of the examples is here or can be downloaded."""
    try:
        fetch_eegmat(subjects=["Subject05"])
    except (ConnectionError, FileNotFoundError):
        return False
    return True
