"""Templates of letters: ours, and the operator's in their place (a folder of files with the same
names).

Jinja2, sandboxed. One of the operator's that can't be used is told of, and ours is used.
"""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from component.common.i18n import Words, _

NAMES = (
    "digest.html",
    "digest.txt",
    "digest-chat.txt",
    "digest-sms.txt",
    "message.html",
    "message.txt",
    "message-sms.txt",
    "request.html",
    "request.txt",
    "request-chat.txt",
    "request-sms.txt",
    "footer.html",
    "footer.txt",
    "footer-chat.txt",
    "frame.html",
)
"""Those that can be replaced. `frame.html` is what the pages have in common."""

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a template made, and what was wrong with the operator's where ours had to."""

    text: str
    fault: Words | None = None


class Templates:
    """The templates, with those of an operator's `folder`, where there is one, in their place."""

    def __init__(self, folder: Path | None = None) -> None:
        ours = jinja2.PackageLoader("component.subscriptions.rendering")
        self.folder = folder
        self._ours = _environment(ours)
        self._theirs = (
            _environment(jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder), ours]))
            if folder
            else None
        )

    def stamp(self) -> Stamp:
        """Another whenever the operator's files are."""
        if self.folder is None:
            return ()
        try:
            files = [(one.name, one.stat()) for one in sorted(self.folder.iterdir())]
        except OSError:
            return ()
        return tuple((name, found.st_mtime_ns, found.st_size) for name, found in files)

    def draw(self, name: str, language: str, values: Mapping[str, Any]) -> Drawn:
        """What the template of that name makes of the values, in a language."""
        told = {"language": language, "_": partial(_told, language), **values}
        if self._theirs is None:
            return Drawn(_text(self._ours, name, told))
        try:
            return Drawn(_text(self._theirs, name, told))
        except Exception as error:  # a template can fail in any way
            return Drawn(_text(self._ours, name, told), _fault(error, self._theirs, name))

    def strays(self) -> Sequence[Words]:
        """What is wrong with the folder itself: that it is not there, and names that look like
        slips."""
        if self.folder is None:
            return ()
        if not self.folder.is_dir():
            return [_("{folder} is not a folder, or it cannot be read.", folder=self.folder)]
        try:
            there = sorted(one.name for one in self.folder.iterdir())
        except OSError as error:
            return [
                _(
                    "{folder} cannot be read: {why}.",
                    folder=self.folder,
                    why=error.strerror or error,
                )
            ]
        near = [
            (name, get_close_matches(name, NAMES, 1, 0.8)) for name in there if name not in NAMES
        ]
        return [
            _(
                "{file} is not the name of a template. Did you mean {name}?",
                file=name,
                name=close[0],
            )
            for name, close in near
            if close
        ]


def _environment(loader: jinja2.BaseLoader) -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: (name or "").endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(environment: SandboxedEnvironment, name: str, values: Mapping[str, Any]) -> str:
    return environment.get_template(name).render(values)


def _told(language: str, template: str, **values: Any) -> str:
    return Words(template, values).told(language)


def _fault(error: Exception, environment: SandboxedEnvironment, name: str) -> Words:
    """What is wrong, in which file and line."""
    where, line = _place(error, environment, name)
    why = str(error) or type(error).__name__
    return _("{file}, line {line}: {why}", file=where, line=line or "?", why=why[:300])


def _place(error: Exception, environment: SandboxedEnvironment, name: str) -> tuple[str, int]:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.name or name, error.lineno
    for frame in reversed(
        traceback.extract_tb(error.__traceback__)
    ):  # Jinja2 puts the templates' own lines there
        if Path(frame.filename).name in NAMES:
            return Path(frame.filename).name, frame.lineno or 0
    return name, 0


class Faults:
    """Tells operators of a fault in a template once, and again when the file has changed since."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._told: dict[str, Stamp] = {}
        self._new: dict[str, Words] = {}

    def draw(self, name: str, language: str, values: Mapping[str, Any]) -> str:
        """See `Templates.draw`."""
        drawn = self._templates.draw(name, language, values)
        if drawn.fault and self._told.get(name) != self._templates.stamp():
            self._new[name] = drawn.fault
        return drawn.text

    def take(self) -> Sequence[Words]:
        """What is to be told now; then it counts as told."""
        taken = list(self._new.values())
        self._told |= dict.fromkeys(self._new, self._templates.stamp())
        self._new.clear()
        return taken
