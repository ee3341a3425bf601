"""`report.html`: the summary of a run as one self-contained page. It contains counts and names, no values.

`page` assembles it, `flow` and the figures turn the summary into charts, `drawing` draws. All of it works
from `summary.json`'s keys alone; if the two differ, the summary is right.
"""
