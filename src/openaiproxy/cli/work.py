"""What the commands do. Each gives its exit code."""

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openaiproxy.cli.parameters import NONE, parameters
from openaiproxy.cli.pidfile import Found, Held, hold, look
from openaiproxy.cli.probing import probe
from openaiproxy.cli.screen import Screen
from openaiproxy.cli.starting import Failed, end, launch
from openaiproxy.cli.state import State, read_state, refuse_other, write_state

if TYPE_CHECKING:
    from openaiproxy.cli.commands import SseCap, Status, Stop, Version
    from openaiproxy.cli.configured import CheckConfig, Doctor, Restart, Run, Serve, Start

__all__ = ["WORK"]


def _screen() -> Screen:
    return Screen(sys.stdout, sys.stderr, os.environ)


def start(options: "Start") -> int:
    """Start in the background, unless it runs."""
    if options["foreground"]:
        return run(options)
    held = _hold(options.path("pid-file"))
    if isinstance(held, Held):
        return _start_anew(options, held)
    if held.running:
        _screen().say(f"openaiproxy already running with pid {held.pid}")
    return 0 if held.running else 1


def _hold(path: Path) -> Held | Found:
    try:
        return hold(path)
    except OSError as error:
        _screen().complain(f"ERROR: pid file {path}: {error.strerror or error}")
        return Found()


def _start_anew(options: "Start", held: Held) -> int:
    """Start it, unless its options would be kept in place of somebody's file."""
    path = options.path("state-file")
    try:
        refuse_other(path)
    except (OSError, ValueError) as error:
        why = "name another --state-file, or take it away"
        _screen().complain(f"ERROR: {_unusable(path, error)}: {why}")
        held.remove()
        held.close()
        return 1
    return _start(options, held)


def _start(options: "Start | Restart", held: Held) -> int:
    screen = _screen()
    try:
        started = launch(options.arguments(), held, options.output)
        state = State(str(Path.cwd()), options.saved, started.ports, str(int(time.time())))
        write_state(options.path("state-file"), state)
    except Failed as failure:
        held.remove()
        screen.complain(f"ERROR: openaiproxy did not start: {failure}")
        return 1
    except OSError as error:
        screen.complain(f"ERROR: it runs, but its options can't be kept: {error}")
        return 1
    finally:
        held.close()
    log = options.config.logging.file or options.output
    screen.say(f"openaiproxy started with pid {started.pid}")
    screen.say(f"config: {options.path('state-file')}", f"log: {log}")
    told = parameters(options.config, options.saved, options.path("pid-file"))
    screen.block("effective parameters", told)
    screen.block("api endpoints", _endpoints(started.ports))
    return 0


def _endpoints(urls: list[str]) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for url in urls:
        rows += [("base_url", url), ("chat_completions_url", f"{url}/v1/chat/completions")]
    return rows


def stop(options: "Stop") -> int:
    """Stop it."""
    return _stop(options.path("pid-file"), options["timeout"])


def _stop(path: Path, patience: float) -> int:
    screen = _screen()
    found = _look(path)
    if found is None:
        return 1
    if not found.running:
        if found.exists:
            screen.complain(f"stale pid file {path} removed{_whose(found.pid)}")
            path.unlink(missing_ok=True)
        screen.say("openaiproxy is not running")
        return 0
    if found.pid is None:
        screen.complain(f"{path} is held by a process, but names no pid")
        return 1
    forcing = f"forcing openaiproxy pid {found.pid} to stop"
    try:
        end(path, found.pid, patience, lambda: screen.say(forcing))
    except PermissionError:
        screen.complain(f"permission denied stopping openaiproxy pid {found.pid}")
        return 1
    except Failed as failure:
        screen.complain(f"openaiproxy pid {found.pid} {failure}")
        return 1
    path.unlink(missing_ok=True)
    screen.say(f"openaiproxy stopped pid {found.pid}")
    return 0


def _look(path: Path) -> Found | None:
    try:
        return look(path)
    except OSError as error:
        _screen().complain(f"ERROR: pid file {path}: {error.strerror or error}")
        return None


def _whose(pid: int | None) -> str:
    """A word about the process that has a stale file's number by now."""
    if pid is None:
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return f"; pid {pid} is another process, and is left alone"


def restart(options: "Restart") -> int:
    """Stop it, if it runs, and start it with the options of last time."""
    path = options.path("pid-file")
    code = _stop(path, options["timeout"]) if path.exists() else 0
    if code:
        return code
    held = _hold(path)
    if isinstance(held, Held):
        return _start(options, held)
    if held.running:
        _screen().complain(f"openaiproxy was started by another, with pid {held.pid}")
    return 1


def status(options: "Status") -> int:
    """Say whether it runs and answers."""
    screen = _screen()
    if options["url"]:
        wrong = [f"{url} {what}" for url in options["url"] if (what := probe(url))]
        screen.complain(*wrong)
        return 1 if wrong else 0
    found = _look(options.path("pid-file"))
    if found is None or not found.running:
        screen.say("openaiproxy stopped")
        if found is not None and found.exists:
            screen.complain(f"stale pid file {options.path('pid-file')}{_whose(found.pid)}")
        return 1
    screen.say(f"openaiproxy running with pid {found.pid}")
    state, wrong = _state(options.path("state-file"))
    if state is not None:
        screen.block("api endpoints", _endpoints(state.ports))
        wrong = [f"{url} {what}" for url in state.ports if (what := probe(url))]
    screen.complain(*wrong)
    if options["verbose"]:
        _say_more(screen, options, state, found.pid)
    return 1 if wrong else 0


def _state(path: Path) -> tuple[State | None, list[str]]:
    """What was kept, or what is wrong with it: then nobody knows which ports to ask."""
    try:
        return read_state(path), []
    except (OSError, ValueError) as error:
        return None, [f"{_unusable(path, error)}: its ports are not known, and were not asked"]


def _unusable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"openaiproxy config file not found: {path}"
    return f"openaiproxy config file {path} can't be used ({error})"


def _say_more(screen: Screen, options: "Status", state: State | None, pid: int | None) -> None:
    saved: Mapping[str, object] = state.options if state else {}
    default = options.path("pid-file").with_suffix(".log")
    screen.say(f"config: {options.path('state-file')}", f"log: {saved.get('log-file', default)}")
    screen.block("options", sorted(saved.items()))
    screen.block("runtime", _runtime(state, pid))


def _runtime(state: State | None, pid: int | None) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("version", _version()),
        ("python", platform.python_version()),
    ]
    if state is not None:
        rows.append(("directory", state.directory))
        rows.append(("up", f"{max(0, int(time.time()) - int(state.started))} s"))
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        memory = dict(line.partition(":")[::2] for line in text.splitlines())
        rows.append(("memory", memory.get("VmRSS", NONE).strip()))
        rows.append(("open_files", len(list(Path(f"/proc/{pid}/fd").iterdir()))))
    except OSError:
        pass  # another system than Linux, or another user's process
    return rows


def run(options: "Run | Start") -> int:
    """Run in the foreground."""
    from openaiproxy.cli.saved import arguments, given
    from openaiproxy.cli.serving import serve

    serve(arguments(given(options)))
    return 0


def serve_in_background(options: "Serve") -> int:
    """Be what was started."""
    from openaiproxy.cli.saved import arguments, given
    from openaiproxy.cli.serving import serve

    serve(arguments(given(options)), Path(options["output"]))
    return 0


def check_config(options: "CheckConfig") -> int:
    """Say what would be opened."""
    screen = _screen()
    screen.complain(*(f"warning: {warning}" for warning in options.config.warnings))
    screen.say("the configuration is good")
    screen.block("ports", [(port.profile.name, port.endpoint) for port in options.config.ports])
    return 0


def doctor(options: "Doctor") -> int:
    """Look at everything."""
    from openaiproxy.cli.doctor import examine

    return examine(options, _screen())


def probe_streams(options: "SseCap") -> int:
    """Watch three long streams, and say what they tell."""
    from openaiproxy.cli.hops import observe_all, question_for, report
    from openaiproxy.simple.hops import INCONCLUSIVE, conclude

    screen = _screen()
    try:
        patience = options["patience"]
        question = question_for(options["url"], options["seconds"], patience, os.environ)
    except ValueError as mistake:
        screen.complain(f"ERROR: {mistake}")
        return 2
    observed = observe_all(question)
    screen.say(report(question, observed))
    return 1 if conclude(observed) == INCONCLUSIVE else 0


def say_version(options: "Version") -> int:
    """Say which version this is."""
    rows = f"Twisted {version('twisted')}, Python {platform.python_version()}"
    _screen().say(f"openaiproxy {_version()} ({rows})")
    return 0


def _version() -> str:
    try:
        return version("openaiproxy")
    except PackageNotFoundError:
        return "from its source"


WORK: Mapping[str, Callable[[Any], int]] = {
    "start": start,
    "stop": stop,
    "restart": restart,
    "status": status,
    "doctor": doctor,
    "run": run,
    "check-config": check_config,
    "sse-cap": probe_streams,
    "version": say_version,
    "_serve": serve_in_background,
}
"""What to do, by the command's name."""
