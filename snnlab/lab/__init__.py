"""Protocols, runs, studies, figures and claims. This package knows no family of networks."""
