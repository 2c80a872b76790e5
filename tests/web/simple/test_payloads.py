"""What is kept of bodies, where a profile keeps them: what went upstream, without what is the proxy's own."""

import json
import re

from attrs import evolve

from tests.ops.test_payloads import in_memory
from tests.web.simple.asked import EVENTS, KEY, answer_json, ask, open_simple


def test_bodies_are_kept_without_the_callers_keys_defect_4_defect_5() -> None:
    log, disk = in_memory()
    wired = open_simple()
    wired.port.payloads = log
    ask(wired, "/openai2", {"model": "m", "input": "a question", "openai_api_key": "sk-mine"})
    answer_json(wired.upstream.asked[0], {"output": "an answer"})
    ask(wired, f"/openai2/r?security_key={KEY}&stream=true", method="GET")
    played = wired.upstream.asked[1].answer(headers=EVENTS)
    played.send(b'data: {"type":"response.completed","word":"streamed"}\n\n')
    kept = b"".join(disk.lines).decode()
    for words in ("a question", "an answer", "streamed"):
        assert words in kept
    assert KEY not in kept
    assert "sk-mine" not in kept


def test_nothing_is_kept_unless_it_is_asked_for_defect_5() -> None:
    wired = open_simple()
    assert wired.profile.log == evolve(wired.profile.log, payload_file=None)
    ask(wired, "/openai2", {"model": "m", "input": "<script>"})
    answer_json(wired.upstream.asked[0], {"output": "an answer"})
    assert "script" not in json.dumps(wired.lines, default=str)


def test_what_the_caller_gets_is_kept_where_it_is_another_body_row_120() -> None:
    log, disk = in_memory()
    wired = open_simple()
    wired.port.payloads = log
    ask(wired, "/chatgpt", {"prompt": "x"})
    answer_json(wired.upstream.asked[0], {"choices": [{"message": {"content": "Ho"}}]})
    ask(wired, "/openai2", {"model": "m", "input": "x", "stream": True})
    played = wired.upstream.asked[1].answer(headers=EVENTS)
    played.send(b'event: a\ndata: {"type":"a"}\n\n')
    wired.clock.advance(15.1)
    played.end(ConnectionError())
    kept = b"".join(disk.lines).decode()
    _, whole, told = re.split(
        r"direction=downstream-response(?:-chunk)? path=\S+\n", kept, maxsplit=2
    )
    assert '"parentMessageId"' in whole
    assert told.startswith('data: {"type":"a"}\n\n')
    assert ": keep-alive\n\n" in told
    assert "OPENAI_PROXY_INCOMPLETE_STREAM" in told
