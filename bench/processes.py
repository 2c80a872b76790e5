"""Processes of a benchmark: started here, pinned, measured through /proc, and ended here.

Linux only. CPU time is the kernel's own count for each process of a tree, in nanoseconds, system time on sockets
included; it is what a noisy machine disturbs least. Nothing that wasn't started here is ever signalled.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from attrs import define, field

__all__ = [
    "LOAD_CORE",
    "MIB",
    "PROXY_CORE",
    "Household",
    "Process",
    "free_port",
    "ours",
    "pin_self",
    "twistd",
    "versions_of",
]

MIB = 1 << 20
ROOT = Path(__file__).resolve().parent.parent
_CORES = sorted(os.sched_getaffinity(0))
#: The core that a proxy gets, and the one for load and upstream; ``None`` on a machine with a single core.
PROXY_CORE = _CORES[0] if len(_CORES) > 1 else None
LOAD_CORE = _CORES[1] if len(_CORES) > 1 else None
_TWISTD = "from twisted.scripts.twistd import run; run()"
_UVLOOP = (
    "import uvloop; from twisted.internet import asyncioreactor; "
    "asyncioreactor.install(uvloop.new_event_loop()); "
)
#: Of the environment: what would change who is asked, or what is read at the start.
_NOT_PASSED_ON = (
    "OPENAI",
    "CODEX",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PROXY_X_API_KEY",
)


@define
class Process:
    """One process and its descendants."""

    name: str
    popen: "subprocess.Popen[bytes]"
    #: Of the monotonic clock, when it was started.
    began: float = field(factory=time.monotonic)

    @property
    def pids(self) -> list[int]:
        """Every process of the tree that lives now."""
        children = _children()
        found, todo = [], [self.popen.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children.get(pid, [])
        return found

    def cpu(self) -> float:
        """Seconds of CPU time, user and system, since the start."""
        return sum(_cpu(pid) for pid in self.pids)

    def rss(self) -> int:
        """Bytes of resident memory."""
        return sum(_status(pid, "VmRSS") for pid in self.pids)

    def peak_rss(self) -> int:
        """The most bytes of resident memory since the start or :meth:`forget_peak`."""
        return sum(_status(pid, "VmHWM") for pid in self.pids)

    def forget_peak(self) -> None:
        """Let :meth:`peak_rss` count from now."""
        for pid in self.pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def open_files(self) -> list[str]:
        """What its descriptors name, those of regular files that were deleted included."""
        found = []
        for pid in self.pids:
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    found.append(os.readlink(entry))
                except OSError:
                    continue
        return found

    def end(self) -> None:
        """SIGTERM, and after five seconds SIGKILL; what is left of its process group goes with it."""
        pid = self.popen.pid
        if self.popen.poll() is not None:
            return
        self.popen.terminate()
        deadline = time.monotonic() + 5
        # Not reaped yet, so that the number still names this group and no other.
        while (
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        os.killpg(pid, signal.SIGKILL)
        self.popen.wait()


@define
class Household:
    """The processes of one run; a context manager that ends them all.

    :param folder: logs and working directories go here.
    """

    folder: Path
    processes: list[Process] = field(factory=list)

    def __enter__(self) -> "Household":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        for process in reversed(self.processes):
            process.end()

    def start(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        core: int | None,
        environment: Mapping[str, str] | None = None,
        descriptors: int | None = None,
    ) -> Process:
        """Start a server, and wait until its port is open.

        :param descriptors: its soft limit of open files; the hard one stays.
        :raises RuntimeError: when it ends or doesn't listen in a minute.
        """
        here = self.folder / name
        here.mkdir(exist_ok=True)
        log = self.folder / f"{name}.log"
        began = time.monotonic()
        with log.open("wb") as out:
            popen = subprocess.Popen(
                command,
                cwd=here,
                env=_environment(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_before(core, descriptors),
            )
        process = Process(name, popen, began)
        self.processes.append(process)
        deadline = began + 60
        while not _is_open(port):
            if popen.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"{name} does not listen: {log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.005)
        return process


def twistd(reactor: str | None = None) -> list[str]:
    """The command for ``twistd`` in the foreground.

    :param reactor: of Twisted's, or ``uvloop`` for asyncio's on that loop; ``None`` is the default.
    """
    beside = Path(sys.executable).with_name("twistd")
    start = [str(beside)] if beside.exists() else [sys.executable, "-c", _TWISTD]
    if reactor == "uvloop":
        start = [sys.executable, "-c", _UVLOOP + _TWISTD]
    elif reactor is not None:
        start.append(f"--reactor={reactor}")
    return [*start, "-n", "--pidfile="]


def ours(
    port: int,
    upstream: str,
    *options: str,
    profile: str = "passthrough",
    reactor: str | None = None,
) -> list[str]:
    """The command that starts this project's proxy from its checkout.

    :param upstream: URL, or ``embedded``.
    :param options: of ``openaiproxy``.
    :param reactor: see :func:`twistd`.
    """
    asked = ["--profile", profile, "--port", str(port), "--upstream", upstream]
    return [*twistd(reactor), "openaiproxy", *asked, *options]


def free_port() -> int:
    """A port of 127.0.0.1 that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin_self(core: int | None) -> None:
    """Keep this process on a core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def versions_of(*packages: str) -> str:
    """Names and versions of this interpreter and of packages, for the head of a report."""
    from importlib.metadata import version

    return ", ".join(
        [f"Python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in packages)]
    )


def _before(core: int | None, descriptors: int | None) -> Callable[[], None]:
    def prepare() -> None:
        pin_self(core)
        if descriptors is not None:
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            )

    return prepare


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_NOT_PASSED_ON)
    }
    return kept | {"NO_PROXY": "*", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"} | dict(more)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            found.setdefault(_parent(int(entry)), []).append(int(entry))
    return found


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return -1
    return int(stat[stat.rindex(")") + 2 :].split()[1])


def _cpu(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of another process
    except OSError:
        return 0.0


def _status(pid: int, key: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":")), 0)
