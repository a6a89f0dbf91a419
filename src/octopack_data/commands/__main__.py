"""``python -m octopack_data.commands``: the command where the console script is not on the path."""

from octopack_data.commands import main

main()
