"""The laws over requests and streams that a generator makes up.

A hundred of each, the same ones in every run; more, and others each time, with
``OPENAIPROXY_CORPUS_ALL=1``.
"""

from typing import Any

from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openaiproxy.dialects.dialect import Context
from openaiproxy.errors import BadRequest
from openaiproxy.hub.events import End, Event, Fault
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import Reasoning, Refusal, Text
from openaiproxy.hub.request import Request
from openaiproxy.wire import json
from tests import corpus
from tests.cases import NOW, PLAIN, events, ids, streamed
from tests.exchange import between
from tests.laws_of_requests import allowed
from tests.making import answers, cuts, requests
from tests.missing import differences, unaccounted
from tests.settled import completed, settled
from tests.wires import WIRES, read

MANY = settings(
    max_examples=600 if corpus.ALL else 100,
    derandomize=not corpus.ALL,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
names = st.sampled_from(list(WIRES))


def context() -> Context:
    return Context(evolve(PLAIN, stream=True, usage=True), lambda: NOW, ids())


def nothing(found: list[str]) -> None:
    """That nothing was found; or else, what."""
    assert not found, "; ".join(found)


def apart(reply: Reply, name: str) -> object:
    """The reply; of Chat's, what was said in each of its fields, since there parts of a kind are told
    apart by what stands between them only, and thoughts by a blank line too."""
    if name != "chat":
        return reply
    fields: dict[str, str] = {}
    others = []
    for part in reply.parts:
        match part:
            case Text() | Refusal():
                kind = type(part).__name__
                fields[kind] = fields.get(kind, "") + part.text
                sources = part.citations if isinstance(part, Text) else ()
                others += [(note.kind, note.url, note.title) for note in sources]
            case Reasoning():
                fields["thoughts"] = fields.get("thoughts", "") + "".join(part.shown().split())
                others += list(part.seals)
            case _:
                others.append(part)
    return fields, tuple(others), evolve(reply, choices=()).end


def there_and_back(name: str, asked: Request) -> tuple[Any, Request]:
    """What a dialect makes of a request, and what it reads in that."""
    dialect = WIRES[name].dialect
    made = dialect.render_request(asked)
    return made, dialect.parse_request(json.loads_object(json.dumps(made.body)))


@MANY
@given(name=names, asked=requests())
def test_what_a_request_does_not_say_in_a_dialect_is_in_its_losses(
    name: str, asked: Request
) -> None:
    try:
        made, again = there_and_back(name, asked)
    except BadRequest:
        return
    said = [made.body, list(made.stops)]
    nothing(unaccounted(allowed(asked), again, said, made.losses, name))


@MANY
@given(name=names, asked=requests())
def test_a_request_that_a_dialect_has_read_comes_back_the_same(name: str, asked: Request) -> None:
    try:
        _, first = there_and_back(name, asked)
    except BadRequest:
        return
    made, again = there_and_back(name, first)
    nothing(differences(first, again))
    assert made.losses == ()


@MANY
@given(name=names, loose=answers())
def test_what_an_answer_does_not_say_in_a_dialect_is_in_its_losses(
    name: str, loose: list[Event]
) -> None:
    dialect = WIRES[name].dialect
    first = fold(loose)
    assert isinstance(first, Reply)
    renderer = dialect.renderer(context())
    data = b"".join(renderer.render(event) for event in walk(loose))
    again = fold(events(dialect, data, context()))
    assert isinstance(again, Reply), again
    nothing(unaccounted(first, again, read(data), renderer.losses(), name))
    made = dialect.render_reply(first, context())
    whole = dialect.parse_reply(json.loads_object(json.dumps(made.body)), context())
    assert isinstance(whole, Reply), whole
    nothing(unaccounted(first, whole, made.body, made.losses, name))
    one, other = completed(settled(whole, name), first), completed(settled(again, name), first)
    nothing(differences(apart(one, name), apart(other, name)))


@MANY
@given(name=names, loose=answers())
def test_an_answer_that_a_dialect_has_read_comes_back_the_same(
    name: str, loose: list[Event]
) -> None:
    dialect = WIRES[name].dialect
    first = events(dialect, streamed(dialect, loose, context()), context())
    again = events(dialect, streamed(dialect, first, context()), context())
    one, other = fold(first), fold(again)
    assert isinstance(one, Reply)
    assert isinstance(other, Reply)
    one, other = settled(one, name), settled(other, name)
    nothing(differences(apart(one, name), apart(other, name)))


@MANY
@given(name=names, data=st.data(), loose=answers(), source=st.sampled_from(list(WIRES)))
def test_however_a_made_stream_is_cut_it_reads_the_same(
    name: str, data: st.DataObject, loose: list[Event], source: str
) -> None:
    upstream = WIRES[source].dialect
    body = streamed(upstream, loose, context())

    def told(chunks: list[bytes]) -> bytes:
        stream = between(WIRES[name].dialect, upstream, {"stream": True}).stream()
        return b"".join([*map(stream.feed, chunks), stream.eof()])

    whole = told([body])
    assert told(data.draw(cuts(body))) == whole
    assert told([body[n : n + 1] for n in range(len(body))]) == whole


@MANY
@given(name=names, data=st.data(), loose=answers(), source=st.sampled_from(list(WIRES)))
def test_a_made_stream_that_is_cut_short_is_a_fault_26(
    name: str, data: st.DataObject, loose: list[Event], source: str
) -> None:
    upstream, target = WIRES[source], WIRES[name]
    assert isinstance(loose[-1], End)
    number = data.draw(st.integers(0, len(loose) - 1))
    renderer = upstream.dialect.renderer(context())
    strict = walk(loose[:number])
    assert isinstance(strict[-1], Fault)
    body = b"".join(renderer.render(event) for event in strict[:-1])
    stream = between(target.dialect, upstream.dialect, {"stream": True}).stream()
    told = read(stream.feed(body) + stream.eof())
    assert target.failed(told)
    assert target.finish(told) is None
