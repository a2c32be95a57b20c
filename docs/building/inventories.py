"""Where names of other projects are documented: their own inventories, or ours where offline."""

import zlib
from pathlib import Path

#: For each project its site and, used where the site cannot be reached, how its pages are named,
#: and the names that our pages mention: "role name", with a page where it is named otherwise.
PROJECTS: dict[str, tuple[str, str, list[str]]] = {
    "python": (
        "https://docs.python.org/3/",
        "library/stdtypes.html#{name}",
        [
            "py:class bool",
            "py:class dict",
            "py:class float",
            "py:class int",
            "py:class list",
            "py:class str",
            "py:class tuple",
            "py:data False library/constants.html#False",
            "py:data None library/constants.html#None",
            "py:data True library/constants.html#True",
            "py:function callable library/functions.html#callable",
            "std:label bltin-boolean-values library/stdtypes.html#boolean-type-bool",
            "std:term callable glossary.html#term-callable",
            "std:term iterable glossary.html#term-iterable",
            "std:term mapping glossary.html#term-mapping",
            "std:term sequence glossary.html#term-sequence",
        ],
    ),
    "numpy": (
        "https://numpy.org/doc/stable/",
        "reference/generated/{name}.html#{name}",
        [
            "py:class numpy.memmap",
            "py:class numpy.ndarray",
            "py:class numpy.random.RandomState "
            "reference/random/legacy.html#numpy.random.RandomState",
            "py:function numpy.load",
            "std:term array_like glossary.html#term-array_like",
        ],
    ),
    "matplotlib": (
        "https://matplotlib.org/stable/",
        "api/_as_gen/{name}.html#{name}",
        ["py:class matplotlib.axes.Axes", "py:class matplotlib.figure.Figure"],
    ),
    "sklearn": (
        "https://scikit-learn.org/stable/",
        "modules/generated/{name}.html#{name}",
        [
            "py:class sklearn.base.BaseEstimator",
            "py:class sklearn.frozen.FrozenEstimator",
            "py:class sklearn.linear_model.LogisticRegression",
            "py:class sklearn.model_selection.GridSearchCV",
            "py:class sklearn.model_selection.GroupKFold",
            "py:class sklearn.model_selection.LeaveOneGroupOut",
            "py:class sklearn.model_selection.StratifiedGroupKFold",
            "py:class sklearn.model_selection.StratifiedKFold",
            "py:class sklearn.pipeline.FeatureUnion",
            "py:class sklearn.pipeline.Pipeline",
            "py:class sklearn.preprocessing.StandardScaler",
            "py:class sklearn.svm.SVC",
            "py:class sklearn.utils.Bunch",
            "py:function sklearn.base.clone",
            "py:function sklearn.model_selection.cross_val_predict",
            "py:function sklearn.model_selection.cross_val_score",
            "py:function sklearn.model_selection.cross_validate",
            "py:function sklearn.model_selection.validation_curve",
            "py:function sklearn.pipeline.make_pipeline",
            "py:function sklearn.pipeline.make_union",
            "py:function sklearn.set_config",
            "std:label df_output_transform auto_examples/miscellaneous/plot_set_output.html",
            "std:term meta-estimator glossary.html#term-meta-estimator",
            "std:label metadata_routing metadata_routing.html#metadata-routing",
            "std:label sphx_glr_auto_examples_miscellaneous_plot_set_output.py "
            "auto_examples/miscellaneous/plot_set_output.html",
        ],
    ),
    "scipy": (
        "https://docs.scipy.org/doc/scipy/",
        "reference/generated/{name}.html#{name}",
        [
            "py:function scipy.signal.butter",
            "py:function scipy.signal.sosfilt",
            "py:function scipy.signal.sosfiltfilt",
        ],
    ),
    "skorch": (
        "https://skorch.readthedocs.io/en/stable/",
        "callbacks.html#{name}",
        [
            "py:class skorch.callbacks.Callback",
            "py:class skorch.callbacks.MlflowLogger",
            "py:class skorch.callbacks.TensorBoard",
            "py:class skorch.callbacks.WandbLogger",
        ],
    ),
    "torch": (
        "https://docs.pytorch.org/docs/stable/",
        "generated/{name}.html#{name}",
        [
            "py:class torch.Generator",
            "py:class torch.Tensor tensors.html#torch.Tensor",
            "py:class torch.device tensor_attributes.html#torch.device",
            "py:class torch.nn.Module",
            "py:class torch.optim.Adam",
        ],
    ),
    "pandas": (
        "https://pandas.pydata.org/docs/",
        "reference/api/{name}.html#{name}",
        ["py:class pandas.DataFrame"],
    ),
    "joblib": (
        "https://joblib.readthedocs.io/en/stable/",
        "generated/{name}.html#{name}",
        ["py:class joblib.Memory", "py:function joblib.parallel_config"],
    ),
}


def mapping(folder: Path) -> dict[str, tuple[str, tuple[None, str]]]:
    """intersphinx_mapping: each site's own inventory first, then the one written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    places = {}
    for project, (site, page, names) in PROJECTS.items():
        path = folder / f"{project}.inv"
        path.write_bytes(inventory(project, page, names))
        places[project] = (site, (None, str(path)))
    return places


def inventory(project: str, page: str, names: list[str]) -> bytes:
    """Write an inventory of `names`, each with its role, as version 2 of Sphinx's format."""
    head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = []
    for entry in names:
        role, name, *place = entry.split()
        lines.append(f"{name} {role} 1 {place[0] if place else page.format(name=name)} -\n")
    return head.encode() + zlib.compress("".join(lines).encode())
