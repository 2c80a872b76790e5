"""``python -m openaiproxy.upstream.embedded --port N``: the stand-in on a port, until it's
interrupted.
"""

import argparse
import sys
import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.task import react

from openaiproxy.upstream.embedded.door import site

__all__ = ["main"]


async def _serve(reactor: Any, port: int, interface: str) -> None:
    kind: Any = TCP6ServerEndpoint if ":" in interface else TCP4ServerEndpoint
    listening = await kind(reactor, port, interface=interface).listen(site(reactor, time.time))
    host = f"[{interface}]" if ":" in interface else interface
    print(f"http://{host}:{listening.getHost().port}/v1", flush=True)
    await Deferred()


def main(argv: list[str]) -> None:
    """Serve until interrupted.

    :param argv: the arguments, without the program's name.
    """
    parser = argparse.ArgumentParser(
        prog="python -m openaiproxy.upstream.embedded",
        description="A stand-in for OpenAI's and Anthropic's APIs; needs no key and no network.",
    )
    parser.add_argument("--port", type=int, required=True, help="0 for any free one")
    parser.add_argument("--interface", default="127.0.0.1", help="the address to listen on")
    options = parser.parse_args(argv)
    react(
        lambda reactor: Deferred.fromCoroutine(_serve(reactor, options.port, options.interface)), []
    )


if __name__ == "__main__":
    main(sys.argv[1:])
