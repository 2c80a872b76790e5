"""Requests that no two readers should be able to read in two ways, and what becomes of each.

Every row is sent to a real Site with a second, smuggled request behind it; whole, and again byte by byte. What
is refused is answered in OpenAI's error shape, never reaches the upstream, and nothing behind it is served.
"""

import json
from typing import Any

import pytest
from attrs import field, frozen

from openaiproxy.profile import ClientAuth, ClientKey, Credential
from openaiproxy.web.site import OURS
from tests.web.connections import answers, connect
from tests.web.wiring import Connection, Wired, wire

pytestmark = pytest.mark.usefixtures("on_wire")

HOST = b"Host: localhost:4567\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost:4567\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@frozen
class Bad:
    """A request that is refused.

    :param closes: whether the connection ends with it; where it doesn't, what follows is a request of its own.
    :param streams: whether its head is valid, so that the upstream was asked before the mistake arrived; then it
        must never have got a whole body, and been let go.
    """

    name: str
    raw: bytes
    status: int = 400
    code: str = "bad_framing"
    closes: bool = True
    streams: bool = False


@frozen
class Odd:
    """A request that is served, however odd it looks.

    :param target: what the upstream is asked for.
    :param body: what the upstream gets.
    """

    name: str
    raw: bytes
    target: bytes = b"/x"
    body: bytes = b""
    method: bytes = b"POST"
    keeps: bool = field(default=True)


def post(
    *fields: bytes, body: bytes = b"", target: bytes = b"/x", version: bytes = b"1.1"
) -> bytes:
    head = b"POST " + target + b" HTTP/" + version + b"\r\n" + HOST
    return head + b"".join(line + b"\r\n" for line in fields) + b"\r\n" + body


def chunks(name: str, body: bytes, status: int = 400, code: str = "bad_framing") -> Bad:
    return Bad(f"chunks: {name}", post(CHUNKED[:-2], body=body), status, code, streams=True)


def line(name: str, raw: bytes, status: int = 400, code: str = "bad_framing") -> Bad:
    return Bad(f"line: {name}", raw + b"\r\n" + HOST + b"\r\n", status, code)


def target(name: str, raw: bytes, method: bytes = b"GET") -> Bad:
    whole = method + b" " + raw + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    return Bad(f"target: {name}", whole, 400, "bad_target")


LENGTHS = [
    Bad("length and chunked", post(b"Content-Length: 5", CHUNKED[:-2], body=b"0\r\n\r\n")),
    Bad("chunked and length", post(CHUNKED[:-2], b"Content-Length: 5", body=b"0\r\n\r\n")),
    Bad("length of 0 and chunked", post(b"Content-Length: 0", CHUNKED[:-2], body=b"0\r\n\r\n")),
    Bad("two lengths, the same", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
    Bad("two lengths", post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
    Bad("two lengths, one of 0", post(b"Content-Length: 0", b"content-length: 5", body=b"hello")),
    Bad("length with a plus", post(b"Content-Length: +5", body=b"hello")),
    Bad("length with a minus", post(b"Content-Length: -5", body=b"hello")),
    Bad("length with a space in it", post(b"Content-Length: 5 0", body=b"hello")),
    Bad("length, a list of the same", post(b"Content-Length: 5, 5", body=b"hello")),
    Bad("length, a list", post(b"Content-Length: 5,6", body=b"hello")),
    Bad("length in hex", post(b"Content-Length: 0x5", body=b"hello")),
    Bad("length with a digit that is no ASCII", post(b"Content-Length: \xb2", body=b"hello")),
    Bad("length with an underscore", post(b"Content-Length: 1_0", body=b"hello")),
    Bad("length with a point", post(b"Content-Length: 5.0", body=b"hello")),
    Bad("length of 30 digits", post(b"Content-Length: " + b"1" * 30, body=b"hello")),
    Bad("length that is empty", post(b"Content-Length:", body=b"hello")),
    Bad("length with a vertical tab", post(b"Content-Length: \x0b5", body=b"hello")),
    Bad("length with a space before its colon", post(b"Content-Length : 5", body=b"hello")),
]

CODINGS = [
    Bad("coding xchunked", post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n")),
    Bad("coding chunked twice", post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n")),
    Bad("coding gzip, chunked", post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    Bad("coding chunked, identity", post(b"Transfer-Encoding: chunked, identity")),
    Bad("coding identity", post(b"Transfer-Encoding: identity")),
    Bad(
        "coding identity with a length", post(b"Transfer-Encoding: identity", b"Content-Length: 5")
    ),
    Bad("coding that is empty", post(b"Transfer-Encoding:", body=b"0\r\n\r\n")),
    Bad("coding in quotes", post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n")),
    Bad("coding with a parameter", post(b"Transfer-Encoding: chunked;q=1", body=b"0\r\n\r\n")),
    Bad("coding with a comma", post(b"Transfer-Encoding: chunked,", body=b"0\r\n\r\n")),
    Bad("coding with a vertical tab", post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n")),
    Bad("coding on a folded line", post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n")),
    Bad("coding with a space before its colon", post(b"Transfer-Encoding : chunked")),
    Bad("coding with a tab before its colon", post(b"Transfer-Encoding\t: chunked")),
    Bad("coding after a space", post(b"X: y", b" Transfer-Encoding: chunked")),
    Bad("coding behind a bare LF", post(b"X: y\nTransfer-Encoding: chunked")),
    Bad("coding behind a bare CR", post(b"X: y\rTransfer-Encoding: chunked")),
    Bad("codings, two", post(CHUNKED[:-2], CHUNKED[:-2], body=b"0\r\n\r\n")),
    Bad(
        "codings, the second other", post(CHUNKED[:-2], b"Transfer-Encoding: x", body=b"0\r\n\r\n")
    ),
    Bad("coding in HTTP/1.0", post(CHUNKED[:-2], body=b"0\r\n\r\n", version=b"1.0")),
]

CHUNKS = [
    chunks("negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
    chunks("size with a plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    chunks("size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    chunks("size that is empty", b"\r\nhello\r\n0\r\n\r\n"),
    chunks("size that is no hex", b"g\r\nhello\r\n0\r\n\r\n"),
    chunks("size that overflows", b"FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n"),
    chunks("size of 64 bits", b"8000000000000000\r\nhello\r\n0\r\n\r\n"),
    chunks("size with a space behind it", b"5 \r\nhello\r\n0\r\n\r\n"),
    chunks("size with a space before it", b" 5\r\nhello\r\n0\r\n\r\n"),
    chunks("size with an underscore", b"1_0\r\nhello\r\n0\r\n\r\n"),
    chunks("size line that ends with LF", b"5\nhello\r\n0\r\n\r\n"),
    chunks("size line that ends with CR", b"5\rhello\r\n0\r\n\r\n"),
    chunks("chunk that ends with LF", b"5\r\nhello\n0\r\n\r\n"),
    chunks("chunk longer than said", b"5\r\nhelloXX0\r\n\r\n"),
    chunks("chunk shorter than said", b"5\r\nhell\r\n0\r\n\r\n"),
    chunks("last chunk that ends with LF", b"5\r\nhello\r\n0\n\n"),
    chunks("extension with a bare LF", b"5;a=\nb\r\nhello\r\n0\r\n\r\n"),
    chunks("extension with a control character", b"5;a=\x00\r\nhello\r\n0\r\n\r\n"),
    chunks("extension that is oversized", b"5;" + b"a" * 2000 + b"\r\nhello\r\n0\r\n\r\n"),
    chunks("size line without an end", b"0" * 2000),
    chunks("trailers that are oversized", b"0\r\n" + b"X: %b\r\n" % (b"y" * 1000) * 9 + b"\r\n"),
    chunks("trailer without an end", b"0\r\nX: " + b"y" * 9000),
    chunks("trailer with a bare LF", b"0\r\nX: y\n\n"),
    chunks("trailer with a bare LF in it", b"0\r\nX: y\nZ: y\r\n\r\n"),
    chunks("trailer with NUL", b"0\r\nX: \x00\r\n\r\n"),
    chunks("trailer that is no field", b"0\r\nGET / HTTP/1.1\r\n\r\n"),
    chunks("trailer on a folded line", b"0\r\nX: y\r\n z\r\n\r\n"),
]

HEADS = [
    Bad("bare LF after every line", b"GET /x HTTP/1.1\nHost: localhost\n\n"),
    Bad("bare LF after the request line", b"GET /x HTTP/1.1\n" + HOST + b"\r\n"),
    Bad("bare LF after a field", post(b"X: y\nZ: y")),
    Bad("bare LF at the end of the head", b"GET /x HTTP/1.1\r\nHost: localhost\n\r\n"),
    Bad("bare CR in a field", post(b"X: a\rb")),
    Bad("bare CR in the request line", b"GET /x\r HTTP/1.1\r\n" + HOST + b"\r\n"),
    Bad("CR CR LF", b"GET /x HTTP/1.1\r\r\n" + HOST + b"\r\n"),
    Bad("NUL in a value", post(b"X: a\x00b")),
    Bad("NUL in a name", post(b"X\x00: a")),
    Bad("NUL in the request line", b"GET /x\x00 HTTP/1.1\r\n" + HOST + b"\r\n"),
    Bad("control character in a value", post(b"X: a\x01b")),
    Bad("DEL in a value", post(b"X: a\x7fb")),
    Bad("form feed around a value", post(b"X: \x0ca")),
    Bad("escape sequence in a value", post(b"X: \x1b[31m")),
    Bad("name with a space", post(b"X Y: a")),
    Bad("name with a bracket", post(b"X(Y): a")),
    Bad("name that is no ASCII", post(b"X\xe9: a")),
    Bad("name that is empty", post(b": a")),
    Bad("field without a colon", post(b"X")),
    Bad("first field folded", b"GET /x HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n"),
    Bad("field folded", post(b"X: y", b"\tz")),
    Bad("white space before the blank line", post(b"X: y", b" ")),
    Bad("101 fields", post(*[b"X: y"] * 100), 431, "head_too_large"),
    Bad("a line of 20,000 bytes", post(b"X: " + b"y" * 20_000), 431, "head_too_large"),
    Bad("a head of 40,000 bytes", post(*[b"X: " + b"y" * 8000] * 5), 431, "head_too_large"),
    Bad("no Host", b"GET /x HTTP/1.1\r\n\r\n", 400, "bad_host"),
    Bad("two Hosts", post(b"Host: localhost:4567"), 400, "bad_host"),
    Bad("two Hosts, one of them evil", post(b"host: evil.example"), 400, "bad_host"),
    Bad("two Hosts in HTTP/1.0", post(b"Host: x", version=b"1.0"), 400, "bad_host"),
    *(
        Bad(f"Host {host!r}", b"GET /x HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 400, "bad_host")
        for host in (
            b"a b",
            b"user@localhost",
            b"localhost/x",
            b"localhost:port",
            b"localhost:123456",
            b"localhost:1:2",
            b"[::1",
            b"::1",
            b"loc\xe4lhost",
            b"http://localhost",
            b"localhost#x",
            b"localhost?x",
        )
    ),
    Bad("unknown expectation", post(b"Expect: 200-ok"), 417, "bad_expectation"),
    Bad("two expectations", post(b"Expect: 100-continue, x"), 417, "bad_expectation"),
    Bad("expectation twice", post(*[b"Expect: 100-continue"] * 2), 417, "bad_expectation"),
]

LINES = [
    line("no space", b"GET/xHTTP/1.1"),
    line("no version", b"GET /x"),
    line("method alone", b"GET"),
    line("double space before the target", b"GET  /x HTTP/1.1"),
    line("double space before the version", b"GET /x  HTTP/1.1"),
    line("space before the method", b" GET /x HTTP/1.1"),
    line("space at the end", b"GET /x HTTP/1.1 "),
    line("tabs", b"GET\t/x\tHTTP/1.1"),
    line("tab in the target", b"GET /x\ty HTTP/1.1"),
    line("space in the target", b"GET /x y HTTP/1.1"),
    line("method that is no token", b"GE(T /x HTTP/1.1"),
    line("method that is no ASCII", b"G\xc9T /x HTTP/1.1"),
    line("version in lower case", b"GET /x http/1.1"),
    line("HTTP/1.2", b"GET /x HTTP/1.2"),
    line("HTTP/2.0", b"GET /x HTTP/2.0"),
    line("HTTP/0.9 spelt out", b"GET /x HTTP/0.9"),
    line("HTTP/1.10", b"GET /x HTTP/1.10"),
    line("HTTP/01.1", b"GET /x HTTP/01.1"),
    line("HTTP/+1.1", b"GET /x HTTP/+1.1"),
    line("ICAP", b"GET /x ICAP/1.0"),
    line("header injection through the target", b"GET /x HTTP/1.1\nX-Evil: 1"),
    line("target in UTF-8", b"GET /v1/\xc3\xa9 HTTP/1.1"),
    line("oversized", b"GET /" + b"x" * 9000 + b" HTTP/1.1", 414, "target_too_long"),
    line("huge", b"GET /" + b"x" * 70_000 + b" HTTP/1.1", 414, "target_too_long"),
    Bad("line: HTTP/0.9", b"GET /x\r\n"),
    Bad("line: two blank lines before it", b"\r\n\r\nGET /x HTTP/1.1\r\n" + HOST + b"\r\n"),
    Bad("line: bare LF before it", b"\nGET /x HTTP/1.1\r\n" + HOST + b"\r\n"),
    Bad("line: HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Bad("line: TLS hello", bytes.fromhex("16030100f1010000ed0303") + bytes(range(200))),
    Bad("line: SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
    Bad("line: PROXY protocol", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
]

TARGETS = [
    target("absolute", b"http://localhost:4567/x"),
    target("absolute, another host", b"http://evil.example/x"),
    target("absolute, https", b"https://api.openai.com/v1/models"),
    target("authority", b"api.openai.com:443", b"CONNECT"),
    target("authority with GET", b"api.openai.com:443"),
    target("* with GET", b"*"),
    target("* with POST", b"*", b"POST"),
    target("** with OPTIONS", b"**", b"OPTIONS"),
    target("no slash", b"x"),
    target("query alone", b"?x"),
    target("//host/path", b"//evil.example/v1/models"),
    target("///", b"///"),
    target("backslashes", b"/v1\\..\\x"),
    target("\\\\host", b"\\\\evil.example\\x"),
    target("/\\host", b"/\\evil.example/x"),
    target("..", b"/v1/../x"),
    target(".. at the end", b"/v1/.."),
    target(". alone", b"/./x"),
    target("..%2f", b"/v1/..%2fx"),
    target("%2f..%2f", b"/v1/x%2f..%2f..%2fy"),
    target("%2e%2e", b"/v1/%2e%2e/x"),
    target(".%2E", b"/v1/.%2E/x"),
    target("%252e%252e", b"/v1/%252e%252e/x"),
    target("%25252e%25252e", b"/v1/%25252e%25252e/x"),
    target("%252%2565", b"/v1/%252%2565%252%2565/x"),
    target("..%5c", b"/v1/..%5cx"),
    target("%5c..%5c", b"/v1/x%5c..%5cy"),
    target("..;x", b"/v1/..;x/y"),
    target("..%3Bx", b"/v1/..%3Bx/y"),
    target("overlong dot", b"/v1/%c0%ae%c0%ae/x"),
    target("overlong slash", b"/v1/..%c0%afx"),
    target("overlong dot in three bytes", b"/v1/%e0%80%ae%e0%80%ae/x"),
    target("%00", b"/v1/x%00"),
    target("%0d%0a", b"/v1/x%0d%0aX-Evil:%201"),
    target("broken escape", b"/v1/x%zz"),
    target("cut escape", b"/v1/x%2"),
    target("%u002e", b"/v1/%u002e%u002e/x"),
    target("broken escape in the query", b"/v1/x?a=%zz"),
    target("fragment", b"/v1/x#y"),
    target("fragment in the query", b"/v1/x?a#y"),
    target("no ASCII", b"/v1/\xa0"),
    target("DEL", b"/v1/\x7f"),
    target("braces", b"/v1/{id}"),
]

BAD = [*LENGTHS, *CODINGS, *CHUNKS, *HEADS, *LINES, *TARGETS]
BAD.append(
    Bad(
        "CONNECT to a path",
        b"CONNECT /x HTTP/1.1\r\n" + HOST + b"\r\n",
        405,
        "method_not_allowed",
        closes=False,
    )
)

GOOD = [
    Odd(
        "coding in capitals",
        post(b"TRANSFER-ENCODING: Chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        body=b"hello",
    ),
    Odd("coding behind white space", post(b"Transfer-Encoding:\t chunked  ", body=b"0\r\n\r\n")),
    Odd(
        "sizes with zeros and capitals",
        post(CHUNKED[:-2], body=b"000A\r\n0123456789\r\n00\r\n\r\n"),
        body=b"0123456789",
    ),
    Odd("extensions", post(CHUNKED[:-2], body=b'5;a="b";c\r\nhello\r\n0;x\r\n\r\n'), body=b"hello"),
    Odd(
        "trailers",
        post(CHUNKED[:-2], body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n"),
        body=b"hello",
    ),
    Odd("length with zeros", post(b"Content-Length: 0005", body=b"hello"), body=b"hello"),
    Odd("length of 0", post(b"Content-Length: 0")),
    Odd("no length", post()),
    Odd(
        "GET with a body",
        post(b"Content-Length: 5", body=b"hello").replace(b"POST", b"GET "[:3]),
        body=b"hello",
        method=b"GET",
    ),
    Odd("one blank line before it", b"\r\n" + post()),
    Odd("100 fields", post(*[b"X: y"] * 99)),
    Odd("empty Host", post().replace(b"localhost:4567", b"")),
    Odd("IPv6 Host", post().replace(b"localhost:4567", b"[::1]:4567")),
    Odd("empty value", post(b"X:")),
    Odd("value that is no ASCII", post(b"X: \xe9")),
    Odd("no Host in HTTP/1.0", b"POST /x HTTP/1.0\r\n\r\n", keeps=False),
    Odd(
        "length in HTTP/1.0",
        post(b"Content-Length: 5", body=b"hello", version=b"1.0"),
        body=b"hello",
        keeps=False,
    ),
    Odd("Connection: close, oddly spelt", post(b"Connection: x, CLOSE"), keeps=False),
    Odd("method of one's own", b"FROB /x HTTP/1.1\r\n" + HOST + b"\r\n", method=b"FROB"),
    Odd(
        "escapes, a bare ? and repeated keys",
        post(target=b"/a%2Fb%20c?x=&x=%00&?"),
        target=b"/a%2Fb%20c?x=&x=%00&?",
    ),
    Odd("a target of 8,000 bytes", post(target=b"/" + b"x" * 8000), target=b"/" + b"x" * 8000),
]


def drive(wired: Wired, raw: bytes, step: int) -> Connection:
    """Send, and have the upstream answer all that it was asked for."""
    client = connect(wired)
    for start in range(0, len(raw), step):
        client.send(raw[start : start + step])
        answer_all(wired)
    return client


def answer_all(wired: Wired) -> None:
    """Answer as soon as a request is complete, as an upstream does."""
    for asked in wired.upstream.asked:
        whole = asked.body is None or asked.upload.finished
        if whole and not asked.waiting.called:
            played = asked.answer(length=2)
            played.send(b"{}")
            played.end()


STEPS = pytest.mark.parametrize("step", [1 << 20, 1], ids=["whole", "byte by byte"])


@STEPS
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_request_is_refused_and_nothing_of_it_is_served(bad: Bad, step: int) -> None:
    wired = wire()
    client = drive(wired, bad.raw + SMUGGLED, step)
    (status, fields, body), *others = answers(client.received())
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (bad.status, bad.code)
    assert set(error) == {"message", "type", "param", "code"}
    assert fields[b"content-type"] == b"application/json"
    assert (fields.get(b"connection") == b"close") is bad.closes
    assert wired.lines[0]["status"] == bad.status
    if not bad.closes:
        assert [asked.target for asked in wired.upstream.asked] == [b"/smuggled"]
        return
    assert not others
    assert len(wired.upstream.asked) == int(bad.streams)
    for asked in wired.upstream.asked:
        assert asked.target == b"/x"
        assert asked.cancelled
        assert not asked.upload.finished
    assert_closes(wired, client, lingers=bad.code != "bad_target")


def assert_closes(wired: Wired, client: Connection, *, lingers: bool) -> None:
    """It is closed on our side at once, reads on for a moment, and then is closed, or cut.

    :param lingers: whether it reads on; with a sound framing there is nothing left to read.
    """
    transport: Any = client.transport
    assert transport.write_closed is lingers
    assert transport.disconnecting is not lingers
    before = client.received()
    client.send(SMUGGLED * 100)
    wired.clock.advance(2.1)
    assert transport.disconnecting
    client.send(SMUGGLED)
    assert not transport.aborted
    wired.clock.advance(30)
    assert transport.aborted
    assert client.received() == before
    client.lose()
    assert not wired.clock.getDelayedCalls()


@STEPS
@pytest.mark.parametrize("odd", GOOD, ids=lambda odd: odd.name)
def test_an_odd_request_that_is_valid_is_served(odd: Odd, step: int) -> None:
    wired = wire()
    client = drive(wired, odd.raw + SMUGGLED, step)
    asked = wired.upstream.asked
    assert (asked[0].method, asked[0].target) == (odd.method, odd.target)
    assert bytes(asked[0].upload.data) == odd.body
    assert [each.target for each in asked[1:]] == ([b"/smuggled"] if odd.keeps else [])
    assert [status for status, *_ in answers(client.received())] == [200] * len(asked)
    client.lose()
    assert not wired.clock.getDelayedCalls()


@STEPS
def test_llhttp_alone_refuses_a_tab_behind_a_coding(step: int, on_wire: str) -> None:
    wired = wire()
    raw = post(CHUNKED[:-2] + b"\t", body=b"0\r\n\r\n")
    found = [status for status, *_ in answers(drive(wired, raw + SMUGGLED, step).received())]
    assert found == ([400] if on_wire == OURS else [200, 200])


def test_options_for_the_whole_server_is_answered_here() -> None:
    wired = wire()
    client = drive(wired, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 1 << 20)
    assert client.received().startswith(b"HTTP/1.1 204 ")
    assert not wired.upstream.asked


KEY = b"X-API-Key: alices-key\r\n"
NOT_OFFERED = [
    b"/v1/files",
    b"/v1/models",
    b"/",
    b"/v1",
    b"/V1/responses",
    b"/v1/Responses",
    b"/v1/responsesx",
    b"/v1/responses%2f..",
    b"/v1/responses%2fx",
    b"/v1/%72esponses",
    b"/v1%2fresponses",
    b"/v1//responses",
    b"//v1/responses",
    b"/v1/chat/completions/",
    b"/v1/chat/completions/x",
    b"/v1/chat/completions;x",
    b"/v1/chat/completions%20",
    b"/v1/chat/completions%00",
    b"/v1/chat/completions/../../files",
    b"/v1/responses/../files",
    b"/v1/responses/%2e%2e/files",
    b"/v1/responses/.%2e/files",
    b"/v1/responses/%252e%252e/files",
    b"/v1/responses/%252%2565%252%2565/files",
    b"/v1/responses/..%2ffiles",
    b"/v1/responses/..%5cfiles",
    b"/v1/responses/x%2f..%2f..%2ffiles",
    b"/v1/responses/..;/files",
    b"/v1/responses/..%3b/files",
    b"/v1/responses/..%3ffiles",
    b"/v1/responses/..%23files",
    b"/v1/responses/%c0%ae%c0%ae/files",
    b"/v1/responses\\..\\files",
    b"/v1/responses/..",
    b"/v1/responses?/../..#",
    b"http://localhost/v1/responses",
]


@pytest.mark.parametrize("path", NOT_OFFERED)
def test_no_spelling_gets_past_the_list_of_the_keyed_profile(path: bytes) -> None:
    auth = ClientAuth(keys=(ClientKey("alice", "alices-key"),), places=("x-api-key",))
    wired = wire("keyed", auth=auth, credential=Credential(key="server-key"))
    client = drive(wired, b"POST " + path + b" HTTP/1.1\r\n" + HOST + KEY + b"\r\n", 1 << 20)
    [(status, fields, body)] = answers(client.received())
    assert status in (400, 404)
    assert not wired.upstream.asked
    assert fields[b"content-type"] == b"application/json"
    assert json.loads(body)
    assert b"server-key" not in client.received()


@pytest.mark.parametrize(
    "path", [b"/v1/responses", b"/v1/responses/", b"/v1/responses/resp_1/input_items?limit=2"]
)
def test_what_the_keyed_profile_offers_passes_as_it_was_spelt(path: bytes) -> None:
    auth = ClientAuth(keys=(ClientKey("alice", "alices-key"),), places=("x-api-key",))
    wired = wire("keyed", auth=auth, credential=Credential(key="server-key"))
    drive(wired, b"POST " + path + b" HTTP/1.1\r\n" + HOST + KEY + b"\r\n", 1 << 20)
    assert [asked.target for asked in wired.upstream.asked] == [path]


def test_the_table_has_no_name_twice() -> None:
    names = [each.name for each in (*BAD, *GOOD)]
    assert len(set(names)) == len(names) > 150
