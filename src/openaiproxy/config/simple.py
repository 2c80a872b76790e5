"""The rows of the settings' table that say how the simplified endpoints stand.

Their customary variables are those of chatgpt-proxy (see :mod:`openaiproxy.config.customary`).
"""

from openaiproxy.config.customary import count, milliseconds
from openaiproxy.config.setting import Setting
from openaiproxy.config.urls import upstream_url
from openaiproxy.config.values import header_value, seconds, size

__all__ = ["ANTHROPIC_UPSTREAM", "LONGEST", "SIMPLE"]

ANTHROPIC_UPSTREAM = Setting(
    "anthropic-upstream",
    upstream_url,
    "simple.anthropic.base",
    "URL that Anthropic's endpoints go to, or embedded.",
    environment=("ANTHROPIC_BASE_URL",),
    shown=False,
)
LONGEST = Setting(
    "longest-upstream-timeout",
    seconds(),
    "simple.longest",
    "Most seconds that a caller may name for an answer.",
    environment=("OPENAI_PROXY_UPSTREAM_MAX_TIMEOUT_MS",),
    customary=milliseconds,
)

SIMPLE = (
    Setting(
        "default-model",
        header_value,
        "simple.model",
        "Model of a prompt that names none.",
        environment=("DEFAULT_MODEL",),
    ),
    ANTHROPIC_UPSTREAM,
    Setting(
        "upstream-timeout",
        seconds(),
        "simple.timeout",
        "Seconds for an answer where the caller names none.",
        environment=("OPENAI_PROXY_UPSTREAM_TIMEOUT_MS",),
        customary=milliseconds,
    ),
    LONGEST,
    Setting(
        "max-responses-body",
        size,
        "simple.responses_body",
        "Largest request body of /v1/responses.",
        environment=("OPENAI_PROXY_RESPONSES_MAX_BODY_BYTES",),
        customary=count,
    ),
    Setting(
        "max-form-aside",
        size,
        "simple.spool",
        "Most of a form that is put aside until its key is found.",
    ),
)
"""What only means something where these endpoints stand."""
