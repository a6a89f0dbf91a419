"""``python -m octopack_train.commands``: the command where the console script is not on the path."""

from octopack_train.commands import main

main()
