"""What is kept of a start: options only, for the owner only."""

from pathlib import Path

import pytest

from openaiproxy.cli.saved import arguments, given, secrets_in
from openaiproxy.cli.state import State, read_state, write_state
from openaiproxy.config.settings import flags

OPTIONS = {"port": "4567", "listen": ["a=tcp:1", 'b="\\\n\x7fü'], "fast": True}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    state = State("/srv/ü", OPTIONS, ["http://127.0.0.1:1"], "12")
    write_state(tmp_path / "new" / "state", state)
    assert read_state(tmp_path / "new" / "state") == state


def test_it_is_the_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("")
    path.chmod(0o644)
    write_state(path, State("/", {}))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize("text", ["port = 1", "directory = 3", 'directory = "/"\nx = 3', "]["])
def test_what_is_no_state_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"\S"):
        read_state(path)


def test_options_come_back_as_they_were_given() -> None:
    options = {flag.name: [] if flag.repeatable else None for flag in flags()}
    options |= {"port": "0", "allow-host": ["a", "b"], "print-config": 1, "pid-file": "x"}
    saved = given(options)
    assert saved == {"port": "0", "allow-host": ["a", "b"]}
    assert arguments(saved) == ["--port=0", "--allow-host=a", "--allow-host=b"]


def test_an_option_that_is_gone_does_not_keep_a_restart_from_starting() -> None:
    assert arguments({"gone": "1", "port": "0"}) == ["--port=0"]


def test_chapter_5_defect_6_a_password_is_not_put_where_others_read_it() -> None:
    [sentence] = secrets_in({"proxy": "http://me:secret@proxy:3128", "upstream": "https://api:1"})
    assert "OPENAIPROXY_PROXY" in sentence
    assert "secret" not in sentence
