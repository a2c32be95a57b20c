"""Build the site into docs/_build/html: ``make docs``.

Examples take minutes, so what they print and draw is kept in a cache, outside the checkout, for as
long as the package's code and the versions it is tested with stay as they are (docstrings and
comments may change). Of these, an example that itself has changed is run again.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
GALLERY = DOCS / "auto_examples"
#: What sphinx-gallery writes beside the gallery: the list of each object's examples.
EXAMPLES_OF = DOCS / "reference" / "examples_of"
#: Names the state of the code that a gallery was made by.
STAMP = ".made-by"
KEPT = 3
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> int:
    """Build; arguments are those of sphinx-build."""
    made_by = state_of_code()
    kept = cache() / made_by
    stamp = GALLERY / STAMP
    if not stamp.is_file() or stamp.read_text() != made_by:
        for folder in (GALLERY, EXAMPLES_OF):
            shutil.rmtree(folder, ignore_errors=True)
            if (kept / folder.name).is_dir():
                shutil.copytree(kept / folder.name, folder)
    for known in list(GALLERY.rglob("*.py.md5")):
        script = ROOT / "examples" / known.relative_to(GALLERY).with_suffix("")
        if not script.is_file():
            shutil.rmtree(known.parent, ignore_errors=True)  # its topic is made anew, without it
    for old in (DOCS / "reference" / "generated", DOCS / "_build" / "html"):
        shutil.rmtree(old, ignore_errors=True)  # pages of names that are gone
    command = ["-m", "sphinx", "-E", "-W", "--keep-going", "-b", "html", *sys.argv[1:]]
    places = ["-d", DOCS / "_build" / "doctrees", DOCS, DOCS / "_build" / "html"]
    done = subprocess.run([sys.executable, *command, *places], check=False)
    if GALLERY.is_dir():
        stamp.write_text(made_by)
    if done.returncode == 0:
        keep(kept)
        print(f"the site: {DOCS / '_build' / 'html' / 'index.html'}")
    return done.returncode


def cache() -> Path:
    """Folder of kept galleries: ``SKLEARN_ECGSSL_GALLERY``, else in the user's cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("SKLEARN_ECGSSL_GALLERY") or home / "sklearn_ecgssl-gallery")


def keep(kept: Path) -> None:
    """Copy the gallery to the cache, whole or not at all; the newest few stay."""
    new = kept.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in (GALLERY, EXAMPLES_OF):
        shutil.copytree(folder, new / folder.name)
    shutil.rmtree(kept, ignore_errors=True)
    new.rename(kept)
    kept.touch()
    galleries = sorted(kept.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for old in galleries[:-KEPT]:
        shutil.rmtree(old)


def state_of_code() -> str:
    """Hash of the package's code without docstrings, and of the versions in constraints.txt."""
    code = hashlib.sha256((ROOT / "constraints.txt").read_bytes())
    for path in sorted((ROOT / "sklearn_ecgssl").rglob("*.py")):
        code.update(without_docstrings(path.read_text("utf-8")).encode())
    return code.hexdigest()[:16]


def without_docstrings(source: str) -> str:
    """Source as it runs: without docstrings, comments and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


if __name__ == "__main__":
    sys.exit(main())
