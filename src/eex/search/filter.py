"""Where `inside_bbox` was before filters had a part of their own."""

from eex.filters.globe import inside_bbox

__all__ = ["inside_bbox"]
