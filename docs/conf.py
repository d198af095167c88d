"""Sphinx: Markdown pages and the API from docstrings."""

project = "oceandata"
author = "The oceandata developers"
copyright = "2026, " + author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]
autodoc_typehints = "description"
html_theme = "alabaster"
html_theme_options = {
    "description": "Ocean big data on supercomputers",
    "page_width": "1160px",
}
