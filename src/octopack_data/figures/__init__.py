"""Figures with matplotlib (extra ``report``), as PDF and PNG: functions from a data frame to files."""
