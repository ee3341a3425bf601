"""The job that spark-submit starts: command, settings, order of the steps, summary and report.

It composes the other packages (`transforms`, `expectations`, `delivery`); no rule about events is here.
"""
