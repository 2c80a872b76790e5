"""SIGHUP to a port that stays open takes a renewed certificate, a changed login, and refuses files that won't do."""

import datetime
import json
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.threads import deferToThread

from tests.e2e.codexhouse import Double
from tests.e2e.processes import ask
from tests.e2e.test_codex_processes import served
from tests.e2e.test_process import JSON, Start, start, stop
from tests.upstream.login.home import jwt, login_of

__all__ = ["start"]


def certify(folder: Path, name: str) -> None:
    """Write a key, and a certificate of this name, where the port has them."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()))
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))


def shown(port: int) -> str:
    """The name on the certificate that a port shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 10) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        found = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    [name] = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest_twisted.ensureDeferred
async def test_a_renewed_certificate_is_shown_and_a_broken_one_refused(
    start: Start, tmp_path: Path, workers: str
) -> None:
    certify(tmp_path, "first")
    endpoint = "gateway=ssl:0:interface=127.0.0.1:privateKey=key.pem:certKey=cert.pem"
    process = start("--listen", endpoint, "--upstream", "embedded", "--workers", workers)
    for number in range(int(workers)):
        await process.wrote(f"{number + 1}: [openaiproxy.ports#info] gateway listens on ")
    port = await process.ready()

    async def names() -> set[str]:
        return {await deferToThread(shown, port) for _ in range(6)}

    assert await names() == {"first"}
    certify(tmp_path, "second")
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    assert await names() == {"second"}
    (tmp_path / "cert.pem").write_text("no certificate")
    process.signal("HUP")
    await process.wrote("not reloaded, the old configuration stays: ssl:0:")
    assert await names() == {"second"}
    await stop(process)


LOGIN = """
[profiles.codex]
originator = "{originator}"
backend = "{origin}/backend-api/codex"

[[listen]]
profile = "codex"
endpoint = "tcp:0:interface=127.0.0.1"
"""


@pytest_twisted.ensureDeferred
async def test_changed_settings_of_a_login_are_taken_over(
    start: Start, real_reactor: Any, tmp_path: Path
) -> None:
    double = Double(jwt("0", time.time() + 3600))
    home = tmp_path / "home"
    home.mkdir()
    (home / "auth.json").write_text(json.dumps(login_of(double.access)))
    (home / "auth.json").chmod(0o600)
    config = tmp_path / "proxy.toml"
    async with served(real_reactor, double) as origin:
        config.write_text(LOGIN.format(originator="before", origin=origin))
        process = start("--config", str(config), CODEX_HOME=str(home))
        port = await process.ready()
        asked = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hi"}]}
        body = json.dumps(asked).encode()
        for _ in range(2):
            status, answer = await ask(real_reactor, port, "/v1/chat/completions", JSON, body)
            assert (status, await answer.whole()) == (200, True)
            config.write_text(LOGIN.format(originator="after", origin=origin))
            process.signal("HUP")
            await process.wrote("the configuration is reloaded")
        await stop(process)
    assert [seen.headers["originator"] for seen in double.seen] == ["before", "after"]
    assert "not reloaded" not in process.output
