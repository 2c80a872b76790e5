"""Keys: where they are found, and that no mistake shows one."""

import pytest

from tests.config.world import KEY, World

OTHER = "sk-other-0123456789"
CREDENTIALS = {"CREDENTIALS_DIRECTORY": "/run/creds"}


@pytest.mark.parametrize(
    ("flags", "environ", "key"),
    [
        ({}, {"OPENAI_API_KEY": KEY}, KEY),
        ({}, {"OPENAI_API_KEY": f" {KEY}\n"}, KEY),
        ({}, {"OPENAIPROXY_API_KEY": KEY, "OPENAI_API_KEY": OTHER}, KEY),
        ({}, {"OPENAI_API_KEY_FILE": "key"}, "from-file"),
        ({}, {"OPENAIPROXY_API_KEY_FILE": "/srv/key"}, "from-file"),
        ({}, {"OPENAI_API_KEY": KEY, "OPENAI_API_KEY_FILE": "key"}, KEY),
        ({"api_key_file": "key"}, {"OPENAI_API_KEY": KEY}, "from-file"),
        ({}, CREDENTIALS, "from-systemd"),
        ({}, CREDENTIALS | {"OPENAI_API_KEY": KEY}, KEY),
        ({"api_key_file": "key"}, CREDENTIALS, "from-file"),
        ({"config": "c.toml"}, {}, "from-file"),
        ({"config": "c.toml"}, {"OPENAI_API_KEY": KEY}, KEY),
        ({"config": "c.toml"}, CREDENTIALS, "from-systemd"),
        ({"api_key_file": "bom"}, {}, "from-windows"),
        ({}, {"CREDENTIALS_DIRECTORY": "/empty"}, None),
        ({}, {}, None),
        ({"profile": "passthrough"}, {"OPENAI_API_KEY": KEY} | CREDENTIALS, None),
        ({"upstream": "embedded"}, {"OPENAI_API_KEY": KEY}, None),
    ],
)
def test_the_server_side_key_is_found_where_it_may_stand(
    flags: dict[str, object], environ: dict[str, str], key: str | None
) -> None:
    files: dict[str, str | bytes | Exception] = {
        "/srv/key": "from-file\n",
        "/srv/bom": "\ufefffrom-windows\r\n",
        "/run/creds/openai-api-key": "from-systemd",
        "/srv/c.toml": "[profiles.gateway]\napi-key-file = 'key'",
    }
    credential = World(files, environ).profile(**flags).credential
    assert credential.key == key
    assert (credential.key_file is not None) is (key or "").startswith("from-")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected a key, but it's empty"),
        (" \n", "expected a key, but it's empty"),
        ("SECRET-1\nSECRET-2", "expected one key on one line"),
        ("SECRET 1", "expected a key of visible ASCII characters"),
        ("SECRÉT", "expected a key of visible ASCII characters"),
        ("SECRET\x00", "expected a key of visible ASCII characters"),
    ],
)
def test_a_key_file_with_anything_but_a_key_is_a_mistake_that_shows_nothing(
    content: str, said: str
) -> None:
    [mistake] = World({"/srv/key": content}).mistakes(api_key_file="key")
    assert mistake.startswith(f"--api-key-file: /srv/key: {said}")
    assert "SECR" not in mistake


def test_a_malformed_key_in_a_variable_is_a_mistake_that_shows_nothing() -> None:
    [mistake] = World(environ={"OPENAI_API_KEY": "SECRET 1"}).mistakes()
    assert mistake.startswith("environment OPENAI_API_KEY: expected a key of visible ASCII")
    assert "SECRET" not in mistake


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory"), "No such file or directory"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)
def test_a_key_file_that_cannot_be_read_is_a_mistake(error: OSError, said: str) -> None:
    assert World({"/srv/key": error}).mistakes(api_key_file="key") == [
        f"--api-key-file: /srv/key cannot be read ({said})"
    ]
    assert World({"/srv/key": b"\xff"}).mistakes(api_key_file="key") == [
        "--api-key-file: /srv/key isn't UTF-8 text"
    ]


def test_a_credential_of_systemd_that_cannot_be_read_is_a_mistake() -> None:
    world = World({"/run/creds/openai-api-key": PermissionError(13, "no")}, CREDENTIALS)
    assert world.mistakes() == [
        "$CREDENTIALS_DIRECTORY/openai-api-key: /run/creds/openai-api-key cannot be read (no)"
    ]


def test_a_key_where_its_file_should_be_named_is_not_shown() -> None:
    [mistake] = World().mistakes(api_key_file=KEY)
    assert mistake.startswith("--api-key-file: the file that it names cannot be read")
    assert World().mistakes(api_key_file="\0SECRET") == ["--api-key-file: expected a file's path"]


@pytest.mark.parametrize("flag", ["api_key", "client_keys", "client_key"])
def test_a_key_on_the_command_line_is_refused_and_not_shown(flag: str) -> None:
    [mistake] = World().mistakes(**{flag: KEY})
    assert mistake.startswith(f"--{flag.replace('_', '-')}: a key isn't taken from here")
    assert KEY not in mistake


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o640, True), (0o604, True), (0o100640, True)]
)
def test_a_key_file_that_others_can_read_is_warned_of(mode: int, warned: bool) -> None:
    world = World({"/srv/key": KEY, "/srv/keys": "alice = alices-key"}, mode=mode)
    warnings = world.load(api_key_file="key", client_keys_file="keys").warnings
    said = f"holds keys but can be read by others (mode {mode & 0o777:04o})"
    assert warnings == ((f"/srv/key: {said}", f"/srv/keys: {said}") if warned else ())


def test_systemds_own_files_are_not_warned_of() -> None:
    world = World({"/run/creds/openai-api-key": KEY}, CREDENTIALS, mode=0o440)
    assert world.load().warnings == ()


@pytest.mark.parametrize(
    ("flags", "environ", "keys"),
    [
        ({}, {"OPENAIPROXY_CLIENT_KEYS": "alice=alices-key,bob=bobs-key="},
         [("alice", "alices-key"), ("bob", "bobs-key=")]),
        ({}, {"OPENAIPROXY_CLIENT_KEYS": "alice = alices-key\n\n# x\nbob=bobs-key"},
         [("alice", "alices-key"), ("bob", "bobs-key")]),
        ({}, {"PROXY_X_API_KEY": " the-fixed-key "}, [("default", "the-fixed-key")]),
        ({}, {"OPENAIPROXY_CLIENT_KEY": "our-single-key", "PROXY_X_API_KEY": "the-fixed-key"},
         [("default", "our-single-key")]),
        ({}, {"OPENAIPROXY_CLIENT_KEYS": "a=alices-key", "PROXY_X_API_KEY": "the-fixed-key"},
         [("a", "alices-key")]),
        ({}, {"OPENAIPROXY_CLIENT_KEYS_FILE": "keys"}, [("carol", "carols#key=")]),
        ({"client_keys_file": "keys"}, {"PROXY_X_API_KEY": "the-fixed-key"},
         [("carol", "carols#key=")]),
        ({}, CREDENTIALS, [("dave", "daves-key")]),
        ({"config": "c.toml"}, {}, [("carol", "carols#key=")]),
        ({"config": "c.toml"}, CREDENTIALS, [("dave", "daves-key")]),
    ],
)  # fmt: skip
def test_client_keys_are_found_where_they_may_stand(
    flags: dict[str, object], environ: dict[str, str], keys: list[tuple[str, str]]
) -> None:
    files: dict[str, str | bytes | Exception] = {
        "/srv/keys": "\ufeff# ours\r\n\r\n carol = carols#key= \r\n",
        "/run/creds/openaiproxy-client-keys": "dave = daves-key",
        "/srv/c.toml": "[profiles.keyed]\nclient-keys-file = 'keys'",
    }
    world = World(files, environ | {"OPENAI_API_KEY": KEY})
    auth = world.profile(profile="keyed", **flags).auth
    assert [(key.name, key.secret) for key in auth.keys] == keys


def test_gateway_does_not_take_the_keyed_proxys_variable() -> None:
    assert World(environ={"PROXY_X_API_KEY": "the-fixed-key"}).profile().auth.keys == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ": expected at least one name = key"),
        ("# none", ": expected at least one name = key"),
        ("\nSECRET-KEY", ", line 2: expected name = key"),
        ("SEC RET = x", ", line 1: expected name = key"),
        (" = SECRET-KEY", ", line 1: expected name = key"),
        ("SECRET==", ", line 1: expected a key of at least 8 characters"),
        ("alice =", ", line 1: expected a key, but it's empty"),
        ("alice = SECRET", ", line 1: expected a key of at least 8 characters"),
        ("alice = SECRET KEY", ", line 1: expected a key of visible ASCII characters"),
        ("alice = SECRET-KEY\n\nalice = SECRET-KEY-2", ", line 3: has the same name as line 1"),
        ("alice = SECRET-KEY\nbob = SECRET-KEY", ", line 2: has the same key as line 1"),
    ],
)
def test_a_wrong_line_of_client_keys_names_its_number_and_nothing_else(
    content: str, said: str
) -> None:
    world = World({"/srv/keys": content}, {"OPENAI_API_KEY": KEY})
    [mistake] = world.mistakes(profile="keyed", client_keys_file="keys")
    assert mistake.startswith(f"--client-keys-file: /srv/keys{said}")
    assert "SEC" not in mistake
    assert "alice" not in mistake


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OPENAIPROXY_CLIENT_KEYS", "a=alices-key,SECRET", ", entry 2: expected name = key"),
        ("PROXY_X_API_KEY", "SECRET", ": expected a key of at least 8 characters"),
        ("PROXY_X_API_KEY", " ", ": expected a key, but it's empty"),
    ],
)
def test_a_wrong_client_key_in_a_variable_is_not_shown(
    variable: str, value: str, said: str
) -> None:
    world = World(environ={"OPENAI_API_KEY": KEY, variable: value})
    [mistake] = world.mistakes(profile="keyed")
    assert mistake.startswith(f"environment {variable}{said}")
    assert "SECRET" not in mistake


def test_client_keys_that_cannot_be_read_are_one_mistake() -> None:
    world = World(environ={"OPENAI_API_KEY": KEY})
    assert world.mistakes(profile="keyed", client_keys_file="keys") == [
        "--client-keys-file: /srv/keys cannot be read (No such file or directory)"
    ]


def test_no_repr_shows_a_key() -> None:
    world = World(
        environ={
            "OPENAI_API_KEY": KEY,
            "PROXY_X_API_KEY": "the-fixed-key",
            "HTTPS_PROXY": "http://u:proxy-secret@p",
        }
    )
    shown = repr(world.load(profile="keyed"))
    assert not any(secret in shown for secret in (KEY, "the-fixed-key", "proxy-secret"))


def test_a_key_that_a_profile_does_not_use_is_warned_of_where_it_was_said_on_purpose() -> None:
    world = World({"/srv/key": KEY, "/srv/c.toml": "[profiles.passthrough]\napi-key-file = 'key'"})
    said = "not used by profile passthrough, which sends the caller's own key"
    assert world.load(profile="passthrough", api_key_file="key").warnings == (
        f"--api-key-file: {said}",
    )
    assert world.load(profile="passthrough", config="c.toml").warnings == (
        f"/srv/c.toml: profiles.passthrough.api-key-file: {said}",
    )
    quiet = World(environ={"OPENAIPROXY_API_KEY_FILE": "key"})
    assert quiet.load(profile="passthrough").warnings == ()
