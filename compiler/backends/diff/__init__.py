"""What changed from one network to another: layers added, removed and changed, aligned by structure."""

from .changes import Change, Comparison, compare
from .told import comparison_dict, comparison_text

__all__ = ["Change", "Comparison", "compare", "comparison_dict", "comparison_text"]
