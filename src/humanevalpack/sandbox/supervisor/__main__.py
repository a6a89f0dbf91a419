"""Entry point of ``python3 -m supervisor`` where this folder's parent is on the path."""

from .main import main

main()
