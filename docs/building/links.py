"""Links that are right both where the pages are read as files and on the site.

A page links a script of the gallery, ``../../examples/looking/plot_saliency.py``, or a file of the
repository, ``../../CONTRIBUTING.md``; on the site that is the script's page, or the page that shows
the file. A public name in a code span, such as ``SSLEmbedder``, links its reference.
"""

import posixpath
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

import sklearn_ecgssl

from .inventories import PROJECTS

#: Files of the repository, and the pages that show them.
PAGES = {
    "ARCHITECTURE.md": "development/architecture.md",
    "CHANGELOG.md": "development/changelog.md",
    "CONTRIBUTING.md": "development/contributing.md",
    "README.md": "index.md",
    "benchmarks/README.md": "development/benchmarks.md",
    "examples/README.md": "auto_examples/index.rst",
    "examples/pretrained/RECIPES.md": "development/recipes.md",
}
LINK = re.compile(r"(?<=\]\()(?!https?:|#|/)([^)#\s]+)(#[^)\s]*)?(?=\))")
ROOT = Path(__file__).resolve().parents[2]
log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", rewrite)
    app.connect("include-read", rewrite_included)
    app.connect("missing-reference", complete, priority=400)  # before intersphinx
    app.add_post_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def rewrite(app: Sphinx, page: str, content: list[str]) -> None:
    """Turn links out of docs/ into links of the site."""
    if Path(app.env.doc2path(page)).suffix == ".md":
        content[0] = with_site_links(content[0], f"docs/{posixpath.dirname(page)}", page)


def rewrite_included(app: Sphinx, path: Path, page: str, content: list[str]) -> None:
    """Do so in a file of the repository that a page shows."""
    file = Path(app.srcdir, path).resolve().relative_to(ROOT)
    if file.as_posix() in PAGES:
        page = PAGES[file.as_posix()].removesuffix(".md")
        content[0] = with_site_links(content[0], file.parent.as_posix(), page)


def with_site_links(text: str, folder: str, page: str) -> str:
    """`text`, a file of `folder`, with its links as they are from `page`."""

    def site_link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[1]))
        anchor = match[2] or ""
        here = posixpath.join("docs", posixpath.dirname(page))
        if not (ROOT / target).exists():
            log.warning("link to a file that is missing: %s", match[1], location=page)
            return match[0]
        if target in PAGES:
            target = f"docs/{PAGES[target]}"
        elif re.fullmatch(r"examples/.*/plot_\w+\.py", target):
            target = f"docs/auto_{target.removesuffix('.py')}.rst"
        elif not target.startswith("docs/"):
            return f"#{NOT_ON_THE_SITE}"
        return posixpath.relpath(target, here) + anchor

    linked = LINK.sub(site_link, text)
    return re.sub(rf"\[([^\]]+)\]\(#{NOT_ON_THE_SITE}\)", r"\1", linked)


#: Marks links of files that no page shows: their text is kept.
NOT_ON_THE_SITE = "not-on-the-site"


def full_names() -> dict[str, str]:
    """Names as they stand in running text, and as the references have them."""
    full = {}
    for _, _, entries in PROJECTS.values():
        for entry in entries:
            role, name, *_ = entry.split()
            if role.startswith("py:") and "." in name:
                full[name.rpartition(".")[2]] = name
    public = sklearn_ecgssl.__all__
    folders = [name for name in public if isinstance(getattr(sklearn_ecgssl, name), ModuleType)]
    for folder in folders:
        for name in import_module(f"sklearn_ecgssl.{folder}").__all__:
            full[name] = f"sklearn_ecgssl.{folder}.{name}"
    return full | {name: f"sklearn_ecgssl.{name}" for name in public if name not in folders}


FULL = full_names()


def public_classes() -> dict[str, str]:
    """Full names of the package's classes, for the types of parameters."""
    own = {name: full for name, full in FULL.items() if full.startswith("sklearn_ecgssl.")}
    return {name: full for name, full in own.items() if name[0].isupper()}


def complete(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Give a name that was not found its full one, for Python's domain and for intersphinx."""
    target = str(node.get("reftarget", "")).lstrip("~.").removesuffix("()")
    last = target.rpartition(".")[2]
    known = target == last or target.startswith("sklearn_ecgssl.")
    if node.get("refdomain") != "py" or not known or last not in FULL:
        return None
    node["reftarget"] = FULL[last]
    domain = env.domains.python_domain
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", FULL[last], node, content)


class LinkNames(SphinxPostTransform):
    """Link code spans that hold a public name, once a section."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        """Replace the spans of one page."""
        seen: set[tuple[int, str]] = set()
        for span in list(self.document.findall(nodes.literal)):
            name = span.astext().partition("(")[0]
            outside = span.parent
            while outside is not None and not isinstance(outside, nodes.section):
                if isinstance(outside, nodes.reference | addnodes.pending_xref | nodes.title):
                    break
                outside = outside.parent
            if name not in FULL or not isinstance(outside, nodes.section):
                continue
            if (id(outside), name) in seen:
                continue
            seen.add((id(outside), name))
            reference = addnodes.pending_xref(
                "",
                span.deepcopy(),
                refdomain="py",
                reftype="obj",
                reftarget=FULL[name],
                refdoc=self.env.docname,
                refexplicit=True,
                refwarn=False,
            )
            span.replace_self(reference)
