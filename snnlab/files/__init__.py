"""What is on disk: run files, checkpoints, data, Python files of the user."""
