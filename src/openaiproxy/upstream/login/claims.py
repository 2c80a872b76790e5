"""What a token says of itself.

A JSON Web Token is three parts, the middle one an object in base64url::

    {"exp": 1790000000, "https://api.openai.com/auth": {"chatgpt_account_id": "...",
                                                        "chatgpt_account_is_fedramp": false}}

The signature is nobody's business here: the file is the user's own, and the backend checks it. A token that says
nothing readable is still a token.
"""

from base64 import urlsafe_b64decode
from typing import Any

from attrs import frozen

from openaiproxy.errors import BadUpstream
from openaiproxy.wire import json

__all__ = ["Claims", "parse_claims"]

_AUTH = "https://api.openai.com/auth"


@frozen
class Claims:
    """What is used of a token's claims.

    :param expires: seconds since 1970; ``None`` where it can't be told.
    :param account: id of the ChatGPT account.
    :param fedramp: whether the account lives in the backend's part for the government.
    """

    expires: float | None = None
    account: str | None = None
    fedramp: bool = False


def parse_claims(token: Any) -> Claims:
    """The claims of a token. Never raises.

    :param token: a token, or its claims, as some writers of the file keep them.
    """
    found = token if isinstance(token, dict) else _payload(token)
    auth = found.get(_AUTH)
    auth = auth if isinstance(auth, dict) else {}
    expires, account = found.get("exp"), auth.get("chatgpt_account_id")
    timed = isinstance(expires, int | float) and 0 < expires < 1e15
    return Claims(
        float(expires) if timed and expires is not None else None,
        account if isinstance(account, str) and account else None,
        auth.get("chatgpt_account_is_fedramp") is True,
    )


def _payload(token: Any) -> dict[str, Any]:
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return {}
    try:
        return json.loads_object(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, BadUpstream):
        return {}
