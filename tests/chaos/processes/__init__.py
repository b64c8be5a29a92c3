"""Processes that are killed. This is a package for the sake of its fixtures, which end with its last test."""
