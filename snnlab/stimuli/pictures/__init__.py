"""Bitmaps, images, patterns and movies."""
