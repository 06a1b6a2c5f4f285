"""What deliveries say, in the form that each method sends: made before the method is called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from component.bus.model.delivery import Delivery
from component.bus.model.message import Message
from component.common.errors import StoreError, Unavailable
from component.common.sanitize import one_line

Content = TypeVar("Content")
Fits = Callable[[str], bool]
"""Whether a text is short enough."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says. `html` is a whole page, `list_id` the subscription's name for List-Id (RFC
    2919), `unsubscribe` the URL that ends it with one click (RFC 8058); each "" where there is
    none."""

    subject: str
    text: str
    html: str = ""
    list_id: str = ""
    unsubscribe: str = ""
    language: str = "en"


class Renderer(Protocol):
    """Puts deliveries into words. Each method raises StoreError, and Refused where nothing is left
    to say, such as a digest whose subscription has ended."""

    async def message(self, delivery: Delivery) -> Message:
        """The message with the body that is sent, for chats and rooms."""

    async def letter(self, delivery: Delivery) -> Letter:
        """A mail."""

    async def short(self, delivery: Delivery, fits: Fits) -> str:
        """A short text that `fits`: cut, with a link to the rest where there is room for one."""


class PlainRenderer:
    """Says what a message says."""

    async def message(self, delivery: Delivery) -> Message:
        """The message as it is."""
        return delivery.message

    async def letter(self, delivery: Delivery) -> Letter:
        """The message, with its first line as the subject."""
        first = delivery.message.body.partition("\n")[0]
        return Letter(one_line(first), delivery.message.body)

    async def short(self, delivery: Delivery, fits: Fits) -> str:
        """The message, whether or not it fits."""
        return delivery.message.body


PLAIN = PlainRenderer()


class Form(Protocol):
    """The form of what a method sends."""

    async def render(self, renderer: Renderer, delivery: Delivery) -> Any:
        """The content of a delivery in this form; raises as `Renderer`."""


@dataclass(frozen=True, slots=True)
class AsIs:
    """The message as it was accepted."""

    async def render(self, renderer: Renderer, delivery: Delivery) -> Message:
        """The message."""
        return delivery.message


@dataclass(frozen=True, slots=True)
class AsMessage:
    """A message for chats and rooms."""

    async def render(self, renderer: Renderer, delivery: Delivery) -> Message:
        """The message with the body that is sent."""
        return await renderer.message(delivery)


@dataclass(frozen=True, slots=True)
class AsLetter:
    """A mail."""

    async def render(self, renderer: Renderer, delivery: Delivery) -> Letter:
        """The mail."""
        return await renderer.letter(delivery)


@dataclass(frozen=True, slots=True)
class AsShortText:
    """A short text, as long as `fits` says."""

    fits: Fits

    async def render(self, renderer: Renderer, delivery: Delivery) -> str:
        """The text."""
        return await renderer.short(delivery, self.fits)


@dataclass(frozen=True, slots=True)
class Rendered(Generic[Content]):
    """A delivery and what it says."""

    delivery: Delivery
    content: Content


async def render(form: Form, renderer: Renderer, delivery: Delivery) -> Rendered[Any]:
    """A delivery in a form; raises Refused, and Unavailable where the store fails."""
    try:
        return Rendered(delivery, await form.render(renderer, delivery))
    except StoreError as error:
        raise Unavailable(error.sentence) from error
