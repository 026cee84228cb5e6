"""Mistakes that users make, generated: each command is refused in few lines, and nothing is written.

`python -m campaign` in this folder's parent runs all of them and prints what was not refused.
"""
