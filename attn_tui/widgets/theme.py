"""The colours of Textual's own parts, made from the ink's."""

from __future__ import annotations

from textual.theme import Theme

from ..pictures.ink import CHROME


def themes() -> list[Theme]:
    """The dark and the light theme."""
    return [
        Theme(
            name=f"attn-{name}",
            primary=colours["accent"],
            accent=colours["accent"],
            foreground=colours["text"],
            background=colours["background"],
            surface=colours["background"],
            panel=colours["chosen"],
            dark=name == "dark",
        )
        for name, colours in (("dark", CHROME[True]), ("light", CHROME[False]))
    ]
