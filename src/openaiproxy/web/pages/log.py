"""``/log`` and ``/log_errors``: the last fifty requests that went well, and the last fifty that did not.

Above them stand the figures that chatgpt-proxy showed there.

As there, the admin token may stand in the query (``?access_token=``), for bookmarks that exist; no other page
looks for it there. Queries are in no log, and the page gives no other page its address. What is listed are the lines of
requests, which hold no prompt.
"""

from collections.abc import Coroutine
from functools import partial
from html import escape
from typing import Any

from openaiproxy.errors import BadRequest
from openaiproxy.ops.mirror import Mirror
from openaiproxy.ops.ring import Entry
from openaiproxy.ops.seen import Shown
from openaiproxy.web.admin import bearer_tokens
from openaiproxy.web.pages.page import NO_STORE, Page, Said, asked_methods, peer_of, values_of
from openaiproxy.web.pages.status.assets import STYLE, policy
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["log_pages"]

_TEXT = (b"Content-Type", b"text/plain; charset=utf-8")
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="log">
<main>
<h1>{title}</h1>
<ul class="figures">
{figures}
</ul>
<ol reversed>
{entries}
</ol>
</main>
</body>
</html>
"""


def log_pages(port: OpenPort) -> dict[bytes, Page]:
    """Both pages, by their paths."""
    return {
        b"/log": Page(port, partial(_show, False), "status"),
        b"/log_errors": Page(port, partial(_show, True), "status"),
    }


def _show(errors: bool, port: OpenPort, request: Request) -> "Said | Coroutine[Any, Any, Said]":
    early = asked_methods(port, request)
    if early is not None:
        return early
    refused = _refusal(port, request)
    if refused is not None:
        return refused
    mirror = port.watch.mirror
    return _listed(errors, port.watch) if mirror is None else _mirrored(errors, mirror)


async def _mirrored(errors: bool, mirror: Mirror) -> Said:
    await mirror.refresh()
    return _listed(errors, mirror)


def _listed(errors: bool, shown: Shown) -> Said:
    ring = shown.ring
    body = _PAGE.format(
        title="Last errors" if errors else "Last requests",
        style=STYLE,
        figures="\n".join(f"<li>{escape(line)}</li>" for line in _figures(shown)),
        entries="\n".join(map(_entry, reversed(ring.errors() if errors else ring.infos()))),
    )
    fields = [each for each in policy(script=False) if each[0] != b"Referrer-Policy"]
    return Said(200, [*fields, (b"Referrer-Policy", b"no-referrer")], body.encode())


def _refusal(port: OpenPort, request: Request) -> Said | None:
    """What those are told who may not see it: chatgpt-proxy's own words."""
    headers = request.requestHeaders
    port.gate.check_page(headers)
    query = request.uri.partition(b"?")[2]
    shown = [*bearer_tokens(headers), *values_of(query, "access_token")]
    try:
        if port.admin.has_token or port.profile.routes:
            port.admin.check(peer_of(request), shown)
    except BadRequest as error:
        status, words = (429, b"Too Many Requests") if error.status == 429 else (403, b"Forbidden")
        waits = [each for each in error.headers if each[0] == b"Retry-After"]
        return Said(status, [_TEXT, NO_STORE, *waits], words, error.code)
    return None


def _figures(shown: Shown) -> list[str]:
    tally = shown.tally
    return [
        f"Request count: {tally.requests}",
        f"Total request time: {tally.time:.1f}s",
        f"Average request time: {tally.average:.1f}s",
        f"Max request time: {tally.longest:.1f}s",
        f"Current parallel requests: {sum(port.running() for port in shown.ports)}",
        f"Max parallel requests: {tally.most_running}",
        f"Max prompt tokens: {tally.most_in}",
        f"Max cached tokens: {tally.most_cached}",
        f"Max completion tokens: {tally.most_out}",
        f"Error count: {tally.errors}",
        f"Overload count: {tally.overloads}",
        f"Cancelled request count: {tally.cancelled}",
    ]


def _entry(entry: Entry) -> str:
    return f'<li value="{entry.number}"><code>{escape(str(entry.said))}</code></li>'
