"""Patterns: do rules tell similar sequences apart?"""
