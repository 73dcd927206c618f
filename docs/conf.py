"""How the documentation is built: `make docs`."""

from importlib.metadata import version as version_of

project = "Capacity Exchange"
author = "the Capacity Exchange contributors"
copyright = "the contributors; AGPL-3.0-or-later"
version = release = version_of("capacity-exchange")

extensions = ["myst_parser"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "alabaster"
html_theme_options = {
    "description": "Offers and needs of Wikimedia affiliates, on nodes of their own",
    "fixed_sidebar": True,
    "show_powered_by": False,
}
html_show_sourcelink = False
html_copy_source = False
