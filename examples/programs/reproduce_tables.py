"""
The papers' tables again
========================

Runs the tables of a paper on the data sets themselves, and prints what the paper published beside
what comes out, by the paper's protocol and on people whom nothing was learnt from. The data sets
are obtained from their owners under their own terms; give the folders in which they lie::

    python examples/programs/reproduce_tables.py icassp2020 swell=/data/SWELL amigos=/data/AMIGOS
    python examples/programs/reproduce_tables.py tac2020 wesad=/data/WESAD --task wesad condition
    python examples/programs/reproduce_tables.py icpr2022 amigos=/data/AMIGOS dreamer=/data/DREAMER

An interrupted run goes on where it stopped. The papers' networks take hours a table on a GPU and
days on a processor: ``--epochs 5`` shows in a fraction of the time that everything runs, and is
named among the differences.
"""

import argparse
from dataclasses import replace

from sklearn.base import clone

from sklearn_ecgssl.papers import paper_preset, reproduce

# %%
# What to run, from the command line.

parser = argparse.ArgumentParser(description="Run a paper's tables on its data sets.")
parser.add_argument("paper", choices=["icassp2020", "tac2020", "icpr2022"])
parser.add_argument("folders", nargs="+", metavar="data_set=folder")
parser.add_argument("--task", nargs=2, action="append", metavar=("data_set", "attribute"))
parser.add_argument("--cache", default="ecgssl-cache", help="folder for what is computed")
parser.add_argument("--epochs", type=int, help="at most so many, to try it out")
parser.add_argument("--folds", type=int, help="other than the paper's number")
parser.add_argument("--jobs", type=int, help="people and folds at once")
parser.add_argument("--csv", help="file for the table")
arguments = parser.parse_args()
if not all("=" in folder for folder in arguments.folders):
    parser.error("folders are given as data_set=folder, such as swell=/data/SWELL")
folders = dict(folder.split("=", 1) for folder in arguments.folders)

# %%
# The preset is everything that the paper says. Whatever is changed here is named in the end.

preset = paper_preset(arguments.paper)
if arguments.epochs is not None:
    preset = replace(
        preset,
        pretrainer=clone(preset.pretrainer).set_params(max_epochs=arguments.epochs),
        heads={
            name: clone(head).set_params(max_epochs=arguments.epochs)
            for name, head in preset.heads.items()
        },
    )
if arguments.folds is not None:
    preset = replace(preset, n_splits=arguments.folds)

# %%
# Reading, preparing, pretraining, training and scoring.

result = reproduce(
    preset,
    folders,
    cache=arguments.cache,
    tasks=arguments.task,
    n_jobs=arguments.jobs,
    verbose=1,
)

# %%
# Figures side by side, what each protocol lets a model see, and every difference.

print(result)
if arguments.csv:
    result.table().to_csv(arguments.csv, index=False)
