"""A whole world to load a configuration in: files, variables, addresses, all as data."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from openaiproxy.config.load import load
from openaiproxy.errors import Misconfigured
from openaiproxy.profile import Config, Profile

__all__ = ["KEY", "World"]

KEY = "sk-server-0123456789"


@frozen
class World:
    """:param files: text, bytes that aren't UTF-8, or the error of reading, by path.

    :param names: addresses by host; others don't resolve.
    :param hosts: what an endpoint binds; others bind 127.0.0.1.
    """

    files: Mapping[str, str | bytes | Exception] = field(factory=dict)
    environ: Mapping[str, str] = field(factory=dict)
    names: Mapping[str, Sequence[str]] = field(factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(factory=dict)
    mode: int = 0o600

    def load(self, **flags: object) -> Config:
        """Load with these flags (``api_key_file`` for ``--api-key-file``)."""
        given = {name.replace("_", "-"): value for name, value in flags.items()}
        return load(
            given,
            self.environ,
            self._read_text,
            Path("/srv"),
            self._bind_hosts,
            self._resolve,
            lambda path: self.mode,
        )

    def profile(self, **flags: object) -> Profile:
        """The profile of the one port."""
        [port] = self.load(**flags).ports
        return port.profile

    def mistakes(self, **flags: object) -> list[str]:
        """What keeps it from starting."""
        try:
            config = self.load(**flags)
        except Misconfigured as error:
            return str(error).split("\n")
        raise AssertionError(f"no mistake in {config}")

    def _read_text(self, path: Path) -> str:
        match self.files.get(str(path), FileNotFoundError(2, "No such file or directory")):
            case Exception() as error:
                raise error
            case bytes() as content:
                return content.decode()
            case content:
                return content

    def _bind_hosts(self, endpoint: str) -> Sequence[str]:
        if endpoint.startswith("nonsense"):
            raise ValueError("no such kind of endpoint")
        return self.hosts.get(endpoint, ["127.0.0.1"])

    def _resolve(self, host: str) -> Sequence[str]:
        if host not in self.names:
            raise OSError("no such host")
        return self.names[host]
