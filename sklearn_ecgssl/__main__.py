"""``python -m sklearn_ecgssl``: the package for job schedulers."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
