"""What a benchmark is run with: an upstream and a load generator, in C where their source is at hand.

The source in C is looked for where ``OPENAIPROXY_BENCH`` says, else in ``../shared/bench`` beside the project; it is
built into a temporary folder. Its upstream stamps every event with the time at which it was written, so that the delay
that a proxy adds is read per event. Without it the embedded upstream answers and :mod:`load` asks; then only the CPU
time of the proxies is worth comparing, and the time to the first event includes the upstream's own.
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from attrs import define, frozen
from processes import LOAD_CORE, ROOT, Household, Process

__all__ = ["FIELDS", "KEY", "SHAPES", "Seen", "Shape", "Tools", "find_tools"]

_HERE = Path(__file__).resolve().parent


@frozen
class Shape:
    """An answer to ask for.

    :param chunks: of its text, as a stream.
    :param apart: seconds between chunks, 0 for as fast as it goes.
    :param whole: bytes of a whole answer; 0 asks for a stream.
    """

    chunks: int = 0
    apart: float = 0.0
    whole: int = 0


#: ``text`` has 4,800 characters, whole or as a stream: a proxy may ask for either, whatever it was asked for.
SHAPES: Mapping[str, Shape] = {
    "whole": Shape(whole=1024),
    "text": Shape(200, whole=5_650),
    "fast": Shape(200),
    "paced": Shape(200, 0.005),
    "short": Shape(5),
    "idle": Shape(3, 2.0),
    "probe": Shape(2_000, 0.005),
    "slow": Shape(20, 1.0),
    # More than the kernel's buffers between two sockets hold.
    "long": Shape(30_000),
    "large": Shape(200, whole=900_000),
}
#: What clients show: a key of the proxy's, where it asks for one, and their own.
KEY = "sk-bench-0123456789"
FIELDS = {"Authorization": f"Bearer {KEY}", "x-api-key": KEY}
_PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}
_SYSTEM = "Be brief."
_USER = "Summarise this, please: " + "one two three four five " * 25


@frozen
class Seen:
    """What the load generator saw.

    :param first_ms: median milliseconds from the upstream's write of a stream's first event to its arrival; where
        events carry no time, from the request on.
    :param began_ms: median milliseconds from a request to the first event of its stream.
    :param began_p99_ms: the same of the slowest in a hundred.
    """

    requests: int
    events: int
    wrong: int
    first_ms: float | None
    began_ms: float | None
    began_p99_ms: float | None


@define
class Tools:
    """An upstream and a load generator.

    :param folder: for request bodies.
    :param compiled: the folder of the programs in C, ``None`` for those in Python.
    """

    folder: Path
    compiled: Path | None

    def start_upstream(self, household: Household, port: int) -> Process:
        """Start the upstream on a port."""
        if self.compiled is not None:
            command = [str(self.compiled / "mock"), str(port)]
        else:
            command = [sys.executable, "-m", "openaiproxy.upstream.embedded", "--port", str(port)]
        return household.start("upstream", command, port, LOAD_CORE)

    def begin(
        self, port: int, shape: str, *options: str, dialect: str = "chat"
    ) -> "subprocess.Popen[str]":
        """Start to load a port.

        :param options: ``-c`` connections, ``-n`` requests or ``-T`` seconds, ``-r`` new connections a second.
        :param dialect: of the requests, ``chat`` or ``responses``.
        """
        form = SHAPES[shape]
        if self.compiled is not None:
            command = [str(self.compiled / "lg")]
            command += [] if form.whole else ["-e", str(form.chunks)]
        else:
            command = [sys.executable, str(_HERE / "load.py")]
        pin = (
            ["taskset", "-c", str(LOAD_CORE)]
            if LOAD_CORE is not None and shutil.which("taskset")
            else []
        )
        ask = ["-P", _PATHS[dialect], "-b", str(self.body(shape, dialect))]
        for name, value in FIELDS.items():
            ask += ["-H", f"{name}: {value}"]
        return subprocess.Popen(
            [*pin, *command, "-p", str(port), *ask, *options],
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self, running: "subprocess.Popen[str]", patience: float = 180.0) -> Seen:
        """Wait for what :meth:`begin` started, so many seconds at most."""
        out, _ = running.communicate(timeout=patience)
        said = json.loads(out)
        wrong = said["err"] + said.get("bad", 0) + said.get("incomplete", 0)
        began = said["ttft_ms"] or {}
        first = (said.get("first_delay_ms") or began).get("p50")
        return Seen(said["done"], said["events"], wrong, first, began.get("p50"), began.get("p99"))

    def text(self, port: int, shape: str) -> str:
        """Ask for a whole answer, and give its text.

        :raises OSError: where it can't be had.
        """
        fields = {**FIELDS, "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{port}{_PATHS['chat']}"
        asked = urllib.request.Request(url, self.body(shape).read_bytes(), fields)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(asked, timeout=20) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"])

    def body(self, shape: str, dialect: str = "chat") -> Path:
        """The file of a request's body; upstreams read the answer's shape in the model's name."""
        path = self.folder / f"{dialect}-{shape}.json"
        if path.exists():
            return path
        form = SHAPES[shape]
        asked: dict[str, object] = {"model": self.model(form), "temperature": 0.7}
        if dialect == "chat":
            asked["messages"] = [
                {"role": "system", "content": _SYSTEM},
                {"role": "user", "content": _USER},
            ]
        else:
            asked |= {"instructions": _SYSTEM, "input": _USER}
        if not form.whole:
            asked["stream"] = True
            asked |= {"stream_options": {"include_usage": True}} if dialect == "chat" else {}
        path.write_text(json.dumps(asked))
        return path

    def model(self, form: Shape) -> str:
        """The name that says which answer is wanted."""
        if self.compiled is not None:
            whole = f"-k{form.whole}" if form.whole else ""
            return f"mock-n{form.chunks}-s320-d{form.apart * 1000:.0f}{whole}"
        words = [f"chunks={form.chunks}"] if form.chunks else []
        words += [f"pace={form.apart}"] if form.apart else []
        return "gpt-4.1-mini" + (f"!{','.join(words)}" if words else "")


def find_tools(folder: Path) -> Tools:
    """Build the tools in C if they can be had, and say which ones are used."""
    bodies = folder / "bodies"
    bodies.mkdir()
    named = os.environ.get("OPENAIPROXY_BENCH")
    source = (Path(named) if named else ROOT.parent / "shared" / "bench") / "src"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not (source / "lg.c").exists() or compiler is None:
        why = "no C compiler" if compiler is None else f"no source in {source}"
        print(
            f"load: the small generator in Python and the embedded upstream ({why}); compare CPU times only"
        )
        return Tools(bodies, None)
    built = folder / "bin"
    built.mkdir()
    for name in ("mock", "lg"):
        build = [compiler, "-O2", "-w", "-o", str(built / name), str(source / f"{name}.c")]
        subprocess.run(build, check=True)
    print(f"load: generator and mock upstream in C, from {source}")
    return Tools(bodies, built)
