"""What looks like a credential is gone, whole (pitfall 70, row 124)."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openaiproxy.ops.redaction import REDACTED, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"

REDACTIONS = [
    ("Authorization: Bearer abc.def-123", "Authorization: [redacted]"),
    ("authorization: abc def", "authorization: [redacted]"),
    ("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: [redacted]"),
    ("Cookie: a=b; c=d", "Cookie: [redacted]"),
    ("set-cookie=sid", "set-cookie=[redacted]"),
    ("sent Bearer x to", "sent Bearer [redacted] to"),
    ("bearer%20abc", "bearer%20[redacted]"),
    ("x-api-key: abc", "x-api-key: [redacted]"),
    ("X-API-Key=abc&b=1", "X-API-Key=[redacted]&b=1"),
    ("security_key=abc,def rest", "security_key=[redacted] rest"),
    ("/v1?key=abc&x=y", "/v1?key=[redacted]&x=y"),
    ("token=abc", "token=[redacted]"),
    ("sk-abc", "[redacted]"),
    ("SK-PROJ-aB_1-2.x", "[redacted]"),
    ("(sk-ant-api03-aaaa-bbbb)", "([redacted])"),
    ("gsk_0123456789abcdef", "g[redacted]"),
    ("ghp_0123456789abcdef", "[redacted]"),
    ("AIzaSyA0123456789abcdef", "[redacted]"),
    (f"is {JWT} ok", "is [redacted] ok"),
    ("http://user:pass@proxy:3128/", "http://[redacted]@proxy:3128/"),
    ("http://user:p@ss@proxy:3128", "http://[redacted]@proxy:3128"),
    ("https://onlytoken@host", "https://[redacted]@host"),
    ("password = hunter2 now", "password = [redacted] now"),
    ("refresh_token: abc", "refresh_token: [redacted]"),
    ("{'api_key': 'abc'}", "{'api_key': '[redacted]'}"),
    ("Headers({b'x-api-key': [b'abc', b'def']})", "Headers({b'x-api-key': [redacted]"),
    ("{b'cookie': b'abc'}", "{b'cookie': b'[redacted]'}"),
    ('{"security_key": "a\\"b c", "n": 1}', '{"security_key": "[redacted]", "n": 1}'),
    ('{\\"api_key\\": \\"abc\\", \\"n\\": 1}', '{\\"api_key\\": \\"[redacted]\\", \\"n\\": 1}'),
    ("İ Bearer abc", "İ Bearer [redacted]"),
]


@pytest.mark.parametrize(("text", "expected"), REDACTIONS)
def test_a_credential_is_replaced_whole_row_124(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(("text", "_"), REDACTIONS)
def test_redacting_twice_changes_nothing_more(text: str, _: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "POST /v1/chat/completions 200 complete id=0123 port=4567 client=alice model=gpt-5",
        '{"usage": {"total_tokens": 15, "prompt_tokens": 7}}',
        '{"token": "Hello", "logprob": -0.1}',
        '{"password": {"type": "string"}}',
        "risk-assessment of a task-force on a desk-lamp",
        "Accept-Language: sk-SK",
        "https://api.openai.com/v1/models",
        "mail me@example.com",
        "max_completion_tokens=5 prompt_cache_key=x",
        "eyJhbGciOi",
        "the secretary has keys and cookies",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert redact(text) is text or redact(text) == text


def test_json_stays_json_whatever_the_secret_holds() -> None:
    body = {"security_key": 'a"b\\c\n\\', "model": "m", "key": "k", "n": ["x"]}
    shown = json.loads(redact(json.dumps(body)))
    assert shown == body | {"security_key": REDACTED}


secrets = st.text(
    alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=8
)
surroundings = st.sampled_from(["", " ", "\n", "x ", "key ", '"', "'", "(", "://", "Bearer ", "İ "])


@given(before=surroundings, secret=secrets, after=surroundings)
@example(before="", secret="A" * 8, after="")
def test_no_part_of_a_bearer_token_is_left_row_124(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before}Bearer {secret}{after}")
    assert secret not in redact(f'{before}"security_key": "{secret}"{after}')
    assert "sk-" + secret not in redact(f"{before}sk-{secret}{after}")


@given(st.text())
def test_any_text_is_taken_and_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "part",
    [
        *("eyJ", "eyJa.", "://", "://a", "sk-", "bearer ", "Bearer", "\\", "ghp_", "key="),
        *("secret ", "secret:", 'secret:"', "cookie:[", "password\\", 'api_key:\\"'),
    ],
)
def test_time_is_linear_in_a_hostile_text(part: str) -> None:
    text = part * (200_000 // len(part))
    began = time.process_time()
    redact(text)
    redact("cookie" + text)
    # Quadratic behaviour would take minutes.
    assert time.process_time() - began < 10
