"""What is for the operator alone: the admin token, and a port of its own.

The port can be named as a number, which is meant on loopback, or as an endpoint. Whoever speaks first decides (a flag
before a variable before the file); where one source says both, nobody can know which is meant.
"""

from collections.abc import Sequence

from openaiproxy.config.fields import value_of
from openaiproxy.config.keys import find_admin_token
from openaiproxy.config.rules import Opening, check_operator
from openaiproxy.config.settings import OPERATOR_LISTEN, OPERATOR_PORT
from openaiproxy.config.sources import Listen, Reading
from openaiproxy.profile import Operator

__all__ = ["find_operator"]


def find_operator(reading: Reading, openings: Sequence[Opening]) -> Operator:
    """The operator's part; mistakes go to the ledger.

    :param openings: the other ports.
    """
    found, listen = find_admin_token(reading), _listen(reading)
    origins = reading.ledger.origins
    origins["operator.token"] = found.where or "none given"
    origins["operator.listen"] = listen.where if listen else "default"
    if listen is not None and listen.endpoint:
        check_operator(listen, openings, reading, guarded=bool(found.where))
    return Operator(listen.endpoint or None if listen else None, found.token, found.file)


def _listen(reading: Reading) -> Listen | None:
    """The port, with an empty endpoint where somebody said that there is none."""
    named = reading.sources.find(OPERATOR_LISTEN)
    numbered = reading.sources.find(OPERATOR_PORT)
    if named and numbered and named.level == numbered.level:
        what = f"says the same as {numbered.where} in another way: expected one of them"
        reading.ledger.mistake(named.where, what)
    if named and (numbered is None or named.level <= numbered.level):
        return Listen(
            "operator", value_of(OPERATOR_LISTEN, named, reading, None) or "", named.where
        )
    if numbered:
        number = value_of(OPERATOR_PORT, numbered, reading, 0)
        return Listen("operator", f"tcp:{number}:interface=127.0.0.1", numbered.where)
    return None
