"""The heads that the papers trained on frozen features, by data set."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "icassp2020": {"hidden": (64, 64), "max_epochs": 100},
    "tac2020-swell": {"hidden": (512, 512)},
    "tac2020-wesad": {"hidden": (512, 512)},
    "tac2020-dreamer": {"hidden": (512, 512, 512), "dropout": 0.2, "l2": 1e-4},
    "tac2020-amigos": {"hidden": (512, 512, 512), "dropout": 0.4},
    "icpr2022": {
        "hidden": (1024, 512),
        "dropout": 0.3,
        "l2": 1e-5,
        "class_weight": "positive",
        "learning_rate": 1e-4,
        "lr_decay": 0.65,
        "lr_decay_epochs": 45,
        "max_epochs": 100,
    },
}
