"""Diagrams: the graph folded to what one page shows, as SVG, PNG, PDF, DOT, Mermaid or an interactive HTML page.

Checked --tree--> Box --fold--> Folded --choose--> Picture --columns--> dot | html | mermaid
"""

from .choose import TooLarge, picture
from .dot import dot
from .html import html
from .mermaid import mermaid
from .picture import Picture
from .program import NoProgram, ProgramFailed, rendered

__all__ = ["NoProgram", "Picture", "ProgramFailed", "TooLarge", "dot", "html", "mermaid", "picture", "rendered"]
