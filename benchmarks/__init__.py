"""Measurements of speed and memory, against a bare route and against peers."""
