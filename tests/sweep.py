"""No secret that a test used stands in anything that was logged, counted or answered (proof 3 of operations).

While the tests run, the sweep notes

* secrets, where they become known: keys and tokens in the values that hold them, and what callers show in headers;
* what is said: every event of every logger, every entry of every log file, every line on the console, the metrics of
  each test that had any, and the bodies that the proxy made itself;

each with the test that was running. When all have run, each secret is looked for in everything. One that is found
fails the session and names the test.

A secret that is shorter than eight characters can't be told from other text, and is left out. Tests
that make a proxy leak on purpose, to see that a net holds, log things that are no secret of anybody.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from attrs import define, field, frozen
from twisted.logger import Logger, formatEvent
from twisted.python.failure import Failure

from openaiproxy.ops.logfile import RotatedFile
from openaiproxy.ops.metrics import Metrics
from openaiproxy.profile import ClientKey, Credential, Operator, Simple
from openaiproxy.upstream.login.document import Document
from openaiproxy.web.light_request import LightRequest
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request
from openaiproxy.web.twisted_request import TwistedRequest

__all__ = ["SWEEP", "Leak", "Plugin", "Sweep"]

SHORTEST = 8
_HOLDERS: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (ClientKey, ("secret",)),
    (Credential, ("key",)),
    (Simple, ("anthropic_key",)),
    (Operator, ("token",)),
    (Document, ("secret", "refresh")),
)
_PLACES = (b"authorization", b"x-api-key", b"api-key", b"x-security-key", b"cookie")
_SECRET_VARIABLE = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)S?$")


@frozen
class Leak:
    """A secret that stands where it must not.

    :param test: that was running when it was said.
    :param kind: of what was said.
    :param around: its neighbourhood, the secret masked.
    """

    test: str
    kind: str
    around: str

    def __str__(self) -> str:
        return f"{self.test}: a secret in {self.kind}: {self.around}"


@define(eq=False)
class Sweep:
    """What was secret, and what was said.

    :ivar said: the test that said it first, by its kind and itself.
    :ivar test: that is running.
    """

    secrets: set[str] = field(factory=set)
    said: dict[tuple[str, str], str] = field(factory=dict)
    test: str = "no test"
    _metrics: list[Metrics] = field(factory=list)

    def hide(self, secret: object) -> None:
        """Note a secret."""
        if isinstance(secret, bytes):
            secret = secret.decode("latin-1")
        if isinstance(secret, str) and len(secret) >= SHORTEST:
            self.secrets.add(secret)

    def hide_environment(self, variables: Iterable[tuple[str, str]]) -> None:
        """Note the secrets among variables, by their names."""
        for name, value in variables:
            if _SECRET_VARIABLE.search(name):
                self.hide(value)

    def hear(self, kind: str, text: str | bytes) -> None:
        """Note what was said."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        self.said.setdefault((kind, text), self.test)

    def count(self, metrics: Metrics) -> None:
        """Have metrics looked at when the test is over."""
        if not any(each is metrics for each in self._metrics):
            self._metrics.append(metrics)

    def end_test(self) -> None:
        """Look at the metrics of the test."""
        metrics, self._metrics = self._metrics, []
        for each in metrics:
            self.hear("metrics", b"\n".join(_told(each.text())))

    def leaks(self) -> list[Leak]:
        """Every secret in everything that was said."""
        everything = "\0".join(text for _, text in self.said)
        found = sorted(secret for secret in self.secrets if secret in everything)
        return [
            Leak(test, kind, _around(text, secret))
            for (kind, text), test in self.said.items()
            for secret in found
            if secret in text
        ]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take part in all that is made and said meanwhile."""
        undo = [_wrap(kind, "__init__", self._holds(names)) for kind, names in _HOLDERS]
        undo.append(_wrap(Logger, "emit", self._logged))
        undo.append(_wrap(RotatedFile, "write", lambda _, data: self.hear("a log file", data)))
        undo.append(_wrap(OpenPort, "open_record", self._asked))
        undo.append(_wrap(Metrics, "observe", lambda metrics, _: self.count(metrics)))
        for kind in (LightRequest, TwistedRequest):
            undo.append(_wrap(kind, "answer_whole", self._answered))
        try:
            yield
        finally:
            for each in reversed(undo):
                each()

    def _holds(self, names: tuple[str, ...]) -> Callable[..., None]:
        def note(made: Any, *_: Any, **__: Any) -> None:
            for name in names:
                self.hide(getattr(made, name))

        return note

    def _asked(self, _: OpenPort, request: Request) -> None:
        for place in _PLACES:
            for value in request.requestHeaders.getRawHeaders(place, []):
                shown = value.partition(b" ")[2].strip() if place == b"authorization" else value
                self.hide(shown)

    def _answered(
        self, request: Request, status: int, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        self.hear("an answer of ours", body)
        for name, value in headers:
            # A session's cookie is given to whom it belongs.
            if name.lower() == b"set-cookie":
                continue
            self.hear("an answer's header", name + b": " + value)

    def _logged(self, log: Logger, level: Any, format: str | None = None, **values: Any) -> None:
        event = {"log_format": format, **values}
        failure = values.get("log_failure")
        text = formatEvent(event)
        if isinstance(failure, Failure):
            text += "\n" + failure.getTraceback(detail="default")
        self.hear("an event", text)
        rest = [value for name, value in values.items() if name not in ("log_failure", "line")]
        self.hear("an event's fields", repr([each for each in rest if _is_plain(each)]))


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bytes | dict)


def _told(text: bytes) -> Iterator[bytes]:
    """The lines of metrics that hold what somebody else may have said."""
    return (line for line in text.splitlines() if b"{" in line)


def _around(text: str, secret: str) -> str:
    at = text.index(secret)
    near = text[max(0, at - 80) : at + len(secret) + 40]
    return repr(near.replace(secret, f"[{len(secret)} characters]"))


def _wrap(owner: type[Any], name: str, note: Callable[..., None]) -> Callable[[], None]:
    """Have a method noted once it has returned.

    :returns: undoes it.
    """
    method = owner.__dict__[name]

    @wraps(method)
    def noting(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named)
        note(*arguments, **named)
        return result

    setattr(owner, name, noting)
    return lambda: setattr(owner, name, method)


@define(eq=False)
class Plugin:
    """The sweep as a plugin of pytest.

    :ivar sweep: what it knows.
    """

    sweep: Sweep
    _leaks: list[Leak] = field(factory=list, init=False)
    _listening: Any = None

    def pytest_sessionstart(self) -> None:
        """Begin to listen."""
        self._listening = self.sweep.listening()
        self._listening.__enter__()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self.sweep.test = nodeid

    def pytest_runtest_logfinish(self) -> None:
        """A test is over."""
        self.sweep.end_test()

    def pytest_sessionfinish(self, session: Any) -> None:
        """Look for every secret everywhere."""
        self._listening.__exit__(None, None, None)
        self._leaks = self.sweep.leaks()
        if self._leaks and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the tests that leaked."""
        if not self._leaks:
            return
        terminalreporter.section("secrets that leaked", red=True, bold=True)
        for leak in self._leaks[:50]:
            terminalreporter.line(str(leak))
        terminalreporter.line(f"{len(self._leaks)} in all", red=True)


SWEEP = Sweep()
"""That of this session, for tests that know of secrets or texts that it doesn't see by itself."""
