"""Patterns: do plasticity rules separate similar sequences?"""
