"""Views to HTML; the only room that knows jinja2.

Everything is escaped: autoescape is on in every template, and a message is escaped piece by piece
so that links can stand in it. The one exception is :func:`_prose`, which cleans the HTML of a
listing once more on its way out. A template that asks for what its view does not have fails.
Icons are drawn into the page from our own files: no request, and the colour of the text.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from web.i18n.banana import Param
from web.i18n.wording import Wording
from web.prose import safe_html
from web.views import Frame, Text, View


def render(view: View, frame: Frame, wording: Wording) -> str:
    """Return the page of a view inside its frame."""
    template = environment().get_template(view.template)
    return template.render(page=view, frame=frame, msg=_messages(wording), number=wording.number)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates, compiled as they are first used."""
    made = Environment(
        loader=PackageLoader("web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["prose"] = _prose
    made.globals["icon"] = _icons().__getitem__
    return made


def _icons() -> Mapping[str, Markup]:
    folder = resources.files("web").joinpath("icons")
    return {
        file.name.removesuffix(".svg"): Markup(file.read_text("utf-8").strip())  # noqa: S704 - ours
        for file in folder.iterdir()
    }


def _messages(wording: Wording) -> Callable[..., Markup]:
    def msg(key: str, *params: Param) -> Markup:
        """Return a message; a parameter that is markup stays so, all else is escaped."""
        return Markup("").join(escape(piece) for piece in wording.pieces(key, *params))

    return msg


def _prose(text: Text) -> Markup:
    if not text.html:
        raise ValueError("only a text that says it is HTML may be shown as such")
    return Markup(safe_html(text.text))  # noqa: S704 - cleaned just now
