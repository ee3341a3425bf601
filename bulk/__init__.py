"""The other door: bulk data as CSV, Personalize's import and export jobs, and what its metrics and exports prove.

Nothing here starts a run or knows the configuration (`jobs` does). Calls are made through what `jobs` hands in, which
keeps to the control plane's pace.
"""
