"""Pages for people who are signed in: who asks, in which language, and whether they may.

People sign in with a link that the bot hands out (`web.account.sign_in`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web as http

from commands.action import Caller
from commands.data_forms import as_words
from component.bus.model.roles import Role
from component.common.errors import ShoutbusError
from component.common.i18n import Words, _, tell
from web.context import SITE, Site
from web.csrf import FormValues, first, read_own_form, text_values
from web.rendering import (
    asked_language,
    content_security_policy,
    html_response,
    json_response,
    macro,
    render,
    translations,
    wants_json,
)
from web.sessions import Session

COOKIE = "shoutbus-operator"
INTERFACE = "web"
"""What the audit log calls this way of giving commands."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of someone who is signed in and has the role that the page needs right now."""

    site: Site
    session: Session
    caller: Caller
    query: FormValues
    form: FormValues
    """What was posted; empty for GET."""
    wants_json: bool

    @property
    def language(self) -> str:
        """The caller's language."""
        return self.caller.language

    def page(self, template: str, status: int = 200, **values: Any) -> http.Response:
        """A page for them."""
        return member_page(
            template,
            status,
            self.language,
            session=self.session,
            operator=self.caller.role >= Role.OPERATOR,
            **values,
        )

    def render(self, template: str, macro_name: str, *arguments: Any) -> str:
        """What a template's macro makes of the arguments, in their language."""
        return str(macro(template, macro_name, self.language)(*arguments))

    def explain(self, fault: ShoutbusError) -> str:
        """A fault's sentence in their language."""
        return tell(as_words(fault), self.language)

    def value(self, name: str) -> str:
        """One value that was posted; "" if it is missing."""
        return first(self.form, name)

    def asked(self, name: str) -> str:
        """One value of the page's address; "" if it is missing."""
        return first(self.query, name)


Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]
VisitHandler = Callable[[http.Request, Visit], Awaitable[http.StreamResponse]]


def member_page(template: str, status: int, language: str, **values: Any) -> http.Response:
    """A page with the menu of people who are signed in, which no other site may frame."""
    defaults = {"session": None, "operator": False, "people": False, **translations(language)}
    response = html_response(render(template, **(defaults | values)), status)
    response.headers["Content-Security-Policy"] = content_security_policy("'none'")
    return response


def notice(
    status: int, language: str, kind: str, words: Words | str, **values: Any
) -> http.Response:
    """A page with one sentence; `kind` is info or error."""
    sentence = tell(words, language)
    return member_page("notice.html", status, language, kind=kind, words=sentence, **values)


def for_operators(handler: VisitHandler) -> Handler:
    """A page for operators. Others read how to sign in; a form must be the caller's own."""
    return guarded(handler, Role.OPERATOR)


def for_people(handler: VisitHandler) -> Handler:
    """A page for everyone who is signed in; otherwise like `for_operators`."""
    return guarded(handler, Role.MEMBER)


def guarded(handler: VisitHandler, needed: Role) -> Handler:
    """A page for people with a role."""

    async def guard(request: http.Request) -> http.StreamResponse:
        site = request.app[SITE]
        session = session_of(request)
        if session is None or site.roles.of(session.jid) < needed:
            return refuse(request, session, needed)
        caller = caller_of(request, session)
        try:
            form: FormValues = {}
            if request.method == "POST":
                form = await read_own_form(request, session.token)
            query = text_values(request.query)
            visit = Visit(site, session, caller, query, form, wants_json(request))
            return await handler(request, visit)
        except ShoutbusError as fault:
            return fault_response(request, session, caller, fault, needed)

    return guard


def session_of(request: http.Request, *, use: bool = True) -> Session | None:
    """The session of the caller; `use` extends its life."""
    return request.app[SITE].sign_ins.session(request.cookies.get(COOKIE, ""), use=use)


def is_operator(request: http.Request, *, use: bool = True) -> bool:
    """Whether an operator asks. With `use=False` the session does not live longer for it, as an
    open stream asks again and again."""
    session = session_of(request, use=use)
    return session is not None and request.app[SITE].roles.of(session.jid) >= Role.OPERATOR


def caller_of(request: http.Request, session: Session) -> Caller:
    """A session's owner as commands know them."""
    site = request.app[SITE]
    name = session.jid.partition("@")[0]
    language = site.bus.settings.language(session.jid, asked_language(request))
    role = site.roles.of(session.jid)
    return Caller(session.jid, name, role, language=language, way=INTERFACE)


def fault_response(
    request: http.Request, session: Session, caller: Caller, fault: ShoutbusError, needed: Role
) -> http.Response:
    """A fault on a page that needs a role."""
    words = as_words(fault)
    if wants_json(request):
        return json_response(fault.status, detail=tell(words, caller.language))
    return notice(
        fault.status,
        caller.language,
        "error",
        words,
        session=session,
        operator=caller.role >= Role.OPERATOR,
        people=needed < Role.OPERATOR,
    )


def refuse(request: http.Request, session: Session | None, needed: Role) -> http.Response:
    """What others see: how people get in for whom the page is."""
    language = asked_language(request)
    words = how_to_enter(request.app[SITE], session, needed)
    if wants_json(request):
        return json_response(403, detail=words.told(language))
    people = needed < Role.OPERATOR
    return notice(403, language, "info", words, session=session, people=people)


def how_to_enter(site: Site, session: Session | None, needed: Role) -> Words:
    """For whom a page is, and how they sign in."""
    if needed < Role.OPERATOR:
        return _(
            "This page requires you to sign in. Write “subscriptions” to {bot} to get a link.",
            bot=site.bus.bot,
        )
    if session:
        role = site.roles.of(session.jid).words
        return _("This page is for operators. Your role is {role}.", role=role)
    return _(
        "This page is for operators. Write “matrix” to {bot} to get a link.",
        bot=site.bus.bot,
    )
