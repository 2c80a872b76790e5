"""The laws of the architecture, as functions of a recording and two dialects.

A law takes a :class:`Case` and gives what violates it, in words: nothing, if it holds; ``None``,
if it has nothing to say of such a recording. ``source`` is the dialect that was recorded, the
upstream's; ``target`` the caller's. Nine directions are three of the one by three of the other.
"""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from attrs import evolve

from openaiproxy.hub.events import Event, Fault
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import Grammar, walk
from openaiproxy.translation import Stream
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder, Record
from tests import corpus
from tests.cases import Case, Law, answered, events, streamed
from tests.laws_of_requests import identity_of_requests, losses_of_requests, order_of_turns
from tests.laws_of_schemas import form_of_answers, form_of_requests
from tests.missing import differences, unaccounted
from tests.settled import completed, rounded, settled
from tests.wires import read

__all__ = ["LAWS", "TRIED"]

TRIED: Counter[str] = Counter()
"""How many cuts were tried, by the target's name; for the report."""


def identity_of_answers(case: Case) -> list[str] | None:
    """``parse(render(x)) == x``, whole and as a stream."""
    if not case.same or case.recording.entry.status >= 400:
        return None
    dialect, context = case.source.dialect, case.context()
    first = answered(case, context)
    if isinstance(first, Fault):
        return None
    made = dialect.render_reply(first, context)
    whole = dialect.parse_reply(json.loads_object(json.dumps(made.body)), context)
    if isinstance(whole, Fault):
        return [f"a whole answer became a fault: {whole.message}"]
    meant = settled(evolve(first, others=()), dialect.name)
    same = completed(settled(whole, dialect.name), first)
    wrong = [f"whole: {line}" for line in differences(meant, same)]
    lost = [f"lost to itself: {loss.path}: {loss.why}" for loss in made.losses]
    given = case.recording.streamed
    loose = events(dialect, case.recording.body, context) if given else unfold(first)
    data = streamed(dialect, loose, context)
    again = fold(events(dialect, data, context))
    if isinstance(again, Fault):
        return [f"a stream became a fault: {again.message}"]
    pair = settled(first, dialect.name), completed(settled(again, dialect.name), first)
    return lost + wrong + [f"stream: {line}" for line in differences(*pair)]


def folding(case: Case) -> list[str] | None:
    """A stream collected to a whole is the fold of the stream as it was passed on."""
    if not (case.recording.streamed or case.recording.whole):
        return None
    body, context = case.recording.body, case.context()
    if case.recording.streamed:
        whole, passed = case.translation().collect(body), _run(case, [body])
    else:
        whole, passed = case.translation().reply(body), case.translation().replay(body)
    folded = fold(events(case.target.dialect, passed, context))
    if isinstance(folded, Fault) or whole.fault is not None:
        both = isinstance(folded, Fault) and whole.fault is not None
        return [] if both else [f"whole {whole.fault}, stream {_kind(folded)}"]
    read_back = case.target.dialect.parse_reply(json.loads_object(whole.body), context)
    if isinstance(read_back, Fault):
        return [f"a whole answer became a fault: {read_back.message}"]
    name = case.target.dialect.name
    meant = settled(evolve(folded, others=()), name)
    return differences(rounded(settled(read_back, name)), rounded(meant))


def chunking(case: Case) -> list[str] | None:
    """One byte at a time gives the same bytes."""
    if not case.recording.streamed:
        return None
    body = case.recording.body
    head = len(body) if corpus.ALL and len(body) < 400_000 else 12_000
    bytewise = [body[n : n + 1] for n in range(min(head, len(body)))]
    if _run(case, [body]) == _run(case, [*bytewise, body[head:]]):
        return []
    return ["one byte at a time gives other bytes"]


def truncation(case: Case) -> list[str] | None:
    """Every cut before the finish is a fault, and never a completion."""
    if not case.recording.streamed:
        return None
    body = case.recording.body
    blocks = _blocks(body)
    finish = case.source.finish(read(body))
    wrong: list[str] = []
    stream, written = case.translation().stream(), b""
    cuts = range(len(blocks) if finish is None else finish + 1)
    tried = set(cuts) if corpus.ALL else set(_some(cuts, 12, case))
    for number in cuts:
        if number in tried:
            wrong += _cut(case, stream, written, f"before record {number}")
        if stream.over:
            break
        half = len(blocks[number]) // 2
        if number in set(_some(cuts, 6, case)):
            torn = _copied(stream)
            wrong += _cut(case, torn, written + torn.feed(blocks[number][:half]), f"in {number}")
        written += stream.feed(blocks[number])
    return wrong


def legality(case: Case) -> list[str] | None:
    """Every parser's events are in order; walking twice is walking once; what is written is
    finished if, and only if, what was read is."""
    if not case.recording.streamed:
        return None
    body = case.recording.body
    loose = events(case.source.dialect, body, case.context())
    strict = walk(loose)
    wrong = [] if walk(strict) == strict else ["walking twice is not walking once"]
    wrong += [f"read: {line}" for line in _disorder(loose)]
    data = _run(case, [body])
    target = case.target
    wrong += [
        f"written: {line}" for line in _disorder(events(target.dialect, data, case.context()))
    ]
    found, told = read(body), read(data)
    finished = case.source.finish(found) is not None and not case.source.failed(found)
    if finished != (target.finish(told) is not None and not target.failed(told)):
        wrong.append(f"finished: read {finished}, written {not finished}")
    if target.failed(told) == finished:
        wrong.append(f"failed: written {target.failed(told)}, though finished is {finished}")
    return wrong


def losses_of_answers(case: Case) -> list[str] | None:
    """What of an answer is not in the other's words is in its losses."""
    if case.same or case.recording.entry.status >= 400:
        return None
    context, target = case.context(), case.target.dialect
    found = answered(case, context)
    if isinstance(found, Fault):
        return []
    first = settled(found, case.source.dialect.name)
    others = len(first.choices) - 1
    if target.name != "chat":
        first = evolve(first, choices=first.choices[:1])
    usage = first.end.usage
    if target.name == "messages" and usage is not None:
        counted = max(usage.input, (usage.cached or 0) + (usage.written or 0))
        first = evolve(first, end=evolve(first.end, usage=evolve(usage, input=counted)))
    made = target.render_reply(found, context)
    again = target.parse_reply(json.loads_object(json.dumps(made.body)), context)
    wrong = unaccounted(first, again, made.body, made.losses, target.name)
    told = {loss.path for loss in made.losses}
    if others and target.name != "chat" and "choices[1]" not in told:
        wrong.append("a second choice vanished")
    renderer = target.renderer(context)
    data = b"".join(renderer.render(event) for event in walk(unfold(first)))
    passed = fold(events(target, data, context))
    missed = unaccounted(first, passed, read(data), renderer.losses(), target.name)
    return wrong + [f"stream: {line}" for line in missed]


def faults(case: Case) -> list[str] | None:
    """A bad answer keeps its status and its message, word for word."""
    status, body = case.recording.entry.status, case.recording.body
    if status < 400:
        return None
    fault = case.source.dialect.parse_fault(status, body)
    code, made = case.target.dialect.render_fault(fault)
    wrong = [] if code == status else [f"{status} became {code}"]
    wrong += [] if fault.message else ["no message"]
    told = json.dumps(made).decode()
    words = json.text(fault.message)[1:-1]
    wrong += [] if words in told else ["the message is not in the answer"]
    record = read(case.target.dialect.render_fault_record(fault))
    return wrong + ([] if case.target.failed(record) else ["a record that is no fault"])


LAWS: dict[str, Law] = {
    "identity of requests": identity_of_requests,
    "identity of answers": identity_of_answers,
    "fold": folding,
    "chunking": chunking,
    "truncation": truncation,
    "grammar": legality,
    "order of turns": order_of_turns,
    "losses of requests": losses_of_requests,
    "losses of answers": losses_of_answers,
    "faults": faults,
    "form of requests": form_of_requests,
    "form of answers": form_of_answers,
}


def _run(case: Case, chunks: Iterable[bytes]) -> bytes:
    stream = case.translation().stream()
    return b"".join([*(stream.feed(chunk) for chunk in chunks), stream.eof()])


def _kind(found: Reply | Fault) -> str:
    return f"fault {found.message}" if isinstance(found, Fault) else "reply"


def _blocks(body: bytes) -> list[bytes]:
    """The body in pieces that complete one record each, and what follows the last."""
    decoder, pieces = Decoder(), []
    for place in _line_ends(body):
        records: list[Record] = decoder.feed(body[place[0] : place[1]])
        pieces.append((place, len(records)))
    blocks: list[bytes] = []
    start = 0
    for (_, end), found in pieces:
        if found:
            blocks.append(body[start:end])
            start = end
    return [*blocks, body[start:]] if start < len(body) else blocks


def _line_ends(body: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(body):
        end = body.find(b"\n", start) + 1 or len(body)
        yield start, end
        start = end


def _some(numbers: range, most: int, case: Case) -> list[int]:
    """Some of them, the first and last among them, and always the same."""
    if len(numbers) <= most:
        return list(numbers)
    seed = case.recording.entry.file
    key = {n: sha256(f"{seed}{n}".encode()).digest() for n in numbers[1:-1]}
    return [numbers[0], numbers[-1], *sorted(key, key=key.__getitem__)[: most - 2]]


def _copied(stream: Stream) -> Stream:
    """The stream as it is now, to be ended on trial."""
    context = getattr(stream._parser, "context", None) or getattr(stream._parser, "_context", None)
    return copy.deepcopy(stream, {id(context): context} if context else {})


def _cut(case: Case, stream: Stream, written: bytes, where: str) -> list[str]:
    """What is wrong with a stream that ends here."""
    TRIED[case.target.dialect.name] += 1
    told = read(written + _copied(stream).eof())
    wrong = [] if case.target.failed(told) else [f"cut {where}: no fault"]
    return wrong + ([f"cut {where}: a finish"] if case.target.finish(told) is not None else [])


def _disorder(loose: Iterable[Event]) -> list[str]:
    grammar = Grammar()
    return [
        out.message
        for event in loose
        for out in grammar.feed(event)
        if isinstance(out, Fault) and out.code == "upstream_stream_malformed"
    ]
