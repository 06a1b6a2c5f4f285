"""Stories: archives with pages and a feed. What is brought there becomes an article; the bus itself
keeps it."""

import re
from dataclasses import dataclass
from typing import Annotated

from component.bus.ports.method import MethodSpec
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Settings:
    """Who may read an archive: anyone, or operators alone."""

    public: Annotated[
        bool, Ask(_("Public"), _("everyone can read it; otherwise signed-in operators only"))
    ] = True


METHOD = MethodSpec(
    "story",
    None,
    example="story:news",
    address=re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    form=Settings,
    archive=True,
)
