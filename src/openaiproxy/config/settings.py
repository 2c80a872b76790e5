"""The table of everything that can be set.

A row is the one place that knows a setting's name, how its value is read, and where it ends up.
twistd's flags, the variables, the keys of the configuration file and the printed configuration are
derived from it:

* the flag is ``--NAME``; a repeatable one collects a list;
* the variable is ``OPENAIPROXY_NAME``, then the customary names, in order (which of those a profile
  honours is its preset's affair);
* the TOML key is ``NAME``: in ``[profiles.X]``, at the top level, in ``[logging]`` without its
  ``log-``, or in ``[operator]`` without its ``operator-``.

The order of rows is the order in which they are printed.
"""

from collections.abc import Mapping
from functools import partial

from openaiproxy.config.bridging import FAST, MODELS, SPEAKS, TRANSLATING
from openaiproxy.config.login import LOGIN
from openaiproxy.config.setting import Flag, Scope, Setting
from openaiproxy.config.simple import SIMPLE
from openaiproxy.config.times import LIMITS, TIMES
from openaiproxy.config.urls import proxy_url, upstream_url
from openaiproxy.config.values import (
    choice,
    endpoint,
    file_path,
    header_names,
    header_value,
    host_name,
    level,
    listed,
    listens,
    name,
    or_none,
    origin,
    refused,
    seconds,
    size,
    unordered,
    whole,
    wire,
    yes_no,
)

__all__ = [
    "ADMIN_TOKEN",
    "ADMIN_TOKEN_FILE",
    "ANTHROPIC_KEY",
    "API_KEY",
    "API_KEY_FILE",
    "BY_FLAG",
    "BY_NAME",
    "CA_BUNDLE",
    "CLIENT_KEY",
    "CLIENT_KEYS",
    "CLIENT_KEYS_FILE",
    "CONFIG",
    "HOST",
    "LISTEN",
    "NO_PROXY",
    "OPERATOR_LISTEN",
    "OPERATOR_PORT",
    "ORGANIZATION",
    "PORT",
    "PROFILE",
    "PROJECT",
    "PROXY",
    "SETTINGS",
    "UPSTREAM",
    "flags",
]

_command = partial(Setting, scope=Scope.COMMAND, field="")
_process = partial(Setting, scope=Scope.PROCESS)
_logging = partial(Setting, scope=Scope.LOGGING)
_operator = partial(Setting, scope=Scope.OPERATOR)
_secret = partial(
    Setting,
    parse=refused,
    field="",
    help="Refused: a key comes from the environment or a file.",
    scope=Scope.SECRET,
    shown=False,
)

PROFILE = _process(
    "profile",
    name,
    "",
    "Profile of the one port: gateway, passthrough, bridge, keyed, o1, codex, simple, or your own.",
)
PORT = _process(
    "port",
    whole(0, 65535),
    "",
    "TCP port of the one port; 0 takes a free one.",
    environment=("CODEX_PROXY_PORT",),
)
HOST = _process(
    "host",
    host_name,
    "",
    "Address that the one port listens on, 127.0.0.1 unless said.",
    environment=("CODEX_PROXY_HOST",),
)
LISTEN = _command(
    "listen",
    listens,
    help="PROFILE=ENDPOINT: open that profile on a Twisted endpoint. Repeatable.",
    repeatable=True,
)
CONFIG = _command("config", file_path, help="TOML file of profiles, ports and settings.")

API_KEY = _secret("api-key", environment=("OPENAI_API_KEY",))
CLIENT_KEYS = _secret("client-keys")
CLIENT_KEY = _secret(
    "client-key", environment=("PROXY_X_API_KEY", "SECURITY_KEY", "CODEX_PROXY_API_KEY")
)
ANTHROPIC_KEY = _secret("anthropic-key", environment=("ANTHROPIC_API_KEY",))
ADMIN_TOKEN = _secret("admin-token", environment=("ACCESS_TOKEN",))

UPSTREAM = Setting(
    "upstream",
    upstream_url,
    "upstream.base",
    "URL that requests go to, or embedded for the stand-in inside the process.",
    environment=("OPENAI_BASE_URL",),
    shown=False,
)
API_KEY_FILE = Setting(
    "api-key-file",
    file_path,
    "credential.key_file",
    "File that holds the server-side key.",
    environment=("OPENAI_API_KEY_FILE",),
    shown=False,
)
ORGANIZATION = Setting(
    "organization",
    or_none(header_value),
    "credential.organization",
    "OpenAI-Organization sent with the server-side key.",
    environment=("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"),
)
PROJECT = Setting(
    "project",
    or_none(header_value),
    "credential.project",
    "OpenAI-Project sent with the server-side key.",
    environment=("OPENAI_PROJECT_ID", "OPENAI_PROJECT", "OPENAI_PROJECT_KEY"),
)
CLIENT_KEYS_FILE = Setting(
    "client-keys-file",
    file_path,
    "auth.keys_file",
    "File of keys that callers may show: lines of NAME = KEY.",
    shown=False,
)
CLIENT_KEY_HEADERS = Setting(
    "client-key-headers",
    header_names,
    "auth.places",
    "Headers in which a caller's key is accepted. Repeatable.",
    repeatable=True,
)
ALLOW_HOST = Setting(
    "allow-host",
    unordered(host_name),
    "hosts",
    "Name accepted in Host beside loopback's. Repeatable.",
    repeatable=True,
)
ALLOW_ORIGIN = Setting(
    "allow-origin",
    unordered(origin),
    "origins",
    "Origin of web pages that may call, or *. Repeatable.",
    repeatable=True,
)
PROXY = Setting(
    "proxy",
    or_none(proxy_url),
    "upstream.proxy",
    "URL of an HTTP(S) proxy for the way out, or none.",
    environment=(
        "CODEX_API_PROXY_HTTPS_PROXY",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
    ),
    shown=False,
)
NO_PROXY = Setting(
    "no-proxy",
    listed(str),
    "upstream.no_proxy",
    "Upstream reached without a proxy: host, .domain, address, network, or *. Repeatable.",
    environment=("NO_PROXY", "no_proxy"),
    repeatable=True,
)
CA_BUNDLE = Setting(
    "ca-bundle",
    or_none(file_path),
    "upstream.ca_bundle",
    "PEM file of the only authorities to trust.",
    environment=("CODEX_API_PROXY_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
)

_PAYLOADS = (
    Setting(
        "payload-log",
        or_none(file_path),
        "log.payload_file",
        "File for bodies, both ways, or none.",
    ),
    Setting("payload-chars", whole(1), "log.payload_chars", "Characters kept of one body."),
    Setting(
        "console-lines",
        yes_no,
        "log.console",
        "Whether a line goes to standard output when a request begins, and one when it ends: yes or no.",
    ),
    Setting(
        "payload-ring",
        or_none(size),
        "log.payload_ring",
        "Bytes of the last bodies held in memory for the status page, such as 4MiB, or none.",
    ),
)

_PROCESS = (
    _process("drain", seconds(0), "drain", "Seconds that running answers get after SIGTERM."),
    _process(
        "workers",
        or_none(whole(0, 512), "auto"),
        "workers",
        "Processes that serve, or auto for one each core; 0 is the first alone.",
        absent="auto",
    ),
    _process("wire", wire, "wire", "Who parses HTTP: ours, on llhttp, or twisted."),
    _logging(
        "log-file",
        or_none(file_path),
        "logging.file",
        "File for the log; none leaves it to twistd.",
    ),
    _logging(
        "log-format",
        choice("text", "json"),
        "logging.format",
        "Lines of the log file: text or json.",
        environment=("CODEX_PROXY_LOG_FORMAT",),
    ),
    _logging(
        "log-level",
        level,
        "logging.level",
        "The least that the log file is told: debug, info, warn or error.",
        environment=("CODEX_PROXY_LOG_LEVEL",),
    ),
    _logging(
        "log-rotate-size",
        or_none(size),
        "logging.rotate_bytes",
        "Size at which the log is rotated, or none.",
    ),
    _logging(
        "log-rotate-daily",
        yes_no,
        "logging.rotate_daily",
        "Whether midnight rotates it: yes or no.",
    ),
    _logging("log-keep", whole(1), "logging.keep", "Rotated logs kept."),
)

OPERATOR_PORT = _operator(
    "operator-port",
    whole(0, 65535),
    "",
    "TCP port on 127.0.0.1 for health, metrics and status alone.",
)
OPERATOR_LISTEN = _operator(
    "operator-listen",
    or_none(endpoint),
    "operator.listen",
    "Twisted endpoint of that port, or none.",
)
ADMIN_TOKEN_FILE = _operator(
    "admin-token-file",
    file_path,
    "operator.token_file",
    "File that holds the admin token, for the operator's pages.",
    shown=False,
)
HEALTH_MODEL = Setting(
    "health-model",
    header_value,
    "health_model",
    "Model that /health?deep=1 asks.",
)

SETTINGS: tuple[Setting, ...] = (
    PROFILE,
    PORT,
    HOST,
    LISTEN,
    CONFIG,
    API_KEY,
    CLIENT_KEYS,
    CLIENT_KEY,
    ANTHROPIC_KEY,
    ADMIN_TOKEN,
    *_PROCESS,
    OPERATOR_PORT,
    OPERATOR_LISTEN,
    ADMIN_TOKEN_FILE,
    UPSTREAM,
    API_KEY_FILE,
    ORGANIZATION,
    PROJECT,
    CLIENT_KEYS_FILE,
    CLIENT_KEY_HEADERS,
    ALLOW_HOST,
    ALLOW_ORIGIN,
    PROXY,
    NO_PROXY,
    CA_BUNDLE,
    *LOGIN,
    SPEAKS,
    FAST,
    *TRANSLATING,
    *MODELS,
    *SIMPLE,
    *TIMES,
    *LIMITS,
    *_PAYLOADS,
    HEALTH_MODEL,
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
BY_FLAG: Mapping[str, Setting] = {
    flag.name: setting for setting in SETTINGS for flag in setting.flags
}


def flags() -> tuple[Flag, ...]:
    """Every flag.

    Those that refuse are among them, lest getopt take ``--api-key`` for ``--api-key-file``.
    """
    switch = Flag("print-config", "Print the effective configuration and end.", takes_value=False)
    return (*(flag for row in SETTINGS for flag in row.flags), switch)
