"""What is counted and measured, in a registry of the process's own.

One request is told once, when it has ended, as the value of its line (:class:`~openaiproxy.ops.access.Exchanged`);
nothing is counted while it runs. Names, labels and bounds stand in :mod:`~openaiproxy.ops.instruments`; every label's
value is one of a bounded number (:mod:`~openaiproxy.ops.labels`), and beyond a number of combinations all further ones
are counted together, so that a registry has an upper size whoever calls. No key, path, header value or address is
among the values.

The series that most requests of a kind are counted in are held here by what tells the kind: to find them anew takes
longer than counting.
"""

from collections.abc import Callable, Iterable, Mapping

from attrs import asdict, frozen
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from openaiproxy.codex.limits import Limits
from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.instruments import INSTRUMENTS
from openaiproxy.ops.kinds import upstream_kind
from openaiproxy.ops.labels import OTHER, Models, Names, named_models, status_class
from openaiproxy.ops.routes import CREATES, OURS
from openaiproxy.ops.series import Bins, Family, Number
from openaiproxy.profile import Profile
from openaiproxy.wire.headers import Field

__all__ = ["Metrics"]

_MOST_WAYS = 1000
#: Fields in which upstreams tell what is left of their limits.
_LEFT: Mapping[bytes, str] = {
    b"x-ratelimit-remaining-requests": "requests",
    b"x-ratelimit-remaining-tokens": "tokens",
    b"anthropic-ratelimit-requests-remaining": "requests",
    b"anthropic-ratelimit-tokens-remaining": "tokens",
    b"anthropic-ratelimit-input-tokens-remaining": "input_tokens",
    b"anthropic-ratelimit-output-tokens-remaining": "output_tokens",
}
_LONGEST_NUMBER = 15


@frozen
class _Way:
    """The series that most requests of one kind are counted in."""

    profile: str
    requests: Number
    duration: Bins
    first_byte: Bins
    waited: Bins
    overhead: Bins


@frozen
class _Spent:
    """Those that a model's tokens are counted in."""

    input: Number
    output: Number
    each_in: Bins
    each_out: Bins
    cached: Number
    reasoning: Number


class Metrics:
    """All of them.

    :param profiles: those of the ports, whose names and clients' names may be labels.
    :param seconds: the clock.
    :ivar models: the labels of models.
    :ivar draining: whether the process takes no more requests.
    """

    def __init__(self, profiles: Iterable[Profile], seconds: Callable[[], float]) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.models = Models()
        self.draining = False
        self._seconds = seconds
        self._started = seconds()
        self._families = {made.name: Family(made) for made in INSTRUMENTS}
        for family in self._families.values():
            self.registry.register(family)
        self._profiles = Names()
        self._clients = Names([""])
        self._codes = Names(grows=True)
        self._kinds = Names(grows=True)
        self._providers: dict[str, str] = {}
        self._running: dict[str, list[Callable[[], int]]] = {}
        self._ways: dict[tuple[str, str, str, str], _Way] = {}
        self._spent: dict[str, _Spent] = {}
        self._of("uptime_seconds").read = self.uptime
        self._of("draining").read = lambda: float(self.draining)
        self.learn(profiles)

    def learn(self, profiles: Iterable[Profile]) -> None:
        """Make profiles known, those of the start or of another configuration, and all that they name."""
        for profile in profiles:
            self.models.learn(named_models((profile,)))
            self._profiles.learn((profile.name,))
            self._clients.learn(key.name for key in profile.auth.keys)
            anthropic = profile.upstream.speaks[:1] == ("messages",)
            self._providers[profile.name] = "anthropic" if anthropic else "openai"
            self._prepare(profile)

    def _prepare(self, profile: Profile) -> None:
        """Values of the configuration, and the counters that a rate must find at 0."""
        name = self._profiles.label(profile.name)
        self._set_all("limit", name, asdict(profile.limits))
        self._set_all("timeout_seconds", name, asdict(profile.timeouts))
        for each in ("cancelled_total", "truncated_total", "retried_total"):
            self._of(each, name)

    def _set_all(self, name: str, profile: str, values: Mapping[str, float | None]) -> None:
        for what, value in values.items():
            if value is not None:
                self._of(name, profile, what).value = value

    def uptime(self) -> float:
        """Seconds since the start."""
        return self._seconds() - self._started

    # What happens.

    def observe(self, said: Exchanged) -> str:
        """Count a request that has ended.

        :returns: the label of its model.
        """
        way = self._way(said)
        profile, status = way.profile, said.status
        way.requests.value += 1
        way.duration.observe(said.duration)
        if said.first_byte is not None:
            way.first_byte.observe(said.first_byte)
        if said.overhead is not None:
            way.overhead.observe(said.overhead)
        if said.waited is not None:
            way.waited.observe(said.waited)
        if status is not None and status >= 400 and said.route not in OURS:
            self._of("error_answers_total", str(status) if status < 600 else OTHER).value += 1
        if said.ending == "refused":
            self._of("refused_total", profile, self._codes.label(said.code or OTHER)).value += 1
        if said.retries:
            self._of("retried_total", profile).value += said.retries
        kind = upstream_kind(said)
        error = "" if kind is None else self._kinds.label(kind)
        self._note_ending(said, profile, error)
        return self._note_model(said, profile, error)

    def _way(self, said: Exchanged) -> _Way:
        key = (said.route, said.profile, status_class(said.status), said.client)
        way = self._ways.get(key)
        if way is not None:
            return way
        profile, client = self._profiles.label(said.profile), self._clients.label(said.client)
        way = _Way(
            profile,
            self._of("requests_total", key[0], profile, key[2], client),
            self._bins("request_duration_seconds", profile, said.route),
            self._bins("time_to_first_byte_seconds", profile, said.route),
            self._bins("upstream_wait_seconds", profile),
            self._bins("overhead_seconds", profile),
        )
        if len(self._ways) < _MOST_WAYS and (profile, client) == (said.profile, said.client):
            self._ways[key] = way
        return way

    def _note_ending(self, said: Exchanged, profile: str, error: str) -> None:
        if said.ending == "client-gone":
            self._of("cancelled_total", profile).value += 1
        elif said.truncated:
            self._of("truncated_total", profile).value += 1
        if error:
            self._of("upstream_errors_total", profile, error).value += 1

    def _note_model(self, said: Exchanged, profile: str, error: str) -> str:
        proven = said.upstream_status is not None and said.upstream_status < 400
        model = self.models.label(said.model, proven=proven)
        operation = CREATES.get(said.route)
        if operation is None or said.upstream_status is None:
            return model
        provider = self._providers.get(profile, OTHER)
        duration = self._families["gen_ai_client_operation_duration_seconds"]
        duration.bins(operation, provider, model, error).observe(said.duration)
        if said.tokens_in is not None or said.tokens_out is not None:
            self._note_tokens(said, model)
        return model

    def _note_tokens(self, said: Exchanged, model: str) -> None:
        spent = self._spent.get(model)
        if spent is None:
            usage = self._families["gen_ai_client_token_usage"]
            spent = self._spent[model] = _Spent(
                self._of("tokens_total", model, "in"),
                self._of("tokens_total", model, "out"),
                usage.bins("input", model),
                usage.bins("output", model),
                self._of("tokens_total", model, "cached"),
                self._of("tokens_total", model, "reasoning"),
            )
        spent.input.value += said.tokens_in or 0
        spent.output.value += said.tokens_out or 0
        spent.each_in.observe(said.tokens_in or 0)
        spent.each_out.observe(said.tokens_out or 0)
        if said.tokens_cached:
            spent.cached.value += said.tokens_cached
        if said.tokens_reasoning:
            spent.reasoning.value += said.tokens_reasoning

    def note_left(self, profile: str, fields: Iterable[Field]) -> None:
        """Note what an upstream says is left of its limits.

        :param fields: of its answer.
        """
        for name, value in fields:
            if b"ratelimit" not in name.lower():
                continue
            what = _LEFT.get(name.lower())
            if what is not None and value.isdigit() and len(value) <= _LONGEST_NUMBER:
                left = self._of("upstream_limit_left", self._profiles.label(profile), what)
                left.value = int(value)

    def note_used(self, profile: str, limits: Limits | None) -> None:
        """Note how much of a login's limits is used.

        :param limits: ``None`` where nothing was said of them.
        """
        for name in ("primary", "secondary"):
            window = None if limits is None else getattr(limits, name)
            if window is not None:
                used = self._of("login_used_percent", self._profiles.label(profile), name)
                used.value = window.used

    def note_models(self, profile: str, *, hit: bool) -> None:
        """Count a question for the list of models."""
        result = "hit" if hit else "miss"
        self._of("models_cache_total", self._profiles.label(profile), result).value += 1

    def note_refresh(self, profile: str, *, ok: bool) -> None:
        """Count a renewal of a login's tokens."""
        result = "ok" if ok else "failed"
        self._of("token_refreshes_total", self._profiles.label(profile), result).value += 1

    def count_running(self, profile: str, count: Callable[[], int]) -> None:
        """Have the requests of a port counted among those of its profile whenever somebody looks."""
        name = self._profiles.label(profile)
        ports = self._running.setdefault(name, [])
        ports.append(count)
        self._of("requests_in_flight", name).read = lambda: sum(each() for each in ports)

    def running(self) -> Mapping[str, int]:
        """Requests under way, by profile."""
        return {name: sum(each() for each in ports) for name, ports in self._running.items()}

    def text(self) -> bytes:
        """All of it in Prometheus' text format, version 0.0.4."""
        return generate_latest(self.registry)

    def _of(self, name: str, *values: str) -> Number:
        return self._families["openaiproxy_" + name].of(*values)

    def _bins(self, name: str, *values: str) -> Bins:
        return self._families["openaiproxy_" + name].bins(*values)
