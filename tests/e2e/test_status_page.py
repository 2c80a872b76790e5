"""The status page as a person meets it: in Chromium, while requests run.

It takes playwright, and a Chromium of the system's; where one of them is missing the tests are skipped and say so.
"""

import json
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import define, field
from twisted.internet.threads import deferToThread

from tests.e2e.processes import Twistd

TOKEN = "the-operators-token"
EVIL = "<script>document.title='run'</script>"
PROMPT = f"{EVIL}<img src=x onerror=\"document.title='run'\"> \x1b[2J sk-proj-abcdefghijkl"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SECONDS = 20_000


@define(eq=False)
class Visit:
    """One page, and what it did.

    :param origin: of the port.
    """

    page: Any
    origin: str
    troubles: list[str] = field(factory=list)
    asked: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.page.set_default_timeout(SECONDS)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def sign_in(self) -> None:
        """Type the token."""
        self.page.goto(f"{self.origin}/status")
        # What is typed before the field has the focus goes nowhere, from a person's keyboard as from this one.
        self.page.wait_for_function("document.hasFocus() && document.activeElement.id === 'token'")
        self.page.keyboard.type(TOKEN)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#connection[data-state=live]")

    def ask(self, model: str = "gpt-5", prompt: str = "Hello") -> None:
        """Send a request as some caller would."""
        body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": prompt}]}
        fields = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"}
        url = f"{self.origin}/v1/messages"
        asked = urllib.request.Request(url, json.dumps(body).encode(), fields)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(asked, timeout=20).read()
        except urllib.error.HTTPError as error:
            error.read()

    def rows(self, number: int) -> None:
        """Wait until so many requests are listed."""
        self.page.locator("#requests tr.request").nth(number - 1).wait_for()
        assert self.page.locator("#requests tr.request").count() == number


def watch_and_open(visit: Visit) -> None:
    visit.sign_in()
    visit.ask()
    visit.rows(1)
    visit.ask(model=EVIL, prompt=PROMPT)
    visit.rows(2)
    page = visit.page
    assert EVIL in page.inner_text("#requests")
    page.locator("#since div", has_text="Requests").get_by_text("2", exact=True).wait_for()
    assert page.locator("#plot-requests rect").count() >= 1
    page.keyboard.press("/")
    page.keyboard.type("script")
    assert page.locator("#requests tr.request:visible").count() == 1
    page.keyboard.press("Tab")
    page.locator("#requests tr.request:visible button").focus()
    page.keyboard.press("Enter")
    details = page.locator("tr.details")
    assert "upstream head" in details.inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("tr.details pre")
    bodies = details.inner_text()
    assert EVIL in bodies
    assert "\\u001b[2J" in bodies
    assert "sk-proj" not in bodies
    page.keyboard.press("Escape")
    assert details.count() == 0
    assert page.title() == "openaiproxy"
    page.click("text=Sign out")
    page.wait_for_selector("#token")


def see_both_schemes_and_widths(visit: Visit) -> None:
    visit.sign_in()
    visit.ask(model="a-model-with-quite-a-long-name-" + "x" * 80)
    visit.rows(1)
    page, colours = visit.page, set()
    for scheme in ("light", "dark"):
        for width in (360, 820, 1600):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.locator("#requests tr.request button").is_visible()
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2
    page.emulate_media(reduced_motion="reduce")
    visit.ask()
    visit.rows(2)
    assert page.evaluate("document.getAnimations().length") == 0


def look(play: Callable[[Visit], None], port: int) -> Visit:
    """Open the page, and play."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as found:
        # As root, as in many containers, its sandbox can't be had.
        browser = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visit = Visit(browser.new_page(), f"http://127.0.0.1:{port}")
        try:
            play(visit)
        finally:
            browser.close()
        return visit


@pytest.fixture
def process(real_reactor: Any, tmp_path: Path) -> Iterator[Twistd]:
    """A proxy on the embedded upstream."""
    arguments = ["--port", "0", "--upstream", "embedded", "--payload-ring", "1MiB"]
    environment = {"OPENAIPROXY_ADMIN_TOKEN": TOKEN}
    process = Twistd(real_reactor, ["openaiproxy", *arguments], environment, tmp_path)
    yield process
    process.signal("KILL")
    pytest_twisted.blockon(process.ended())


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("play", [watch_and_open, see_both_schemes_and_widths])
@pytest_twisted.ensureDeferred
async def test_a_person_sees_what_happens_and_nothing_hostile_runs_row_115_row_117(
    process: Twistd, play: Callable[[Visit], None]
) -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    port = await process.ready()
    visit = await deferToThread(look, play, port)
    assert visit.troubles == []
    assert all(url.startswith((visit.origin, "data:")) for url in visit.asked)
    assert TOKEN not in process.output


@pytest_twisted.ensureDeferred
async def test_a_stop_waits_for_no_page_that_watches(process: Twistd) -> None:
    port = await process.ready()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/status/events", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    stream = await deferToThread(opener.open, asked, timeout=20)
    process.signal("TERM")
    rest = await deferToThread(stream.read)
    assert b"event: state" in rest
    assert await process.ended() == -signal.SIGTERM
