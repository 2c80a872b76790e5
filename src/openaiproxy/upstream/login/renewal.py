"""One refresh at a time, in this process and among all that share the file.

A refresh token is good for one use, and whoever uses it must be the one who keeps what comes back. So a *flight* goes,
with the lock held, through these steps::

    finish what a crash has left; read the file again
    has somebody else got new tokens meanwhile?                          they are the result
    is this refresh token known to be dead?                              that is the result
    make a place for what comes back
    spend it                        refused: read once more, for a login made meanwhile
    write down what comes back      at once
    read the file again             another login stands there: that is the result
    replace it                      that fails: the tokens live on in memory, and are written later

Everyone who waits joins the flight that is under way; nobody who leaves ends it.

What failed and may pass is not tried again for a while. What failed for good is remembered for that
token alone, so that a new login is picked up by itself.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from openaiproxy.errors import BadUpstream, Unavailable
from openaiproxy.upstream.login.disk import AuthFile, Successor
from openaiproxy.upstream.login.document import Document, defect, digest
from openaiproxy.upstream.login.lock import locked
from openaiproxy.upstream.login.patience import look_anew
from openaiproxy.upstream.login.tokens import Revoked, TokenEndpoint

__all__ = ["Aside", "Renewal"]

Aside = Callable[[Callable[[], None]], "Deferred[None]"]
"""Runs what blocks, and fires when it has run; in a thread, where there is a reactor."""

_log = Logger(namespace="openaiproxy.login")
_LOCK_PATIENCE: Final = 90.0
_AHEAD: Final = 300.0
_OLD: Final = 8 * 86_400.0
_YOUNG: Final = 60.0
_LONGEST_REST: Final = 60.0


@frozen
class _Unsaved:
    """Tokens that the file doesn't have yet.

    :param on_disk: digest of the refresh token that stands there, which they come after.
    """

    on_disk: str
    document: Document


@frozen
class _Rest:
    """A pause after a failure, as long as the same token is asked about."""

    secret: str
    until: float
    error: Unavailable


@define(eq=False)
class Renewal:
    """The refreshing of one file's tokens.

    :param file: the login's.
    :param endpoint: where tokens are refreshed.
    :param clock: for waits.
    :param now: seconds since 1970.
    :param aside: runs what blocks.
    :ivar refreshed: how often tokens were got.
    :ivar told: is told of each refresh of this process whether tokens were got.
    """

    _file: AuthFile
    _endpoint: TokenEndpoint
    _clock: IReactorTime
    _now: Callable[[], float]
    _aside: Aside
    refreshed: int = field(default=0, init=False)
    told: Callable[[bool], None] = field(default=lambda _: None, init=False)
    _flying: bool = field(default=False, init=False)
    _waiters: "list[Deferred[Document]]" = field(factory=list, init=False)
    _dead: dict[str, str] = field(factory=dict, init=False)
    _rest: _Rest | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _unsaved: _Unsaved | None = field(default=None, init=False)
    _save_from: float = field(default=0.0, init=False)
    _newest: tuple[str, float] | None = field(default=None, init=False)

    def overlay(self, found: Document) -> Document:
        """A document of the file, or what comes after it and could not be written yet."""
        unsaved = self._unsaved
        if unsaved is None or found.refresh is None or digest(found.refresh) != unsaved.on_disk:
            return found
        return unsaved.document

    def is_due(self, document: Document) -> bool:
        """Whether its tokens should be refreshed ahead of a refusal.

        Tokens that this process got a moment ago never are: if they look old, it is our clock that is wrong.
        """
        if document.refresh is None:
            return False
        if self._unsaved is not None and self._clock.seconds() >= self._save_from:
            return True
        if self._newest is not None and self._clock.seconds() < self._newest[1] + _YOUNG:
            return False
        expires, made = document.claims.expires, document.refreshed
        if expires is not None:
            return expires <= self._now() + _AHEAD
        return made is not None and made < self._now() - _OLD

    def is_young(self, secret: str) -> bool:
        """Whether this access token was got a moment ago, so that a newer one would fare no better."""
        newest = self._newest
        return (
            newest is not None
            and newest[0] == digest(secret)
            and self._clock.seconds() < newest[1] + _YOUNG
        )

    def begin(self, known: Document, *, refused: bool = False) -> "Deferred[Document]":
        """Get a document with tokens that will do.

        :param known: the one whose tokens are due.
        :param refused: whether they won't do at all, however good they look.
        :return: fires with the document; fails with :class:`~openaiproxy.errors.Unavailable`. May
            be cancelled, which ends the wait and nothing else.
        """
        refusal = self._refusal(known)
        if refusal is not None:
            return fail(refusal)
        waiter: Deferred[Document] = Deferred(self._waiters.remove)
        self._waiters.append(waiter)
        if not self._flying:
            self._flying = True
            Deferred.fromCoroutine(self._fly(known, refused)).addBoth(self._landed, known)
        return waiter

    async def close(self) -> None:
        """Wait for the flight that is under way: it may hold the only copy of a token."""
        if self._flying:
            landed: Deferred[Document] = Deferred(self._waiters.remove)
            self._waiters.append(landed)
            await landed.addErrback(lambda _: None)
        await self._endpoint.close()

    def _refusal(self, known: Document) -> Unavailable | None:
        """Why there is no point in trying, if there is none."""
        rest = self._rest
        if rest is None or self._clock.seconds() >= rest.until:
            return self._death(known)
        return rest.error if rest.secret == digest(known.secret) else self._death(known)

    def _death(self, known: Document) -> Unavailable | None:
        if known.refresh is None:
            return defect("not_refreshable", "auth.json has no refresh token: run `codex login`.")
        code = self._dead.get(digest(known.refresh))
        if code is None:
            return None
        return defect(
            "expired", f"The Codex login can't be refreshed any more ({code}): run `codex login`."
        )

    # The flight.

    async def _fly(self, known: Document, refused: bool) -> Document:
        async with locked(self._file.lock_path, self._clock, _LOCK_PATIENCE):
            self._recover()
            on_disk = await look_anew(self._file, self._clock)
            self._take_noted(on_disk)
            on_disk = await self._save(on_disk)
            found = self.overlay(on_disk)
            useless = refused and found.secret == known.secret
            if not useless and not self.is_due(found):
                return found
            death = self._death(found)
            if death is not None:
                raise death
            self._file.check_replaceable()
            return await self._refresh(found, on_disk)

    def _take_noted(self, on_disk: Document) -> None:
        """Have tokens that another process noted and that could not be put in their place even now: the one that the
        file holds is spent, and making a place for others would take these away."""
        if self._unsaved is None and on_disk.refresh is not None:
            noted = self._file.noted(on_disk.refresh)
            if noted is not None:
                self._unsaved = _Unsaved(digest(on_disk.refresh), noted)

    async def _save(self, on_disk: Document) -> Document:
        """Write what could not be written before, if it still is what comes next."""
        unsaved = self._unsaved
        if unsaved is None:
            return on_disk
        if self.overlay(on_disk) is on_disk:
            self._unsaved = None
            return on_disk
        await self._keep(unsaved.document, on_disk)
        return await look_anew(self._file, self._clock)

    def _recover(self) -> None:
        try:
            self._file.recover()
        except OSError:
            _log.failure("what a crash left beside auth.json can't be cleared away")

    async def _refresh(self, found: Document, on_disk: Document) -> Document:
        assert found.refresh is not None, "seen before"
        place, noted = self._place(on_disk), False
        try:
            tokens = await self._endpoint.refresh(found.refresh)
            renewed = found.renewed(tokens, self._now())
            noted = self._noted(place, renewed)
        except Revoked as revoked:
            return await self._revoked(found, on_disk, revoked.code)
        except BadUpstream as error:
            why = f"The Codex login could not be refreshed just now: {error.message}."
            raise defect("refresh_failed", why) from None
        finally:
            if place is not None and not noted:
                place.discard()
        self.refreshed += 1
        self.told(True)
        self._newest = (digest(renewed.secret), self._clock.seconds())
        _log.info("the login's tokens were refreshed")
        return await self._keep(renewed, on_disk, place if noted else None)

    def _place(self, on_disk: Document) -> Successor | None:
        """Where new tokens will be noted. Without one they live in memory until they are written."""
        assert on_disk.refresh is not None, "seen before"
        try:
            return self._file.prepare(on_disk.refresh)
        except OSError:
            return None

    def _noted(self, place: Successor | None, renewed: Document) -> bool:
        if place is None:
            return False
        try:
            self._file.note(place, renewed)
        except OSError:
            return False
        return True

    async def _revoked(self, found: Document, on_disk: Document, code: str) -> Document:
        """The verdict, unless somebody has made a new login, or was faster with this one."""
        again = await look_anew(self._file, self._clock)
        if again.refresh != on_disk.refresh or again.secret != on_disk.secret:
            return again
        assert found.refresh is not None, "seen before"
        self._dead = {digest(found.refresh): code}
        death = self._death(found)
        assert death is not None, "just now"
        raise death

    async def _keep(
        self, renewed: Document, on_disk: Document, noted: Successor | None = None
    ) -> Document:
        """Write new tokens over the ones that they were got for, unless others stand there by now.

        :param noted: where they were noted.
        """
        assert on_disk.refresh is not None, "seen before"
        try:
            current = await look_anew(self._file, self._clock)
            if current.refresh != on_disk.refresh:
                self._unsaved = None
                if noted is not None:
                    noted.discard()
                return current
            made = self._now() if renewed.refreshed is None else renewed.refreshed
            written = current.renewed(renewed.raw["tokens"], made)
            await self._aside(partial(self._file.replace, written, on_disk.refresh, noted))
        except (OSError, Unavailable) as error:
            why = error.message if isinstance(error, Unavailable) else error.strerror
            if self._unsaved is None:
                _log.error(
                    "the login's new tokens can't be written to {path} and live in memory: {why}",
                    path=self._file.path,
                    why=why,
                )
            if noted is not None:
                noted.close()  # it stays, for whoever comes after a crash
            self._unsaved = _Unsaved(digest(on_disk.refresh), renewed)
            self._save_from = self._clock.seconds() + _YOUNG
            return renewed
        self._unsaved = None
        return written

    # After it.

    def _landed(self, result: Document | Failure, known: Document) -> None:
        self._flying = False
        waiters, self._waiters = self._waiters, []
        if isinstance(result, Failure):
            error = self._note(result, known)
            for waiter in waiters:
                waiter.errback(Failure(error))
            return
        self._failures, self._rest = 0, None
        for waiter in waiters:
            waiter.callback(result)

    def _note(self, failure: Failure, known: Document) -> Unavailable:
        error = failure.value
        self.told(False)
        if isinstance(error, Unavailable):
            _log.warn("{why} ({path})", why=error.message, path=self._file.path)
        else:
            _log.failure("a refresh of the login broke down", failure=failure)
            error = defect("refresh_failed", "The Codex login could not be refreshed.")
        if error.code == "login_expired":
            return error
        rest = min(_LONGEST_REST, 2.0 ** min(self._failures, 10))
        self._failures += 1
        headers = ((b"Retry-After", b"%d" % rest),)
        error = Unavailable(error.status, error.code, error.message, headers=headers)
        self._rest = _Rest(digest(known.secret), self._clock.seconds() + rest, error)
        return error
