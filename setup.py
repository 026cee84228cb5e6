"""The packages of the installation are those of the tree; protocols and figures are installed inside snnlab."""

from setuptools import find_packages, setup

BESIDE = find_packages(include=["protocols", "protocols.*", "figures", "figures.*"])
setup(packages=[*find_packages(include=["snnlab", "snnlab.*"]), *(f"snnlab.{name}" for name in BESIDE)])
