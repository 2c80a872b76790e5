"""What can be looked at on this machine: credentials, addresses, the log's folder, the limit of open files.

A check gives findings and raises nothing that the system does.
"""

import errno
import os
import resource
import shutil
import socket
import stat
from collections.abc import Generator, Iterator
from pathlib import Path

from attrs import frozen

from openaiproxy.cli.pidfile import Found, look
from openaiproxy.cli.probing import probe
from openaiproxy.cli.screen import Mark
from openaiproxy.cli.state import read_state
from openaiproxy.codex.account import Account
from openaiproxy.config.ports import tcp_port
from openaiproxy.errors import Unavailable
from openaiproxy.profile import Config, Port, Profile
from openaiproxy.upstream.login.disk import AuthFile, Calls
from openaiproxy.upstream.login.document import HalfWritten
from openaiproxy.web.addresses import is_loopback
from openaiproxy.web.binding import bind_hosts

__all__ = [
    "Finding",
    "check_binds",
    "check_credentials",
    "check_files",
    "check_log",
    "check_login",
    "check_process",
    "check_ways",
]

_DAY = 86_400.0
_OLD_DAYS = 365
_LITTLE_ROOM = 100 << 20
_FEW_FILES = 4096


@frozen
class Finding:
    """One line of the doctor's.

    :param advice: what to do.
    """

    mark: Mark
    label: str
    detail: str
    advice: str = ""


def check_process(pid_file: Path, state_file: Path) -> Generator[Finding, None, bool]:
    """The files of the process in the background, where there are any.

    :returns: whether it runs.
    """
    try:
        found = look(pid_file)
    except OSError as error:
        why = f"{pid_file}: {error.strerror or error}"
        yield Finding(Mark.BAD, "process", why, "name another --pid-file, or take it away")
        found = Found()
    if found.running:
        yield Finding(Mark.GOOD, "process", f"running with pid {found.pid}")
    elif found.exists:
        yield Finding(Mark.ODD, "process", f"stale pid file {pid_file}", "openaiproxy stop")
    try:
        state = read_state(state_file)
        started = f"{state_file}, started in {state.directory}"
        yield Finding(Mark.GOOD, "kept options", started)
    except FileNotFoundError:
        if found.running:
            yield Finding(Mark.ODD, "kept options", f"there is no {state_file}", "restart needs it")
    except (OSError, ValueError) as error:
        advice = "restart can't use it: take it away, and start"
        yield Finding(Mark.BAD, "kept options", f"{state_file}: {error}", advice)
    return found.running


def check_ways(config: Config) -> Iterator[Finding]:
    """What each profile's way to its upstream is, in the words of codex-api-proxy's doctor."""
    for profile in {port.profile.name: port.profile for port in config.ports}.values():
        name, login = profile.name, profile.credential.login
        if login is not None:
            found = Path(login.auth_file)
            mark = Mark.GOOD if found.exists() else Mark.BAD
            advice = "" if found.exists() else "log in: codex login, or name another --auth-file"
            yield Finding(mark, f"auth file of {name}", str(found), advice)
        proxy = profile.upstream.proxy
        # Its user and password are nobody's to read.
        way = "<none>, direct connection" if proxy is None else proxy.rpartition("@")[2]
        yield Finding(Mark.GOOD, f"upstream proxy of {name}", way)
        if profile.bridging.models is not None:
            seconds = f"{profile.bridging.models.ttl:g}s"
            yield Finding(Mark.GOOD, f"models cache ttl of {name}", seconds)


def check_credentials(config: Config, now: float) -> Iterator[Finding]:
    """Whose key each profile spends, where it came from and how old its file is.

    :param now: seconds since 1970.
    """
    for profile in {port.profile.name: port.profile for port in config.ports}.values():
        yield _credential(profile, config, now)
        yield _client_keys(profile)


def _credential(profile: Profile, config: Config, now: float) -> Finding:
    label = f"credential of {profile.name}"
    origin = config.origins.get(f"profiles.{profile.name}.api-key-file", "")
    if profile.upstream.embedded:
        return Finding(Mark.GOOD, label, "none needed, the upstream is embedded")
    if profile.credential.login is not None:
        return check_login(label, profile.credential.login, now)
    if profile.credential.key is None:
        return Finding(Mark.GOOD, label, "the caller's own")
    if profile.credential.key_file is None:
        return Finding(Mark.GOOD, label, f"server-side key from {origin}")
    try:
        days = int((now - os.stat(profile.credential.key_file).st_mtime) / _DAY)
    except OSError:
        days = 0
    detail = f"server-side key from {profile.credential.key_file}, {days} day(s) old"
    if days > _OLD_DAYS:
        return Finding(Mark.ODD, label, detail, "consider a new key, and revoke this one")
    return Finding(Mark.GOOD, label, detail)


def check_login(label: str, account: Account, now: float) -> Finding:
    """How a login stands: whose it is, how old, and until when. Nothing is refreshed.

    :param now: seconds since 1970.
    """
    path, again = account.auth_file, "log in again: codex login"
    try:
        found = AuthFile(path, lambda: now, Calls()).look()
    except HalfWritten:
        return Finding(Mark.ODD, label, f"{path} is being written just now", "look again")
    except Unavailable as error:
        return Finding(Mark.BAD, label, str(error), again)
    ages = []
    if found.refreshed is not None:
        ages.append(f"{int((now - found.refreshed) / _DAY)} day(s) old")
    expires = found.claims.expires
    if expires is not None:
        left = expires - now
        ages.append(f"good for {left / 3600:.0f} h" if left > 0 else "its token has expired")
        if left <= 0 and found.refresh is None:
            return Finding(Mark.BAD, label, f"login in {path}, {', '.join(ages)}", again)
    kind = found.mode.name.lower().replace("_", " ")
    return Finding(Mark.GOOD, label, ", ".join([f"login in {path} ({kind})", *ages]))


def _client_keys(profile: Profile) -> Finding:
    label, count = f"client keys of {profile.name}", len(profile.auth.keys)
    if count:
        names = ", ".join(key.name for key in profile.auth.keys)
        return Finding(Mark.GOOD, label, f"{count}: {names}")
    return Finding(Mark.GOOD, label, "<none>, whoever reaches the port may call")


def check_binds(config: Config, running: bool) -> Iterator[Finding]:
    """Whether each address is free, or ours.

    :param running: whether the process of the pid file runs.
    """
    for port in config.ports:
        number = tcp_port(port.endpoint)
        if number is None:
            yield Finding(Mark.GOOD, "local bind", f"{port.endpoint} is told when it opens")
            continue
        for host in bind_hosts(port.endpoint):
            yield _bind(port, host or "0.0.0.0", number, running)


def _bind(port: Port, host: str, number: int, running: bool) -> Finding:
    shown = f"{host}:{number} for {port.profile.name}"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, number))
            tried.listen(1)
    except OSError as error:
        return _taken(shown, host, number, error, running)
    public = not _is_near(host)
    if public and not port.profile.auth.keys:
        advice = "callers bring their own keys; add client keys to choose who may call"
        return Finding(Mark.ODD, "local bind", f"{shown}, open to the network", advice)
    return Finding(Mark.GOOD, "local bind", f"{shown} is free")


def _is_near(host: str) -> bool:
    try:
        return is_loopback(host)
    except ValueError:
        return host == "localhost"


def _taken(shown: str, host: str, number: int, error: OSError, running: bool) -> Finding:
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    url = f"http://[{near}]:{number}" if ":" in near else f"http://{near}:{number}"
    if error.errno == errno.EADDRINUSE and not probe(url, 2.0):
        whose = "the running process" if running else "an openaiproxy that is not of this pid file"
        return Finding(Mark.GOOD if running else Mark.ODD, "local bind", f"{shown}: {whose}")
    if error.errno == errno.EADDRINUSE:
        return Finding(
            Mark.BAD,
            "local bind",
            f"{shown} is in use by another program",
            f"end it (ss -ltnp 'sport = :{number}' names it), or choose another port",
        )
    if error.errno == errno.EACCES:
        advice = "choose a port above 1023, or let systemd open it (openaiproxy.socket)"
        return Finding(Mark.BAD, "local bind", f"{shown} is not allowed", advice)
    return Finding(
        Mark.BAD, "local bind", f"{shown}: {error.strerror}", "is the address this machine's?"
    )


def check_log(config: Config) -> Iterator[Finding]:
    """Whether the log can be written where it is to be."""
    if config.logging.file is None:
        yield Finding(Mark.GOOD, "log", "left to whoever starts the process")
        return
    path = Path(config.logging.file)
    folder = path.parent
    if not folder.is_dir():
        yield Finding(Mark.BAD, "log", f"there is no folder {folder}", f"mkdir -m 700 -p {folder}")
        return
    if path.is_symlink():
        yield Finding(Mark.BAD, "log", f"{path} is a link", "name the file itself")
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            Mark.BAD, "log", f"{folder} can't be written", "give it to the process's user"
        )
    elif (
        stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH
        and not folder.stat().st_mode & stat.S_ISVTX
    ):
        yield Finding(Mark.ODD, "log", f"everyone may write in {folder}", f"chmod o-w {folder}")
    elif shutil.disk_usage(folder).free < _LITTLE_ROOM:
        yield Finding(Mark.ODD, "log", f"the disk of {folder} is nearly full", "make room")
    else:
        yield Finding(Mark.GOOD, "log", str(path))


def check_files(requests: int) -> Iterator[Finding]:
    """Whether the process may open two files for each request at once.

    :param requests: the most at once, over all ports.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= max(_FEW_FILES, 2 * requests + 64):
        shown = "any number" if hard == resource.RLIM_INFINITY else str(hard)
        yield Finding(Mark.GOOD, "open files", shown)
        return
    advice = "raise the hard limit (LimitNOFILE=, ulimit -Hn), or lower max-requests"
    yield Finding(Mark.ODD, "open files", f"{hard}, for up to {requests} requests at once", advice)
