"""Each command where its pid file or its state file is missing, broken, or somebody else's. As processes.

Whatever stands there, a command says in a line what is wrong, has the exit code of one that failed, shows no traceback,
and leaves a file that is not the proxy's as it is.
"""

from pathlib import Path

import pytest

from tests.cli.test_command_line import EMBEDDED, Home, home, urls

__all__ = ["home"]

OTHERS = '[model_providers.mine]\nbase_url = "http://127.0.0.1:4567"\n'


def spoil(path: Path, how: str) -> None:
    """Put something in a file's place."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    match how:
        case "broken":
            path.write_bytes(b"directory = \xff\x00[")
        case "somebody's":
            path.write_text(OTHERS)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(path.with_name("elsewhere"))
        case "odd values":
            path.write_text('directory = "/"\nports = ["no url"]\nstarted = "soon"\n')


def kept(path: Path) -> object:
    """What stands there, to see that it still does."""
    if path.is_symlink() or path.is_dir():
        return path.stat(follow_symlinks=False).st_ino
    return path.read_bytes() if path.exists() else None


def shown(ended: object) -> str:
    text: str = ended.stdout + ended.stderr  # type: ignore[attr-defined]
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("how", ["broken", "somebody's", "folder", "link"])
def test_no_command_takes_another_file_for_its_pid_file(home: Home, how: str) -> None:
    spoil(home.pid_file, how)
    before = kept(home.pid_file)
    for command in (["start", *EMBEDDED], ["stop"], ["status"], ["doctor", *EMBEDDED]):
        ended = home.run(*command, *(["--skip-upstream"] if command[0] == "doctor" else []))
        assert ended.returncode == 1, command
        assert str(home.pid_file) in shown(ended)
        assert kept(home.pid_file) == before


@pytest.mark.parametrize("how", ["broken", "somebody's", "folder", "odd values"])
def test_no_command_takes_another_file_for_its_state_file(home: Home, how: str) -> None:
    state = home.folder / "config.toml"
    spoil(state, how)
    before = kept(state)
    for command in (["start", *EMBEDDED], ["restart"], ["doctor", "--skip-upstream", *EMBEDDED]):
        ended = home.run(*command)
        assert ended.returncode == 1, command
        assert str(state) in shown(ended)
        assert kept(state) == before
    assert not home.pid_file.exists(), "nothing was started"
    stopped = home.run("status")
    assert (stopped.returncode, stopped.stdout) == (1, "openaiproxy stopped\n")
    assert home.run("stop", "--state-file", str(state)).returncode == 0


@pytest.mark.parametrize("how", ["missing", "broken", "somebody's", "odd values"])
def test_a_process_whose_ports_are_not_known_is_said_to_run_and_not_to_answer(
    home: Home, how: str
) -> None:
    [url] = urls(home.run("start", *EMBEDDED).stdout)
    pid, state = home.pid, home.folder / "config.toml"
    spoil(state, how)
    for more in ([], ["--verbose"]):
        status = home.run("status", *more)
        assert status.returncode == 1, "nobody has seen it answer"
        assert status.stdout.startswith(f"openaiproxy running with pid {pid}\n")
        assert str(state) in status.stderr
        assert "its ports are not known, and were not asked" in status.stderr
        assert "Traceback" not in status.stderr
    assert home.run("status", "--url", url).returncode == 0
    restarted = home.run("restart")
    assert (restarted.returncode, home.pid) == (1, pid), "it goes on as it is"
    assert str(state) in shown(restarted)
    stopped = home.run("stop", "--state-file", str(state))
    assert (stopped.returncode, stopped.stdout) == (0, f"openaiproxy stopped pid {pid}\n")


def test_a_pid_beyond_all_is_nobodys(home: Home) -> None:
    home.folder.mkdir()
    for command in (["status"], ["stop"]):
        home.pid_file.write_text(f"{1 << 60}\n")
        ended = home.run(*command)
        assert "Traceback" not in ended.stderr
        assert "stale pid file" in ended.stderr


def test_an_options_value_of_the_wrong_kind_is_a_mistake_and_not_a_fall(home: Home) -> None:
    home.folder.mkdir()
    state = home.folder / "config.toml"
    for rows in ('port = ["1", "2"]', "listen = true", "upstream = false", 'config = ["x"]'):
        state.write_text(f'directory = "/"\n{rows}\n')
        ended = home.run("restart", "--print-config")
        assert "Traceback" not in ended.stderr, rows
        assert ended.returncode in (1, 2), rows


def test_a_folder_that_can_not_be_written_is_said(home: Home) -> None:
    blocked = home.path / "file"
    blocked.write_text("")
    for name in ("pid-file", "state-file", "output"):
        ended = home.run("start", *EMBEDDED, f"--{name}", str(blocked / "below"))
        assert ended.returncode == 1, name
        assert "ERROR: " in shown(ended)
        assert str(blocked) in ended.stderr
        home.run("stop")


@pytest.mark.parametrize(
    "url", ["nonsense", "http://127.0.0.1:x", "http://[::1", "ftp://127.0.0.1:1"]
)
def test_what_is_no_port_does_not_answer(home: Home, url: str) -> None:
    ended = home.run("status", "--url", url)
    assert (ended.returncode, ended.stderr) == (1, f"{url} is no URL of a port\n")
