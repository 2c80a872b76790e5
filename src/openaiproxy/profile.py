"""What one port does, as a value.

A port's whole behaviour is read off one :class:`Profile`, top to bottom. Nothing here acts, and
nothing elsewhere asks for a profile's name: code reads the field that it needs. Secrets have no
``repr``.

Times are seconds, sizes are bytes, ``None`` is "no limit".
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from attrs import field, frozen

from openaiproxy.bridging import Bridging
from openaiproxy.codex.account import Account

__all__ = [
    "WIRE",
    "ClientAuth",
    "ClientKey",
    "Config",
    "Credential",
    "Limits",
    "LogPolicy",
    "Logging",
    "Operator",
    "Port",
    "Profile",
    "Route",
    "Simple",
    "Timeouts",
    "Upstream",
]

#: Who parses HTTP where nothing else is said: llhttp where the package that brings it is installed.
WIRE: Final = "twisted" if find_spec("httptools") is None else "ours"

ANY_METHOD: frozenset[str] | None = None


@frozen
class Route:
    """Paths that a profile offers: ``path`` itself and, with ``subtree``, everything below it.

    Paths are compared as sent, percent-encoding included, so that what is checked is what goes
    upstream.

    :param path: such as ``/v1/responses``; ``/`` with ``subtree`` is everything.
    :param methods: those offered; ``None`` is any.
    :param onto: put before the path on its way upstream (``/v1`` where the caller leaves it out).
    :param off: whether the route's own path is taken off before that (``/openai/v1`` onto ``/v1``).
    :param tidy: whether a slash at the path's end is taken off, too.
    """

    path: str
    subtree: bool = True
    methods: frozenset[str] | None = ANY_METHOD
    onto: str = ""
    off: bool = False
    tidy: bool = False


@frozen
class Upstream:
    """Where requests go.

    :param base: origin and path prefix, without a trailing ``/v1`` or slash; empty when
        ``embedded``.
    :param speaks: the dialects that it understands, the one that it is best at first:
        ``responses``, ``chat``, ``messages``.
    :param embedded: the stand-in inside the process instead of a host.
    :param proxy: URL of an HTTP(S) proxy for the way out, which may hold a password.
    :param no_proxy: upstreams that are reached without a proxy; ``proxy`` has been decided by it
        already.
    :param ca_bundle: a PEM file of the only authorities to trust; ``None`` is the platform's.
    """

    base: str = "https://api.openai.com"
    speaks: tuple[str, ...] = ("responses", "chat")
    embedded: bool = False
    proxy: str | None = field(default=None, repr=False)
    no_proxy: tuple[str, ...] = ()
    ca_bundle: str | None = None


@frozen
class Credential:
    """Whose key goes upstream.

    :param key: the server-side key; ``None`` passes on what the caller sent, untouched.
    :param organization: ``OpenAI-Organization`` to send with the key where the caller names none.
    :param project: ``OpenAI-Project``, likewise.
    :param key_file: the file that the key was read from, if it was.
    :param login: the user's Codex login, which is spent in place of any key.
    """

    key: str | None = field(default=None, repr=False)
    organization: str | None = None
    project: str | None = None
    key_file: str | None = None
    login: Account | None = None

    @property
    def is_ours(self) -> bool:
        """Whether what is spent is the proxy's, so that not everybody may."""
        return self.key is not None or self.login is not None


@frozen
class ClientKey:
    """A key that a caller may show, and the name under which it is logged."""

    name: str
    secret: str = field(repr=False)


@frozen
class ClientAuth:
    """Who may call. Without keys, anyone who reaches the port.

    :param places: lower-case header names in which a key is accepted; ``authorization`` means a
        Bearer token.
    :param keys_file: the file that the keys were read from, if they were.
    """

    keys: tuple[ClientKey, ...] = ()
    places: tuple[str, ...] = ("authorization", "x-api-key", "api-key")
    keys_file: str | None = None


@frozen
class Limits:
    """What a port bears.

    :param body: bytes of a request body; more is answered 413.
    :param read: bytes of a request body that is held and read, once decompressed; likewise.
    :param answer: bytes of an answer that is held to be read whole; more is answered 502.
    :param event: bytes of one event of a stream that is read; more ends the stream with an error.
    :param requests: requests at once; more is answered 503.
    :param rate: requests in a minute of one client key, or of one address where no keys are asked for; more is
        answered 429. ``None`` for any number.
    :param burst: of these, how many may come at once after some quiet; ``None`` for a minute's.
    """

    body: int | None = 1 << 30
    read: int = 64 << 20
    answer: int = 64 << 20
    event: int = 16 << 20
    requests: int = 4096
    rate: float | None = None
    burst: int | None = None


@frozen
class Timeouts:
    """How long each wait may last.

    :param connect: until the upstream (or the proxy before it) accepts the connection.
    :param first_byte: from the last byte sent upstream until the answer's head.
    :param idle: between bytes of an answer.
    :param total: for the whole exchange; ``None`` by default, as streams may be long.
    :param client_body: between bytes of a request body.
    :param client_write: that a client may leave a full buffer unread.
    :param client_idle: that a client's connection stays open between two requests.
    :param keepalive: silence of an event stream after which a comment is sent; ``None`` for never.
    """

    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 600.0
    total: float | None = None
    client_body: float = 20.0
    client_write: float = 600.0
    client_idle: float = 75.0
    keepalive: float | None = 15.0


@frozen
class LogPolicy:
    """What is written of a port's traffic beyond the line per request.

    :param payload_file: file for bodies, both ways; ``None`` (the default) keeps none.
    :param payload_chars: characters kept of one body.
    :param console: whether two lines for each request to a model go to the process's standard output.
    :param payload_ring: bytes of the last bodies that are held in memory for the operator's status page; ``None`` (the
        default) holds none.
    """

    payload_file: str | None = None
    payload_chars: int = 20_000
    console: bool = False
    payload_ring: int | None = None


@frozen
class Simple:
    """The simplified endpoints: a key in the body, one question, one answer.

    :param model: of a prompt that names none.
    :param anthropic: where Anthropic's endpoints go.
    :param anthropic_key: the server-side key for it; ``None`` takes the caller's own alone.
    :param timeout: seconds that the upstream has for an answer where the caller names none.
    :param longest: the most that a caller may name.
    :param responses_body: bytes of a request body of ``/v1/responses``.
    :param spool: bytes of a form that are put aside until its key is found.
    """

    model: str = "gpt-5.4-mini"
    anthropic: Upstream = Upstream("https://api.anthropic.com", speaks=("messages",))
    anthropic_key: str | None = field(default=None, repr=False)
    timeout: float = 600.0
    longest: float = 900.0
    responses_body: int = 70_000_000
    spool: int = 128 << 20


@frozen
class Profile:
    """One port's behaviour.

    :param name: for logs and messages only.
    :param hosts: names (lower case, no port) accepted in ``Host`` beside loopback's, where the
        Host rule holds.
    :param origins: values of ``Origin`` that may call from a web page; ``*`` is any.
    :param health_model: asked by the deep check of health, which costs a few tokens.
    :param fixed_errors: whole bodies that a status is answered with, where a profile's contract
        has its own.
    :param cors: headers of every answer where any page may call, likewise.
    :param bridging: what is translated, and how.
    :param simple: the simplified endpoints, where they stand; then nothing else does.
    """

    name: str
    routes: tuple[Route, ...]
    upstream: Upstream = Upstream()
    credential: Credential = Credential()
    auth: ClientAuth = ClientAuth()
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    log: LogPolicy = LogPolicy()
    bridging: Bridging = field(factory=Bridging)
    fixed_errors: Mapping[int, bytes] = field(factory=dict)
    cors: tuple[tuple[str, str], ...] = ()
    simple: Simple | None = None
    health_model: str = "gpt-5-nano"


@frozen
class Port:
    """A profile and the Twisted endpoint that it listens on (``tcp:80:interface=127.0.0.1``)."""

    endpoint: str
    profile: Profile


@frozen
class Logging:
    """Where the process's own lines go.

    :param file: ``None`` leaves them to twistd's log.
    :param format: ``text`` or ``json``.
    :param level: the least that is written: ``debug``, ``info``, ``warn`` or ``error``.
    :param rotate_bytes: size at which the file is rotated; ``None`` for never.
    :param rotate_daily: whether midnight rotates it as well.
    :param keep: rotated files kept.
    """

    file: str | None = None
    format: str = "text"
    level: str = "info"
    rotate_bytes: int | None = 10_000_000
    rotate_daily: bool = True
    keep: int = 14


@frozen
class Operator:
    """What is for the operator alone.

    :param listen: Twisted endpoint of a port of its own; ``None`` opens none.
    :param token: the admin token, which also opens the operator's pages on the other ports; without it they have none,
        and the operator's own port is on loopback.
    :param token_file: the file that it was read from, if it was.
    """

    listen: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None


@frozen
class Config:
    """Everything that the process was told.

    :param wire: who parses HTTP on both sides: ``ours`` (on llhttp) or ``twisted`` (in Python).
    :param drain: seconds that running answers are given after SIGTERM.
    :param workers: processes that serve beside the first; 0 leaves that to the first itself, ``None`` is one for each
        core.
    :param warnings: sentences for the operator about what is allowed but may not be meant.
    :param presets: the preset that each profile was made from, by the profile's name.
    :param origins: where each value came from, by dotted key: ``profiles.keyed.upstream``,
        ``logging.file``.
    """

    ports: tuple[Port, ...]
    logging: Logging = Logging()
    operator: Operator = Operator()
    wire: str = WIRE
    drain: float = 30.0
    workers: int | None = 0
    warnings: tuple[str, ...] = ()
    presets: Mapping[str, str] = field(factory=dict)
    origins: Mapping[str, str] = field(factory=dict)
