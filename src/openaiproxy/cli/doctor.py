"""``openaiproxy doctor``: everything that a start needs, looked at one by one, with what to do about it."""

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from openaiproxy.cli.checks import (
    Finding,
    check_binds,
    check_credentials,
    check_files,
    check_log,
    check_process,
    check_ways,
)
from openaiproxy.cli.screen import Mark, Screen
from openaiproxy.profile import Config

if TYPE_CHECKING:
    from openaiproxy.cli.configured import Doctor

__all__ = ["examine"]

_SKEW = 60.0


def examine(options: "Doctor", screen: Screen) -> int:
    """Look, and say what was found as it is found.

    :returns: 1 where something keeps the proxy from working, else 0.
    """
    screen.say("openaiproxy doctor")
    bad = False
    for finding in _findings(options):
        screen.mark(finding.mark, finding.label, finding.detail, finding.advice)
        bad = bad or finding.mark is Mark.BAD
    return 1 if bad else 0


def _findings(options: "Doctor") -> Iterator[Finding]:
    path = options["config"] or os.environ.get("OPENAIPROXY_CONFIG") or "<none>"
    yield Finding(Mark.GOOD, "config file", str(path))
    running = yield from check_process(options.path("pid-file"), options.path("state-file"))
    for mistake in options.mistakes:
        yield Finding(Mark.BAD, "configuration", mistake, "mend it; nothing is opened before")
    if options.mistakes:
        yield from check_files(0)
        return
    config = options.config
    yield Finding(Mark.GOOD, "configuration", f"{len(config.ports)} port(s)")
    for warning in config.warnings:
        yield Finding(Mark.ODD, "configuration", warning)
    yield from check_credentials(config, time.time())
    yield from check_ways(config)
    yield from check_binds(config, running)
    yield from check_log(config)
    yield from check_files(sum(port.profile.limits.requests for port in config.ports))
    yield from _upstreams(config, options["skip-upstream"])


def _upstreams(config: Config, skipped: bool) -> Iterator[Finding]:
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if skipped:
        yield Finding(Mark.GOOD, "upstream models", "skipped")
        yield Finding(Mark.GOOD, "clock", f"{now}, compared with nothing")
        return
    from openaiproxy.cli.upstream import ask_all

    dates: list[float] = []
    for answer in ask_all(config):
        yield answer.finding
        dates += [answer.skew] if answer.skew is not None else []
    skew = min(dates, key=abs, default=None)
    if skew is None:
        yield Finding(Mark.GOOD, "clock", f"{now}, compared with nothing")
    elif abs(skew) > _SKEW:
        detail = f"{now}, {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the upstream's"
        yield Finding(Mark.BAD, "clock", detail, "set it (timedatectl set-ntp true); tokens expire")
    else:
        yield Finding(Mark.GOOD, "clock", f"{now}, as the upstream's")
