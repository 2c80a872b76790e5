"""The profiles that come with the package, as data.

A preset is the profile that a port has when nothing else is said, and three facts that decide how
the rest is filled in: whose key goes upstream, whether callers must show one, and which customary
names in the environment it listens to. It knows nothing of flags or files:
:mod:`openaiproxy.config` reads those and lays them over the template.

``passthrough`` and ``bridge`` keep the documented contracts of sissiwup/openai-api-proxy (ports
5101 and 5102), ``keyed`` that of the FastAPI key proxy (port 18443), ``o1`` that of
simonx1/openai-o1-proxy (port 4567), ``codex`` that of codex-api-proxy (port 8765). ``simple`` keeps that of
gsbelarus/chatgpt-proxy (port 3002), as its later versions have it.
"""

from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen

from openaiproxy.bridging import Amendments, Bridging, Keep, Mode, Models
from openaiproxy.codex.account import Account
from openaiproxy.profile import (
    ClientAuth,
    Credential,
    Limits,
    Profile,
    Route,
    Simple,
    Timeouts,
    Upstream,
)

__all__ = ["PRESETS", "CredentialRule", "Preset"]


class CredentialRule(Enum):
    """Whose key goes upstream."""

    CALLER = auto()
    """Always the caller's own, even where the environment holds one."""
    SERVER = auto()
    """The server-side key, without which the port doesn't open."""
    SERVER_IF_ANY = auto()
    """The server-side key where one is configured, else the caller's own."""
    LOGIN = auto()
    """What the user's Codex login holds, an API key or tokens."""


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

# What stands before a path in place of /v1: base URLs that say it twice, or that a client made for
# another server. A longer one goes before its own beginning.
PREFIXES = (
    "/v1/v1",
    "/openai/v1/v1",
    "/openai/v1",
    "/openai",
    "/anthropic/v1/v1",
    "/anthropic/v1",
    "/anthropic",
    "/backend-api/codex/v1",
    "/backend-api/codex",
)

# Every way to write a path arrives at one.
EVERYTHING = (
    *(Route(prefix, onto="/v1", off=True, tidy=True) for prefix in PREFIXES),
    Route("/v1", tidy=True),
    Route("/", onto="/v1", tidy=True),
)

GATEWAY = Preset(
    profile=Profile(
        name="gateway",
        routes=EVERYTHING,
        upstream=Upstream(speaks=("responses", "chat")),
        bridging=Bridging(mode=Mode.AUTO, models=Models()),
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
        bridging=Bridging(models=Models(keep=Keep.PLAIN)),
    ),
    endpoint="tcp:5101:interface=127.0.0.1",
    credential=CredentialRule.CALLER,
    environment=NETWORK,
)

BRIDGE = Preset(
    profile=Profile(
        name="bridge",
        routes=EVERYTHING,
        upstream=Upstream(speaks=("responses",)),
        auth=ClientAuth(places=("x-api-key",)),
        timeouts=Timeouts(connect=10.0, first_byte=600.0, idle=600.0),
        bridging=Bridging(
            mode=Mode.BRIDGE,
            amendments=Amendments(suffixes=True, effort="medium", summary="auto", web_search=True),
            models=Models(keep=Keep.CODEX),
        ),
    ),
    endpoint="tcp:5102:interface=127.0.0.1",
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


def _each(*routes: Route) -> tuple[Route, ...]:
    """Routes below ``/v1``, beside the other ways to write their paths."""
    starts = ("/v1", "", *PREFIXES)
    return tuple(
        Route(
            start + route.path.removeprefix("/v1"),
            route.subtree,
            route.methods,
            onto=route.path,
            off=True,
            tidy=True,
        )
        for route in routes
        for start in starts
    )


# The contract is the first path alone. Clients that speak Chat to old models speak Responses to
# newer ones at the same base URL, and ask for the list of models.
O1 = Preset(
    profile=Profile(
        name="o1",
        routes=_each(
            Route("/v1/chat/completions", subtree=False, methods=frozenset({"POST"})),
            Route("/v1/responses", methods=frozenset({"GET", "HEAD", "POST", "DELETE"})),
            Route("/v1/models", methods=frozenset({"GET", "HEAD"})),
        ),
        upstream=Upstream(speaks=("responses", "chat")),
        timeouts=Timeouts(connect=600.0, first_byte=600.0, idle=600.0, client_write=600.0),
        bridging=Bridging(mode=Mode.AUTO, models=Models()),
    ),
    endpoint="tcp:4567:interface=127.0.0.1",
    credential=CredentialRule.SERVER,
    environment=NETWORK | SERVER_KEY,
)

# Codex asks its base URL how much of the account's limits is used, by paths of their own.
USAGE = tuple(
    Route(path, subtree=False, methods=frozenset({"GET", "HEAD"}), tidy=True)
    for path in (
        "/api/codex/usage",
        "/backend-api/wham/usage",
        "/backend-api/codex/usage",
        "/wham/usage",
        "/v1/api/codex/usage",
        "/v1/backend-api/wham/usage",
        "/v1/backend-api/codex/usage",
        "/v1/wham/usage",
    )
)

# The upstream is that of a login that holds an API key; the backend of ChatGPT, where its tokens are
# spent, speaks Responses alone.
CODEX = Preset(
    profile=Profile(
        name="codex",
        routes=(*USAGE, *EVERYTHING),
        upstream=Upstream(speaks=("responses", "chat")),
        credential=Credential(login=Account("")),
        auth=ClientAuth(places=("authorization", "x-api-key")),
        timeouts=Timeouts(connect=30.0, first_byte=600.0, idle=300.0),
        bridging=Bridging(mode=Mode.AUTO, models=Models()),
    ),
    endpoint="tcp:8765:interface=127.0.0.1",
    credential=CredentialRule.LOGIN,
    environment=(NETWORK - {"OPENAI_BASE_URL"})
    | {
        "CODEX_API_PROXY_CA_BUNDLE",
        "CODEX_API_PROXY_HTTPS_PROXY",
        "CODEX_API_PROXY_RESIDENCY",
        "CODEX_API_PROXY_USER_AGENT",
        "CODEX_APP_SERVER_LOGIN_CLIENT_ID",
        "CODEX_HOME",
        "CODEX_INTERNAL_ORIGINATOR_OVERRIDE",
        "CODEX_PROXY_API_KEY",
        "CODEX_PROXY_FAST",
        "CODEX_PROXY_HOST",
        "CODEX_PROXY_LOG_FORMAT",
        "CODEX_PROXY_LOG_LEVEL",
        "CODEX_PROXY_MODELS_CACHE_TTL",
        "CODEX_PROXY_PORT",
        "CODEX_PROXY_REASONING_EFFORT",
        "CODEX_PROXY_SERVICE_TIER",
        "CODEX_PROXY_VERBOSITY",
        "CODEX_REFRESH_TOKEN_URL_OVERRIDE",
    },
)

# What its clients' pages were always allowed, and what those of stock SDKs need besides.
_SIMPLE_HEADERS = (
    "Origin, X-Requested-With, Content-Type, Accept, Authorization, X-Request-Id, X-Security-Key,"
    " X-Project, OpenAI-Project, OpenAI-Organization, anthropic-version, anthropic-beta"
)
_SIMPLE_EXPOSED = (
    "X-Proxy-Request-Id, X-Incoming-Request-Id, Retry-After, X-Request-Id,"
    " x-openai-proxy-upstream-timeout-ms, x-openai-proxy-timeout-source,"
    " x-openai-proxy-requested-timeout-ms, x-openai-proxy-fetch-timeout-ms,"
    " x-openai-proxy-timeout-origin"
)

# A security key may stand in a body, a query or a form; of headers, in this one alone, as
# Authorization is for the upstream. Two times follow others unless they are said: see the
# configuration.
SIMPLE = Preset(
    profile=Profile(
        name="simple",
        routes=(
            Route("/openai"),
            Route("/openai2"),
            Route("/chatgpt", subtree=False),
            Route("/embeddings", subtree=False),
            Route("/anthropic"),
            Route("/v1/chat/completions", subtree=False),
            Route("/v1/responses", subtree=False),
            Route("/debug/runtime", subtree=False),
        ),
        auth=ClientAuth(places=("x-security-key",)),
        origins=frozenset({"*"}),
        limits=Limits(requests=32, read=70_000_000),
        timeouts=Timeouts(
            connect=30.0, first_byte=905.0, idle=905.0, total=930.0, client_idle=65.0
        ),
        cors=(
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"),
            ("Access-Control-Allow-Headers", _SIMPLE_HEADERS),
            ("Access-Control-Expose-Headers", _SIMPLE_EXPOSED),
        ),
        simple=Simple(),
    ),
    endpoint="tcp:3002:interface=127.0.0.1",
    credential=CredentialRule.SERVER_IF_ANY,
    needs_client_keys=True,
    environment=NETWORK
    | SERVER_KEY
    | {
        "ACCESS_TOKEN",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "DEFAULT_MODEL",
        "OPENAI_PROXY_KEEPALIVE_TIMEOUT_MS",
        "OPENAI_PROXY_MAX_PARALLEL_REQUESTS",
        "OPENAI_PROXY_RESPONSES_MAX_BODY_BYTES",
        "OPENAI_PROXY_SERVER_TIMEOUT_MS",
        "OPENAI_PROXY_SSE_KEEPALIVE_INTERVAL_MS",
        "OPENAI_PROXY_TRANSPORT_BODY_TIMEOUT_MS",
        "OPENAI_PROXY_TRANSPORT_CONNECT_TIMEOUT_MS",
        "OPENAI_PROXY_TRANSPORT_HEADERS_TIMEOUT_MS",
        "OPENAI_PROXY_UPSTREAM_MAX_TIMEOUT_MS",
        "OPENAI_PROXY_UPSTREAM_TIMEOUT_MS",
        "SECURITY_KEY",
    },
)

PRESETS: Mapping[str, Preset] = {
    preset.profile.name: preset
    for preset in (GATEWAY, PASSTHROUGH, BRIDGE, KEYED, O1, CODEX, SIMPLE)
}
"""Every preset, by its name; ``gateway`` is the one that opens when none is named."""
