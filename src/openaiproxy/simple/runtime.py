"""What ``GET /debug/runtime`` shows: how this port is set, without a secret, a host or a path."""

import platform
from typing import Any

from openaiproxy.profile import Profile
from openaiproxy.simple.endpoints import ENDPOINTS
from openaiproxy.simple.stock import STOCK_PATHS
from openaiproxy.wire.json import dumps

__all__ = ["runtime_body"]

_OTHERS = ("/openai/audio/transcriptions", *sorted(path.decode() for path in STOCK_PATHS))


def runtime_body(profile: Profile, running: int) -> bytes:
    """The document.

    :param profile: with ``simple``.
    :param running: requests under way.
    """
    return dumps(
        {
            "runtime": {"name": "openaiproxy", "python": platform.python_version()},
            "timeouts": _timeouts(profile),
            "limits": {
                "maxParallelRequests": profile.limits.requests,
                "parallelRequests": running,
                "maxBodyBytes": profile.limits.body,
            },
            "requestIds": {
                "response": "X-Proxy-Request-Id",
                "incoming": "x-request-id",
                "echo": "X-Incoming-Request-Id",
            },
            "retryPolicies": _policies(),
        }
    )


def _timeouts(profile: Profile) -> dict[str, Any]:
    simple, timeouts = profile.simple, profile.timeouts
    assert simple is not None, "only a port with these endpoints shows them"
    seconds = {
        "upstreamTimeoutMs": simple.timeout,
        "upstreamMaxTimeoutMs": simple.longest,
        "connectTimeoutMs": timeouts.connect,
        "headersTimeoutMs": timeouts.first_byte,
        "bodyTimeoutMs": timeouts.idle,
        "serverTimeoutMs": timeouts.total,
        "sseKeepaliveIntervalMs": timeouts.keepalive,
    }
    return {name: None if each is None else round(each * 1000) for name, each in seconds.items()}


def _policies() -> list[dict[str, Any]]:
    rows = [(f"{each.method} {each.path.replace('*', ':id')}", each.retries) for each in ENDPOINTS]
    rows += [(f"POST {path}", 0) for path in _OTHERS]
    return [
        {
            "endpoint": endpoint,
            "policy": "retry" if retries else "none",
            "requestSafety": "safe" if retries else "unsafe",
            "idempotent": bool(retries),
            "maxRetries": retries,
        }
        for endpoint, retries in rows
    ]
