"""No secret is compared in a time that tells how much of it was right (row 43).

Time is too coarse a thing to test by. What is tested is that no secret of ours is ever compared by ``==``, nor looked
up by itself, both of which stop at the first difference: the secrets here break whoever does so.
"""

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.profile import ClientAuth, ClientKey, Profile
from openaiproxy.web.admin import Admin
from openaiproxy.web.gate import Gate
from tests.web.wiring import SALT

SECRET = "the-secret-of-alice"
WRONG = [b"", b"t", b"the-secret-of-alicf", b"the-secret-of-alice2", b"\xff"]


class SecretBytes(bytes):
    """Bytes that nobody may compare by itself."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a secret was compared by ==")

    def __hash__(self) -> int:
        raise AssertionError("a secret was looked up by itself")


class Secret(str):
    """Text of which such bytes are made."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return SecretBytes(str.encode(self, encoding, errors))


def test_a_client_key_is_compared_in_constant_time_row_43() -> None:
    keys = (ClientKey("alice", Secret(SECRET)), ClientKey("bob", Secret("the-secret-of-bob")))
    gate = Gate(Profile("p", (), auth=ClientAuth(keys)), loopback=True, salt=SALT)
    assert gate.name_of([SECRET.encode()]) == "alice"
    assert gate.name_of([b"the-secret-of-bob"]) == "bob"
    assert [gate.name_of([each]) for each in WRONG] == [None] * len(WRONG)


def test_the_admin_token_is_compared_in_constant_time_row_43() -> None:
    admin = Admin(Secret(SECRET), lambda: 0.0, SALT)
    admin.check("10.0.0.1", [SECRET.encode()])
    for number, each in enumerate(WRONG):
        with pytest.raises(BadRequest) as caught:
            admin.check(f"10.0.0.{number}", [each])
        assert caught.value.status == 401


def test_such_a_secret_breaks_whoever_compares_it_row_43() -> None:
    for act in (
        lambda: SECRET.encode() == Secret(SECRET).encode(),
        lambda: Secret(SECRET).encode() == SECRET.encode(),
        lambda: Secret(SECRET).encode() in {b"x"},
    ):
        with pytest.raises(AssertionError):
            act()
