"""What lies in ``deploy/`` and is said in ``docs/clients/`` holds of the program as it is."""

import configparser
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from openaiproxy.cli.commands import Openaiproxy
from openaiproxy.config.load import load
from openaiproxy.config.settings import BY_NAME, SETTINGS, flags
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Config
from openaiproxy.web.binding import bind_hosts

ROOT = Path(__file__).parents[2]
DEPLOY, CLIENTS = ROOT / "deploy", ROOT / "docs" / "clients"
KEYS = {"OPENAI_API_KEY": "sk-server-0123456789", "OPENAIPROXY_CLIENT_KEYS": "me = a-key-of-mine"}
VARIABLES = {setting.variable for setting in SETTINGS}

pytestmark = pytest.mark.skipif(not DEPLOY.exists(), reason="deploy/ stands beside the tests")


def configured(environ: dict[str, str], **flags: str) -> Config:
    """The configuration that these make; a systemd socket is taken to be on loopback."""

    def hosts(endpoint: str) -> list[str]:
        return ["127.0.0.1"] if endpoint.startswith("systemd:") else bind_hosts(endpoint)

    def nothing(path: Path) -> str:
        return path.read_text() if path.is_relative_to(ROOT) else "me = a-key-of-mine"

    return load(
        flags, environ, nothing, ROOT / "deploy", hosts, lambda host: [], lambda path: 0o600
    )


def unit(name: str) -> configparser.ConfigParser:
    class Repeating(dict[str, str]):
        def __setitem__(self, key: str, value: object) -> None:
            if key in self and isinstance(value, list):
                value = [*self[key], *value]
            super().__setitem__(key, value)  # type: ignore[assignment]

    parser = configparser.ConfigParser(
        dict_type=Repeating, strict=False, interpolation=None, delimiters=("=",)
    )
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(DEPLOY / "systemd" / name)
    return parser


def test_the_example_opens_every_profile_that_it_names_on_a_port_of_its_own() -> None:
    config = configured(KEYS | {"HOME": "/home/me"}, config=str(DEPLOY / "openaiproxy.toml"))
    assert config.warnings == ()
    names = [port.profile.name for port in config.ports]
    assert len(set(names)) == len(names) >= 5
    for port in config.ports:
        if port.profile.name != "o1":
            assert port.endpoint == PRESETS[port.profile.name].endpoint


def test_the_units_variables_make_a_configuration_and_its_command_exists() -> None:
    service = unit("openaiproxy.service")["Service"]
    environ = dict(
        line.partition("=")[::2] for line in service["Environment"].splitlines() if "=" in line
    )
    [port] = configured(environ | KEYS).ports
    assert port.endpoint == "systemd:domain=INET:index=0"
    program, command = service["ExecStart"].split()
    assert program.endswith("/openaiproxy")
    assert command in commands()
    credentials = re.findall(
        r"^#?LoadCredential=([\w-]+):", text("systemd/openaiproxy.service"), re.M
    )
    assert credentials == [
        "openai-api-key",
        "openaiproxy-client-keys",
        "openaiproxy-admin-token",
    ]
    assert int(service["TimeoutStopSec"]) > configured(KEYS).drain


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_service_is_exposed_little() -> None:
    path = DEPLOY / "systemd" / "openaiproxy.service"
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stdout[-200:]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in ("openaiproxy.service", "openaiproxy.socket"):
        found = text(f"systemd/{name}")
        # The program is not where it will be.
        (tmp_path / name).write_text(
            re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", found, flags=re.M)
        )
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    ended = subprocess.run(
        ["systemd-analyze", "verify", *units],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    ours = [line for line in ended.stderr.splitlines() if "openaiproxy." in line]
    assert (ended.returncode, ours) == (0, [])


def test_row_131_the_containers_variables_make_a_configuration() -> None:
    image, compose = text("container/Containerfile"), text("container/compose.yaml")
    assert set(re.findall(r"OPENAIPROXY_\w+", image + compose)) <= VARIABLES
    environ = dict(re.findall(r"(OPENAIPROXY_\w+): (\S+)", compose))
    environ.pop("OPENAIPROXY_API_KEY_FILE")
    [port] = configured(environ | {"OPENAI_API_KEY": "sk-server-0123456789"}).ports
    assert [key.name for key in port.profile.auth.keys] == ["me"]
    assert environ["OPENAIPROXY_LISTEN"] in image
    assert "read_only: true" in compose
    assert re.search(r"^USER \d+:\d+$", image, re.M)
    assert '"status", "--url"' in image


def test_the_manifests_are_what_kubernetes_takes() -> None:
    """By the schemas of its releases, where a package that has them is installed."""
    validating = pytest.importorskip("kubernetes_validate")
    yaml = pytest.importorskip("yaml")
    documents = list(yaml.safe_load_all(text("balancer/kubernetes.yaml")))
    assert len(documents) >= 4
    for document in documents:
        validating.validate(document, validating.latest_version(), strict=True)


def documents() -> Iterator[Path]:
    yield ROOT / "README.rst"
    yield from sorted(CLIENTS.glob("*.rst"))
    yield from sorted(path for path in DEPLOY.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", list(documents()), ids=lambda path: path.name)
def test_every_option_and_variable_that_is_named_exists(path: Path) -> None:
    content = path.read_text()
    for variable in re.findall(r"\bOPENAIPROXY_[A-Z_]*[A-Z]\b", content):
        assert variable in VARIABLES | {"OPENAIPROXY_NAME"}, variable
    known = {f"--{flag.name}" for flag in flags()} | own_options()
    for line in commands_in(content):
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line):
            assert option in known, option


def commands_in(content: str) -> Iterator[str]:
    """What is given to the program: from its name to the line's end, and ``--options`` in prose."""
    joined = re.sub(r"\\\n\s*", " ", content)
    for found in re.finditer(
        r"(?:openaiproxy|twistd -n openaiproxy) ((?:start|run|status) .*|--.*)", joined
    ):
        yield found[1]
    yield from re.findall(r"``(--[a-z-]+)[ `]", joined)


def commands() -> set[str]:
    return {str(row[0]) for row in Openaiproxy.subCommands}


def own_options() -> set[str]:
    found = {"--print-config", "--url", "--pidfile", "--help"}
    for _, _, make, _ in Openaiproxy.subCommands:
        made = make()
        found |= {f"--{name}" for name in made.synonyms if len(str(name)) > 1}
    return found


def text(name: str) -> str:
    return (DEPLOY / name).read_text()


def test_every_page_is_in_the_index_and_names_an_address() -> None:
    index = (CLIENTS / "index.rst").read_text()
    pages = sorted(path.name for path in CLIENTS.glob("*.rst") if path.name != "index.rst")
    assert sorted(re.findall(r"``([\w-]+\.rst)``", index)) == pages
    for page in pages:
        content = (CLIENTS / page).read_text()
        assert re.search(r"https?://[\w.]+(:4567)?\b", content), page
    assert BY_NAME["client-keys-file"]
