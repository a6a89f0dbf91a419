"""``python -m humanevalpack.commands``: the command where no console script is installed."""

from humanevalpack.commands import main

main()
