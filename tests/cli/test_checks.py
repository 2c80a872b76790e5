"""The doctor's findings, on real files and sockets."""

import base64
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.cli.checks import (
    check_binds,
    check_credentials,
    check_files,
    check_log,
    check_login,
)
from openaiproxy.cli.screen import Mark
from openaiproxy.codex.account import Account
from openaiproxy.presets import PRESETS
from openaiproxy.profile import ClientAuth, ClientKey, Config, Credential, Logging, Port, Upstream

GATEWAY = PRESETS["gateway"].profile


def config_of(endpoint: str = "tcp:0:interface=127.0.0.1", **changes: Any) -> Config:
    return Config(ports=(Port(endpoint, evolve(GATEWAY, **changes)),))


def test_a_key_file_has_an_age_and_an_old_one_is_spoken_of(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-never-to-be-shown")
    os.utime(path, (0, 0))
    config = config_of(credential=Credential(key="sk-never-to-be-shown", key_file=str(path)))
    [credential, _] = check_credentials(config, 86_400.0 * 2)
    assert (credential.mark, credential.detail[-14:]) == (Mark.GOOD, ", 2 day(s) old")
    [credential, _] = check_credentials(config, 86_400.0 * 400)
    assert credential.mark is Mark.ODD
    assert credential.advice
    assert "never-to-be-shown" not in repr(credential)


def test_whose_key_is_spent_is_said() -> None:
    details = [
        next(check_credentials(config_of(**changes), 0)).detail
        for changes in (
            {},
            {"upstream": Upstream(base="", embedded=True)},
            {"credential": Credential(key="sk-x")},
        )
    ]
    assert details[0] == "the caller's own"
    assert "embedded" in details[1]
    assert "sk-x" not in details[2]


def test_callers_keys_are_named_and_not_shown() -> None:
    auth = ClientAuth(keys=(ClientKey("me", "never-to-be-shown"),))
    [_, keys] = check_credentials(config_of(auth=auth), 0)
    assert keys.detail == "1: me"


def test_a_port_in_use_by_another_program_is_bad_and_a_free_one_good() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        taken.settimeout(0)
        [finding] = check_binds(config_of(endpoint), running=True)
        assert finding.mark is Mark.BAD
        assert finding.advice
    [finding] = check_binds(config_of(), running=False)
    assert finding.mark is Mark.GOOD


def test_an_open_port_without_client_keys_is_spoken_of() -> None:
    [finding] = check_binds(config_of("tcp:0"), running=False)
    assert finding.mark is Mark.ODD


def test_an_address_of_another_machine_is_bad() -> None:
    [finding] = check_binds(config_of("tcp:0:interface=192.0.2.1"), running=False)
    assert finding.mark is Mark.BAD


@pytest.mark.parametrize("what", ["none", "fine", "nowhere", "link", "open"])
def test_the_logs_folder_is_looked_at(what: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "x")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    path, mark = {
        "none": (None, Mark.GOOD),
        "fine": (tmp_path / "log", Mark.GOOD),
        "nowhere": (tmp_path / "none" / "log", Mark.BAD),
        "link": (tmp_path / "link", Mark.BAD),
        "open": (tmp_path / "open" / "log", Mark.ODD),
    }[what]
    config = evolve(config_of(), logging=Logging(file=str(path) if path else None))
    [finding] = check_log(config)
    assert finding.mark is mark
    assert bool(finding.advice) is (mark is not Mark.GOOD)


def test_too_few_files_for_the_requests_are_spoken_of() -> None:
    [finding] = check_files(10**12)
    assert finding.mark is Mark.ODD or "any number" in finding.detail


@pytest.mark.parametrize(
    ("left", "refresh", "mark", "words"),
    [
        (7200, "r-never-shown", Mark.GOOD, "good for 2 h"),
        (-60, "r-never-shown", Mark.GOOD, "its token has expired"),
        (-60, None, Mark.BAD, "its token has expired"),
    ],
)
def test_a_login_has_an_age_and_an_end(
    left: int, refresh: str | None, mark: Mark, words: str, tmp_path: Path
) -> None:
    now = 1_790_000_000
    claims = base64.urlsafe_b64encode(json.dumps({"exp": now + left}).encode()).decode().rstrip("=")
    tokens = {"access_token": f"e30.{claims}.s", "id_token": f"e30.{claims}.s", "account_id": "me"}
    if refresh:
        tokens["refresh_token"] = refresh
    path = tmp_path / "auth.json"
    path.write_text(json.dumps({"tokens": tokens, "last_refresh": "2026-09-20T00:00:00Z"}))
    finding = check_login("login", Account(str(path)), float(now))
    assert (finding.mark, bool(finding.advice)) == (mark, mark is Mark.BAD)
    assert words in finding.detail
    assert "day(s) old" in finding.detail
    assert claims not in repr(finding)
    assert "never-shown" not in repr(finding)


def test_no_login_is_bad_and_says_how_to_get_one(tmp_path: Path) -> None:
    account = Account(str(tmp_path / "auth.json"))
    [finding, _] = check_credentials(config_of(credential=Credential(login=account)), 0)
    assert finding.mark is Mark.BAD
    assert "codex login" in finding.advice
