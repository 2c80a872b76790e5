"""How a preset's log is kept where nobody says otherwise."""

import pytest

from openaiproxy.profile import Logging
from tests.config.world import KEY, World

FILES: dict[str, str | bytes | Exception] = {"/srv/key": KEY}
USUAL = Logging(file="/srv/proxy.log")


def test_the_log_of_o1_is_rotated_each_day_and_at_1_mb_rows_125_126() -> None:
    config = World(FILES).load(profile="o1", api_key_file="key", log_file="proxy.log")
    assert (config.logging.rotate_bytes, config.logging.rotate_daily) == (1_000_000, True)
    assert config.logging.file == "/srv/proxy.log"
    assert config.origins["logging.rotate_bytes"] == "preset o1"


def test_there_is_no_file_unless_one_is_asked_for() -> None:
    assert World(FILES).load(profile="o1", api_key_file="key").logging.file is None


def test_what_is_said_counts_for_o1_too() -> None:
    world = World(FILES, {"OPENAIPROXY_LOG_ROTATE_SIZE": "2MB"})
    config = world.load(profile="o1", api_key_file="key", log_rotate_daily="no")
    assert (config.logging.rotate_bytes, config.logging.rotate_daily) == (2_000_000, False)


def test_a_profile_of_ones_own_on_o1_has_its_log() -> None:
    toml = "[profiles.mine]\npreset = 'o1'\napi-key-file = '/srv/key'"
    config = World({**FILES, "/srv/c.toml": toml}).load(config="c.toml", profile="mine")
    assert config.logging.rotate_bytes == 1_000_000


@pytest.mark.parametrize("listen", [["gateway=tcp:1"], ["gateway=tcp:1", "o1=tcp:2"]])
def test_other_ports_keep_the_usual_log(listen: list[str]) -> None:
    world = World(FILES, {"OPENAI_API_KEY_FILE": "/srv/key"})
    assert world.load(listen=listen, log_file="proxy.log").logging == USUAL


@pytest.mark.parametrize(
    ("preset", "has"), [("passthrough", True), ("bridge", True), ("gateway", False)]
)
def test_lines_on_the_console_are_of_two_presets_row_121(preset: str, has: bool) -> None:
    assert World().profile(profile=preset).log.console is has


def test_lines_on_the_console_can_be_asked_for_and_sent_away() -> None:
    assert World().profile(console_lines="yes").log.console
    assert not World().profile(profile="bridge", console_lines="no").log.console
