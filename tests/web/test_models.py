"""The list of models, through a real Site, with a scripted upstream."""

import json
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.error import ConnectionLost

from openaiproxy.bridging import Alias, Amendments, Keep, Models
from openaiproxy.errors import BadUpstream
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Credential
from openaiproxy.web.models import is_models, show_models
from tests.web.plugged import fields_of, head_and_json, plug
from tests.web.wiring import Asked, Connection, Wired, request

LIST = b'{"object": "list", "data": [{"id": "gpt-5", "created": 1}, {"id": "gpt-5-codex"}]}'
NEWER = b'{"object": "list", "data": [{"id": "gpt-6"}]}'
ALIASES = (Alias("claude-gpt-5", "gpt-5"),)
MINE = "Authorization: Bearer mine"
YOURS = "Authorization: Bearer yours"
JSON = [(b"Content-Type", b"application/json")]


def port(
    *,
    aliases: tuple[Alias, ...] = (),
    preset: str = "gateway",
    speaks: tuple[str, ...] | None = None,
    suffixes: bool = False,
    **models: Any,
) -> Wired:
    """A port of a preset that shows models."""
    profile = PRESETS[preset].profile
    bridging = evolve(
        profile.bridging,
        amendments=Amendments(aliases=aliases, suffixes=suffixes),
        models=Models(**models),
    )
    upstream = profile.upstream if speaks is None else evolve(profile.upstream, speaks=speaks)
    return plug(show_models, preset, bridging=bridging, upstream=upstream)


def get(wired: Wired, target: str = "/v1/models", *fields: str, method: str = "GET") -> Connection:
    return wired.client().send(request(method, target, *fields))


def give(asked: Asked, body: bytes = LIST, **answer: Any) -> None:
    played = asked.answer(**answer)
    played.send(body)
    played.end()


def body_of(connection: Connection) -> bytes:
    return connection.received().partition(b"\r\n\r\n")[2]


def test_the_upstreams_list_passes_byte_for_byte_row_17() -> None:
    wired = port()
    client = get(wired, "/v1/models", MINE)
    asked = wired.upstream.asked[0]
    assert (asked.method, asked.target, asked.body) == (b"GET", b"/v1/models", None)
    assert asked.header(b"authorization") == [b"Bearer mine"]
    assert asked.header(b"accept-encoding") == [b"identity"]
    give(asked)
    assert body_of(client) == LIST
    assert fields_of(client)["content-type"] == "application/json"
    assert fields_of(client)["cache-status"] == "openaiproxy; fwd=uri-miss"
    assert wired.lines[0]["upstream_status"] == 200


@pytest.mark.parametrize(
    ("keep", "shown"), [(Keep.CODEX, ["gpt-5-codex"]), (Keep.PLAIN, ["gpt-5"])]
)
def test_a_port_shows_its_kind_of_models_row_45(keep: Keep, shown: list[str]) -> None:
    wired = port(keep=keep)
    client = get(wired)
    give(wired.upstream.asked[0])
    assert [entry["id"] for entry in head_and_json(client)[1]["data"]] == shown


def test_suffixes_are_listed_for_models_that_reason_row_46() -> None:
    wired = port(keep=Keep.CODEX, suffixes=True)
    client = get(wired)
    give(wired.upstream.asked[0])
    assert len(head_and_json(client)[1]["data"]) == 6


def test_a_list_of_the_operators_own_needs_no_upstream_row_47() -> None:
    wired = port(listed=({"id": "mine", "object": "model"},), aliases=ALIASES)
    client = get(wired)
    assert [entry["id"] for entry in head_and_json(client)[1]["data"]] == ["mine", "claude-gpt-5"]
    assert wired.upstream.asked == []


def test_a_head_has_no_body_and_the_same_length() -> None:
    wired = port()
    client = get(wired, method="HEAD")
    give(wired.upstream.asked[0])
    assert wired.upstream.asked[0].method == b"GET"
    assert client.received().startswith(b"HTTP/1.1 200 ")
    assert body_of(client) == b""
    assert fields_of(client)["content-length"] == str(len(LIST))


# Keeping.


def test_a_list_is_good_for_a_while_row_48() -> None:
    wired = port(ttl=300.0)
    get(wired)
    give(wired.upstream.asked[0])
    wired.clock.advance(299.0)
    client = get(wired)
    assert body_of(client) == LIST
    assert fields_of(client)["age"] == "299"
    assert fields_of(client)["cache-status"] == "openaiproxy; hit; ttl=1"
    wired.clock.advance(1.0)
    late = get(wired)
    assert len(wired.upstream.asked) == 2
    give(wired.upstream.asked[1], NEWER)
    assert body_of(late) == NEWER
    assert fields_of(late)["cache-status"] == "openaiproxy; fwd=stale"
    assert "age" not in fields_of(late)


def test_no_time_to_live_asks_always_row_48() -> None:
    wired = port(ttl=0.0)
    for number in range(3):
        client = get(wired)
        give(wired.upstream.asked[number])
        assert body_of(client) == LIST


@pytest.mark.parametrize("word", ["true", "1", "yes"])
def test_refresh_bypasses_what_is_kept_and_fills_it_anew_row_48(word: str) -> None:
    wired = port()
    get(wired)
    give(wired.upstream.asked[0])
    fresh = get(wired, f"/v1/models?refresh={word}")
    assert wired.upstream.asked[1].target == b"/v1/models"
    give(wired.upstream.asked[1], NEWER)
    assert body_of(fresh) == NEWER
    assert fields_of(fresh)["cache-status"] == "openaiproxy; fwd=request"
    assert body_of(get(wired)) == NEWER
    assert len(wired.upstream.asked) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((MINE,), (YOURS,)),
        ((MINE,), ()),
        ((MINE,), (MINE, "OpenAI-Organization: org")),
        ((MINE,), (MINE, "OpenAI-Project: p")),
        ((MINE,), (MINE, "ChatGPT-Account-ID: a")),
        ((MINE,), (MINE, "Cookie: a=b")),
        (("x-api-key: a",), ("x-api-key: b",)),
    ],
)
def test_a_list_is_never_shown_to_another_credential(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    wired = port()
    get(wired, "/v1/models", *first)
    give(wired.upstream.asked[0])
    other = get(wired, "/v1/models", *second)
    assert len(wired.upstream.asked) == 2
    give(wired.upstream.asked[1], NEWER)
    assert body_of(other) == NEWER
    assert body_of(get(wired, "/v1/models", *first)) == LIST


def test_nor_does_another_credential_wait_for_the_same_answer() -> None:
    wired = port()
    mine, yours = get(wired, "/v1/models", MINE), get(wired, "/v1/models", YOURS)
    assert len(wired.upstream.asked) == 2
    give(wired.upstream.asked[1], NEWER)
    assert mine.received() == b""
    assert body_of(yours) == NEWER


def test_nor_is_an_older_list_shown_to_another_credential_when_the_upstream_fails() -> None:
    wired = port()
    get(wired, "/v1/models", MINE)
    give(wired.upstream.asked[0])
    yours = get(wired, "/v1/models", YOURS)
    wired.upstream.asked[1].fail(BadUpstream(502, "upstream_closed", "gone"))
    assert yours.received().startswith(b"HTTP/1.1 502 ")


def test_callers_share_what_the_profiles_own_key_is_shown() -> None:
    wired = plug(show_models, credential=Credential(key="sk-server"))
    get(wired, "/v1/models", MINE, "X-Request-Id: 1", "x-stainless-retry-count: 0", "User-Agent: a")
    give(wired.upstream.asked[0])
    assert wired.upstream.asked[0].header(b"authorization") == [b"Bearer sk-server"]
    assert wired.upstream.asked[0].header(b"x-request-id") == []
    client = get(wired, "/v1/models", YOURS, "X-Request-Id: 2", "User-Agent: b")
    assert body_of(client) == LIST
    assert len(wired.upstream.asked) == 1


def test_what_is_kept_holds_no_credential() -> None:
    wired = port()
    get(wired, "/v1/models", "Authorization: Bearer sk-secret")
    give(wired.upstream.asked[0])
    assert "sk-secret" not in repr(wired.port.lists)
    assert "gpt-5" not in repr(wired.port.lists)


def test_the_number_of_lists_is_bounded() -> None:
    wired = port()
    for number in range(300):
        get(wired, "/v1/models", f"Authorization: Bearer {number}")
        give(wired.upstream.asked[number])
    get(wired, "/v1/models", "Authorization: Bearer 0")
    assert len(wired.upstream.asked) == 301
    get(wired, "/v1/models", "Authorization: Bearer 299")
    assert len(wired.upstream.asked) == 301


# Sharing.


def test_many_callers_at_once_make_one_call() -> None:
    wired = port()
    clients = [get(wired, "/v1/models", MINE) for _ in range(20)]
    assert len(wired.upstream.asked) == 1
    give(wired.upstream.asked[0])
    assert {body_of(client) for client in clients} == {LIST}


def test_a_caller_that_leaves_takes_nothing_from_the_others_pitfall_60() -> None:
    wired = port()
    first, second = get(wired), get(wired)
    first.lose()
    assert not wired.upstream.asked[0].cancelled
    give(wired.upstream.asked[0])
    assert body_of(second) == LIST
    assert wired.lines[0]["ending"] == "client-gone"


def test_the_last_one_that_leaves_ends_the_upstreams_call_pitfall_60() -> None:
    wired = port()
    clients = [get(wired), get(wired)]
    for client in clients:
        client.lose()
    assert wired.upstream.asked[0].cancelled
    assert wired.clock.getDelayedCalls() == []


def test_also_within_the_answers_body_pitfall_60() -> None:
    wired = port()
    client = get(wired)
    played = wired.upstream.asked[0].answer()
    played.send(LIST[:10])
    client.lose()
    assert played.aborted


def test_the_ports_closing_ends_it() -> None:
    wired = port(patience=2.0, aliases=ALIASES)
    get(wired)
    wired.clock.advance(2.0)
    assert not wired.upstream.asked[0].cancelled
    wired.port.cut_all("drained")
    assert wired.upstream.asked[0].cancelled


# When the upstream is slow, or down.


def _kept(**changes: Any) -> Wired:
    wired = port(ttl=10.0, patience=2.0, **changes)
    get(wired)
    give(wired.upstream.asked[0])
    wired.clock.advance(11.0)
    return wired


def test_an_older_list_is_shown_when_the_upstream_is_slow_pitfall_57() -> None:
    wired = _kept()
    client = get(wired)
    wired.clock.advance(1.9)
    assert client.received() == b""
    wired.clock.advance(0.1)
    assert body_of(client) == LIST
    assert fields_of(client)["age"] == "13"
    assert fields_of(client)["cache-status"] == "openaiproxy; hit; ttl=-3; detail=upstream_slow"
    give(wired.upstream.asked[1], NEWER)
    assert body_of(get(wired)) == NEWER, "the slow answer was waited for, for those who come later"
    assert len(wired.upstream.asked) == 2


@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_an_older_list_is_shown_when_the_upstream_fails_pitfall_57(status: int) -> None:
    wired = _kept()
    client = get(wired)
    give(wired.upstream.asked[1], b"{}", status=status)
    assert client.received().startswith(b"HTTP/1.1 200 ")
    assert body_of(client) == LIST
    assert fields_of(client)["cache-status"].endswith(f"detail=upstream_{status}")


def test_an_older_list_is_shown_when_there_is_no_answer_or_half_a_one_pitfall_57() -> None:
    wired = _kept()
    first = get(wired)
    wired.upstream.asked[1].fail(BadUpstream(502, "upstream_closed", "gone"))
    assert body_of(first) == LIST
    assert fields_of(first)["cache-status"].endswith("detail=upstream_closed")
    second = get(wired)
    played = wired.upstream.asked[2].answer()
    played.send(NEWER)
    played.end(ConnectionLost())
    assert body_of(second) == LIST
    assert fields_of(second)["cache-status"].endswith("detail=upstream_cut")


def test_an_answer_that_is_no_list_is_no_newer_list() -> None:
    wired = _kept()
    client = get(wired)
    give(wired.upstream.asked[1], b"<html>", headers=[(b"Content-Type", b"text/html")])
    assert body_of(client) == LIST


def test_our_own_names_are_shown_when_there_is_no_older_list_pitfall_57() -> None:
    wired = port(aliases=ALIASES, patience=2.0)
    client = get(wired)
    wired.clock.advance(2.0)
    assert [entry["id"] for entry in head_and_json(client)[1]["data"]] == ["claude-gpt-5"]
    assert fields_of(client)["cache-status"] == ("openaiproxy; fwd=uri-miss; detail=upstream_slow")


def test_without_anything_to_show_the_callers_wait_goes_on() -> None:
    wired = port(patience=2.0)
    client = get(wired)
    wired.clock.advance(60.0)
    give(wired.upstream.asked[0])
    assert body_of(client) == LIST


def test_the_upstreams_error_passes_with_its_status_and_when_to_come_again() -> None:
    wired = port()
    client = get(wired)
    error = b'{"error": {"message": "Slow down.", "type": "x", "code": null, "param": null}}'
    give(wired.upstream.asked[0], error, status=429, headers=[*JSON, (b"Retry-After", b"7")])
    assert client.received().startswith(b"HTTP/1.1 429 ")
    assert fields_of(client)["retry-after"] == "7"
    assert body_of(client) == error
    get(wired)
    assert len(wired.upstream.asked) == 2, "errors are not kept"


def test_an_error_is_told_in_the_callers_words_pitfall_54() -> None:
    wired = port()
    client = get(wired, "/v1/models", "anthropic-version: 2023-06-01")
    error = b'{"error": {"message": "Slow down.", "type": "x", "code": null, "param": null}}'
    give(wired.upstream.asked[0], error, status=429, headers=[*JSON, (b"Retry-After", b"7")])
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 7" in head
    assert said["type"] == "error"
    assert said["error"]["type"] == "rate_limit_error"
    assert said["error"]["message"] == "Slow down."


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_caller_passes_and_takes_the_list_with_it(status: int) -> None:
    wired = _kept(aliases=ALIASES)
    client = get(wired)
    give(wired.upstream.asked[1], b'{"error": {}}', status=status)
    assert client.received().startswith(b"HTTP/1.1 %d " % status)
    get(wired)
    wired.upstream.asked[2].fail(BadUpstream(502, "upstream_closed", "gone"))
    later = get(wired)
    wired.upstream.asked[3].fail(BadUpstream(502, "upstream_closed", "gone"))
    assert [entry["id"] for entry in head_and_json(later)[1]["data"]] == ["claude-gpt-5"]


@pytest.mark.parametrize("body", [b"plain", b"<html>log in</html>", b"[]", b"{}"])
def test_what_is_no_list_is_no_answer(body: bytes) -> None:
    wired = port()
    client = get(wired)
    give(wired.upstream.asked[0], body, headers=[(b"Content-Type", b"text/plain")])
    assert client.received().startswith(b"HTTP/1.1 502 ")
    assert wired.lines[0]["code"] == "upstream_malformed"


def test_an_upstream_that_does_not_answer_is_given_up() -> None:
    wired = port()
    client = get(wired)
    wired.clock.advance(601.0)
    assert client.received().startswith(b"HTTP/1.1 504 ")
    assert wired.upstream.asked[0].cancelled
    assert wired.lines[0]["code"] == "upstream_first_byte_timeout"


# By whom.


def test_claude_code_finds_the_operators_aliases_pitfall_55_pitfall_56() -> None:
    wired = port(aliases=ALIASES)
    client = get(wired, "/v1/models?limit=1000", "anthropic-version: 2023-06-01", "x-api-key: k")
    assert wired.upstream.asked[0].target == b"/v1/models"
    give(wired.upstream.asked[0])
    said = head_and_json(client)[1]
    alias = said["data"][-1]
    assert alias["id"] == "claude-gpt-5"
    assert set(alias) == {"type", "id", "display_name", "created_at", "lifecycle"}
    assert (said["has_more"], said["first_id"], said["last_id"]) == (
        False,
        "gpt-5",
        "claude-gpt-5",
    )


def test_a_page_of_the_list_is_cut_here_pitfall_55() -> None:
    wired = port()
    client = get(wired, "/v1/models?limit=1", "User-Agent: claude-cli/2.1")
    give(wired.upstream.asked[0])
    assert head_and_json(client)[1]["has_more"] is True
    more = get(wired, "/v1/models?limit=1&after_id=gpt-5", "User-Agent: claude-cli/2.1")
    assert [entry["id"] for entry in head_and_json(more)[1]["data"]] == ["gpt-5-codex"]
    wrong = get(wired, "/v1/models?after_id=none", "User-Agent: claude-cli/2.1")
    assert wrong.received().startswith(b"HTTP/1.1 400 ")


def test_codex_asks_in_its_own_shape_pitfall_55_row_49() -> None:
    wired = port()
    own = b'{"models": [{"slug": "gpt-5-codex", "visibility": "list"}]}'
    client = get(wired, "/v1/models?client_version=0.154.0")
    assert wired.upstream.asked[0].target == b"/v1/models?client_version=0.154.0"
    give(wired.upstream.asked[0], own)
    assert body_of(client) == own
    plain = get(wired)
    assert len(wired.upstream.asked) == 2, "another question"
    give(wired.upstream.asked[1])
    assert body_of(plain) == LIST


def test_an_upstream_that_speaks_messages_is_asked_as_it_wants_to_be() -> None:
    wired = port(speaks=("messages",))
    client = get(wired, "/v1/models", MINE)
    asked = wired.upstream.asked[0]
    assert asked.target == b"/v1/models?limit=1000"
    assert asked.header(b"anthropic-version") == [b"2023-06-01"]
    found = {"type": "model", "id": "claude-x", "display_name": "X", "created_at": "1970-01-01"}
    give(asked, json.dumps({"data": [found], "has_more": False}).encode())
    assert head_and_json(client)[1]["data"][0]["owned_by"] == "anthropic"


def test_an_upstream_that_does_not_speak_messages_hears_of_no_version_of_it() -> None:
    wired = port()
    get(wired, "/v1/models", "anthropic-version: 2023-06-01", "anthropic-beta: x")
    assert wired.upstream.asked[0].header(b"anthropic-version") == []
    assert wired.upstream.asked[0].header(b"anthropic-beta") == []
    give(wired.upstream.asked[0])
    assert body_of(get(wired)) == LIST, "the same question, in another shape"
    assert len(wired.upstream.asked) == 1


def test_a_port_that_only_relays_says_what_its_caller_says() -> None:
    wired = port(preset="passthrough", keep=Keep.PLAIN)
    get(wired, "/v1/models", "anthropic-version: 2024-01-01", "x-api-key: k")
    asked = wired.upstream.asked[0]
    assert asked.header(b"anthropic-version") == [b"2024-01-01"]
    assert asked.header(b"x-api-key") == [b"k"]


# One of them.


@pytest.mark.parametrize("sent", ["openai/gpt-5:free", "openai%2Fgpt-5%3Afree"])
def test_one_model_by_a_name_with_slashes_and_colons_pitfall_57(sent: str) -> None:
    wired = port()
    client = get(wired, f"/v1/models/{sent}")
    assert wired.upstream.asked[0].target == b"/v1/models"
    give(wired.upstream.asked[0], b'{"data": [{"id": "openai/gpt-5:free", "object": "model"}]}')
    assert head_and_json(client)[1] == {"id": "openai/gpt-5:free", "object": "model"}


def test_an_alias_is_a_model_too_pitfall_57() -> None:
    wired = port(aliases=ALIASES)
    client = get(wired, "/v1/models/claude-gpt-5", "anthropic-version: 2023-06-01")
    give(wired.upstream.asked[0])
    said = head_and_json(client)[1]
    assert (said["type"], said["id"]) == ("model", "claude-gpt-5")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [((), "invalid_request_error"), (("anthropic-version: 2023-06-01",), "not_found_error")],
)
def test_an_unknown_model_is_not_found_in_the_callers_envelope_pitfall_54(
    fields: tuple[str, ...], kind: str
) -> None:
    wired = port()
    client = get(wired, "/v1/models/nobody", *fields)
    give(wired.upstream.asked[0])
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 404 ")
    assert (said["error"]["type"], said["error"]["code"]) == (kind, "model_not_found")


def test_a_hidden_model_is_not_found_row_45() -> None:
    wired = port(keep=Keep.PLAIN)
    client = get(wired, "/v1/models/gpt-5-codex")
    give(wired.upstream.asked[0])
    assert client.received().startswith(b"HTTP/1.1 404 ")


def test_a_model_that_is_not_in_the_list_at_hand_may_have_come_since() -> None:
    wired = port()
    get(wired)
    give(wired.upstream.asked[0])
    client = get(wired, "/v1/models/gpt-6")
    give(wired.upstream.asked[1], NEWER)
    assert head_and_json(client)[1]["id"] == "gpt-6"


def test_a_model_is_not_unknown_because_the_upstream_is_down_pitfall_57() -> None:
    wired = port(aliases=ALIASES)
    known, unknown = get(wired, "/v1/models/claude-gpt-5"), get(wired, "/v1/models/gpt-5")
    wired.upstream.asked[0].fail(BadUpstream(502, "upstream_closed", "gone"))
    assert known.received().startswith(b"HTTP/1.1 200 ")
    assert unknown.received().startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    ("method", "target", "is_one"),
    [
        (b"GET", b"/v1/models", True),
        (b"HEAD", b"/v1/models?a=b", True),
        (b"GET", b"/models/a/b", True),
        (b"DELETE", b"/v1/models/ft:x", False),
        (b"POST", b"/v1/models", False),
        (b"GET", b"/v1/modelsx", False),
        (b"GET", b"/v1/files", False),
    ],
)
def test_which_requests_are_for_models(method: bytes, target: bytes, is_one: bool) -> None:
    assert is_models(method, target) is is_one
