"""Whether each upstream answers, asked as a request would be: through a port of ours, for its list of models.

The port is opened for the moment on loopback, with the profile's own upstream, credential and way out, so that all of
that is tried, and nothing of it has to be known here.
"""

import os
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import react
from twisted.web.client import Agent, readBody
from twisted.web.iweb import IResponse

from openaiproxy.bridging import Bridging
from openaiproxy.cli.checks import Finding
from openaiproxy.cli.screen import Mark
from openaiproxy.errors import BadUpstream, Misconfigured
from openaiproxy.presets import EVERYTHING
from openaiproxy.profile import ClientAuth, Config, LogPolicy, Port, Profile
from openaiproxy.web.ports import Ports
from openaiproxy.wire import json

__all__ = ["Answered", "ask_all"]

_CONNECT, _ANSWER = 10.0, 30.0
# Other answers may be our own, with our own date.
_THEIRS = (200, 401, 403, 429)
_ENDPOINT = "tcp:0:interface=127.0.0.1"


@frozen
class Answered:
    """:param skew: seconds that this machine's clock is ahead of the upstream's, if that can be told."""

    finding: Finding
    skew: float | None = None


def ask_all(config: Config) -> Iterator[Answered]:
    """Ask the upstream of each profile.

    Runs the reactor, and so can be done once in a process.
    """
    profiles = {port.profile.name: port.profile for port in config.ports}
    answers: list[Answered] = []

    async def ask(reactor: Any) -> None:
        for profile in profiles.values():
            answers.append(await _ask(reactor, profile))

    def begin(reactor: Any) -> "Deferred[None]":
        return ensureDeferred(ask(reactor))

    try:
        react(begin)
    except SystemExit as end:
        if end.code:
            raise
    yield from answers


def _tried(profile: Profile) -> Profile:
    """The same way to the same upstream, without what concerns callers."""
    timeouts = evolve(profile.timeouts, connect=_CONNECT, first_byte=_ANSWER, total=_ANSWER)
    return evolve(
        profile,
        routes=EVERYTHING,
        auth=ClientAuth(),
        timeouts=timeouts,
        log=LogPolicy(),
        bridging=Bridging(),
    )


async def _ask(reactor: Any, profile: Profile) -> Answered:
    label = f"upstream models of {profile.name}"
    config = Config(ports=(Port(_ENDPOINT, _tried(profile)),), drain=0)
    ports = Ports(reactor, config, salt=os.urandom(32), payloads=lambda profile: None, now=time)
    try:
        ports.privilegedStartService()
        url = f"{ports.urls()[0]}/v1/models".encode()
        response = await Agent(reactor).request(b"GET", url)
        body = await readBody(response)
    except Misconfigured as mistake:
        return Answered(Finding(Mark.BAD, label, str(mistake)))
    finally:
        await ports.stopService()
    theirs = response.code in _THEIRS
    finding = _finding(label, profile, response.code, body)
    return Answered(finding, _skew(response) if theirs else None)


def _finding(label: str, profile: Profile, status: int, body: bytes) -> Finding:
    where = "embedded" if profile.upstream.embedded else profile.upstream.base
    if status == 200:
        return Finding(Mark.GOOD, label, f"{where} is reachable, {_count(body)} models")
    if status == 401 and not profile.credential.is_ours:
        return Finding(Mark.GOOD, label, f"{where} is reachable, callers bring their own keys")
    advice = {
        401: "the key is refused: put a new one in its place",
        403: "the key may not list models, or this place may not call",
        407: "the proxy on the way refuses: look at its user and password",
        429: "the account is at its limit: look at its usage and billing",
    }.get(status, "look at --upstream, --proxy and the network")
    return Finding(Mark.BAD, label, f"{where} answers {status}: {_message(body)}", advice)


def _count(body: bytes) -> int:
    try:
        return len(json.loads(body)["data"])
    except (BadUpstream, KeyError, TypeError):
        return 0


def _message(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        return str(error["message"])[:200]
    except (BadUpstream, KeyError, TypeError):
        return "no explanation"


def _skew(response: IResponse) -> float | None:
    dates = response.headers.getRawHeaders(b"date") or []
    try:
        return time() - parsedate_to_datetime(dates[0].decode("ascii")).timestamp()
    except (IndexError, ValueError):
        return None
