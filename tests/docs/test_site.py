"""The site that is built (``make docs``, ``make docs-fast``), as a reader meets it.

In a browser, where there is one: on a desktop and on a phone.
"""

import posixpath
import shutil
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "docs" / "_build" / "html"
FILES = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*.*")}
PAGES = sorted(path for path in FILES if path.endswith(".html") and not path.startswith("_"))
#: A page of each kind, to be read on a phone.
KINDS = [
    "index.html",
    "guide/evaluation.html",
    "measured/performance.html",
    "auto_examples/index.html",
    "auto_examples/search/plot_grid_search.html",
    "reference/index.html",
    "reference/generated/sklearn_ecgssl.PretextPretrainer.html",
]
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}

pytestmark = pytest.mark.skipif(not PAGES, reason="the site is not built: make docs")


class Page(HTMLParser):
    """Links, sources and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        for name in ("href", "src"):
            if attributes.get(name):
                self.links.append(attributes[name])
        for candidate in filter(None, (attributes.get("srcset") or "").split(",")):
            self.links.append(candidate.split()[0])


@pytest.fixture(scope="module")
def parsed():
    return {page: Page(SITE / page) for page in PAGES}


@pytest.fixture(scope="module")
def address():
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no browser: Debian's packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    for argument in (
        *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        "window-size=1280,900",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    browser = webdriver.Chrome(options=options, service=service)
    yield browser
    browser.quit()


@pytest.fixture
def phone(browser):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_links_within_the_site_are_whole(parsed):
    broken = []
    for page, content in parsed.items():
        for link in content.links:
            place, anchor = urldefrag(link)
            parts = urlsplit(place)
            if parts.scheme or parts.netloc:
                continue
            target = posixpath.join(posixpath.dirname(page), unquote(parts.path)) if place else page
            target = posixpath.normpath(target)
            if target not in FILES:
                broken.append(f"{page}: {link}")
            elif anchor and target in parsed and unquote(anchor) not in parsed[target].anchors:
                broken.append(f"{page}: {link} has no such anchor")
    assert broken == []
    assert sum(len(content.links) for content in parsed.values()) > 5000


def test_names_in_text_link_the_reference(parsed):
    links = parsed["guide/pretraining.html"].links
    page = "../reference/generated/sklearn_ecgssl.PretextPretrainer.html"
    assert f"{page}#sklearn_ecgssl.PretextPretrainer" in links
    assert any("sklearn.svm.SVC" in link for link in parsed["guide/features.html"].links)


def test_examples_that_were_run_show_what_they_print_and_draw():
    scripts = (ROOT / "docs" / "auto_examples").rglob("*.py.md5")  # there once a script has run
    for script in scripts:
        name = script.relative_to(ROOT / "docs").as_posix().removesuffix(".py.md5")
        text = (SITE / f"{name}.html").read_text("utf-8")
        assert "sphx-glr-script-out" in text, f"{name} prints nothing"
        assert "sphx-glr-single-img" in text or "sphx-glr-multi-img" in text, f"{name}: no picture"


@pytest.mark.slow
def test_pages_open_without_an_error(browser, address):
    errors = []
    for page in PAGES:
        browser.get(address + page)
        log = browser.get_log("browser")
        errors += [f"{page}: {entry['message']}" for entry in log if entry["level"] == "SEVERE"]
    assert errors == []


@pytest.mark.slow
def test_search_finds_the_embedder(browser, address):
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(address + "search.html?q=SSLEmbedder")
    links = "return [...document.querySelectorAll('#search-results li a')].map(a => a.href)"
    found = WebDriverWait(browser, 30).until(lambda b: b.execute_script(links))
    assert "sklearn_ecgssl.SSLEmbedder.html" in found[0]


@pytest.mark.slow
@pytest.mark.parametrize("page", KINDS)
def test_pages_fit_a_phone(phone, address, page):
    phone.get(address + page)
    width, size = phone.execute_script(
        "return [document.documentElement.scrollWidth,"
        " parseFloat(getComputedStyle(document.querySelector('.bd-article p')).fontSize)]"
    )
    assert width <= PHONE["width"], f"{page} is {width} pixels wide"
    assert size >= 14
