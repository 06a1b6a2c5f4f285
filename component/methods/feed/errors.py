"""Why a feed could not be read, each with its sentence for the feed's owner."""

from collections.abc import Sequence

from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.methods.feed.parsing.item import Link


class FeedError(BadInput):
    """A feed that can't be read; never raised itself."""

    condition = "not-acceptable"
    status = 422
    sentence = _("The feed cannot be read.")

    def __init__(self) -> None:
        super().__init__(self.sentence)


class NoFeed(FeedError):
    """Neither RSS nor Atom nor JSON Feed."""

    sentence = _("This address does not contain a feed. The content is not RSS, Atom or JSON Feed.")


class EmptyFeed(NoFeed):
    """Nothing, or white space."""

    sentence = _("This address does not contain a feed. The page is empty.")


class HtmlPage(NoFeed):
    """A page for people; `feeds` are those it names."""

    sentence = _(
        "This address points to a web page, not a feed, and the page does not link to a feed."
    )

    def __init__(self, feeds: Sequence[Link] = ()) -> None:
        super().__init__()
        self.feeds = tuple(feeds)
        if feeds:
            self.args = (_named(self.feeds),)


def _named(feeds: Sequence[Link]) -> Words:
    return _(
        "This address points to a web page, not a feed. The page links to these feeds: {feeds}",
        feeds=", ".join(one.url for one in feeds),
    )


class TooLarge(FeedError):
    """More bytes than are read."""

    condition = "policy-violation"
    status = 413
    sentence = _("The feed is too large.")


class BrokenFeed(FeedError):
    """It begins like a feed, and no item can be made out."""

    sentence = _("The feed is damaged, and no items can be found in it.")


class DtdRefused(FeedError):
    """It defines entities, which is how bombs are built."""

    condition = "policy-violation"
    sentence = _("The feed defines XML entities. They are refused for security reasons.")


class EncodingRefused(FeedError):
    """An encoding that is there to deceive, such as UTF-7."""

    condition = "policy-violation"
    sentence = _("The character encoding of the feed is not allowed.")


class TooCostly(FeedError):
    """Reading it took more time or memory than a feed may have, and was stopped."""

    condition = "resource-constraint"
    sentence = _("Reading the feed exceeded the limit for time or memory and was stopped.")


class Crashed(FeedError):
    """The process that read it ended without an answer."""

    condition = "internal-server-error"
    status = 500
    sentence = _("The feed reader process crashed while reading the feed.")


BY_NAME = {
    one.__name__: one
    for one in (
        NoFeed,
        EmptyFeed,
        HtmlPage,
        TooLarge,
        BrokenFeed,
        DtdRefused,
        EncodingRefused,
        TooCostly,
        Crashed,
    )
}
