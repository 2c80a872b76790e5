"""Which route a request takes, and what an error looks like to whom."""

import json

import pytest
from twisted.web.http_headers import Headers

from openaiproxy.errors import BadRequest, BadUpstream, Unavailable
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Profile, Route
from openaiproxy.web.answers import Envelope, envelope_for, error_body, protocol_answer
from openaiproxy.web.fields import answer_fields, upstream_fields
from openaiproxy.web.routing import Routing
from openaiproxy.wire.target import parse_target

KEYED = Routing(PRESETS["keyed"].profile.routes)
GATEWAY = Routing(PRESETS["gateway"].profile.routes)
PASSTHROUGH = Routing(PRESETS["passthrough"].profile.routes)
BRIDGE = Routing(PRESETS["bridge"].profile.routes)
O1 = Routing(PRESETS["o1"].profile.routes)

NORMAL = {"gateway": GATEWAY, "bridge": BRIDGE, "o1": O1}
STARTS = [
    "/v1",
    "",
    "/v1/v1",
    "/openai",
    "/openai/v1",
    "/openai/v1/v1",
    "/anthropic",
    "/anthropic/v1",
    "/anthropic/v1/v1",
    "/backend-api/codex",
    "/backend-api/codex/v1",
]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/responses/resp_1/input_items",
        "/v1/images/edits",
        "/v1/audio/speech",
    ],
)
def test_the_keyed_profile_offers_its_list_rows_4_to_14(path: str) -> None:
    assert KEYED.upstream_target("POST", parse_target(path.encode())) == path.encode()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models",
        "/v1/files",
        "/v1/chat/completions/x",
        "/v1/chat/completions/",
        "/v1/responsesx",
        "/v1/%72esponses",
        "/v1//responses",
        "/V1/responses",
        "/responses",
        "/",
    ],
)
def test_and_nothing_else(path: str) -> None:
    with pytest.raises(BadRequest, match="404"):
        KEYED.upstream_target("POST", parse_target(path.encode()))


def test_a_method_that_is_not_offered_names_those_that_are() -> None:
    with pytest.raises(BadRequest, match="405") as refused:
        KEYED.upstream_target("TRACE", parse_target(b"/v1/responses"))
    assert refused.value.headers == ((b"Allow", b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_a_server_side_key_is_not_reflected(method: str) -> None:
    with pytest.raises(BadRequest, match="405"):
        GATEWAY.upstream_target(method, parse_target(b"/v1/responses"))


@pytest.mark.parametrize(
    ("sent", "reached"),
    [
        ("/v1/x?a=", "/v1/x?a="),
        ("/x", "/v1/x"),
        ("/v1", "/v1"),
        ("/v12/x", "/v1/v12/x"),
        ("/x?", "/v1/x?"),
        ("/", "/v1"),
        ("/v1beta/models", "/v1/v1beta/models"),
        ("/openaix/v1/models", "/v1/openaix/v1/models"),
        ("/v1/files/v1/v1", "/v1/files/v1/v1"),
    ],
)
def test_the_gateway_serves_with_and_without_v1_row_18(sent: str, reached: str) -> None:
    assert GATEWAY.upstream_target("GET", parse_target(sent.encode())) == reached.encode()


@pytest.mark.parametrize("name", NORMAL)
@pytest.mark.parametrize("query", ["", "?", "?beta=true", "?a=%2F&b=/"])
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("start", STARTS)
def test_all_ways_to_write_a_path_arrive_at_one_pitfall_5(
    name: str, start: str, end: str, query: str
) -> None:
    sent = parse_target(f"{start}/responses{end}{query}".encode())
    assert NORMAL[name].upstream_target("POST", sent) == f"/v1/responses{query}".encode()


@pytest.mark.parametrize("name", NORMAL)
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    "path", ["/chat/completions", "/responses/resp_1/input_items", "/models", "/models/o1-mini"]
)
def test_and_every_other_path_as_well_pitfall_5(name: str, start: str, path: str) -> None:
    method = "POST" if path.startswith("/chat") else "GET"
    sent = parse_target((start + path).encode())
    assert NORMAL[name].upstream_target(method, sent) == f"/v1{path}".encode()


@pytest.mark.parametrize(
    "sent",
    ["/v1/v1/x", "/openai/v1/x", "/x/", "/v1/x/?", "/x?beta=true", "/", "/v1//x", "/a%2Fb?c=%20"],
)
def test_a_passthrough_keeps_every_byte(sent: str) -> None:
    assert PASSTHROUGH.upstream_target("GET", parse_target(sent.encode())) == sent.encode()


@pytest.mark.parametrize(
    "path",
    [
        "/openai/v1%2f..",
        "/openai/v1%2f..%2fadmin",
        "/openai/v1/%2e%2e/admin",
        "/v1/v1/..;x/admin",
        "/openai/v1/%252e%252e/admin",
        "/backend-api/codex\\..\\admin",
        "/backend-api/codex%5c..%5cadmin",
    ],
)
def test_encoded_dots_do_not_sneak_past_a_start_that_is_taken_off(path: str) -> None:
    with pytest.raises(BadRequest, match="400 bad_target"):
        GATEWAY.upstream_target("GET", parse_target(path.encode()))


@pytest.mark.parametrize(
    "path",
    [
        "/openai/v1%2fresponses",
        "/v1%2fresponses",
        "/v1/chat%2fcompletions",
        "/%6fpenai/v1/responses",
        "/openai/v1//responses",
        "/v1/chat/completions//",
        "/v1/chat/completions/x",
        "/v1/files",
        "/v1/messages",
        "/v1",
        "/openai",
        "/",
    ],
)
def test_o1_offers_nothing_else_however_it_is_written(path: str) -> None:
    with pytest.raises(BadRequest, match="404 path_not_offered"):
        O1.upstream_target("POST", parse_target(path.encode()))


def test_an_escape_is_sent_on_as_it_was_compared() -> None:
    sent = parse_target(b"/openai/v1%2fresponses")
    assert GATEWAY.upstream_target("POST", sent) == b"/v1/v1%2fresponses"


@pytest.mark.parametrize(
    ("route", "sent", "reached"),
    [
        (Route("/a", off=True), "/a/b/", "/b/"),
        (Route("/a", off=True), "/a", "/"),
        (Route("/a", off=True, tidy=True), "/a/", "/"),
        (Route("/a", off=True, onto="/v1"), "/a/", "/v1/"),
        (Route("/a", off=True, onto="/v1"), "/a/a/b?a", "/v1/a/b?a"),
        (Route("/", off=True, onto="/v1"), "/b", "/v1/b"),
        (Route("/", tidy=True), "/", "/"),
        (Route("/", tidy=True), "/b//?", "/b/?"),
        (Route("/a", subtree=False, tidy=True), "/a/", "/a"),
        (Route("/a"), "/a/", "/a/"),
    ],
)
def test_a_routes_own_path_is_taken_off_and_a_last_slash(
    route: Route, sent: str, reached: str
) -> None:
    target = parse_target(sent.encode())
    assert Routing([route]).upstream_target("GET", target) == reached.encode()


def test_what_is_left_is_checked_as_if_it_had_been_sent() -> None:
    with pytest.raises(BadRequest, match="400 bad_target"):
        Routing([Route("/a", off=True)]).upstream_target("GET", parse_target(b"/a//host/b"))


def test_methods_are_those_of_the_path_that_is_reached() -> None:
    assert O1.methods("/openai/v1/chat/completions/") == "OPTIONS, POST"
    with pytest.raises(BadRequest, match="405"):
        O1.upstream_target("GET", parse_target(b"/chat/completions"))


@pytest.mark.parametrize(
    ("path", "versioned", "envelope"),
    [
        ("/v1/messages", False, Envelope.ANTHROPIC),
        ("/messages/count_tokens", False, Envelope.ANTHROPIC),
        ("/v1/models", True, Envelope.ANTHROPIC),
        ("/v1/threads/t/messages/m/files", False, Envelope.OPENAI),
        ("/v1/chat/completions", False, Envelope.OPENAI),
    ],
)
def test_the_envelope_is_the_callers(path: str, versioned: bool, envelope: Envelope) -> None:
    assert envelope_for(path, versioned) is envelope


@pytest.mark.parametrize(
    ("error", "openai", "anthropic"),
    [
        (BadRequest(400, "c", "m"), "invalid_request_error", "invalid_request_error"),
        (BadRequest(401, "c", "m"), "authentication_error", "authentication_error"),
        (BadRequest(404, "c", "m"), "invalid_request_error", "not_found_error"),
        (BadRequest(413, "c", "m"), "invalid_request_error", "request_too_large"),
        (BadRequest(418, "c", "m"), "invalid_request_error", "invalid_request_error"),
        (BadUpstream(502, "c", "m"), "upstream_error", "api_error"),
        (Unavailable(503, "c", "m"), "overloaded_error", "overloaded_error"),
        (BadUpstream(504, "c", "m"), "timeout_error", "timeout_error"),
    ],
)
def test_errors_have_the_dialects_types_pitfall_54(
    error: BadRequest, openai: str, anthropic: str
) -> None:
    ours = json.loads(error_body(error))
    assert ours == {"error": {"message": "m", "type": openai, "param": None, "code": "c"}}
    theirs = json.loads(error_body(error, Envelope.ANTHROPIC, "id-1"))
    assert (theirs["type"], theirs["request_id"]) == ("error", "id-1")
    assert (theirs["error"]["type"], theirs["error"]["message"]) == (anthropic, "m")


def test_a_profiles_own_body_wins() -> None:
    assert error_body(BadRequest(401, "c", "m"), fixed={401: b"x"}) == b"x"
    assert b"".join(protocol_answer(BadRequest(431, "c", "m"), "id-1")).startswith(
        b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    )


@pytest.mark.parametrize("envelope", [Envelope.OPENAI, Envelope.ANTHROPIC])
def test_an_error_in_words_that_are_no_unicode_is_an_answer_all_the_same(
    envelope: Envelope,
) -> None:
    """As half of a pair, which an upstream's code or message may hold; whoever waits would wait for good."""
    error = BadUpstream(503, "code \ud800", "words \ud800")
    assert "\ud800" in json.loads(error_body(error, envelope))["error"]["message"]
    assert "\ud800" in json.loads(error_body(error, envelope))["error"]["code"]


def test_an_event_stream_is_not_held_back_by_hops_in_between_row_86_pitfall_59() -> None:
    fields = answer_fields(
        [(b"Content-Type", b"text/event-stream"), (b"Cache-Control", b"public")],
        [],
        [],
        streamed=True,
    )
    assert [value for name, value in fields if name == b"Cache-Control"] == [
        b"no-cache, no-transform"
    ]
    assert (b"X-Accel-Buffering", b"no") in fields


def test_organization_and_project_pass_or_are_added_row_34() -> None:
    headers = Headers(
        {
            "OpenAI-Organization": ["theirs"],
            "OpenAI-Project": ["p"],
            "Authorization": ["Bearer sk-x"],
        }
    )
    fields = upstream_fields(headers, Profile(name="p", routes=()))
    assert sorted(fields) == [
        (b"Authorization", b"Bearer sk-x"),
        (b"Openai-Organization", b"theirs"),
        (b"Openai-Project", b"p"),
    ]
