"""What a request spends: where it goes, and the fields that make it the user's.

With an API key, that is the key alone: what the backend of ChatGPT wants to know (account,
originator, residency) is none of ``api.openai.com``'s business. With a ChatGPT login, originator and
user agent are our own; we pass for nobody else.
"""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from attrs import field, frozen

from openaiproxy.codex.account import Account
from openaiproxy.upstream.login.document import Document, Mode, digest
from openaiproxy.wire.headers import Field

__all__ = ["Spent", "spent", "user_agent"]

_RESIDENCY = b"x-openai-internal-codex-residency"
_BACKENDS_OWN = frozenset((b"chatgpt-account-id", b"x-openai-fedramp", b"originator"))
_CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"api-key", b"cookie"))


@frozen
class Spent:
    """A credential as it was given out once.

    :param base: the upstream's URL with its path.
    :param headers: the fields that carry the credential, and who we are.
    :param mode: decides what the upstream takes.
    :param digest: tells this credential from a later one.
    :param account: digest of the ChatGPT account's id.
    """

    base: str
    headers: tuple[Field, ...] = field(repr=False)
    mode: Mode
    digest: str
    account: str | None = None

    @property
    def origin(self) -> str:
        """The base without its path."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def prefix(self) -> bytes:
        """The base's path, without a slash at its end."""
        return urlsplit(self.base).path.rstrip("/").encode("ascii")

    def over(self, fields: Iterable[Field]) -> list[Field]:
        """A caller's fields with this credential in place of whatever they spend or claim.

        A caller may ask for a residency where we don't, but only where that is understood.

        :param fields: end-to-end ones.
        """
        without = {name.lower() for name, _ in self.headers} | _CREDENTIALS | _BACKENDS_OWN
        if self.mode is Mode.API_KEY:
            without |= {_RESIDENCY}
        return [*(pair for pair in fields if pair[0].lower() not in without), *self.headers]


def user_agent(account: Account) -> str:
    """What we call ourselves."""
    return account.user_agent or _ourselves()


@cache
def _ourselves() -> str:
    try:
        return f"openaiproxy/{version('openaiproxy')}"
    except PackageNotFoundError:  # run from its source
        return "openaiproxy"


def spent(document: Document, account: Account) -> Spent:
    """What a request spends of a login."""
    headers = [(b"Authorization", b"Bearer " + document.secret.encode("ascii"))]
    if document.mode is Mode.API_KEY:
        return Spent(account.api_base, tuple(headers), document.mode, digest(document.secret))
    if document.account is not None:
        headers.append((b"ChatGPT-Account-ID", document.account.encode("ascii")))
    if document.fedramp:
        headers.append((b"X-OpenAI-Fedramp", b"true"))
    if account.residency:
        headers.append((_RESIDENCY, account.residency.encode("ascii")))
    headers.append((b"originator", account.originator.encode("ascii")))
    headers.append((b"User-Agent", user_agent(account).encode("ascii")))
    named = None if document.account is None else digest(document.account)
    return Spent(
        account.backend_base, tuple(headers), document.mode, digest(document.secret), named
    )
