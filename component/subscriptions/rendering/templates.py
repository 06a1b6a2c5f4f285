"""Templates of letters: the bus's, and the operator's in their place (a folder of files with the
same names).

Jinja2, sandboxed. Where one of the operator's can't be used, the bus's is used, and operators are
notified.
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
    """What a template made, and what was wrong with the operator's where the bus's had to."""

    text: str
    fault: Words | None = None


class Templates:
    """The templates, with those of an operator's `folder`, where there is one, in their place."""

    def __init__(self, folder: Path | None = None) -> None:
        ours = jinja2.PackageLoader("component.subscriptions.rendering")
        self.folder = folder
        self._ours = environment_of(ours)
        self._theirs: SandboxedEnvironment | None = None
        if folder:
            theirs = jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder), ours])
            self._theirs = environment_of(theirs)

    def stamp(self) -> Stamp:
        """Changes whenever the operator's files do."""
        if self.folder is None:
            return ()
        try:
            files: list[tuple[str, int, int]] = []
            for file in sorted(self.folder.iterdir()):
                stat = file.stat()
                files.append((file.name, stat.st_mtime_ns, stat.st_size))
        except OSError:
            return ()
        return tuple(files)

    def draw(self, name: str, language: str, values: Mapping[str, Any]) -> Drawn:
        """What the template of that name makes of the values, in a language."""
        given = {"language": language, "_": partial(translated, language), **values}
        if self._theirs is None:
            return Drawn(drawn(self._ours, name, given))
        try:
            return Drawn(drawn(self._theirs, name, given))
        except Exception as error:  # a template can fail in any way
            return Drawn(drawn(self._ours, name, given), fault(error, name))

    def strays(self) -> Sequence[Words]:
        """What is wrong with the folder itself: that it is not there, and names that look like
        slips."""
        if self.folder is None:
            return ()
        if not self.folder.is_dir():
            return [_("{folder} is not a folder, or it cannot be read.", folder=self.folder)]
        try:
            names = sorted(file.name for file in self.folder.iterdir())
        except OSError as error:
            return [
                _(
                    "{folder} cannot be read: {why}.",
                    folder=self.folder,
                    why=error.strerror or error,
                )
            ]
        strays: list[Words] = []
        for file in names:
            close = get_close_matches(file, NAMES, 1, 0.8)
            if close and file not in NAMES:
                strays.append(
                    _(
                        "{file} is not the name of a template. Did you mean {name}?",
                        file=file,
                        name=close[0],
                    )
                )
        return strays


def environment_of(loader: jinja2.BaseLoader) -> SandboxedEnvironment:
    """Where templates of a loader run."""
    return SandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: (name or "").endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def drawn(environment: SandboxedEnvironment, name: str, values: Mapping[str, Any]) -> str:
    """What the template of that name makes of the values."""
    return environment.get_template(name).render(values)


def translated(language: str, template: str, **values: Any) -> str:
    """A sentence of the catalogue in a language, for templates."""
    return Words(template, values).told(language)


def fault(error: Exception, name: str) -> Words:
    """What is wrong, in which file and line."""
    file, line = place_of(error, name)
    why = str(error) or type(error).__name__
    return _("{file}, line {line}: {why}", file=file, line=line or "?", why=why[:300])


def place_of(error: Exception, name: str) -> tuple[str, int]:
    """The file and the line of an error in the template of that name; line 0 where it is not
    known."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.name or name, error.lineno
    # Jinja2 puts the templates' own lines into the traceback.
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename).name
        if file in NAMES:
            return file, frame.lineno or 0
    return name, 0


class Faults:
    """Keeps the faults in templates: each is reported once, and again when the file has changed."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._reported: dict[str, Stamp] = {}
        self._new: dict[str, Words] = {}

    def draw(self, name: str, language: str, values: Mapping[str, Any]) -> str:
        """What a template makes of the values; its fault, if any, is kept."""
        made = self._templates.draw(name, language, values)
        if made.fault and self._reported.get(name) != self._templates.stamp():
            self._new[name] = made.fault
        return made.text

    def take(self) -> Sequence[Words]:
        """The faults to report now; then they count as reported."""
        taken = list(self._new.values())
        self._reported |= dict.fromkeys(self._new, self._templates.stamp())
        self._new.clear()
        return taken
