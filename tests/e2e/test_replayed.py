"""Recorded answers, played by an upstream over loopback: at the client's end the vendor's SDK reads what the
recording says, in every caller's dialect, whole or in slices, as a stream or not.

A sample; everything with ``OPENAIPROXY_CORPUS_ALL=1``.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve, frozen
from twisted.internet.defer import Deferred

from openaiproxy.errors import BadRequest
from openaiproxy.presets import GATEWAY
from openaiproxy.profile import Config, Port, Upstream
from openaiproxy.web.ports import Ports
from tests import corpus
from tests.cases import PLAIN, Case
from tests.corpus import Entry, Recording, entries, load, sample
from tests.e2e.processes import ask
from tests.oracle import Facts, alike, facts
from tests.replaying import PATHS, Replaying
from tests.test_oracle import readable
from tests.wires import WIRES

pytestmark = pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT)


def chosen() -> list[Entry]:
    """Some of each dialect, streams and whole answers."""
    groups: dict[tuple[str, bool], list[Entry]] = {}
    for entry in entries():
        if entry.status < 400:
            groups.setdefault((entry.dialect, entry.stream), []).append(entry)
    return [found for group in groups.values() for found in sample(tuple(group), 6)]


@frozen
class Stage:
    """The upstream that plays, and the TCP port of the gateway before it, by what it speaks."""

    replaying: Replaying
    ports: dict[str, int]


@pytest.fixture(scope="module")
def stage(real_reactor: Any) -> Iterator[Stage]:
    """All of it, running."""
    replaying = Replaying(real_reactor)
    listening = real_reactor.listenTCP(0, replaying.site(), interface="127.0.0.1")
    base = f"http://127.0.0.1:{listening.getHost().port}"
    profiles = [
        evolve(GATEWAY.profile, name=name, upstream=Upstream(base, speaks=(name,)))
        for name in WIRES
    ]
    opened = tuple(Port("tcp:0:interface=127.0.0.1", profile) for profile in profiles)
    ports = Ports(real_reactor, Config(opened), salt=bytes(32), payloads=lambda profile: None)
    ports.privilegedStartService()
    ports.startService()
    numbers = [address.port for address in ports.addresses]
    yield Stage(replaying, dict(zip(WIRES, numbers, strict=True)))
    pytest_twisted.blockon(ports.stopService())
    pytest_twisted.blockon(Deferred.fromCoroutine(_stop(listening)))


async def _stop(listening: Any) -> None:
    await listening.stopListening()


def asked(recording: Recording, caller: str, *, stream: bool) -> dict[str, Any]:
    """What was asked, in the caller's words; a plain question where it can't be said in them.

    Fields that only concern the call that was recorded are left aside.
    """
    case = Case(recording, WIRES[recording.entry.dialect], WIRES[caller])
    dialect = case.target.dialect
    given = evolve(case.asked(), stream=stream, previous=None, extra=None)
    try:
        body = dialect.render_request(given).body
        dialect.parse_request(body)
    except BadRequest:
        body = dialect.render_request(evolve(PLAIN, stream=stream, usage=True)).body
    return dict(body)


async def heard(
    reactor: Any, stage: Stage, recording: Recording, caller: str, *, stream: bool
) -> Facts:
    """What the caller's client makes of what the gateway answers."""
    raw = json.dumps(asked(recording, caller, stream=stream)).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-a"}
    port, path = stage.ports[recording.entry.dialect], PATHS[caller].decode()
    status, body = await ask(reactor, port, path, headers, raw)
    assert await body.whole(), f"{caller}: it broke off"
    streamed = stream and status < 400
    data = readable(caller, body.data)
    return facts(caller, data, streamed, status)


async def disagreements(reactor: Any, stage: Stage, entry: Entry, seed: int | None) -> list[str]:
    """Where a client reads something else, over all callers."""
    stage.replaying.play(entry, seed)
    recording = load(entry)
    original = facts(entry.dialect, readable(entry.dialect, recording.body), entry.stream)
    wrong = []
    for caller in WIRES:
        for stream in (True, False):
            if caller == entry.dialect and stream != entry.stream:
                continue  # It is relayed: the client gets what it didn't ask for.
            found = await heard(reactor, stage, recording, caller, stream=stream)
            names = (entry.dialect, caller)
            told = alike(original, found, names)
            wrong += [f"{caller}, {'streamed' if stream else 'whole'}: {line}" for line in told]
    return wrong


@pytest.mark.parametrize("sliced", [False, True], ids=["whole", "sliced"])
@pytest.mark.parametrize("entry", chosen(), ids=lambda entry: entry.file)
@pytest_twisted.ensureDeferred
async def test_the_client_reads_what_was_recorded(
    real_reactor: Any, stage: Stage, entry: Entry, sliced: bool
) -> None:
    seed = int.from_bytes(sha256(entry.file.encode()).digest()[:4], "big") if sliced else None
    assert await disagreements(real_reactor, stage, entry, seed) == []
