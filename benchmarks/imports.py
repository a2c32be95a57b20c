"""Import time of the package and its parts, beside scikit-learn's and torch's own."""

import subprocess
import sys

from .tables import print_table
from .timing import time_in_turn

STATEMENTS = [
    "pass",
    "import numpy",
    "import sklearn",
    "import sklearn_ecgssl",
    "from sklearn_ecgssl import ECGFilter",
    "from sklearn.svm import SVC",
    "from sklearn_ecgssl import PretextPretrainer",
    "import torch",
    "import skorch",
]


def run(args) -> None:
    def work(statement: str) -> float:
        subprocess.run([sys.executable, "-c", statement], check=True)
        return 1

    works = {statement: lambda statement=statement: work(statement) for statement in STATEMENTS}
    time_in_turn(works, 1)
    rates = time_in_turn(works, args.rounds)
    rows = [[name, 1 / rate.median - 1 / rates["pass"].median] for name, rate in rates.items()]
    print_table(["statement", "seconds more than an empty program"], rows[1:])
