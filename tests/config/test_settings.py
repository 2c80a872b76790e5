"""The table that everything derives from."""

import pytest
from attrs import fields_dict

from openaiproxy.bridging import Amendments, Bridging, Models
from openaiproxy.config.fields import get
from openaiproxy.config.setting import Scope
from openaiproxy.config.settings import BY_FLAG, BY_NAME, SETTINGS, flags
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Config, Limits, LogPolicy, Timeouts


def test_every_setting_has_a_flag_with_help_and_print_config_is_a_switch() -> None:
    by_name = {flag.name: flag for flag in flags()}
    assert by_name.keys() == BY_FLAG.keys() | {"print-config"}
    assert BY_FLAG.keys() >= BY_NAME.keys()
    assert all(flag.help.endswith((".", "json.")) for flag in by_name.values())
    switches = {name for name, flag in by_name.items() if not flag.takes_value}
    assert switches == {"print-config", "fast", "no-fast"}
    assert {name for name, flag in by_name.items() if flag.repeatable} == {
        "listen",
        "allow-host",
        "allow-origin",
        "client-key-headers",
        "no-proxy",
        "aliases",
        "speaks",
    }


@pytest.mark.parametrize(
    ("name", "variable", "key"),
    [
        ("upstream", "OPENAIPROXY_UPSTREAM", "upstream"),
        ("max-body", "OPENAIPROXY_MAX_BODY", "max-body"),
        ("log-rotate-size", "OPENAIPROXY_LOG_ROTATE_SIZE", "rotate-size"),
    ],
)
def test_variable_and_key_derive_from_the_name(name: str, variable: str, key: str) -> None:
    assert BY_NAME[name].variable == variable
    assert BY_NAME[name].key == key


def test_names_variables_and_fields_are_each_used_once() -> None:
    variables = [name for row in SETTINGS for name in (row.variable, *row.environment)]
    assert len(variables) == len(set(variables))
    places = [row.field for row in SETTINGS if row.field]
    assert len(places) == len(set(places))
    assert len(BY_NAME) == len(SETTINGS)


def test_every_field_named_exists() -> None:
    for row in SETTINGS:
        if row.field:
            record = PRESETS["codex"].profile if row.scope is Scope.PROFILE else Config(ports=())
            get(record, row.field)


@pytest.mark.parametrize(
    ("record", "part"), [(Limits, "limits"), (Timeouts, "timeouts"), (LogPolicy, "log")]
)
def test_no_limit_or_time_is_without_a_setting(record: type, part: str) -> None:
    named = {row.field for row in SETTINGS}
    assert {f"{part}.{field}" for field in fields_dict(record)} <= named


@pytest.mark.parametrize(
    ("record", "part", "others"),
    [
        (Bridging, "bridging", {"amendments", "models"}),
        (Amendments, "bridging.amendments", set()),
        (Models, "bridging.models", {"listed"}),
    ],
)
def test_nothing_about_bridging_is_without_a_setting(
    record: type, part: str, others: set[str]
) -> None:
    named = {row.field for row in SETTINGS}
    assert {f"{part}.{field}" for field in fields_dict(record) if field not in others} <= named
