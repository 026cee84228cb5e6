"""Files on disk: run files, checkpoints, data, and Python files of the user."""
