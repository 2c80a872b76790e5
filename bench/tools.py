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
from collections.abc import Mapping
from pathlib import Path

from attrs import define, frozen
from processes import LOAD_CORE, ROOT, Household, Process

__all__ = ["SHAPES", "Seen", "Shape", "Tools", "find_tools"]

_HERE = Path(__file__).resolve().parent


@frozen
class Shape:
    """An answer to ask for.

    :param chunks: of a stream; 0 asks for a whole answer of 1 KB.
    :param apart: seconds between chunks, 0 for as fast as it goes.
    """

    chunks: int = 0
    apart: float = 0.0


SHAPES: Mapping[str, Shape] = {
    "whole": Shape(),
    "fast": Shape(200),
    "paced": Shape(200, 0.005),
    "idle": Shape(3, 2.0),
}


@frozen
class Seen:
    """What the load generator saw.

    :param first_ms: median milliseconds from the upstream's write of a stream's first event to its arrival; where
        events carry no time, from the request on.
    """

    requests: int
    events: int
    wrong: int
    first_ms: float | None


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

    def begin(self, port: int, shape: str, *options: str) -> "subprocess.Popen[str]":
        """Start to load a port.

        :param options: ``-c`` connections, ``-n`` requests or ``-T`` seconds, ``-r`` new connections a second.
        """
        form = SHAPES[shape]
        if self.compiled is not None:
            command = [str(self.compiled / "lg"), "-P", "/v1/chat/completions"]
            command += ["-e", str(form.chunks)] if form.chunks else []
        else:
            command = [sys.executable, str(_HERE / "load.py")]
            pace = f",pace={form.apart}" if form.apart else ""
            fault = f"x-embedded-fault: chunks={form.chunks}{pace}"
            command += ["-H", fault] if form.chunks else []
        pin = (
            ["taskset", "-c", str(LOAD_CORE)]
            if LOAD_CORE is not None and shutil.which("taskset")
            else []
        )
        body = self._body(shape, form)
        return subprocess.Popen(
            [*pin, *command, "-p", str(port), "-b", str(body), *options],
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self, running: "subprocess.Popen[str]") -> Seen:
        """Wait for what :meth:`begin` started."""
        out, _ = running.communicate(timeout=180)
        said = json.loads(out)
        wrong = said["err"] + said.get("bad", 0) + said.get("incomplete", 0)
        stamped = said.get("first_delay_ms")
        first = stamped["p50"] if stamped else said.get("first_ms")
        return Seen(said["done"], said["events"], wrong, first)

    def _body(self, shape: str, form: Shape) -> Path:
        """A request's body; the upstream in C reads the answer's shape in the model's name."""
        path = self.folder / f"{shape}.json"
        if path.exists():
            return path
        model = "gpt-4.1-mini"
        if self.compiled is not None:
            model = (
                f"mock-n{form.chunks}-s320-d{form.apart * 1000:.0f}"
                if form.chunks
                else "mock-k1024"
            )
        messages = [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": "Summarise this, please: " + "one two three four five " * 25,
            },
        ]
        asked: dict[str, object] = {"model": model, "messages": messages, "temperature": 0.7}
        if form.chunks:
            asked |= {"stream": True, "stream_options": {"include_usage": True}}
        path.write_text(json.dumps(asked))
        return path


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
