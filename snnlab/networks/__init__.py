"""Networks: models wired together and run."""
