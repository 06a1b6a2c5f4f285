"""What the form of a shoutbox says, and the message it becomes. No responses."""

from dataclasses import dataclass
from typing import Self

from aiohttp import web as http

from component.bus.model.message import Message, id_from, is_id
from component.bus.model.records import ChannelSpec
from component.common.errors import BadInput, Forbidden
from component.common.i18n import _
from web.context import Site
from web.csrf import FormValues, first, is_cross_site, read_form

MAX_SHOUT_CHARS = 10_000
UNREADABLE = _("The form cannot be read. Reload the page and try again.")
OTHER_SITE = _("The message was sent from another site. Open the shoutbox and write it there.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A filled form. `key` identifies the form, so that sending it twice posts once."""

    name: str
    body: str
    key: str

    @classmethod
    async def read(cls, request: http.Request) -> Self:
        """The form that a request sends; raises BadInput."""
        form = await read_form(request, UNREADABLE)
        return cls.of(form)

    @classmethod
    def of(cls, form: FormValues) -> Self:
        """The form's fields; those that are missing are empty."""
        return cls(first(form, "name"), first(form, "body"), first(form, "key"))

    def check_body(self) -> None:
        """Raise BadInput if there is nothing to post, or too much."""
        if not self.body.strip():
            raise BadInput(_("The message is empty. Write some text."))
        if len(self.body) > MAX_SHOUT_CHARS:
            raise BadInput(
                _(
                    "The message has {count} characters. The maximum is {most}.",
                    count=len(self.body),
                    most=MAX_SHOUT_CHARS,
                )
            )

    def message(
        self, request: http.Request, site: Site, spec: ChannelSpec, session: str
    ) -> Message:
        """The message that a guest posts; raises BadInput, Conflict, Forbidden, TooMany."""
        if is_cross_site(request, site):
            raise Forbidden(OTHER_SITE)
        self.check_body()
        author = site.guests.author(session, site.address(request), self.name)
        origin = ""
        if is_id(self.key):
            # A reload or a second click sends the same key and text, which is the same message.
            # Other text with an old key (the browser's Back button restores it) is another message.
            origin = f"{author.key}#{id_from(self.key + self.body)}"
        return Message.new(spec.channel, author, self.body, site.clock(), origin=origin)
