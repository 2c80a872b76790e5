"""The house keeps its own rules, and the rules can tell when it does not."""

from pathlib import Path

import pytest

import openaiproxy
from tests.floors import breaches

HEAD = '"""Doc."""\n\n__all__: list[str] = []\n'


def test_the_house_keeps_its_rules() -> None:
    assert breaches(Path(openaiproxy.__file__).parent) == []


BROKEN = {
    "chat imports messages": (
        "dialects/chat/stream.py",
        "import openaiproxy.dialects.messages.stream",
    ),
    "chat imports responses": (
        "dialects/chat/stream.py",
        "from openaiproxy.dialects import responses",
    ),
    "messages imports chat": ("dialects/messages/stream.py", "from ..chat.stream import x"),
    "dialects.messages.a imports os": ("dialects/messages/a.py", "def f() -> None:\n    import os"),
    "dialects.table imports chat": (
        "dialects/table.py",
        "from openaiproxy.dialects.chat import fields",
    ),
    "hub.parts imports twisted": ("hub/parts.py", "from twisted.internet import reactor"),
    "hub.parts imports time": ("hub/parts.py", "import time"),
    "wire.sse imports dialects, a floor above": (
        "wire/sse.py",
        "from openaiproxy.dialects import x",
    ),
    "hub imports web, a floor above": ("hub/a.py", "from ..web.tree import x"),
    "translation imports treq": ("translation.py", "import treq.client"),
    "profile imports upstream, a floor above": ("profile.py", "from .upstream import client"),
    "web.tree imports tap, a floor above": (
        "web/tree.py",
        "from openaiproxy.tap import makeService",
    ),
    "web.tree imports odd, which has no floor": ("web/tree.py", "import openaiproxy.odd"),
    "odd has no floor": ("odd.py", ""),
    "web.tree.f has 41 lines": ("web/tree.py", "@x\ndef f() -> None:\n" + "    x\n" * 39),
    "web.tree.g has 42 lines": ("web/tree.py", "async def g() -> None:\n" + "    x\n" * 41),
    "hub.a has 304 lines": ("hub/a.py", "\n" * 300 + "x"),
    "web/__init__.py holds more than a docstring and __all__": ("web/__init__.py", "x = 1"),
    "openaiproxy/__init__.py holds more than a docstring and __all__": ("__init__.py", "import x"),
}


def build(root: Path, place: str, text: str) -> Path:
    path = root / "openaiproxy" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + text)
    return root / "openaiproxy"


@pytest.mark.parametrize("breach", BROKEN)
def test_each_broken_rule_is_named(breach: str, tmp_path: Path) -> None:
    place, text = BROKEN[breach]
    (found,) = breaches(build(tmp_path, place, text))
    assert found == breach.replace("hub imports", "hub.a imports")


def test_a_module_without_docstring_or_names_is_named(tmp_path: Path) -> None:
    path = tmp_path / "errors.py"
    path.write_text("x = 1\n")
    assert breaches(tmp_path) == ["errors has no docstring", "errors has no __all__"]


GOOD = [
    (
        "dialects/chat/stream.py",
        "from openaiproxy.dialects.dialect import Dialect\nfrom . import a",
    ),
    ("dialects/chat/stream.py", "from openaiproxy.dialects.table import Table\nimport re"),
    ("dialects/chat/__init__.py", ""),
    ("translation.py", "from openaiproxy.dialects.chat.stream import x"),
    ("upstream/client.py", "import time\nimport treq\nfrom openaiproxy.profile import Profile"),
    ("tap.py", "from openaiproxy.web.tree import x\nimport openaiproxy"),
    ("web/tree.py", "x\n" * 400),
    ("web/tree.py", "def f() -> None:\n" + "    x\n" * 39),
]


@pytest.mark.parametrize(("place", "text"), GOOD)
def test_what_is_allowed_is_not_named(place: str, text: str, tmp_path: Path) -> None:
    assert breaches(build(tmp_path, place, text)) == []
