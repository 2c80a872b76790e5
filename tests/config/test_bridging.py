"""What is translated, and how, as it is said."""

import pytest

from openaiproxy.bridging import Alias, Amendments, Bridging, Keep, Mode, Models, Unsupported
from openaiproxy.config.fields import get
from tests.config.world import KEY, World


@pytest.mark.parametrize(
    ("name", "raw", "field", "value"),
    [
        ("mode", "Bridge", "bridging.mode", Mode.BRIDGE),
        ("speaks", ["chat", "messages"], "upstream.speaks", ("chat", "messages")),
        ("speaks", "messages,responses", "upstream.speaks", ("messages", "responses")),
        ("default-effort", "none", "bridging.amendments.effort", "none"),
        ("default-effort", "xhigh", "bridging.amendments.effort", "xhigh"),
        ("default-summary", "detailed", "bridging.amendments.summary", "detailed"),
        ("default-verbosity", "low", "bridging.amendments.verbosity", "low"),
        ("default-tier", "priority", "bridging.amendments.tier", "priority"),
        ("web-search", "yes", "bridging.amendments.web_search", True),
        ("aliases", ["a=b:res-low"], "bridging.amendments.aliases", (Alias("a", "b", "low"),)),
        ("reasoning-suffixes", True, "bridging.amendments.suffixes", True),
        ("store", "no", "bridging.amendments.store", False),
        ("store", "caller", "bridging.amendments.store", None),
        ("cache-key", "no", "bridging.amendments.cache_key", False),
        ("unsupported", "reject", "bridging.amendments.unsupported", Unsupported.REJECT),
        ("reasoning-shown", "think", "bridging.reasoning", "think"),
        ("refuse-losses", "yes", "bridging.refuse_losses", True),
        ("keep-models", "plain", "bridging.models.keep", Keep.PLAIN),
        ("keep-models", "relay", "bridging.models", None),
        ("models-ttl", "0", "bridging.models.ttl", 0.0),
        ("models-patience", "1.5s", "bridging.models.patience", 1.5),
        ("max-read", "1MiB", "limits.read", 1 << 20),
        ("max-answer", "2MiB", "limits.answer", 2 << 20),
        ("max-event", "3MiB", "limits.event", 3 << 20),
    ],
)
def test_everything_about_bridging_can_be_said(
    name: str, raw: object, field: str, value: object
) -> None:
    assert get(World().profile(**{name: raw}), field) == value
    if isinstance(raw, str):
        variable = "OPENAIPROXY_" + name.upper().replace("-", "_")
        assert get(World(environ={variable: raw}).profile(), field) == value


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("mode", "both", "expected relay or bridge or auto"),
        ("speaks", [""], "expected at least one"),
        ("speaks", "chat chat", "expected none of them twice"),
        ("speaks", "gemini", "expected responses or chat or messages"),
        ("default-effort", "maximal", "expected none or minimal or low or medium or high or xhigh"),
        ("default-summary", "none", "expected auto or concise or detailed, or caller"),
        ("default-verbosity", "0", "expected low or medium or high, or caller"),
        ("default-tier", "gold", "or priority or fast, or caller"),
        ("web-search", "maybe", "expected yes or no"),
        ("aliases", "a", "expected NAME=MODEL"),
        ("store", "maybe", "expected yes or no, or caller"),
        ("unsupported", "keep", "expected drop or reject or pass"),
        ("keep-models", "some", "expected all or codex or plain, or relay"),
        ("models-ttl", "-1", "expected a number of seconds of 0 or more"),
        ("models-patience", "none", "expected a number of seconds of 0 or more"),
        ("reasoning-shown", "loud", "expected reasoning_content or reasoning or both or think"),
        ("max-event", "none", "expected a size in bytes"),
    ],
)
def test_a_mistake_about_bridging_is_one_line(name: str, raw: object, said: str) -> None:
    [mistake] = World().mistakes(**{name: raw})
    assert mistake.startswith(f"--{name}: expected")
    assert said in mistake


def test_a_profile_of_the_file_says_it_in_toml() -> None:
    toml = """
    [profiles.team]
    preset = "passthrough"
    mode = "bridge"
    speaks = ["chat"]
    web-search = false
    store = "caller"
    keep-models = "all"
    models-ttl = 60
    [profiles.team.aliases]
    "claude-gpt-5" = "gpt-5:res-high:sum-auto"
    """
    profile = World({"/srv/c.toml": toml}).profile(config="c.toml", profile="team")
    alias = Alias("claude-gpt-5", "gpt-5", "high", "auto")
    assert profile.upstream.speaks == ("chat",)
    assert profile.bridging == Bridging(
        Mode.BRIDGE, Amendments(aliases=(alias,)), Models(Keep.ALL, ttl=60.0)
    )


def test_a_presets_defaults_can_be_taken_back_rows_56_57() -> None:
    flags = {"web-search": "no", "default-effort": "caller", "default-summary": "caller"}
    amendments = World().profile(profile="bridge", **flags).bridging.amendments
    assert amendments == Amendments(suffixes=True)


def test_a_list_that_was_relayed_is_shown_when_one_is_asked_for() -> None:
    environ = {"OPENAI_API_KEY": KEY, "PROXY_X_API_KEY": "a-client-key"}
    world = World(environ=environ)
    assert world.profile(profile="keyed").bridging.models is None
    kept = world.profile(profile="keyed", keep_models="codex", models_ttl="5").bridging.models
    assert kept == Models(Keep.CODEX, ttl=5.0)


def test_what_a_profile_has_no_use_for_is_warned_of() -> None:
    flags = {"aliases": ["a=b"], "models_ttl": "9", "store": "caller", "cache_key": "yes"}
    relay = World().load(profile="passthrough", keep_models="relay", **flags)
    assert relay.warnings == (
        "--aliases: not used by profile passthrough, which relays requests as they are",
        "--models-ttl: not used by profile passthrough, which relays the upstream's list of models",
    )
    assert World().load(**flags).warnings == ()
    environ = {"OPENAIPROXY_ALIASES": "a=b"}
    assert World(environ=environ).load(profile="passthrough").warnings == ()
