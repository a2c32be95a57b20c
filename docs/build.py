"""Build the site into docs/_build/html: ``make docs``, or ``make docs-fast``.

Running every example takes minutes. A full build that succeeds notes the checksums of the examples
that it ran in docs/examples.md5, which is committed; a fast one, as in CI, runs those that changed
since, and shows the code of the others alone.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from building.gallery import RECORD, write_record

DOCS = Path(__file__).resolve().parent
SITE = DOCS / "_build" / "html"
GALLERY = DOCS / "auto_examples"


def main() -> int:
    """Build from nothing, so that no page of a name or script that is gone stays."""
    parser = argparse.ArgumentParser(epilog="Further arguments are those of sphinx-build.")
    parser.add_argument("--changed", action="store_true", help=f"run what {RECORD.name} lacks")
    chosen, arguments = parser.parse_known_args()
    reference = DOCS / "reference"
    for built in (SITE, GALLERY, reference / "generated", reference / "examples_of"):
        shutil.rmtree(built, ignore_errors=True)
    command = ["-m", "sphinx", "-E", "-W", "--keep-going", "-b", "html", *arguments]
    if chosen.changed:
        command += ["-t", "changed"]
    places = ["-d", DOCS / "_build" / "doctrees", DOCS, SITE]
    done = subprocess.run([sys.executable, *command, *places], check=False)
    if done.returncode == 0:
        if not chosen.changed:
            write_record(GALLERY)
        print(f"the site: {SITE / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
