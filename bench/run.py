"""CPU time, added delay and memory of this proxy beside nginx and a plain FastAPI forwarder.

``python bench/run.py [--quick] [--fastapi PYTHON] [--rounds N]``. Everything runs on 127.0.0.1, the proxies on one core
and the load on another where there are two. Rounds are interleaved and figures are medians, so that a noisy machine
disturbs all alike; trust CPU time (the whole process tree's, kernel included) and ratios within one run, not rates.
"""

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from peers import find_python
from processes import LOAD_CORE, PROXY_CORE, Household, free_port, ours, versions_of
from subjects import Subject, Suite, play_round, print_rows
from tools import Tools, find_tools

_HERE = Path(__file__).resolve().parent
_FASTAPI = ("fastapi", "uvicorn[standard]", "httpx")
#: An observer of twistd's that drops every event.
_NO_LOG = "twisted.logger.LogPublisher"
_IDLE_STREAMS = 1_000

_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000; tcp_nodelay on; client_body_buffer_size 64k;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""


_FIRST, _IDLE, _PEAK = "first event ms", "at rest MB", "1,000 streams MB"
SUITES = (
    Suite("1 connection us/request", "whole", ("-c", "1"), "requests"),
    Suite("16 connections us/request", "whole", ("-c", "16"), "requests"),
    Suite("fast us/chunk", "fast", ("-c", "4"), "events"),
    Suite("paced us/chunk", "paced", ("-c", "10", "-r", "137"), "events", False, _FIRST),
)


def _start_nginx(household: Household, upstream: int) -> Iterator[Subject]:
    nginx = shutil.which("nginx")
    if nginx is None:
        print("nginx: absent")
        return
    folder = household.folder / "nginx-conf"
    folder.mkdir()
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_NGINX.format(folder=folder, upstream=upstream, port=port))
    command = [nginx, "-e", f"{folder}/nginx.err", "-p", str(folder), "-c", str(conf)]
    yield Subject("nginx, unbuffered", household.start("nginx", command, port, PROXY_CORE), port)


def _start_fastapi(household: Household, upstream: int, given: str | None) -> Iterator[Subject]:
    python = find_python(_FASTAPI, given, household.folder)
    if python is None:
        print("fastapi: absent, it could not be installed")
        return
    port = free_port()
    command = [
        python,
        str(_HERE / "fastapi_forwarder.py"),
        str(port),
        f"http://127.0.0.1:{upstream}",
    ]
    yield Subject(
        "FastAPI + uvicorn + httpx", household.start("fastapi", command, port, PROXY_CORE), port
    )


def _start_ours(household: Household, upstream: int, quick: bool) -> Iterator[Subject]:
    base = f"http://127.0.0.1:{upstream}/v1"
    log = ("--log-file", str(household.folder / "requests.log"), "--log-format", "json")
    kinds: list[tuple[str, tuple[str, ...], str | None]] = [
        ("no log kept", (), _NO_LOG),
        ("JSON log file", log, _NO_LOG),
    ]
    if not quick:
        kinds.append(("as it comes, twistd's log", (), None))
    for number, (kind, options, logger) in enumerate(kinds):
        port = free_port()
        command = ours(port, base, *options, logger=logger)
        process = household.start(f"openaiproxy-{number}", command, port, PROXY_CORE)
        yield Subject(f"openaiproxy, {kind}", process, port)


def _hold_streams(tools: Tools, subjects: list[Subject]) -> None:
    """Open 1,000 streams of three chunks two seconds apart through each, and note the most memory meanwhile."""
    count = str(_IDLE_STREAMS)
    running = {
        subject.name: tools.begin(subject.port, "idle", "-c", count, "-n", count, "-r", "1000")
        for subject in subjects
    }
    peaks = dict.fromkeys(running, 0)
    while any(load.poll() is None for load in running.values()):
        for subject in subjects:
            peaks[subject.name] = max(peaks[subject.name], subject.process.rss())
        time.sleep(0.25)
    for subject in subjects:
        subject.wrong += tools.end(running[subject.name]).wrong
        subject.note(_PEAK, peaks[subject.name] / 1e6)


def _print_table(subjects: list[Subject]) -> None:
    titles = [*(suite.title for suite in SUITES), _FIRST, _IDLE, _PEAK, "wrong"]
    rows = [
        [subject.name, *(subject.median(title) for title in titles[:-1]), str(subject.wrong)]
        for subject in subjects
    ]
    print_rows(titles, rows)
    print(
        "\nus: CPU time, user and system, of the whole process tree. wrong: requests that failed or were cut."
    )
    print(
        "first event: median delay added to a stream's first event, the load generator's own included."
    )


def run(options: argparse.Namespace, folder: Path) -> bool:
    """Measure everything and print it.

    :returns: whether every request was answered whole.
    """
    tools = find_tools(folder)
    seconds, streams, rounds = (0.25, 10, 2) if options.quick else (2.0, 40, 5)
    with Household(folder) as household:
        upstream = free_port()
        direct = Subject(
            "no proxy (the upstream itself)", tools.start_upstream(household, upstream), upstream
        )
        subjects = [
            direct,
            *_start_nginx(household, upstream),
            *_start_ours(household, upstream, options.quick),
            *_start_fastapi(household, upstream, options.fastapi),
        ]
        for number in range(options.rounds or rounds):
            print(f"round {number + 1}", flush=True)
            play_round(tools, SUITES, subjects, seconds, streams, number)
        for subject in subjects:
            subject.note(_IDLE, subject.process.rss() / 1e6)
        print(f"{_IDLE_STREAMS:,} streams", flush=True)
        for batch in [subjects[1:]] if options.quick else [[subject] for subject in subjects[1:]]:
            _hold_streams(tools, batch)
        _print_table(subjects)
    return not any(subject.wrong for subject in subjects)


def main() -> int:
    """:returns: the exit code: 1 where a request was not answered whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, and coarser")
    parser.add_argument("--rounds", type=int, help="rounds to take the medians of")
    parser.add_argument(
        "--fastapi", metavar="PYTHON", help="an interpreter that has FastAPI, uvicorn and httpx"
    )
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cores = f"{os.cpu_count()} cores" + (
        "" if LOAD_CORE is not None else ", one of them usable: proxies and load share it"
    )
    print(f"{versions_of('Twisted', 'treq')}; {cores}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # nginx's worker gives root away
        return 0 if run(options, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
