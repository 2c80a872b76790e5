"""From a preset and what was said to a profile.

Most settings are laid over the template as they come. Three need a decision: the way out (which
proxy, if any, for this upstream), the credential (by the preset's rule; the embedded upstream
never gets a key), and the callers' keys.
"""

from urllib.parse import urlsplit

from attrs import evolve, frozen

from openaiproxy.config.bypass import bypasses, is_loopback_name
from openaiproxy.config.fields import lay, value_of
from openaiproxy.config.keys import find_client_keys, find_server_key
from openaiproxy.config.setting import Scope, Setting
from openaiproxy.config.settings import (
    API_KEY_FILE,
    CA_BUNDLE,
    CLIENT_KEYS_FILE,
    NO_PROXY,
    ORGANIZATION,
    PROJECT,
    PROXY,
    SETTINGS,
)
from openaiproxy.config.sources import Level, Reading, why
from openaiproxy.config.urls import EMBEDDED, MASK
from openaiproxy.presets import CredentialRule, Preset
from openaiproxy.profile import ClientAuth, Credential, Profile, Upstream

__all__ = ["Built", "build"]

_DECIDED = (API_KEY_FILE, CLIENT_KEYS_FILE, PROXY)
_LAID = tuple(
    setting for setting in SETTINGS if setting.scope is Scope.PROFILE and setting not in _DECIDED
)
_AMBIENT = {
    "https": frozenset({"HTTPS_PROXY", "https_proxy"}),
    "http": frozenset({"HTTP_PROXY", "http_proxy"}),
}


@frozen
class Built:
    """A profile, and what the rules must know beside it.

    :param server_key_said: whether a server-side key was named, even if it couldn't be read.
    :param client_keys_said: the same of callers' keys.
    """

    profile: Profile
    preset: Preset
    server_key_said: bool
    client_keys_said: bool


def build(reading: Reading, name: str, preset: Preset) -> Built:
    """One profile; mistakes go to the ledger and leave the preset's value.

    :param name: the profile's own name.
    """
    return _Building(reading, name, preset).build()


@frozen
class _Building:
    reading: Reading
    name: str
    preset: Preset

    def build(self) -> Built:
        profile = evolve(self.preset.profile, name=self.name)
        for setting in _LAID:
            profile = self._lay(profile, setting)
        upstream = self._upstream(profile.upstream)
        credential, server_key_said = self._credential(profile.credential, upstream)
        auth, client_keys_said = self._auth(profile.auth)
        profile = evolve(profile, upstream=upstream, credential=credential, auth=auth)
        return Built(profile, self.preset, server_key_said, client_keys_said)

    def _lay(self, profile: Profile, setting: Setting) -> Profile:
        given = self.reading.sources.find(setting, self.preset.environment, self.name)
        self._note(setting, given.where if given else f"preset {self.preset.profile.name}")
        laid: Profile = lay(profile, setting, given, self.reading)
        return laid

    def _note(self, setting: Setting, origin: str) -> None:
        self.reading.ledger.origins[f"profiles.{self.name}.{setting.name}"] = origin

    def _origin(self, setting: Setting) -> str:
        return self.reading.ledger.origins[f"profiles.{self.name}.{setting.name}"]

    def _upstream(self, upstream: Upstream) -> Upstream:
        self._check_ca_bundle(upstream.ca_bundle)
        if upstream.base == EMBEDDED:
            self._note(PROXY, "embedded upstream")
            return evolve(upstream, base="", embedded=True)
        return self._with_proxy(upstream)

    def _check_ca_bundle(self, path: str | None) -> None:
        if path is None:
            return
        outside, ledger = self.reading.outside, self.reading.ledger
        try:
            content = outside.read_text(outside.cwd / path)
        except (OSError, UnicodeError) as error:
            ledger.mistake(self._origin(CA_BUNDLE), f"{path} {why(error)}")
            return
        if "-----BEGIN " not in content:
            ledger.mistake(self._origin(CA_BUNDLE), f"{path} holds no certificate in PEM form")

    def _with_proxy(self, upstream: Upstream) -> Upstream:
        url = urlsplit(upstream.base)
        ambient = self.preset.environment & _AMBIENT[url.scheme]
        given = self.reading.sources.find(PROXY, ambient, self.name)
        if given is None:
            self._note(PROXY, f"preset {self.preset.profile.name}")
            return upstream
        if given.variable in ambient and is_loopback_name(url.hostname or ""):
            self._note(PROXY, f"{given.where}, but the upstream is on loopback")
            return upstream
        if bypasses(upstream.base, upstream.no_proxy):
            self._note(PROXY, f"{given.where}, but for {self._origin(NO_PROXY)}")
            return upstream
        self._note(PROXY, given.where)
        proxy = value_of(PROXY, given, self.reading, None)
        if proxy and f"{MASK}@" in proxy:
            what = f"its password is {MASK}, as a printed configuration has it: write the real one"
            self.reading.ledger.warn(given.where, what)
        return evolve(upstream, proxy=proxy)

    def _credential(self, said: Credential, upstream: Upstream) -> tuple[Credential, bool]:
        if upstream.embedded:
            return self._no_credential("embedded upstream"), False
        if self.preset.credential is CredentialRule.CALLER:
            self._warn_of_idle_key()
            return self._no_credential("the caller's own key"), False
        found = find_server_key(self.reading, self.name, self.preset.environment)
        if found.key is None:
            return self._no_credential("none given"), bool(found.where)
        self._note(API_KEY_FILE, found.where)
        return evolve(said, key=found.key, key_file=found.file), True

    def _no_credential(self, origin: str) -> Credential:
        for setting in (API_KEY_FILE, ORGANIZATION, PROJECT):
            self._note(setting, origin)
        return Credential()

    def _warn_of_idle_key(self) -> None:
        given = self.reading.sources.find(API_KEY_FILE, frozenset(), self.name)
        if given and given.level in (Level.FLAG, Level.FILE):
            what = f"not used by profile {self.name}, which sends the caller's own key"
            self.reading.ledger.warn(given.where, what)

    def _auth(self, said: ClientAuth) -> tuple[ClientAuth, bool]:
        found = find_client_keys(self.reading, self.name, self.preset.environment)
        self._note(CLIENT_KEYS_FILE, found.where or "none given")
        return evolve(said, keys=found.keys, keys_file=found.file), bool(found.where)
