"""Scores made readable: a table in the terminal and a page of HTML."""
