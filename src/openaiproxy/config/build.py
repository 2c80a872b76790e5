"""From a preset and what was said to a profile.

Most settings are laid over the template as they come. Six need a decision: the way out (which
proxy, if any, for this upstream, and for each of the places that a login is shown to), the
credential (by the preset's rule; the embedded upstream never gets any), the callers' keys, the list
of models (only a list that isn't relayed has a file, an age, and patience), haste, which says what
others are unless they are said, and the simplified endpoints (which have an upstream more, and
times that follow each other).
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from attrs import evolve, frozen

from openaiproxy.bridging import Mode, Models
from openaiproxy.codex.account import Account
from openaiproxy.config.bridging import FAST, KEEP_MODELS, MODELS, MODELS_FILE, TRANSLATING
from openaiproxy.config.bypass import bypasses, is_loopback_name
from openaiproxy.config.fields import get, lay, put, value_of
from openaiproxy.config.keys import find_client_keys, find_secret, find_server_key
from openaiproxy.config.login import AUTH_FILE, LOGIN, usual_auth_file
from openaiproxy.config.models import parse_models
from openaiproxy.config.setting import Scope, Setting
from openaiproxy.config.settings import (
    ANTHROPIC_KEY,
    API_KEY_FILE,
    CA_BUNDLE,
    CLIENT_KEYS_FILE,
    NO_PROXY,
    ORGANIZATION,
    PROJECT,
    PROXY,
    SETTINGS,
)
from openaiproxy.config.simple import LONGEST, SIMPLE
from openaiproxy.config.sources import Given, Level, Reading, why
from openaiproxy.config.times import BURST, FIRST_BYTE, IDLE, TOTAL
from openaiproxy.config.urls import EMBEDDED, MASK
from openaiproxy.presets import CredentialRule, Preset
from openaiproxy.profile import ClientAuth, Credential, Profile, Upstream

__all__ = ["Built", "build"]

_DECIDED = (API_KEY_FILE, CLIENT_KEYS_FILE, PROXY, FAST, *LOGIN, *MODELS, *SIMPLE)
_LAID = tuple(
    setting for setting in SETTINGS if setting.scope is Scope.PROFILE and setting not in _DECIDED
)
_OF_OWN_LIST = tuple(setting for setting in MODELS if setting != KEEP_MODELS)
_FAST: Mapping[str, str] = {
    "bridging.amendments.effort": "minimal",
    "bridging.amendments.verbosity": "low",
    "bridging.amendments.tier": "priority",
}
_OUR_PROXY = frozenset({"CODEX_API_PROXY_HTTPS_PROXY"})
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
        profile = self._hasten(evolve(self.preset.profile, name=self.name))
        for setting in _LAID:
            profile = self._lay(profile, setting)
        if profile.bridging.mode is Mode.RELAY:
            self._warn_of_idle(TRANSLATING, "relays requests as they are")
        if profile.limits.rate is None:
            self._warn_of_idle((BURST,), "has no rate")
        profile = self._with_simple(self._with_models(profile))
        upstream = self._upstream(profile.upstream)
        credential, server_key_said = self._credential(profile.credential, upstream)
        if credential.login is not None:
            upstream, login = self._with_ways(upstream, credential.login)
            credential = evolve(credential, login=login)
        auth, client_keys_said = self._auth(profile.auth)
        profile = evolve(profile, upstream=upstream, credential=credential, auth=auth)
        return Built(profile, self.preset, server_key_said, client_keys_said)

    def _hasten(self, profile: Profile) -> Profile:
        """The template of a port in haste, if it is in haste."""
        given = self._find(FAST)
        if given is None or not value_of(FAST, given, self.reading, False):
            return profile
        if profile.bridging.mode is Mode.RELAY:
            what = f"not used by profile {self.name}, which relays requests as they are"
            self.reading.ledger.warn(given.where, what)
        for field, value in _FAST.items():
            profile = put(profile, field, value)
        return profile

    def _lay(self, profile: Profile, setting: Setting) -> Profile:
        given = self._find(setting)
        if given is None and get(profile, setting.field) == _FAST.get(setting.field, ...):
            self._note(setting, self._origin(FAST))
        laid: Profile = lay(profile, setting, given, self.reading)
        return laid

    def _find(self, setting: Setting) -> Given | None:
        """What was said, its place noted."""
        given = self.reading.sources.find(setting, self.preset.environment, self.name)
        self._note(setting, given.where if given else f"preset {self.preset.profile.name}")
        return given

    def _note(self, setting: Setting, origin: str) -> None:
        self.reading.ledger.origins[f"profiles.{self.name}.{setting.name}"] = origin

    def _origin(self, setting: Setting) -> str:
        return self.reading.ledger.origins[f"profiles.{self.name}.{setting.name}"]

    def _warn_of_idle(self, settings: Iterable[Setting], why_idle: str) -> None:
        """Say that something was asked of this profile which it never does."""
        for setting in settings:
            given = self.reading.sources.find(setting, frozenset(), self.name)
            if given is None or given.level not in (Level.FLAG, Level.FILE):
                continue
            default = get(self.preset.profile, setting.field)
            if value_of(setting, given, self.reading, default) != default:
                what = f"not used by profile {self.name}, which {why_idle}"
                self.reading.ledger.warn(given.where, what)

    def _with_models(self, profile: Profile) -> Profile:
        policy, given = profile.bridging.models, self._find(KEEP_MODELS)
        keep = None if policy is None else policy.keep
        if given is not None:
            keep = value_of(KEEP_MODELS, given, self.reading, keep)
        if keep is None:
            self._warn_of_idle(_OF_OWN_LIST, "relays the upstream's list of models")
            return _put_models(profile, None)
        profile = _put_models(profile, evolve(policy or Models(), keep=keep))
        for setting in _OF_OWN_LIST:
            profile = self._lay(profile, setting)
        return self._with_list(profile)

    def _with_list(self, profile: Profile) -> Profile:
        """The list of our own, read from its file, if there is one."""
        outside, ledger, models = self.reading.outside, self.reading.ledger, profile.bridging.models
        if models is None or models.file is None:
            return profile
        origin = self._origin(MODELS_FILE)
        try:
            content = outside.read_text(outside.cwd / models.file)
        except (OSError, UnicodeError) as error:
            ledger.mistake(origin, f"{models.file} {why(error)}")
            return profile
        listed, mistakes = parse_models(content)
        for mistake in mistakes:
            ledger.mistake(f"{origin}: {models.file}", mistake)
        return _put_models(profile, evolve(models, listed=listed))

    def _with_simple(self, profile: Profile) -> Profile:
        """The simplified endpoints, their own upstream included."""
        if profile.simple is None:
            self._warn_of_idle(SIMPLE, "has no simplified endpoints")
            return profile
        for setting in SIMPLE:
            profile = self._lay(profile, setting)
        simple, honoured = profile.simple, self.preset.environment
        assert simple is not None, "laying a setting over it doesn't take it away"
        anthropic = simple.anthropic
        if profile.upstream.base == EMBEDDED and anthropic == self._preset_anthropic():
            anthropic = evolve(anthropic, base=EMBEDDED)
        ways = profile.upstream
        anthropic = evolve(anthropic, no_proxy=ways.no_proxy, ca_bundle=ways.ca_bundle)
        anthropic = self._way_out(anthropic)
        key = find_secret(ANTHROPIC_KEY, self.reading, honoured)
        simple = evolve(
            simple,
            anthropic=anthropic,
            anthropic_key=None if anthropic.embedded else key,
            longest=max(simple.longest, simple.timeout),
        )
        return self._with_times(evolve(profile, simple=simple), simple.longest)

    def _preset_anthropic(self) -> Upstream | None:
        template = self.preset.profile.simple
        return None if template is None else template.anthropic

    def _with_times(self, profile: Profile, longest: float) -> Profile:
        """The times that have to outlast the longest answer: unsaid ones follow it, and the total in any case."""
        times = profile.timeouts
        unsaid = f"preset {self.preset.profile.name}"
        if self._origin(LONGEST) != unsaid:
            if self._origin(FIRST_BYTE) == unsaid:
                times = evolve(times, first_byte=longest + 5)
            if self._origin(IDLE) == unsaid:
                times = evolve(times, idle=longest + 5)
        if (times.total is not None and times.total < longest + 30) or self._origin(
            TOTAL
        ) == unsaid:
            times = evolve(times, total=longest + 30)
        return evolve(profile, timeouts=times)

    def _upstream(self, upstream: Upstream) -> Upstream:
        self._check_ca_bundle(upstream.ca_bundle)
        return self._way_out(upstream)

    def _way_out(self, upstream: Upstream) -> Upstream:
        if upstream.base == EMBEDDED:
            self._note(PROXY, "embedded upstream")
            return evolve(upstream, base="", embedded=True)
        if self.preset.profile.credential.login is not None:
            return upstream
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
        given = self._proxy_for(upstream.base)
        if given is None:
            self._note(PROXY, f"preset {self.preset.profile.name}")
            return upstream
        why_not = self._directly(upstream.base, given, upstream)
        if why_not is not None:
            self._note(PROXY, f"{given.where}, but {why_not}")
            return upstream
        return self._by_proxy(upstream, given)

    def _with_ways(self, upstream: Upstream, login: Account) -> tuple[Upstream, Account]:
        """The proxy of a login, and those who are reached without it."""
        given = self._proxy_for(login.backend_base)
        if given is None:
            self._note(PROXY, f"preset {self.preset.profile.name}")
            return upstream, login
        direct = (url for url in login.urls if self._directly(url, given, upstream) is not None)
        return self._by_proxy(upstream, given), evolve(login, direct=frozenset(direct))

    def _proxy_for(self, url: str) -> Given | None:
        ambient = _AMBIENT[urlsplit(url).scheme] | _OUR_PROXY
        return self.reading.sources.find(PROXY, self.preset.environment & ambient, self.name)

    def _directly(self, url: str, given: Given, upstream: Upstream) -> str | None:
        """Why the proxy isn't for this URL, if it isn't."""
        ambient = _AMBIENT["https"] | _AMBIENT["http"]
        if given.variable in ambient and is_loopback_name(urlsplit(url).hostname or ""):
            return "the upstream is on loopback"
        return f"for {self._origin(NO_PROXY)}" if bypasses(url, upstream.no_proxy) else None

    def _by_proxy(self, upstream: Upstream, given: Given) -> Upstream:
        self._note(PROXY, given.where)
        proxy = value_of(PROXY, given, self.reading, None)
        if proxy and f"{MASK}@" in proxy:
            what = f"its password is {MASK}, as a printed configuration has it: write the real one"
            self.reading.ledger.warn(given.where, what)
        return evolve(upstream, proxy=proxy)

    def _credential(self, said: Credential, upstream: Upstream) -> tuple[Credential, bool]:
        if upstream.embedded:
            return self._no_credential("embedded upstream"), False
        if said.login is not None:
            self._warn_of_idle_key("its login")
            return evolve(
                self._no_credential("the login"), login=self._login(said.login, upstream)
            ), True
        if self.preset.credential is CredentialRule.CALLER:
            self._warn_of_idle_key("the caller's own key")
            return self._no_credential("the caller's own key"), False
        found = find_server_key(self.reading, self.name, self.preset.environment)
        if found.key is None:
            if self.preset.profile.simple is not None:
                # A caller who brings a key of his own spends it on the project that is configured.
                self._note(API_KEY_FILE, "none given")
                return said, bool(found.where)
            return self._no_credential("none given"), bool(found.where)
        self._note(API_KEY_FILE, found.where)
        return evolve(said, key=found.key, key_file=found.file), True

    def _login(self, template: Account, upstream: Upstream) -> Account:
        """The login's settings; those of a login that is an API key are the upstream's."""
        profile = evolve(self.preset.profile, credential=Credential(login=template))
        for setting in LOGIN:
            profile = self._lay(profile, setting)
        login = profile.credential.login
        assert login is not None, "it was put there"
        if not login.auth_file:
            usual = usual_auth_file(self.reading.outside.environ.get("HOME"))
            if usual is None:
                wish = f"expected HOME, {', '.join(AUTH_FILE.environment)} or {AUTH_FILE.name}"
                self.reading.ledger.mistake(f"profile {self.name}", f"no login is known: {wish}")
            login = evolve(login, auth_file=usual or "")
        return evolve(login, api_base=upstream.base)

    def _no_credential(self, origin: str) -> Credential:
        for setting in (API_KEY_FILE, ORGANIZATION, PROJECT):
            self._note(setting, origin)
        return Credential()

    def _warn_of_idle_key(self, spent: str) -> None:
        given = self.reading.sources.find(API_KEY_FILE, frozenset(), self.name)
        if given and given.level in (Level.FLAG, Level.FILE):
            what = f"not used by profile {self.name}, which sends {spent}"
            self.reading.ledger.warn(given.where, what)

    def _auth(self, said: ClientAuth) -> tuple[ClientAuth, bool]:
        found = find_client_keys(self.reading, self.name, self.preset.environment)
        self._note(CLIENT_KEYS_FILE, found.where or "none given")
        return evolve(said, keys=found.keys, keys_file=found.file), bool(found.where)


def _put_models(profile: Profile, models: Models | None) -> Profile:
    return evolve(profile, bridging=evolve(profile.bridging, models=models))
