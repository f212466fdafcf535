"""Fill the page's templates."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Inside the page itself: it is one file that can be sent and opened without its folder.
    found.globals["style"] = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    found.globals["script"] = Markup((FOLDER / "page.js").read_text(encoding="utf-8"))
    return found


def render(template: str, **values: Any) -> str:
    """Text of a template of ``templates/``; every value that is put in is escaped.

    Raises
    ------
    jinja2.UndefinedError
        If the template names a value that is not among ``values``.
    """
    return _environment().get_template(template).render(**values)
