"""The pages of the user guide: their Python runs, and no page links to what is not there.

The ``python`` blocks of a page are one script. One that cannot run here (it needs a download, a
cluster, data that are not public) stands behind a line ``<!-- not run: reason -->``.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
if not (DOCS / "guide").is_dir():
    pytest.skip(f"no pages to check: {DOCS} is not a checkout's", allow_module_level=True)

PAGES = sorted((DOCS / "guide").glob("*.md"))
#: Folders of docs/ that are built, or that Sphinx fills.
BUILT = {"_build", "_static", "auto_examples", "generated"}
LINKING = sorted(
    page for page in DOCS.rglob("*.md") if not BUILT & {*page.relative_to(DOCS).parts}
) + [
    path
    for name in (
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "benchmarks/README.md",
        "examples/README.md",
    )
    if (path := ROOT / name).is_file()
]
#: Blocks that ran when this was written, less some: a test that finds none would pass.
AT_LEAST = 45
#: What only some installations have; a page that needs one of them is skipped without it.
OPTIONAL = (
    "dask",
    "distributed",
    "edfio",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "pandas",
    "pooch",
    "pyarrow",
    "skops",
    "sleepecg",
    "tensorboard",
    "wfdb",
    "zarr",
)
RAN = "-- a block of the page has run --"

FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<language>[^`\n]*)")
NOT_RUN = re.compile(r"<!--\s*not run(?::(?P<reason>.*?))?\s*-->")
HEADING = re.compile(r"(#{1,6})[ \t]+(?P<text>.*?)[ \t]*#*")
TARGET = re.compile(r"\((?P<name>[^()\s]+)\)=")
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(
    r"\]\(\s*<?(?P<inline>[^\s()<>]+)>?(?:\s+\"[^\"]*\")?\s*\)"
    r"|^\[[^\]\n]+\]:[ \t]*<?(?P<reference>[^\s<>]+)>?",
    re.MULTILINE,
)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code: its line, what is in it, and why it is not run, None where it is."""

    line: int
    language: str
    source: str
    reason: str | None = None


def blocks(text):
    """All fenced blocks of a page of Markdown."""
    lines, found, reason, i = text.splitlines(), [], None, 0
    while i < len(lines):
        opening = FENCE.fullmatch(lines[i])
        if opening is None:
            comment = NOT_RUN.fullmatch(lines[i].strip())
            if comment:
                reason = (comment["reason"] or "").strip()
            elif lines[i].strip():
                reason = None
            i += 1
            continue
        closing = re.compile(rf"[ \t]*{opening['ticks'][0]}{{{len(opening['ticks'])},}}[ \t]*")
        end = i + 1
        while end < len(lines) and not closing.fullmatch(lines[end]):
            end += 1
        source = dedent("\n".join(lines[i + 1 : end]))
        found.append(Block(i + 1, opening["language"].strip(), source, reason))
        reason, i = None, end + 1
    return found


def python_blocks(text):
    return [block for block in blocks(text) if block.language == "python"]


def script(text):
    """All blocks of a page that are run, each in the lines in which it stands."""
    lines = [""] * (len(text.splitlines()) + 1)
    for block in python_blocks(text):
        if block.reason is None:
            source = block.source.splitlines()
            lines[block.line : block.line + len(source)] = source
            lines[block.line + len(source)] = f"print({RAN!r}, flush=True)"
    return "\n".join(lines) + "\n"


def prose(text):
    """A page without its code."""
    lines = text.splitlines()
    for block in blocks(text):
        end = block.line + len(block.source.splitlines())
        lines[block.line - 1 : end + 1] = [""] * len(lines[block.line - 1 : end + 1])
    return "\n".join(lines)


def links(text):
    """What a page links to or shows, as it stands there."""
    found = LINK.finditer(INLINE_CODE.sub("code", prose(text)))
    return [link["inline"] or link["reference"] for link in found]


def anchors(text):
    """Names that a link may give behind `#`, by GitHub's rules, and MyST's own targets."""
    found = set()
    for line in prose(text).splitlines():
        if target := TARGET.fullmatch(line.strip()):
            found.add(target["name"])
        if heading := HEADING.fullmatch(line):
            words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading["text"]).lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            count, numbered = 0, name
            while numbered in found:
                count += 1
                numbered = f"{name}-{count}"
            found.add(numbered)
    return found


def broken(page, link):
    """Say what is wrong with a link of a page, None where nothing is."""
    if ELSEWHERE.match(link):
        return None
    path, _, anchor = link.partition("#")
    place = (page.parent / unquote(path)).resolve() if path else page
    if not place.is_relative_to(ROOT):
        return f"{link} leads out of the checkout"
    if not place.exists():
        return f"{link}: there is no {place.relative_to(ROOT)}"
    if anchor and place.suffix == ".md" and anchor not in anchors(place.read_text("utf-8")):
        return f"{link}: there is no such heading in {place.relative_to(ROOT)}"
    return None


def missing_package(error):
    """Name the optional package for want of which a page failed, None where it did not."""
    named = re.findall(r"No module named '(\w+)", error)
    return next((name for name in named if name in OPTIONAL and find_spec(name) is None), None)


def place_of(page, file, error):
    """Say where in a page a script failed, and where the block begins."""
    lines = re.findall(rf'File "{re.escape(str(file))}", line (\d+)', error)
    if not lines:
        return page.name
    before = [b.line for b in python_blocks(page.read_text("utf-8")) if b.line <= int(lines[-1])]
    return f"{page.name}:{lines[-1]} (in the block at line {before[-1]})"


def named(page):
    return page.relative_to(ROOT).as_posix()


def n_run(page):
    return sum(block.reason is None for block in python_blocks(page.read_text("utf-8")))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if n_run(page)], ids=named)
def test_blocks_run(page, tmp_path):
    file = tmp_path / page.with_suffix(".py").name
    file.write_text(script(page.read_text("utf-8")), "utf-8")
    folder = tmp_path / "working directory"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", str(file)],  # -P: pages are named after what they import, too
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    if done.returncode and (missing := missing_package(done.stderr)):
        pytest.skip(f"{missing} is not installed")
    assert not done.returncode, f"{place_of(page, file, done.stderr)}\n{done.stderr[-3000:]}"
    assert done.stdout.count(RAN) == n_run(page)


def test_enough_blocks_are_run():
    assert sum(map(n_run, PAGES)) >= AT_LEAST


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_blocks_are_left_out_for_a_reason(page):
    text = page.read_text("utf-8")
    assert [b.line for b in python_blocks(text) if b.reason == ""] == []
    # and every such comment stands right before a block
    assert len(NOT_RUN.findall(prose(text))) == sum(b.reason is not None for b in blocks(text))


@pytest.mark.parametrize("page", LINKING, ids=named)
def test_links_lead_somewhere(page):
    wrong = [broken(page, link) for link in links(page.read_text("utf-8"))]
    assert [what for what in wrong if what] == []


def test_pages_that_link_are_found():
    assert {page.name for page in LINKING} >= {"README.md", "CONTRIBUTING.md", "results.md"}
    assert sum(len(links(page.read_text("utf-8"))) for page in LINKING) > 100


PAGE = """\
# One page

```python
a = 1
```

Text with [a link](other.md#here), `[none](in code)` and ![a picture](../a.png "title").

<!-- not run: needs a cluster -->

```python
raise ValueError
```
<!-- not run: of another time -->
Text between.

1. In a list:

   ~~~python
   b = a + 1
   ~~~

```console
[no](link)
```

[named]: there.md
## One page
### What `f(x)` [is](x.md), *really*
(target)=
"""


class TestReading:
    def test_blocks_and_reasons(self):
        found = [(b.line, b.reason) for b in python_blocks(PAGE)]
        assert found == [(3, None), (11, "needs a cluster"), (19, None)]

    def test_a_comment_without_a_reason(self):
        assert python_blocks("<!-- not run -->\n```python\n```\n")[0].reason == ""
        assert python_blocks("<!-- not run: -->\n```python\n```\n")[0].reason == ""

    def test_script_keeps_the_lines(self):
        lines = script(PAGE).splitlines()
        assert (lines[3], lines[19]) == ("a = 1", "b = a + 1")
        assert sum(RAN in line for line in lines) == 2
        compile(script(PAGE), "page", "exec")

    def test_links(self):
        assert links(PAGE) == ["other.md#here", "../a.png", "there.md", "x.md"]

    def test_anchors(self):
        assert anchors(PAGE) == {"one-page", "one-page-1", "what-fx-is-really", "target"}

    def test_a_comment_in_a_block_is_no_heading(self):
        assert anchors("```python\n# no heading\n```\n") == set()

    @pytest.mark.parametrize(
        ("link", "says"),
        [
            ("https://example.org/none", None),
            ("README.md", None),
            ("README.md#six-lines", None),
            ("examples", None),
            ("README.md#six-verses", "no such heading"),
            ("REEDME.md", "there is no"),
            ("../elsewhere.md", "leads out"),
        ],
    )
    def test_broken(self, link, says):
        found = broken(ROOT / "CONTRIBUTING.md", link)
        assert found is None if says is None else says in found

    def test_place_of_a_failure(self, tmp_path):
        page, file = tmp_path / "page.md", tmp_path / "page.py"
        page.write_text("# A page\n\n```python\na = 1\n```\n\n```python\n\na / 0\n```\n", "utf-8")
        file.write_text(script(page.read_text("utf-8")), "utf-8")
        done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False)
        assert done.stdout.count(RAN) == 1
        assert place_of(page, file, done.stderr) == "page.md:9 (in the block at line 7)"

    def test_only_optional_packages_may_be_missing(self):
        assert missing_package("No module named 'numpy'") is None
        assert missing_package("No module named 'sklearn_ecgssl.nothing'") is None
