"""`report.html`: the account of a run as one self-contained page for a person. It holds counts and names, no values.

`page` puts it together, `flow` and the figures make of the summary what is seen, `drawing` draws. All of it works
from `summary.json`'s keys alone; where the two could differ, the summary is right.
"""
