"""Why a feed could not be read, each with its sentence for the feed's owner."""

from collections.abc import Sequence

from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.methods.feed.parsing.item import Link


class FeedError(BadInput):
    """A feed that can't be read; never raised itself."""

    condition = "not-acceptable"
    status = 422
    sentence = _("The feed can't be read.")

    def __init__(self) -> None:
        super().__init__(self.sentence)


class NoFeed(FeedError):
    """Neither RSS nor Atom nor JSON Feed."""

    sentence = _(
        "There is no feed at that address: what it gives is neither RSS nor Atom nor JSON Feed."
    )


class EmptyFeed(NoFeed):
    """Nothing, or white space."""

    sentence = _("There is no feed at that address: it gives an empty page.")


class HtmlPage(NoFeed):
    """A page for people; `feeds` are those it names."""

    sentence = _("That is a web page and no feed, and it names no feed.")

    def __init__(self, feeds: Sequence[Link] = ()) -> None:
        super().__init__()
        self.feeds = tuple(feeds)
        if feeds:
            self.args = (_named(self.feeds),)


def _named(feeds: Sequence[Link]) -> Words:
    return _(
        "That is a web page and no feed. The feeds it names: {feeds}",
        feeds=", ".join(one.url for one in feeds),
    )


class TooLarge(FeedError):
    """More bytes than are read."""

    condition = "policy-violation"
    status = 413
    sentence = _("The feed is larger than is read.")


class BrokenFeed(FeedError):
    """It begins like a feed, and no item can be made out."""

    sentence = _("The feed is broken: no item can be made out in it.")


class DtdRefused(FeedError):
    """It brings definitions of its own, which is how bombs are built."""

    condition = "policy-violation"
    sentence = _(
        "The feed defines XML entities of its own, which is refused, as bombs are built that way."
    )


class EncodingRefused(FeedError):
    """An encoding that is there to deceive, such as UTF-7."""

    condition = "policy-violation"
    sentence = _("The feed is in an encoding that is refused.")


class TooCostly(FeedError):
    """Reading it took more time or memory than a feed may have, and was stopped."""

    condition = "resource-constraint"
    sentence = _("Reading the feed took more time or memory than a feed may have, and was stopped.")


class Crashed(FeedError):
    """The process that read it ended without an answer."""

    condition = "internal-server-error"
    status = 500
    sentence = _("The process that reads feeds ended at this one.")


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
