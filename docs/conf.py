"""How Sphinx builds the site: ``make docs``."""

import os
import sys
import warnings
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
os.environ.setdefault("MPLBACKEND", "Agg")
# With one thread, what examples time depends less on what else the machine does.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from building import gallery, inventories, links, recordings  # noqa: E402

import sklearn_ecgssl  # noqa: E402

# Said in the examples; the warning would show a path of this machine.
warnings.filterwarnings("ignore", message="eegmat: 4 left out")
recordings.lay_out(DOCS / "_build" / "data_sets")

project = "sklearn_ecgssl"
author = "The sklearn_ecgssl developers"
project_copyright = author
version = release = sklearn_ecgssl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "building.links",
]
exclude_patterns = ["_build", "building", "reference/templates", "**/README.md"]
suppress_warnings = [
    "myst.xref_missing",  # links of pages that stand outside docs/ are checked by building.links
    "config.cache",  # sphinx-gallery's settings hold functions, which Sphinx cannot keep
]

# Reference: names as users import them.
default_role = "obj"
autosummary_generate = True
autosummary_ignore_module_all = False
templates_path = ["reference/templates"]
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections name the types
numpydoc_show_class_members = False  # the template lists them
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {
    name.rpartition(".")[2]: name
    for name in (
        *("matplotlib.axes.Axes", "matplotlib.figure.Figure", "numpy.ndarray", "pandas.DataFrame"),
        *("sklearn.frozen.FrozenEstimator", "sklearn.pipeline.Pipeline", "sklearn.utils.Bunch"),
        *("torch.Tensor", "torch.nn.Module"),
    )
} | {name: name for name in ("joblib.Memory", "torch.Generator", "torch.device")}
numpydoc_xref_aliases |= {"nn.Module": "torch.nn.Module"} | links.public_classes()

intersphinx_mapping = inventories.mapping(DOCS / "_build" / "inventories")
intersphinx_timeout = 5

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

copybutton_exclude = ".linenos, .gp, .go"

# `tags` is Sphinx's: docs/build.py --changed sets this one.
sphinx_gallery_conf = gallery.settings(only_changed=tags.has("changed"))  # noqa: F821

html_theme = "pydata_sphinx_theme"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_copy_source = False
html_theme_options = {
    "logo": {"text": html_title, "alt_text": project},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version", "theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": [], "install": [], "reference/**": ["sidebar-nav-bs"]}
