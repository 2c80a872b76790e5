"""The rows of the settings' table that say how long a port waits, and what it bears."""

from openaiproxy.config.customary import count, milliseconds
from openaiproxy.config.setting import Setting
from openaiproxy.config.values import or_none, seconds, size, whole

__all__ = ["FIRST_BYTE", "IDLE", "LIMITS", "TIMES", "TOTAL"]

FIRST_BYTE = Setting(
    "first-byte-timeout",
    seconds(),
    "timeouts.first_byte",
    "Seconds until an answer begins.",
    environment=("OPENAI_PROXY_TRANSPORT_HEADERS_TIMEOUT_MS",),
    customary=milliseconds,
)
IDLE = Setting(
    "idle-timeout",
    seconds(),
    "timeouts.idle",
    "Seconds of silence within an answer.",
    environment=("OPENAI_PROXY_TRANSPORT_BODY_TIMEOUT_MS",),
    customary=milliseconds,
)
TOTAL = Setting(
    "total-timeout",
    or_none(seconds()),
    "timeouts.total",
    "Seconds for an exchange, or none.",
    environment=("OPENAI_PROXY_SERVER_TIMEOUT_MS",),
    customary=milliseconds,
)

TIMES = (
    Setting(
        "connect-timeout",
        seconds(),
        "timeouts.connect",
        "Seconds to connect upstream.",
        environment=("OPENAI_PROXY_TRANSPORT_CONNECT_TIMEOUT_MS",),
        customary=milliseconds,
    ),
    FIRST_BYTE,
    IDLE,
    TOTAL,
    Setting(
        "client-body-timeout",
        seconds(),
        "timeouts.client_body",
        "Seconds of silence within a request body.",
    ),
    Setting(
        "client-write-timeout",
        seconds(),
        "timeouts.client_write",
        "Seconds that a client may leave an answer unread.",
    ),
    Setting(
        "keepalive",
        or_none(seconds()),
        "timeouts.keepalive",
        "Seconds of silence before an event stream gets a comment, or none.",
        environment=("OPENAI_PROXY_SSE_KEEPALIVE_INTERVAL_MS",),
        customary=milliseconds,
    ),
    Setting(
        "client-idle-timeout",
        seconds(),
        "timeouts.client_idle",
        "Seconds that a client's connection stays open between two requests.",
        environment=("OPENAI_PROXY_KEEPALIVE_TIMEOUT_MS",),
        customary=milliseconds,
    ),
)

LIMITS = (
    Setting(
        "max-body", or_none(size), "limits.body", "Largest request body, such as 1GiB, or none."
    ),
    Setting("max-read", size, "limits.read", "Largest request body that is read to be translated."),
    Setting("max-answer", size, "limits.answer", "Largest answer that is read as a whole."),
    Setting("max-event", size, "limits.event", "Largest event of a stream that is translated."),
    Setting(
        "max-requests",
        whole(1),
        "limits.requests",
        "Requests at once on a port.",
        environment=("OPENAI_PROXY_MAX_PARALLEL_REQUESTS",),
        customary=count,
    ),
)
