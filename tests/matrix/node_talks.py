"""The Vercel AI SDK, under Node, in a process for each port.

Its packages are not part of the project: :func:`install` puts them into a folder that the caller
chose, beside a copy of the script, since Node looks for packages from where a script lies.
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from attrs import asdict, define, field

from tests.matrix.cases import CASES, question_of
from tests.matrix.heard import IMAGE, Heard
from tests.matrix.house import Place

__all__ = ["FOLDER", "Node", "install", "installed"]

#: Names a folder where the packages are installed already.
FOLDER = "OPENAIPROXY_NODE"
_SCRIPTS = Path(__file__).parents[1] / "e2e" / "node"
#: What the SDK's four ways to us speak, by their name in the script.
_SPEAKS = {
    "chat": "chat",
    "responses": "responses",
    "compatible": "chat",
    "messages": "messages",
}
_SECONDS = 240


def install(folder: Path) -> str | None:
    """Install the packages, from the registry that npm is set to.

    :return: why it couldn't be done, if it couldn't.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node or npm is not here"
    shutil.copy(_SCRIPTS / "package.json", folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, text=True)
    except subprocess.TimeoutExpired:
        return "npm install took too long"
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no word why"])[0]
        return f"npm install failed: {words[:80]}"
    return None


def installed() -> tuple[Path | None, str | None]:
    """The folder that the environment names, or why there is none."""
    named = os.environ.get(FOLDER)
    if shutil.which("node") is None:
        return None, "node is not here"
    if not named:
        return None, f"set {FOLDER} to a folder with the AI SDK's packages"
    if not (Path(named) / "node_modules" / "ai").is_dir():
        return None, f"{FOLDER} has no node_modules/ai"
    return Path(named), None


@define(eq=False)
class Node:
    """The SDK, ready to be asked.

    :param folder: where the packages are installed.
    """

    folder: Path
    _told: dict[str, dict[tuple[str, str], Any]] = field(factory=dict)

    def ask(self, place: Place, client: str, case: str) -> list[Heard]:
        """What a client heard; all are asked at once, when the first wants to know.

        :raises AssertionError: with the SDK's words, if it raised.
        """
        if place.name not in self._told:
            self._told[place.name] = self._run(place)
        told = self._told[place.name].get((client, case), {"error": "the script said nothing"})
        assert "error" not in told, told.get("error")
        return [_heard(each) for each in told["heard"]]

    def _run(self, place: Place) -> dict[tuple[str, str], Any]:
        script = shutil.copy(_SCRIPTS / "matrix.mjs", self.folder)
        asked: dict[str, list[dict[str, Any]]] = {place.url: [], place.shown: []}
        for client, speaks in _SPEAKS.items():
            for case in CASES:
                question = question_of(case, place.thinker(speaks))
                url = place.shown if question.thinks else place.url
                asked[url].append({"client": client, "case": case, "question": asdict(question)})
        told = [line for url, each in asked.items() for line in self._script(script, url, each)]
        return {(line["client"], line["case"]): line for line in told}

    def _script(self, script: str, url: str, asked: list[dict[str, Any]]) -> list[Any]:
        """What it told; where it failed, that is the error of all that it was asked."""
        given = {"url": url, "image": base64.b64encode(IMAGE).decode(), "asked": asked}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            ["node", script],
            cwd=self.folder,
            input=json.dumps(given),
            capture_output=True,
            timeout=_SECONDS,
            text=True,
            env=kept,
        )
        if done.returncode:
            return [{**each, "error": done.stderr[-300:]} for each in asked]
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _heard(told: dict[str, Any]) -> Heard:
    calls = [(name, arguments) for name, arguments in told["calls"]]
    return Heard(**{**told, "calls": calls, "usage": tuple(told["usage"])})
