"""The profiles that come with the package, as data.

A preset is the profile that a port has when nothing else is said, and three facts that decide how
the rest is filled in: whose key goes upstream, whether callers must show one, and which customary
names in the environment it listens to. It knows nothing of flags or files:
:mod:`openaiproxy.config` reads those and lays them over the template.

``passthrough`` and ``keyed`` keep the documented contracts of sissiwup/openai-api-proxy (port
5101) and of the FastAPI key proxy (port 18443).
"""

from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen

from openaiproxy.profile import ClientAuth, Profile, Route, Timeouts

__all__ = ["PRESETS", "CredentialRule", "Preset"]


class CredentialRule(Enum):
    """Whose key goes upstream."""

    CALLER = auto()
    """Always the caller's own, even where the environment holds one."""
    SERVER = auto()
    """The server-side key, without which the port doesn't open."""
    SERVER_IF_ANY = auto()
    """The server-side key where one is configured, else the caller's own."""


@frozen
class Preset:
    """A profile's template, and how it is filled in.

    :param profile: everything that isn't said otherwise.
    :param endpoint: where it listens when no port is named.
    :param credential: whose key goes upstream.
    :param needs_client_keys: whether it stays shut without keys for its callers.
    :param environment: customary variables that it honours beside the ``OPENAIPROXY_`` ones.
    """

    profile: Profile
    endpoint: str
    credential: CredentialRule
    needs_client_keys: bool = False
    environment: frozenset[str] = frozenset()


NETWORK = frozenset(
    {
        "OPENAI_BASE_URL",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
    }
)

SERVER_KEY = frozenset(
    {
        "OPENAI_API_KEY",
        "OPENAI_API_KEY_FILE",
        "OPENAI_ORG_ID",
        "OPENAI_ORGANIZATION",
        "OPENAI_PROJECT_ID",
        "OPENAI_PROJECT",
        "OPENAI_PROJECT_KEY",
    }
)

GATEWAY = Preset(
    profile=Profile(
        name="gateway",
        routes=(Route("/v1"), Route("/", onto="/v1")),
    ),
    endpoint="tcp:4567:interface=127.0.0.1",
    credential=CredentialRule.SERVER_IF_ANY,
    environment=NETWORK | SERVER_KEY,
)

# A client key in Authorization would go upstream with the caller's own, so only x-api-key can hold
# one here.
PASSTHROUGH = Preset(
    profile=Profile(
        name="passthrough",
        routes=(Route("/"),),
        auth=ClientAuth(places=("x-api-key",)),
        timeouts=Timeouts(connect=10.0, first_byte=600.0, idle=600.0),
    ),
    endpoint="tcp:5101:interface=127.0.0.1",
    credential=CredentialRule.CALLER,
    environment=NETWORK,
)

KEYED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

# Its clients follow a README that has them send `Authorization: Bearer unused` beside the real
# X-API-Key.
KEYED = Preset(
    profile=Profile(
        name="keyed",
        routes=(
            Route("/v1/chat/completions", subtree=False, methods=KEYED_METHODS),
            Route("/v1/completions", subtree=False, methods=KEYED_METHODS),
            Route("/v1/embeddings", subtree=False, methods=KEYED_METHODS),
            Route("/v1/responses", methods=KEYED_METHODS),
            Route("/v1/images", methods=KEYED_METHODS),
            Route("/v1/audio", methods=KEYED_METHODS),
        ),
        auth=ClientAuth(places=("x-api-key",)),
        timeouts=Timeouts(connect=60.0),
        fixed_errors={
            401: b'{"error":"unauthorized"}',
            404: b'{"detail":"Not found"}',
            405: b'{"detail":"Method Not Allowed"}',
        },
    ),
    endpoint="tcp:18443:interface=127.0.0.1",
    credential=CredentialRule.SERVER,
    needs_client_keys=True,
    environment=NETWORK | SERVER_KEY | {"PROXY_X_API_KEY"},
)

PRESETS: Mapping[str, Preset] = {
    preset.profile.name: preset for preset in (GATEWAY, PASSTHROUGH, KEYED)
}
"""Every preset, by its name; ``gateway`` is the one that opens when none is named."""
