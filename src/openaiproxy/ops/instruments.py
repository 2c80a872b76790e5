"""The table of everything that is counted and measured, from which metrics and their documentation are made.

Names follow Prometheus' rules (https://prometheus.io/docs/practices/naming/): base units, ``_total`` on counters. Those
that begin with ``gen_ai_`` are OpenTelemetry's for generative AI, spelt as its Prometheus exporters spell them
(https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/), with the bounds that it advises.
"""

from attrs import frozen

__all__ = ["INSTRUMENTS", "Instrument"]

_WAITS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
_OWN = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
_GEN_AI_SECONDS = tuple(0.01 * 2**power for power in range(14))
_GEN_AI_TOKENS = tuple(4**power for power in range(14))


@frozen
class Instrument:
    """One metric.

    :param kind: ``counter``, ``gauge`` or ``histogram``.
    :param labels: in order.
    :param buckets: upper bounds of a histogram.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


INSTRUMENTS: tuple[Instrument, ...] = (
    Instrument(
        "openaiproxy_requests_total",
        "counter",
        "Requests that have ended.",
        ("route", "profile", "status", "client"),
    ),
    Instrument(
        "openaiproxy_error_answers_total",
        "counter",
        "Answers of 400 and above, those of our own pages left out.",
        ("status",),
    ),
    Instrument(
        "openaiproxy_requests_in_flight", "gauge", "Requests that are under way.", ("profile",)
    ),
    Instrument(
        "openaiproxy_limit",
        "gauge",
        "Configured limits: requests at once, and bytes of bodies.",
        ("profile", "what"),
    ),
    Instrument("openaiproxy_timeout_seconds", "gauge", "Configured timeouts.", ("profile", "what")),
    Instrument(
        "openaiproxy_cancelled_total", "counter", "Requests whose caller went away.", ("profile",)
    ),
    Instrument(
        "openaiproxy_truncated_total",
        "counter",
        "Answers that the upstream ended before they were finished.",
        ("profile",),
    ),
    Instrument(
        "openaiproxy_retried_total",
        "counter",
        "Times that an upstream was asked again.",
        ("profile",),
    ),
    Instrument(
        "openaiproxy_refused_total",
        "counter",
        "Requests that the proxy itself refused, and why.",
        ("profile", "code"),
    ),
    Instrument(
        "openaiproxy_upstream_errors_total",
        "counter",
        "What went wrong upstream, by kind.",
        ("profile", "kind"),
    ),
    Instrument(
        "openaiproxy_time_to_first_byte_seconds",
        "histogram",
        "From a request's head to the first byte of its answer's body, signs of life left out.",
        ("profile", "route"),
        _WAITS,
    ),
    Instrument(
        "openaiproxy_request_duration_seconds",
        "histogram",
        "From a request's head to the end of its answer.",
        ("profile", "route"),
        _WAITS,
    ),
    Instrument(
        "openaiproxy_upstream_wait_seconds",
        "histogram",
        "From the request's going up to the head of the upstream's answer.",
        ("profile",),
        _WAITS,
    ),
    Instrument(
        "openaiproxy_overhead_seconds",
        "histogram",
        "The proxy's own time in a request, without the upstream's and the caller's.",
        ("profile",),
        _OWN,
    ),
    Instrument(
        "openaiproxy_tokens_total",
        "counter",
        "Tokens: in, of which cached; out, of which reasoning.",
        ("model", "kind"),
    ),
    Instrument(
        "gen_ai_client_token_usage",
        "histogram",
        "Tokens of one call (gen_ai.client.token.usage).",
        ("gen_ai_token_type", "gen_ai_request_model"),
        _GEN_AI_TOKENS,
    ),
    Instrument(
        "gen_ai_client_operation_duration_seconds",
        "histogram",
        "Seconds that one call took (gen_ai.client.operation.duration).",
        ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"),
        _GEN_AI_SECONDS,
    ),
    Instrument(
        "openaiproxy_models_cache_total",
        "counter",
        "Questions for the list of models, and whether one at hand was shown (hit) or not (miss).",
        ("profile", "result"),
    ),
    Instrument(
        "openaiproxy_token_refreshes_total",
        "counter",
        "Renewals of a login's tokens, and what came of them (ok, failed).",
        ("profile", "result"),
    ),
    Instrument(
        "openaiproxy_upstream_limit_left",
        "gauge",
        "What an upstream said last that is left of its limits (requests, tokens).",
        ("profile", "what"),
    ),
    Instrument(
        "openaiproxy_login_used_percent",
        "gauge",
        "How much of a ChatGPT login's limits is used, as its backend said last (primary, secondary).",
        ("profile", "window"),
    ),
    Instrument("openaiproxy_uptime_seconds", "gauge", "Seconds since the process started."),
    Instrument(
        "openaiproxy_draining", "gauge", "1 while the process finishes what runs and takes no more."
    ),
)
