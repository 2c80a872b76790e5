"""``openaiproxy sse-cap``: three long streams at once from a port with the simplified endpoints, and what they tell.

The security key comes from the environment alone (``SSE_CAP_PROBE_SECURITY_KEY``, else ``SECURITY_KEY``), since
others on the machine see a command line.
"""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from openaiproxy.errors import BadUpstream
from openaiproxy.simple.hops import Observed, conclude
from openaiproxy.simple.probe import COMPLETE, INTERVALS, MODE, VERSION
from openaiproxy.wire.sse import Decoder

__all__ = ["KEYS", "Question", "observe_all", "question_for", "report"]

KEYS = ("SSE_CAP_PROBE_SECURITY_KEY", "SECURITY_KEY")
"""The variables that the key is looked for in."""
_PATH = "/openai2/diagnostics/sse-cap"
_PIECE, _EVENT_BYTES = 1 << 14, 1 << 16


@frozen
class Question:
    """What is asked.

    :param url: of the port, or of the endpoint behind whatever stands before it.
    :param key: the security key.
    :param seconds: that each stream is to last.
    :param patience: seconds after which one is given up.
    """

    url: SplitResult
    key: str = field(repr=False)
    seconds: float
    patience: float


def question_for(
    url: str, seconds: float, patience: float | None, environ: Mapping[str, str]
) -> Question:
    """The question that a command line asks.

    :raises ValueError: saying what is missing or wrong.
    """
    parts = urlsplit(url)
    # To ask for a port that is none raises, too.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("expected a URL such as https://proxy.example")
    key = next((environ[name] for name in KEYS if environ.get(name)), None)
    if key is None:
        raise ValueError(f"expected the security key in {' or '.join(KEYS)}")
    return Question(parts, key, seconds, seconds + 30 if patience is None else patience)


def observe_all(question: Question) -> list[Observed]:
    """Ask for a stream of each mode, all at once, and watch them to their ends."""
    with ThreadPoolExecutor(len(INTERVALS)) as threads:
        return list(threads.map(partial(_observe, question), INTERVALS))


def report(question: Question, observed: list[Observed]) -> str:
    """What was seen, as JSON in lines; ``conclusion`` is the word to look for."""
    seen = [
        {
            "mode": each.mode,
            "statusCode": each.status,
            "endElapsedMs": round(each.seconds * 1000),
            "completed": each.whole,
            "failure": each.ended or None,
        }
        for each in observed
    ]
    duration = round(question.seconds * 1000)
    said = {"durationMs": duration, "observations": seen, "conclusion": conclude(observed)}
    return json.dumps(said, indent=2)


def _observe(question: Question, mode: str) -> Observed:
    begun = time.monotonic()
    connection = _connection(question)
    answer: http.client.HTTPResponse | None = None
    began, whole, ended = False, False, ""
    try:
        answer = _ask(connection, question, mode)
        began = _is_probe(answer, mode)
        whole = began and _read(answer, begun + question.patience)
        ended = "" if whole else "ended early" if began else "no such stream"
    except (OSError, UnicodeError, http.client.HTTPException, BadUpstream) as error:
        # UnicodeError: a name that can't be one of a host.
        ended = type(error).__name__
    finally:
        connection.close()
    status = None if answer is None else answer.status
    return Observed(mode, time.monotonic() - begun, began, whole, status, ended)


def _connection(question: Question) -> http.client.HTTPConnection:
    host, port = question.url.hostname or "", question.url.port
    if question.url.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=question.patience)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=question.patience, context=context)


def _ask(
    connection: http.client.HTTPConnection, question: Question, mode: str
) -> http.client.HTTPResponse:
    duration = round(question.seconds * 1000)
    interval = min(INTERVALS[mode], max(100, duration // 3))
    body = {"security_key": question.key, "mode": mode}
    fields = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
    }
    path = _PATH if question.url.path in ("", "/") else question.url.path
    asked = json.dumps({**body, "durationMs": duration, "intervalMs": interval})
    connection.request("POST", path, asked, fields)
    return connection.getresponse()


def _is_probe(answer: http.client.HTTPResponse, mode: str) -> bool:
    version, value = (each.decode("ascii") for each in VERSION)
    named = answer.getheader(MODE.decode("ascii"))
    return answer.status == 200 and answer.getheader(version) == value and named == mode


def _read(answer: http.client.HTTPResponse, until: float) -> bool:
    """Read to the end.

    :returns: whether the last event came.
    :raises TimeoutError: when it took too long.
    """
    decoder, whole = Decoder(_EVENT_BYTES), False
    while data := answer.read1(_PIECE):
        whole = whole or any(record.event == COMPLETE for record in decoder.feed(data))
        if time.monotonic() > until:
            raise TimeoutError
    return whole
