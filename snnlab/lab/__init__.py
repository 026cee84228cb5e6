"""What a protocol, a study, a figure and a claim are; knows no family."""
