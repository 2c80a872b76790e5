"""What is measured: this proxy with everything on, and those beside it, each with a port and an upstream on 127.0.0.1.

A candidate starts as a relay of Chat, or as a translation from Chat clients to an upstream that speaks Responses, or
as either. The others run as they ship; two need help to find the upstream here: codex-api-proxy has no option for it
(``codex_launcher.py``), and LiteLLM reads a file of models that is written for it.
"""

import argparse
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from attrs import frozen
from interpreters import find_python, versions_at
from processes import PROXY_CORE, Household, Process, ours
from tools import KEY, SHAPES, Tools

__all__ = [
    "ADMIN_TOKEN",
    "CODEX",
    "FASTAPI",
    "LITELLM",
    "NGINX",
    "NODE",
    "OURS",
    "PEERS",
    "Candidate",
    "Starter",
    "everything_on",
    "find_candidates",
    "own",
]

OURS, NGINX, NODE, FASTAPI = "openaiproxy", "nginx", "Node", "FastAPI"
CODEX, LITELLM = "codex-api-proxy", "LiteLLM"
PEERS = (NGINX, NODE, FASTAPI, CODEX, LITELLM)
_HERE = Path(__file__).resolve().parent
_FASTAPI_NEEDS = ("fastapi", "uvicorn[standard]", "httpx")
_CODEX_NEEDS = ("codex-api-proxy==0.1.6",)
_STACK = ("fastapi", "uvicorn", "httpx")
ADMIN_TOKEN = "admin-0123456789"
#: Nobody's, and no request of a run comes near it.
_RATE = "1000000000/min"

#: Starts a process that listens on a port (the third) and asks an upstream on another (the second).
Starter = Callable[[Household, int, int], Process]


@frozen
class Candidate:
    """Something that is measured.

    :param relay: starts it as a relay of Chat.
    :param bridge: starts it for Chat clients of an upstream that speaks Responses.
    :param versions: of what it runs on.
    """

    name: str
    relay: Starter | None
    bridge: Starter | None = None
    versions: str = ""


def everything_on(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Options and variables that switch on keys, limits, the metrics' pages, and a log file of JSON lines."""
    log = ("--log-file", str(folder / "requests.log"), "--log-format", "json")
    keys = {"OPENAIPROXY_CLIENT_KEYS": f"bench={KEY}", "OPENAIPROXY_ADMIN_TOKEN": ADMIN_TOKEN}
    return (*log, "--rate", _RATE), keys


def own(name: str, reactor: str | None = None) -> Candidate:
    """This proxy, on one of Twisted's reactors."""

    def start(profile: str, household: Household, upstream: int, port: int) -> Process:
        label = f"{name}-{profile}".replace(" ", "-")
        folder = household.folder / label
        options, environment = everything_on(folder)
        base = f"http://127.0.0.1:{upstream}/v1"
        command = ours(port, base, *options, profile=profile, reactor=reactor)
        return household.start(label, command, port, PROXY_CORE, environment)

    return Candidate(name, partial(start, "passthrough"), partial(start, "bridge"))


def find_candidates(options: argparse.Namespace, tools: Tools, folder: Path) -> Iterator[Candidate]:
    """This proxy and those of the others that can be had; the absent are named on standard output.

    :param options: ``fastapi``, ``codex`` and ``litellm``: interpreters that have them.
    :param folder: for temporary environments.
    """
    yield own(OURS)
    if nginx := shutil.which("nginx"):
        yield Candidate(NGINX, partial(_start_nginx, nginx), versions=_said(nginx, "-v"))
    else:
        _absent(NGINX, "it is not on the PATH")
    if node := shutil.which("node"):
        yield Candidate(NODE, partial(_start_node, node), versions=f"Node {_said(node, '-v')}")
    else:
        _absent(NODE, "it is not on the PATH")
    if python := find_python(_FASTAPI_NEEDS, options.fastapi, folder):
        versions = versions_at(python, *_STACK, "uvloop", "httptools")
        yield Candidate(FASTAPI, partial(_start_fastapi, python), versions=versions)
    else:
        _absent(FASTAPI, "it could not be installed")
    if python := find_python(_CODEX_NEEDS, options.codex, folder):
        api: dict[str, object] = {"OPENAI_API_KEY": "sk-bench"}
        chatgpt: dict[str, object] = {"auth_mode": "chatgpt", "tokens": _made_up_tokens()}
        relay = partial(_start_codex, python, "api", api)
        bridge = partial(_start_codex, python, "chatgpt", chatgpt)
        yield Candidate(CODEX, relay, bridge, versions_at(python, "codex-api-proxy", *_STACK))
    else:
        _absent(CODEX, "it could not be installed")
    if options.litellm:
        relay = partial(_start_litellm, options.litellm, tools, "")
        bridge = partial(_start_litellm, options.litellm, tools, "responses/")
        yield Candidate(LITELLM, relay, bridge, versions_at(options.litellm, "litellm"))
    else:
        _absent(LITELLM, "name an interpreter that has litellm[proxy] with --litellm")


def _absent(name: str, why: str) -> None:
    print(f"{name}: absent, {why}")


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout or done.stderr).strip().removeprefix("nginx version: ")


_NGINX_CONF = """
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


def _start_nginx(nginx: str, household: Household, upstream: int, port: int) -> Process:
    folder = household.folder / "nginx-conf"
    folder.mkdir(exist_ok=True)
    conf = folder / "nginx.conf"
    conf.write_text(_NGINX_CONF.format(folder=folder, upstream=upstream, port=port))
    command = [nginx, "-e", f"{folder}/nginx.err", "-p", str(folder), "-c", str(conf)]
    return household.start("nginx", command, port, PROXY_CORE)


def _start_node(node: str, household: Household, upstream: int, port: int) -> Process:
    command = [node, str(_HERE / "node_forwarder.js"), str(port), f"http://127.0.0.1:{upstream}"]
    return household.start("node", command, port, PROXY_CORE)


#: Nothing of ours is to be found on a peer's path.
_THEIR_PATH = {"PYTHONPATH": ""}


def _start_fastapi(python: str, household: Household, upstream: int, port: int) -> Process:
    script = str(_HERE / "fastapi_forwarder.py")
    command = [python, script, str(port), f"http://127.0.0.1:{upstream}"]
    return household.start("fastapi", command, port, PROXY_CORE, _THEIR_PATH)


def _start_codex(
    python: str, mode: str, login: dict[str, object], household: Household, upstream: int, port: int
) -> Process:
    home = household.folder / f"codex-{mode}-home"
    home.mkdir(exist_ok=True)
    (home / "auth.json").write_text(json.dumps(login))
    base = f"http://127.0.0.1:{upstream}/v1"
    files = [f"--{name}-file={home}/{name}" for name in ("pid", "state", "log")]
    command = [
        python,
        str(_HERE / "codex_launcher.py"),
        base,
        "start",
        "--foreground",
        f"--port={port}",
    ]
    environment = {**_THEIR_PATH, "CODEX_HOME": str(home), "HOME": str(home)}
    return household.start(f"codex-{mode}", [*command, *files], port, PROXY_CORE, environment)


def _made_up_tokens() -> dict[str, str]:
    """A login of nobody's that says it is valid for a day."""
    parts = {"alg": "none"}, {"exp": int(time.time()) + 86_400}
    said = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    token = ".".join([*(part.rstrip("=") for part in said), "made-up"])
    return {"access_token": token, "account_id": "made-up"}


_LITELLM_ENVIRONMENT = {
    **_THEIR_PATH,
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_MASTER_KEY": KEY,
}


def _start_litellm(
    python: str, tools: Tools, speaks: str, household: Household, upstream: int, port: int
) -> Process:
    name = f"litellm-{speaks.rstrip('/') or 'chat'}"
    base = {"api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "sk-bench"}
    models = [
        {
            "model_name": model,
            "litellm_params": {"model": f"openai/{speaks}{model}", **base},
            "model_info": {"supports_native_streaming": True},
        }
        for model in {tools.model(shape) for shape in SHAPES.values()}
    ]
    settings = {"telemetry": False, "request_timeout": 600, "num_retries": 0}
    # JSON is YAML as well.
    conf = household.folder / f"{name}.yaml"
    conf.write_text(json.dumps({"model_list": models, "litellm_settings": settings}))
    command = [str(Path(python).with_name("litellm")), "--config", str(conf)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    return household.start(name, command, port, PROXY_CORE, _LITELLM_ENVIRONMENT)
