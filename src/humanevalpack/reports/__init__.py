"""Scores made readable: tables, figures, a page of HTML, and two runs side by side."""
