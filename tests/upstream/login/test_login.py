"""One login's life: what is spent, when tokens are refreshed, and who waits for it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import globalLogPublisher

from openaiproxy.errors import BadUpstream, Unavailable
from openaiproxy.upstream.login.disk import AuthFile, Calls
from openaiproxy.upstream.login.document import Mode
from openaiproxy.upstream.login.tokens import REUSED, Revoked

from ..peers import error, got
from .home import HOUR, START, Home, PlayedEndpoint, bearer, jwt, login_of

pytestmark = pytest.mark.usefixtures("nothing_unhandled")
MINUTE = 60.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_good_token_is_spent_without_asking_anybody(home: Home) -> None:
    token = home.access()
    spent = got(home.ask())
    assert (bearer(spent), spent.mode) == (token, Mode.CHATGPT)
    assert home.endpoint.asked == []


def test_an_api_key_is_spent(home: Home) -> None:
    home.write({"OPENAI_API_KEY": "sk-1"})
    spent = got(home.ask())
    assert (bearer(spent), spent.base) == ("sk-1", "https://api.openai.com")


def test_a_new_login_is_picked_up(home: Home) -> None:
    home.access("0")
    got(home.ask())
    token = home.access("1")
    assert bearer(got(home.ask())) == token


def test_without_a_file_there_is_a_clear_error_and_then_a_login(home: Home) -> None:
    failed = error(home.ask())
    assert isinstance(failed, Unavailable)
    assert (failed.status, failed.code) == (503, "login_absent")
    token = home.access()
    assert bearer(got(home.ask())) == token


def test_while_the_file_is_half_written_the_last_login_is_spent(home: Home) -> None:
    token = home.access("0")
    got(home.ask())
    whole = home.path.read_text()
    home.write(whole[:50])
    assert bearer(got(home.ask())) == token
    newer = home.access("1")
    assert bearer(got(home.ask())) == newer


def test_a_file_half_written_at_first_is_waited_for(home: Home) -> None:
    token = home.access()
    whole = home.path.read_text()
    home.write("")
    asked = home.ask()
    home.clock.advance(0.02)
    home.write(whole)
    home.clock.advance(0.05)
    assert bearer(got(asked)) == token


def test_a_file_that_stays_broken_is_a_clear_error_after_a_second(home: Home) -> None:
    home.write('{"tokens"')
    asked = home.ask()
    home.clock.pump([0.1] * 15)
    failed = error(asked)
    assert isinstance(failed, Unavailable)
    assert (failed.code, failed.message) == ("login_unreadable", "auth.json is no valid JSON.")
    assert home.clock.getDelayedCalls() == []


# Ahead of the end.


def test_five_minutes_before_its_end_a_token_is_refreshed_and_nobody_waits(home: Home) -> None:
    token = home.access(left=5 * MINUTE)
    assert bearer(got(home.ask())) == token
    assert home.endpoint.asked == ["rt-0"]
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(home.ask())) == newer
    assert home.login.refreshed == 1


def test_a_second_more_is_enough(home: Home) -> None:
    home.access(left=5 * MINUTE + 1)
    got(home.ask())
    assert home.endpoint.asked == []


def test_a_token_at_its_end_is_waited_for(home: Home) -> None:
    home.access(left=0)
    asked = home.ask()
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(asked)) == newer


@pytest.mark.parametrize(("days", "asked"), [(7.9, []), (8.1, ["rt-0"])])
def test_a_token_that_tells_no_end_is_refreshed_after_eight_days(
    home: Home, days: float, asked: list[str]
) -> None:
    home.write(login_of("opaque", last_refresh="2026-09-20T00:00:00Z"))
    home.clock.rightNow = 1_789_862_400 + days * 86_400
    assert bearer(got(home.ask())) == "opaque"
    assert home.endpoint.asked == asked
    for _ in asked:
        home.endpoint.grant("1")


def test_where_neither_can_be_told_nothing_is_refreshed(home: Home) -> None:
    home.write(login_of("opaque", last_refresh=None))
    got(home.ask())
    assert home.endpoint.asked == []


def test_fifty_at_once_make_one_refresh(home: Home) -> None:
    """Pitfall 73."""
    home.access(left=-1)
    asked = [home.ask() for _ in range(50)]
    newer = home.endpoint.grant("1")["access_token"]
    assert {bearer(got(one)) for one in asked} == {newer}
    assert home.endpoint.asked == ["rt-0"]


def test_a_refresh_goes_on_when_the_client_goes_away(home: Home) -> None:
    """Pitfall 73."""
    home.access(left=-1)
    asked = home.ask()
    asked.cancel()
    assert isinstance(error(asked), CancelledError)
    home.endpoint.grant("1")
    assert home.read()["tokens"]["refresh_token"] == "rt-1"
    assert home.clock.getDelayedCalls() == []


def test_one_who_leaves_takes_nothing_from_those_who_stay(home: Home) -> None:
    home.access(left=-1)
    stays, leaves = home.ask(), home.ask()
    leaves.cancel()
    error(leaves)
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(stays)) == newer


def test_the_file_is_rewritten_with_all_that_it_had(home: Home) -> None:
    home.access(left=-1)
    before = home.read()
    home.path.chmod(0o640)
    asked = home.ask()
    tokens = home.endpoint.grant("1")
    got(asked)
    after = home.read()
    assert after == before | {
        "tokens": before["tokens"] | tokens,
        "last_refresh": "2026-09-21T14:13:20.000Z",
    }
    assert list(after) == list(before)
    assert stat.S_IMODE(os.stat(home.path).st_mode) == 0o640
    assert stat.S_IMODE(os.stat(f"{home.path}.lock").st_mode) == 0o600


def test_a_token_that_the_answer_lacks_stays(home: Home) -> None:
    home.access(left=-1)
    asked = home.ask()
    home.endpoint.waiting.pop().callback({"access_token": jwt("1", START + HOUR)})
    got(asked)
    assert home.read()["tokens"]["refresh_token"] == "rt-0"


def test_a_clock_that_is_wrong_does_not_refresh_with_every_request(home: Home) -> None:
    home.access(left=-1)
    asked = home.ask()
    old = home.endpoint.grant("1", START - HOUR)["access_token"]
    assert bearer(got(asked)) == old
    assert bearer(got(home.ask())) == old
    assert home.endpoint.asked == ["rt-0"]


# After a 401.


def test_a_refused_token_is_refreshed_once(home: Home) -> None:
    home.access()
    refused = got(home.ask())
    again = home.after_401(refused)
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(again)) == newer
    assert got(home.after_401(got(home.ask()))) is None
    assert home.endpoint.asked == ["rt-0"]


def test_many_refusals_of_one_token_make_one_refresh(home: Home) -> None:
    home.access()
    refused = got(home.ask())
    waiting = [home.after_401(refused) for _ in range(20)]
    newer = home.endpoint.grant("1")["access_token"]
    assert {bearer(got(one)) for one in waiting} == {newer}
    late = home.after_401(refused)
    assert bearer(got(late)) == newer
    assert home.endpoint.asked == ["rt-0"]


def test_a_refused_key_is_not_tried_again(home: Home) -> None:
    """Chapter 5, defect 11."""
    home.write({"OPENAI_API_KEY": "sk-1"})
    refused = got(home.ask())
    assert got(home.after_401(refused)) is None
    home.write({"OPENAI_API_KEY": "sk-2"})
    assert bearer(got(home.after_401(refused))) == "sk-2"


@pytest.mark.parametrize("change", ["account", "mode"])
def test_another_login_does_not_pay_for_a_request_of_this_one(home: Home, change: str) -> None:
    home.access()
    refused = got(home.ask())
    if change == "account":
        found = login_of(jwt("1", START + HOUR, "other"))
        found["tokens"]["account_id"] = "other"
        home.write(found)
    else:
        home.write({"OPENAI_API_KEY": "sk-1"})
    failed = error(home.after_401(refused))
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_changed"


def test_without_a_refresh_token_a_refusal_says_what_to_do(home: Home) -> None:
    home.write(login_of(jwt("0", START + HOUR), refresh=None))
    failed = error(home.after_401(got(home.ask())))
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_not_refreshable"


# Several processes.


def test_tokens_that_another_process_got_are_used(home: Home) -> None:
    """Pitfall 73: two logins over one file, as two processes have them."""
    home.access(left=-1)
    other = PlayedEndpoint()
    first, second = home.ask(), home.ask(home.another(other))
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(first)) == newer
    home.clock.advance(0.1)
    assert bearer(got(second)) == newer
    assert other.asked == []


def test_a_lock_that_is_never_let_go_is_given_up(home: Home) -> None:
    home.access(left=-1)
    stuck, waits = home.ask(), home.ask(home.another())
    home.clock.pump([1.0] * 95)
    failed = error(waits)
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_busy"
    home.endpoint.grant("1")
    got(stuck)


def test_a_login_made_during_the_refresh_is_not_overwritten(home: Home) -> None:
    home.access("0", left=-1)
    asked = home.ask()
    newest = home.access("newest")
    home.endpoint.grant("1")
    assert bearer(got(asked)) == newest
    assert home.read()["tokens"]["refresh_token"] == "rt-newest"


def test_a_member_written_during_the_refresh_stays(home: Home) -> None:
    home.access("0", left=-1)
    asked = home.ask()
    home.write(home.read() | {"personal_access_token": "at-1"})
    home.endpoint.grant("1")
    got(asked)
    assert home.read()["personal_access_token"] == "at-1"
    assert home.read()["tokens"]["refresh_token"] == "rt-1"


def test_new_tokens_are_on_disk_before_anything_is_waited_for_pitfall_73(home: Home) -> None:
    before = home.access("0", left=-1)
    asked = home.ask()
    whole = home.path.read_bytes()
    home.path.write_bytes(whole[:40])  # somebody is writing it just now, and that is waited for
    home.endpoint.grant("1")
    assert not asked.called
    [noted] = home.path.parent.glob(".auth.json.*.next")
    assert json.loads(noted.read_bytes())["tokens"]["refresh_token"] == "rt-1"
    assert noted.stat().st_mode == home.path.stat().st_mode
    home.path.write_bytes(whole)
    home.clock.advance(1)
    assert bearer(got(asked)) != before
    assert home.read()["tokens"]["refresh_token"] == "rt-1"
    assert not noted.exists()


@pytest.mark.parametrize("refuse", [Revoked(REUSED), BadUpstream(502, "x", "y")])
def test_a_refusal_leaves_no_place_behind(home: Home, refuse: Exception) -> None:
    home.access("0", left=-1)
    asked = home.ask()
    assert list(home.path.parent.glob(".auth.json.*.next"))
    home.endpoint.refuse(refuse)
    error(asked)
    assert not list(home.path.parent.glob(".auth.json.*.next"))


def test_what_a_crash_left_is_finished_before_anything_is_spent(home: Home) -> None:
    class Crash(BaseException):
        pass

    def crash(old: str, new: str) -> None:
        raise Crash

    home.access("0", left=-1)
    file = AuthFile(str(home.path), home.clock.seconds, Calls(replace=crash))
    renewed = {"access_token": jwt("1", START + HOUR), "refresh_token": "rt-1"}
    with pytest.raises(Crash):
        file.replace(file.look().renewed(renewed, START), "rt-0")
    assert bearer(got(home.ask())) == jwt("1", START + HOUR)
    assert home.endpoint.asked == []


# What fails.


@pytest.mark.parametrize("code", [REUSED, "refresh_token_expired", "refresh_token_invalidated"])
def test_a_verdict_holds_for_its_token_alone(home: Home, code: str) -> None:
    home.access("0", left=-1)
    asked = home.ask()
    home.endpoint.refuse(Revoked(code))
    for failed in (error(asked), error(home.ask())):
        assert isinstance(failed, Unavailable)
        assert (failed.status, failed.code) == (503, "login_expired")
        assert code in failed.message
        assert "codex login" in failed.message
    assert home.endpoint.asked == ["rt-0"]
    home.access("new", left=-1)
    asked = home.ask()
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(asked)) == newer


def test_a_reused_token_is_looked_for_in_the_file_before_that_is_believed(home: Home) -> None:
    """Pitfall 73: a program that doesn't lock was faster."""
    home.access("0", left=-1)
    asked = home.ask()
    theirs = home.access("theirs")
    home.endpoint.refuse(Revoked(REUSED))
    assert bearer(got(asked)) == theirs


def test_a_good_token_is_spent_though_it_can_not_be_refreshed(home: Home) -> None:
    token = home.access(left=4 * MINUTE)
    got(home.ask())
    home.endpoint.refuse(Revoked(REUSED))
    assert bearer(got(home.ask())) == token
    assert home.endpoint.asked == ["rt-0"]


def test_what_may_pass_is_tried_again_later_and_ever_more_seldom(home: Home) -> None:
    home.access(left=-1)
    waits = []
    for _ in range(8):
        asked = home.ask()
        home.endpoint.refuse(BadUpstream(502, "token_failed", "status 500"))
        failed = error(asked)
        assert isinstance(failed, Unavailable)
        assert (failed.status, failed.code) == (503, "login_refresh_failed")
        wait = float(dict(failed.headers)[b"Retry-After"])
        waits.append(wait)
        calls = len(home.endpoint.asked)
        home.clock.advance(wait - 0.1)
        assert error(home.ask()) is not None
        assert len(home.endpoint.asked) == calls
        home.clock.advance(0.2)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_where_the_file_can_not_be_replaced_no_token_is_spent(tmp_path: Path) -> None:
    home = Home(tmp_path, Calls(access=lambda *_: False))
    token = home.access(left=MINUTE)
    assert bearer(got(home.ask())) == token
    home.clock.advance(MINUTE)
    failed = error(home.ask())
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_read_only"
    assert home.endpoint.asked == []


def test_on_a_full_disk_requests_go_on_and_the_file_is_written_later(tmp_path: Path) -> None:
    full = [True]

    def write(descriptor: int, data: bytes) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        return os.write(descriptor, data)

    home = Home(tmp_path, Calls(write=write))
    home.access(left=-1)
    asked = home.ask()
    newer = home.endpoint.grant("1")["access_token"]
    assert bearer(got(asked)) == newer
    assert bearer(got(home.ask())) == newer
    assert home.read()["tokens"]["refresh_token"] == "rt-0"
    home.clock.advance(61)
    assert bearer(got(home.ask())) == newer
    full[0] = False
    home.clock.advance(61)
    assert bearer(got(home.ask())) == newer
    assert home.read()["tokens"]["refresh_token"] == "rt-1"
    assert home.endpoint.asked == ["rt-0"]


def test_on_a_full_disk_tokens_are_refreshed_again_and_again(tmp_path: Path) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    home = Home(tmp_path, Calls(write=write))
    home.access(left=-1)
    for serial in ("1", "2", "3"):
        asked = home.ask()
        newer = home.endpoint.grant(serial, home.clock.seconds() + HOUR)["access_token"]
        assert bearer(got(asked)) == newer
        home.clock.advance(HOUR)
    assert home.endpoint.asked == ["rt-0", "rt-1", "rt-2"]


def test_a_dead_token_beside_another_access_token_is_not_spent_again(home: Home) -> None:
    home.access("0", left=-1)
    asked = home.ask()
    home.endpoint.refuse(Revoked(REUSED))
    error(asked)
    home.write(login_of(jwt("other", START - 1), "rt-0"))
    assert isinstance(error(home.ask()), Unavailable)
    assert home.endpoint.asked == ["rt-0"]


def test_tokens_in_memory_give_way_to_a_login_in_the_file(tmp_path: Path) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    home = Home(tmp_path, Calls(write=write))
    home.access(left=-1)
    asked = home.ask()
    home.endpoint.grant("1")
    got(asked)
    token = home.access("new")
    assert bearer(got(home.ask())) == token
    home.clock.advance(61)
    assert bearer(got(home.ask())) == token
    assert home.read()["tokens"]["refresh_token"] == "rt-new"


# The end, and what is told.


def test_closing_waits_for_the_refresh(home: Home) -> None:
    home.access(left=-1)
    asked = home.ask()
    asked.cancel()
    error(asked)
    closing = Deferred.fromCoroutine(home.login.close())
    assert not home.endpoint.closed
    home.endpoint.grant("1")
    got(closing)
    assert home.endpoint.closed
    assert home.read()["tokens"]["refresh_token"] == "rt-1"


def test_how_it_stands_is_told_without_refreshing(home: Home) -> None:
    home.access(left=-1)
    stands: Any = got(Deferred.fromCoroutine(home.login.standing()))
    assert (stands.mode, stands.expires, stands.refreshable) == (Mode.CHATGPT, START - 1, True)
    assert home.endpoint.asked == []


def test_no_secret_is_logged_or_shown(home: Home) -> None:
    """Pitfall 70."""
    told: list[str] = []

    def observe(event: Any) -> None:
        told.append(repr(event))
        if event.get("log_failure") is not None:
            told.append(event["log_failure"].getTraceback(detail="verbose"))

    globalLogPublisher.addObserver(observe)
    try:
        token = home.access(left=-1)
        asked = home.ask()
        home.endpoint.refuse(BadUpstream(502, "token_failed", "status 500"))
        told.append(repr(error(asked)))
        home.clock.advance(2)
        asked = home.ask()
        newer = home.endpoint.grant("1")["access_token"]
        told.append(repr(got(asked)))
        home.clock.advance(61)
        asked = home.after_401(got(home.ask()))
        home.endpoint.refuse(Revoked(REUSED))
        failed = error(asked)
        told.append(repr(failed) + str(failed) + repr(home.login))
    finally:
        globalLogPublisher.removeObserver(observe)
    text = "".join(told)
    assert "refreshed" in text
    for secret in (token, newer, "rt-0", "rt-1"):
        assert secret not in text


def test_whoever_wants_to_know_is_told_of_each_refresh_defect_5_10_9(home: Home) -> None:
    told: list[bool] = []
    home.login.tell(told.append)
    home.access(left=-1)
    asked = home.ask()
    home.endpoint.grant("1", START - 1)
    got(asked)
    assert (told, home.login.refreshed) == ([True], 1)
    home.clock.advance(2 * MINUTE)
    asked = home.ask()
    home.endpoint.refuse(BadUpstream(502, "token_failed", "no"))
    error(asked)
    assert (told, home.login.refreshed) == ([True, False], 1)
