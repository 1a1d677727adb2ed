"""Checked -> the figures of a network by layer and by part: text, HTML page, JSON, CSV."""

from .measure import Report

__all__ = ["Report"]
