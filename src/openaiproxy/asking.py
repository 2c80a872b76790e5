"""One caller's request to one of the three create calls, and the ways to put it to an upstream. Pure.

Mostly there is one way. A second one is made when the upstream refuses the first in words that name a remedy::

    asking = Asking(raw, caller=CHAT, profile=..., now=..., new_id=...)
    attempt = asking.attempt(learnt)                 attempt.body goes upstream
    remedy = asking.remedy(attempt, status, answer)  if it refuses
    attempt = asking.attempt(learnt | {remedy})

A body on Chat's path that is Responses' in shape (``input``, no ``messages``) is read as such, and answered as Chat,
which is what its senders expect.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from attrs import define, evolve, field, frozen

from openaiproxy import choosing
from openaiproxy.amend.naming import resolve
from openaiproxy.choosing import Plan
from openaiproxy.codex.requests import Fitted
from openaiproxy.codex.words import chat_words
from openaiproxy.counting import estimate
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Context, Dialect, Shown
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.loss import Loss, Rendered
from openaiproxy.hub.parts import JsonObject
from openaiproxy.hub.request import Request, Role
from openaiproxy.hub.values import changed
from openaiproxy.learning import Remedy, remedy_for
from openaiproxy.profile import Profile
from openaiproxy.translation import AnswerLimits, Translation
from openaiproxy.wire import json
from openaiproxy.wire.peek import Peek

__all__ = ["DIALECTS", "PATHS", "Asking", "Attempt"]

DIALECTS: Mapping[str, Dialect] = {each.name: each for each in (CHAT, RESPONSES, MESSAGES)}
PATHS: Mapping[str, str] = {
    CHAT.name: "/v1/chat/completions",
    RESPONSES.name: "/v1/responses",
    MESSAGES.name: "/v1/messages",
}
"""Where each dialect's create call stands."""

_BOTH = "Both 'model' and 'messages' parameters are required."
_LISTED = re.compile(rb'"messages"\s*:\s*\[')
_ESSENTIAL = frozenset(("previous_response_id", "conversation", "input[].item_reference", "n"))
"""What points to words that were said before, without which an answer is one to something else; and
how many answers there are to be."""
_PART = re.compile(r"turns\[(\d+)\]\.parts\[\d+\]")


@frozen
class Attempt:
    """One way to put it.

    :param plan: what was decided; ``None`` where a glance showed that there is nothing to decide.
    :param translation: ``None`` where the caller's own bytes go up, and the upstream's come down.
    :param losses: what is not in it, or was changed.
    """

    body: bytes = field(repr=False)
    plan: Plan | None = None
    translation: Translation | None = None
    losses: tuple[Loss, ...] = ()


@define(eq=False)
class Asking:
    """One request.

    :param raw: its body.
    :param caller: the dialect of the path that it came to, in which it is answered.
    :param now: seconds since the epoch.
    :param new_id: a fresh id that begins with the given prefix.
    :param session: what names the conversation in the request's headers, if anything does.
    :param fit: what an upstream wants beyond its dialect: a body to one that it takes. It always
        streams, so a caller who speaks that dialect, and wants a whole answer, is translated, too.
    """

    raw: bytes = field(repr=False)
    caller: Dialect = field(kw_only=True)
    profile: Profile = field(kw_only=True)
    now: Callable[[], float] = field(kw_only=True)
    new_id: Callable[[str], str] = field(kw_only=True)
    session: str | None = field(default=None, kw_only=True)
    fit: Callable[[JsonObject], Fitted] | None = field(default=None, kw_only=True)
    model: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        peek = Peek()
        peek.feed(self.raw)
        self.model = peek.model() or ""

    @cached_property
    def sent_model(self) -> str:
        """The model as its upstream knows it; empty where the body can't be read for it."""
        try:
            named = self.model or self.request.model
        except BadRequest:
            return ""
        return resolve(named, self.profile.bridging.amendments).model

    @cached_property
    def reader(self) -> Dialect:
        """The dialect that the body is really in.

        :raises BadRequest: if Chat's lacks what no Chat request can do without.
        """
        if self.caller is not CHAT or (self.model and _LISTED.search(self.raw)):
            return self.caller
        found = json.loads_object(self.raw, BadRequest)
        listed = found.get("messages") is not None
        if "input" in found and not listed:
            return RESPONSES
        if found.get("model") in (None, "") or not listed:
            raise BadRequest(400, "missing_required_parameter", _BOTH)
        return CHAT

    @cached_property
    def request(self) -> Request:
        """What is asked.

        :raises BadRequest: when it can't be read.
        """
        found: JsonObject = json.loads_object(self.raw, BadRequest)
        if self.fit is not None and self.reader is CHAT:
            found = chat_words(found)
        return self.reader.parse_request(found)

    def attempt(self, learnt: frozenset[Remedy], *, translated: bool = False) -> Attempt:
        """The way to put it, as far as is known.

        :param learnt: what the upstream is known to need.
        :param translated: whether it is translated in any case, if only within its own dialect: its
            caller has been promised a stream of our making.
        :raises BadRequest: when it can't be put at all.
        """
        bridging, speaks = self.profile.bridging, self.profile.upstream.speaks
        same = self.reader is self.caller and not translated
        if (
            same
            and self.fit is None
            and not choosing.may_differ(
                self.raw,
                self.model or None,
                caller=self.caller.name,
                bridging=bridging,
                speaks=speaks,
                learnt=learnt,
            )
        ):
            return Attempt(self.raw)
        plan = self._plan(learnt)
        if plan.upstream is None and same and self.fit is None:
            return Attempt(self.raw, plan)
        translation = self._translate(plan)
        if self.fit is not None:
            translation = self._fitted(translation, self.fit, same and plan.upstream is None)
        self._check(plan, translation)
        losses = (*plan.losses, *translation.losses)
        passes = plan.upstream is None and same and bool(plan.request.stream)
        return Attempt(translation.body, plan, None if passes else translation, losses)

    def _fitted(
        self, translation: Translation, fit: Callable[[JsonObject], Fitted], same: bool
    ) -> Translation:
        """The translation with a body that its upstream takes.

        :param same: whether the caller's own words go up.
        """
        rendered = translation.rendered
        body = json.loads_object(self.raw, BadRequest) if same else rendered.body
        fitted = fit(body)
        losses = fitted.losses if same else (*rendered.losses, *fitted.losses)
        return evolve(
            translation, rendered=Rendered(fitted.body, losses, rendered.names, rendered.stops)
        )

    def remedy(self, attempt: Attempt, status: int, body: bytes) -> Remedy | None:
        """What the upstream's refusal of an attempt teaches; ``None`` if nothing.

        :param body: the refusal's.
        """
        upstream = attempt.translation.upstream if attempt.translation else self.caller
        try:
            plan = attempt.plan or self._plan(frozenset())
        except BadRequest:
            return None
        return remedy_for(status, upstream.parse_fault(status, body), plan)

    def _plan(self, learnt: frozenset[Remedy]) -> Plan:
        return choosing.plan(
            self.request,
            caller=self.reader.name,
            bridging=self.profile.bridging,
            speaks=self.profile.upstream.speaks,
            learnt=learnt,
            session=self.session,
        )

    def _translate(self, plan: Plan) -> Translation:
        upstream, limits = DIALECTS[plan.upstream or self.reader.name], self.profile.limits
        # A stream is metered whether its caller wants to know or not.
        asked = changed(plan.request, usage=True) if plan.request.stream else plan.request
        told = estimate(self.request) if self.caller is MESSAGES and self.request.stream else None
        wanted = self.request.reasoning.summary if self.request.reasoning else None
        foreign = upstream is not RESPONSES and wanted not in (None, "off")
        shown = Shown(self.profile.bridging.reasoning, thoughts_as_summary=foreign)
        return Translation(
            self.caller,
            upstream,
            self.request,
            upstream.render_request(asked),
            Context(self.request, self.now, self.new_id, shown, told),
            AnswerLimits(limits.event, limits.answer),
        )

    def _check(self, plan: Plan, translation: Translation) -> None:
        """A caller who wants all or nothing gets that; and a Chat caller isn't answered about words that were left
        out: Chat has no other way to say what it will not take."""
        for loss in (*plan.losses, *translation.losses):
            essential = loss.path in _ESSENTIAL and loss in translation.losses
            refused = essential or self._is_said(loss, plan.request)
            if not loss.hint and (refused or self.profile.bridging.refuse_losses):
                what = f"{loss.path}: can't be sent to this upstream: {loss.why}."
                raise BadRequest(400, "unsupported_value", what)

    def _is_said(self, loss: Loss, request: Request) -> bool:
        """Whether it is a whole part of what a Chat caller, or a tool of its, says."""
        part = _PART.fullmatch(loss.path) if self.caller is CHAT else None
        return part is not None and request.turns[int(part[1])].role in (Role.USER, Role.TOOL)
