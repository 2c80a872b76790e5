"""Request ids: the caller's where it is plain, else a made one (row 119)."""

import pytest

from openaiproxy.ops.request_ids import fresh_id, request_id


def made() -> str:
    return "made"


@pytest.mark.parametrize(
    "sent", [b"a", b"req_0123-ABC.9~:+/=", b"x" * 128, b"3f2504e0-4f89-11d3-9a0c-0305e82c3301"]
)
def test_a_plain_id_of_the_caller_is_kept(sent: bytes) -> None:
    assert request_id(sent, made) == sent.decode()


@pytest.mark.parametrize(
    "sent",
    [
        None,
        b"",
        b"x" * 129,
        b"two words",
        b"a\n",
        b"a\r\nx-evil: 1",
        b"\x1b[31m",
        "é".encode(),
        b"a\x00",
        b'"',
        b"a,b",
        b"{x}",
    ],
)
def test_any_other_id_is_replaced_and_never_mended(sent: bytes | None) -> None:
    assert request_id(sent, made) == "made"


def test_fresh_ids_are_plain_and_differ() -> None:
    ids = {fresh_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(request_id(each.encode(), made) == each and len(each) == 32 for each in ids)
