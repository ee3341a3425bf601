"""What spark-submit starts: the command, the settings, the order of the stages, the account and the report.

This room composes the others (`transforms`, `expectations`, `delivery`); no rule about events lives here.
"""
