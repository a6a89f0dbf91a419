"""Contents of files before and after a commit, from git hosts and local clones: one file a backend."""
