"""Pitfalls 34 to 37, 39 and 50: the turns of Messages, as Responses is told them.

Of 38, the retry belongs to the shell; that a call never stands without the reasoning it came with
is asserted here, as both are kept or the reasoning goes alone with a seal that nobody could open.

Of 39, whether an answer is stored is a decision that no caller of Messages makes: it is an
amendment's, and here is shown that an amendment has the words for it. Ids are stripped where they
come from another dialect (no upstream made them); what a caller of Responses sends to Responses is
the caller's own, and is sent as it is.
"""

from typing import Any

from attrs import evolve

from openaiproxy.hub.request import Request
from tests.exchange import CHAT, MESSAGES, RESPONSES, Found, answered, asked, between, lost, said
from tests.scripted import call, created, ended, message, reasoning, response, thinking

IMAGE = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
OTHER = {"type": "tool_use", "id": "t2", "name": "g", "input": {}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def turns(*later: Found) -> list[Found]:
    return [{"role": "user", "content": "Hi"}, *later]


def user(*blocks: Found) -> Found:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Found) -> Found:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str) -> Found:
    return {"type": "text", "text": words}


def result(call_id: str, content: Any, **more: Any) -> Found:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def items(*later: Found) -> list[Found]:
    """What goes to Responses, after the first turn."""
    found: list[Found] = asked(MESSAGES, RESPONSES, messages=turns(*later))["input"][1:]
    return found


def test_pitfall_34_results_come_first_and_the_rest_after_them() -> None:
    found = items(
        assistant(USE, OTHER),
        user(
            text("before"),
            result("t1", "one"),
            {"type": "image", "source": IMAGE},
            result("t2", "two"),
            text("after"),
        ),
    )
    *_, one, two, rest = found
    assert [(one["call_id"], one["output"]), (two["call_id"], two["output"])] == [
        ("t1", "one"),
        ("t2", "two"),
    ]
    assert rest["role"] == "user"
    assert rest["content"] == [
        {"type": "input_text", "text": "before"},
        {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
        {"type": "input_text", "text": "after"},
    ]
    assert len(found) == 5


def test_pitfall_34_chat_is_told_in_the_same_order() -> None:
    made = asked(
        MESSAGES,
        CHAT,
        messages=turns(assistant(USE), user(text("before"), result("t1", "one"), text("after"))),
    )
    *_, one, rest = made["messages"]
    assert (one["role"], one["tool_call_id"], one["content"]) == ("tool", "t1", "one")
    assert [part["text"] for part in rest["content"]] == ["before", "after"]


SEEN = [text("seen"), {"type": "image", "source": IMAGE}, {"type": "document", "source": PDF}]


def test_pitfall_35_pictures_and_documents_stay_in_the_result() -> None:
    *_, found = items(assistant(USE), user(result("t1", SEEN)))
    words, picture, file = found["output"]
    assert words == {"type": "input_text", "text": "seen"}
    assert picture == {"type": "input_image", "image_url": PIXEL, "detail": "auto"}
    assert (file["type"], file["file_data"]) == (
        "input_file",
        "data:application/pdf;base64,JVBERg==",
    )


def test_pitfall_35_where_a_result_is_text_they_follow_in_a_turn_of_the_user() -> None:
    made = asked(MESSAGES, CHAT, messages=turns(assistant(USE), user(result("t1", SEEN))))
    *_, tool, after = made["messages"]
    assert (tool["role"], tool["content"]) == ("tool", "seen")
    assert after["role"] == "user"
    kinds = [part["type"] for part in after["content"]]
    assert kinds == ["text", "image_url", "file"]
    assert "t1" in after["content"][0]["text"]


def test_pitfall_36_the_model_sees_that_a_tool_failed() -> None:
    for upstream in (RESPONSES, CHAT):
        for content in ("broken", [text("broken")], [*SEEN[1:2]], []):
            body = {"messages": turns(assistant(USE), user(result("t1", content, is_error=True)))}
            assert b"[tool error]" in between(MESSAGES, upstream, body).body
            body = {"messages": turns(assistant(USE), user(result("t1", content, is_error=False)))}
            assert b"[tool error]" not in between(MESSAGES, upstream, body).body


THOUGHT = reasoning("Hm.", seal="SEALED")
CALL = call("f", '{"a":1}')


def test_pitfall_37_a_thought_comes_back_before_the_call_it_led_to() -> None:
    blocks = answered(between(MESSAGES, RESPONSES, {}), response(THOUGHT, message("So."), CALL))
    first, second, third = items(assistant(*blocks["content"]))
    assert (first["type"], first["encrypted_content"]) == ("reasoning", "SEALED")
    assert first["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert "So." in str(second["content"])
    assert (third["type"], third["call_id"]) == ("function_call", "call_1")


def test_pitfall_37_a_thought_without_a_summary_is_a_signature_and_comes_back() -> None:
    bare = reasoning(seal="SEALED")
    events = (created(), *thinking(0, bare), ended(bare, CALL))
    told = said(between(MESSAGES, RESPONSES, {"stream": True}), *events)
    start = next(one for one in told if one["type"] == "content_block_start")
    assert start["content_block"]["type"] == "thinking"
    signatures = [
        one["delta"]["signature"]
        for one in told
        if one["type"] == "content_block_delta" and one["delta"]["type"] == "signature_delta"
    ]
    assert len(signatures) == 1
    block = {"type": "thinking", "thinking": "", "signature": signatures[0]}
    first, second = items(assistant(block, USE))
    assert (first["type"], first["summary"], first["encrypted_content"]) == (
        "reasoning",
        [],
        "SEALED",
    )
    assert second["type"] == "function_call"


def test_pitfall_37_foreign_and_empty_signatures_are_dropped_and_never_words() -> None:
    for signature in ("EqQBCkYIAx", ""):
        block = {"type": "thinking", "thinking": "Secret.", "signature": signature}
        body = {"messages": turns(assistant(block, text("So."), USE))}
        made = between(MESSAGES, RESPONSES, body)
        assert b"Secret." not in made.body
        assert b"reasoning" not in made.body
        assert all(loss.hint for loss in made.losses)
    redacted = {"type": "redacted_thinking", "data": "EqQBCkYIAx"}
    assert [item["type"] for item in items(assistant(redacted, USE))] == ["function_call"]


def test_pitfall_38_a_call_keeps_the_thoughts_before_it_whatever_stands_between() -> None:
    blocks = answered(
        between(MESSAGES, RESPONSES, {}),
        response(THOUGHT, CALL, reasoning(seal="MORE", number=2), call("g", number=2)),
    )
    found = items(assistant(*blocks["content"]))
    assert [item["type"] for item in found] == ["reasoning", "function_call"] * 2
    assert [item["encrypted_content"] for item in found[::2]] == ["SEALED", "MORE"]


def unstored(request: Request) -> Request:
    return evolve(request, store=False, include=("reasoning.encrypted_content",))


def test_pitfall_39_an_amendment_can_ask_for_seals_instead_of_a_store() -> None:
    for caller in (CHAT, MESSAGES):
        made = between(caller, RESPONSES, {}, amend=unstored).rendered.body
        assert made["store"] is False
        assert made["include"] == ["reasoning.encrypted_content"]


def test_pitfall_39_replayed_items_have_no_ids_of_the_upstreams() -> None:
    blocks = answered(between(MESSAGES, RESPONSES, {}), response(THOUGHT, message("So."), CALL))
    found = items(assistant(*blocks["content"]))
    assert len(found) == 3
    assert not any("id" in item for item in found)
    reply = answered(between(CHAT, RESPONSES, {}), response(THOUGHT, message("So."), CALL))
    messages = turns(reply["choices"][0]["message"])
    found = asked(CHAT, RESPONSES, messages=messages)["input"]
    assert {"message", "function_call"} <= {item["type"] for item in found}
    assert not any("id" in item for item in found)


def test_pitfall_50_a_system_turn_keeps_its_place() -> None:
    later = [
        {"role": "system", "content": "Now be brief."},
        {"role": "user", "content": "And?"},
    ]
    found = items(*later)
    assert [item["role"] for item in found] == ["system", "user"]
    made = asked(MESSAGES, CHAT, messages=turns(*later), system="Be kind.")
    assert [one["role"] for one in made["messages"]] == ["system", "user", "system", "user"]
    made = asked(MESSAGES, RESPONSES, messages=turns(*later), system="Be kind.")
    assert made["instructions"] == "Be kind."
    assert lost(MESSAGES, RESPONSES, messages=turns(*later)) == {}
