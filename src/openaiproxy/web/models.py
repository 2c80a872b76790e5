"""The course of requests for the list of models, and for one of them.

The upstream's list is asked for with the caller's credential, or the profile's, and kept for a while for those who
come with the same one. What is kept is what the upstream said; what a caller sees of it is made from it each time
(:mod:`openaiproxy.catalog`). A list is looked up by everything that is sent with the question, but for fields that
name a single request or program, and of that only a digest is held: nobody sees what was answered to another.

Where the upstream is slow or fails, an older list is shown, or the port's own names. A refusal of the caller (401, 403
and the like) is no failure: it passes, and takes the older list with it.

How old a list is, and why it was shown, is said as HTTP says it: ``Age`` (RFC 9111, 5.1) and ``Cache-Status``
(RFC 9211), whose ``ttl`` is negative for what is past its time.
"""

from functools import partial

from attrs import frozen

from openaiproxy.bridging import Models
from openaiproxy.catalog.asked import Asked, Shape, parse_asked
from openaiproxy.catalog.listing import Listing
from openaiproxy.catalog.shapes import render_listing, render_model
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.ops.payloads import UPSTREAM_RESPONSE
from openaiproxy.upstream.gather import Gathered
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.lists import OF_THE_CALLER, begin_asking, fields_for, key_of, listing_of
from openaiproxy.web.port import OpenPort
from openaiproxy.web.spending import Spending
from openaiproxy.wire.headers import Field, first
from openaiproxy.wire.json import dumps

__all__ = ["is_models", "show_models"]

_JSON: Field = (b"Content-Type", b"application/json")
_OF_A_BODY = frozenset((b"content-type", b"content-encoding", b"content-length", b"etag"))


@frozen
class _Shown:
    """A list to show, and what is said of where it came from."""

    listing: Listing
    fields: tuple[Field, ...] = ()


def is_models(method: bytes, target: bytes) -> bool:
    """Whether a request is one for this course.

    :param target: what the upstream would be asked for.
    """
    if method not in (b"GET", b"HEAD"):
        return False
    path = target.partition(b"?")[0].removeprefix(b"/v1")
    return path == b"/models" or path.startswith(b"/models/")


async def show_models(exchange: Exchange, target: bytes) -> None:
    """Answer with the list of models, or one of them, in the shape that suits the caller.

    :raises BadRequest: 404 ``model_not_found``.
    :raises BadUpstream: when there is no list, and none to show in its place.
    """
    profile = exchange.port.profile
    asked = _asked(exchange, target)
    models = profile.bridging.models or Models()
    shown: _Shown | Gathered
    if models.listed is not None:
        shown = _Shown(_own(exchange.port))
    else:
        spending = await exchange.port.purse.spending()
        shown = await _Question(exchange, asked, models, spending).ask()
    if isinstance(shown, Gathered):
        _pass_on(exchange, asked, shown)
        return
    if asked.model is None:
        body = render_listing(shown.listing, asked.shape, asked.page)
    else:
        entry = shown.listing.find(asked.model)
        if entry is None:
            raise BadRequest(404, "model_not_found", "there is no model of that name here")
        body = render_model(entry, asked.shape)
    exchange.answer(200, [_JSON, *shown.fields], body)


def _asked(exchange: Exchange, target: bytes) -> Asked:
    headers = exchange.request.requestHeaders
    agent = (headers.getRawHeaders(b"user-agent") or [b""])[0]
    asked = parse_asked(
        target,
        speaks=exchange.port.profile.upstream.speaks,
        anthropic_version=headers.hasHeader(b"anthropic-version"),
        user_agent=agent.decode("latin-1"),
    )
    if asked is None:
        raise BadRequest(404, "path_not_offered", "this port does not offer that path")
    return asked


class _Question:
    """One caller's question for the upstream's list."""

    def __init__(
        self, exchange: Exchange, asked: Asked, models: Models, spending: Spending
    ) -> None:
        self._exchange = exchange
        self._port = exchange.port
        self._asked = asked
        self._models = models
        self._spending = spending
        self._fields = fields_for(exchange, spending)
        self._key = key_of(spending, self._fields, asked.upstream)
        self._kept = self._port.lists.find(self._key)

    async def ask(self) -> "_Shown | Gathered":
        """The list to show, or the upstream's answer to pass on."""
        older = None if self._kept is None else listing_of(self._port, self._kept.value.body)
        fresh = self._is_fresh(older)
        self._port.watch.metrics.note_models(self._port.profile.name, hit=fresh)
        if fresh:
            assert older is not None
            return _Shown(older, self._status_hit())
        instead = self._instead(older)
        try:
            said = await self._port.lists.ask(
                self._key,
                partial(
                    begin_asking,
                    self._port,
                    self._spending,
                    self._asked.upstream,
                    self._fields,
                    self._key,
                ),
                self._models.patience if instead is not None else None,
                goes_on=True,
            )
        except BadUpstream as error:
            if instead is None:
                raise
            return _Shown(instead, self._status_instead(error.code))
        return self._judge(said, instead)

    def _judge(self, said: Gathered | None, instead: Listing | None) -> "_Shown | Gathered":
        if said is None:
            assert instead is not None
            return _Shown(instead, self._status_instead("upstream_slow"))
        self._note(said)
        fresh = listing_of(self._port, said.body) if said.status == 200 else None
        if fresh is not None:
            why = "request" if self._asked.refresh else "stale" if self._kept else "uri-miss"
            return _Shown(fresh, (_cache_status(f"fwd={why}"),))
        if instead is None and said.status == 200:
            raise BadUpstream(502, "upstream_malformed", "the upstream's list of models is none")
        if instead is None or said.status in OF_THE_CALLER:
            return said
        return _Shown(instead, self._status_instead(f"upstream_{said.status}"))

    def _is_fresh(self, older: Listing | None) -> bool:
        """Whether a list at hand will do. A model that isn't in it may have come since."""
        if older is None or self._kept is None or self._asked.refresh:
            return False
        known = self._asked.model is None or older.find(self._asked.model) is not None
        return known and self._age() < self._models.ttl

    def _instead(self, older: Listing | None) -> Listing | None:
        """What can be shown if the upstream gives no list: not less than what is asked for."""
        instead = older or _own(self._port)
        if self._asked.model is not None:
            return None if instead.find(self._asked.model) is None else instead
        return instead if instead.entries else None

    def _note(self, said: Gathered) -> None:
        """What the upstream said, in the log."""
        record = self._exchange.record
        record.upstream_status = said.status
        found = first(said.headers, b"x-request-id")
        record.upstream_id = None if found is None else found.decode("latin-1")
        feed = self._exchange.keep(
            UPSTREAM_RESPONSE, [(name, [value]) for name, value in said.headers]
        )
        if feed is not None:
            feed(said.body)

    # What is said of it.

    def _age(self) -> float:
        assert self._kept is not None
        return self._port.clock.seconds() - self._kept.at

    def _status_hit(self, more: str = "") -> tuple[Field, ...]:
        age = self._age()
        ttl = int(self._models.ttl - age)
        return ((b"Age", b"%d" % age), _cache_status(f"hit; ttl={ttl}{more}"))

    def _status_instead(self, why: str) -> tuple[Field, ...]:
        if self._kept is None:
            return (_cache_status(f"fwd=uri-miss; detail={why}"),)
        return self._status_hit(f"; detail={why}")


def _cache_status(said: str) -> Field:
    return (b"Cache-Status", b"openaiproxy; " + said.encode("ascii"))


def _own(port: OpenPort) -> Listing:
    """The names that the port has without any upstream."""
    own = listing_of(port, None)
    assert own is not None
    return own


def _pass_on(exchange: Exchange, asked: Asked, said: Gathered) -> None:
    """Answer as the upstream did; an error of the other vendor's in the words of the caller's."""
    ours = exchange.port.profile.upstream.speaks[0] == "messages"
    theirs = asked.shape is Shape.ANTHROPIC
    if said.status < 400 or ours == theirs:
        exchange.answer(said.status, said.headers, said.body)
        return
    upstream, caller = (MESSAGES, CHAT) if ours else (CHAT, MESSAGES)
    status, found = caller.render_fault(upstream.parse_fault(said.status, said.body))
    kept = [(name, value) for name, value in said.headers if name.lower() not in _OF_A_BODY]
    exchange.answer(status, [*kept, _JSON], dumps(found))
