"""The run folder tells the story: curves, confusion, calibration, single predictions, and one page with all of it.

matplotlib is loaded when something is drawn.
"""
