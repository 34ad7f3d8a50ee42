"""The printed address in a real browser: it opens the catalog, and the key is gone from it."""

from __future__ import annotations

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from chain.catalog.runs import write_stack

QUIET = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1200,800",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(program, tmp_path_factory):
    """Chromium with an empty profile."""
    import os

    options = ChromeOptions()
    options.binary_location = program("chromium")
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = Chrome(options, ChromeService(program("chromedriver")))
    yield driver
    driver.quit()


def test_the_printed_address_opens_the_catalog_without_its_key(
    served, catalog, runs, data_folder, browser
):
    runs.add(write_stack(data_folder / "browsed.h5"))
    # Other tests have put runs before it, and the page shows the first ones.
    starts = {uid[:8] for uid in catalog}

    def shows_a_run(page):
        text = page.find_element(By.TAG_NAME, "body").text
        return any(start in text for start in starts)

    browser.get(served.uri_with_key)
    WebDriverWait(browser, 60).until(shows_a_run)
    assert browser.current_url == f"{served.uri}/ui/browse/"
    addresses = browser.execute_script(
        "return [document.referrer, ...performance.getEntries().map(entry => entry.name)]"
    )
    assert not any(served.api_key in address for address in addresses)
    browser.execute_script("history.back()")
    assert served.api_key not in browser.current_url
    # The page's own scripts cannot read the key either.
    assert served.api_key not in browser.execute_script("return document.cookie")


def test_a_page_tells_no_other_site_where_it_was_opened(served, browser, other_site):
    browser.get(f"{served.uri_with_key}&x=1")
    browser.execute_script(f"window.location = {other_site.address!r}")
    WebDriverWait(browser, 60).until(lambda page: other_site.visits)
    assert [headers.get("Referer") for headers in other_site.visits] == [None]


@pytest.fixture
def other_site():
    """A site on another port, which keeps the headers of its visits."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/visit":
                self.server.visits.append(dict(self.headers))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        site.visits = []
        site.address = f"http://127.0.0.1:{site.server_port}/visit"
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/?api_key={key}", "/ui/browse/"),
        ("/ui/browse/a%20b/?x=1&api_key={key}&y=", "/ui/browse/a%20b/?x=1&y="),
        ("/docs?api_key={key}", "/docs"),
        ("/", "/ui/browse/"),
    ],
)
def test_a_key_is_moved_to_a_cookie(served, path, location):
    answer = httpx.get(served.uri + path.format(key=served.api_key))
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    assert answer.headers["referrer-policy"] == "no-referrer"
    cookie = answer.headers.get("set-cookie", "")
    assert ("api_key" in path) == cookie.startswith(f"tiled_api_key={served.api_key};")
    if cookie:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


def test_a_wrong_key_is_refused_and_not_kept(served):
    answer = httpx.get(f"{served.uri}/?api_key=wrong")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "not accepted" in answer.text


def test_no_path_redirects_to_another_site(served):
    for path in ("//example.org/", "/ui//example.org/", "/ui/%0d%0aSet-Cookie:x=1/"):
        answer = httpx.get(f"{served.uri}{path}?api_key={served.api_key}")
        assert answer.headers.get("location", "/").startswith("/ui") or answer.status_code == 404
        assert "x" not in answer.cookies


def test_programs_are_not_redirected(served):
    mine = {"api_key": served.api_key}
    answer = httpx.get(f"{served.uri}/api/v1/", params=mine)
    assert answer.status_code == 200
    assert httpx.get(f"{served.uri}/api/v1/metadata/", params=mine).status_code == 200
