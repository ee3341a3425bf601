"""Bulk data: CSV, Personalize's import and export jobs, and what its metrics and exports prove.

Starting a run and reading the configuration are up to `jobs`, which also passes in the caller that keeps to
the control plane's rate.
"""
