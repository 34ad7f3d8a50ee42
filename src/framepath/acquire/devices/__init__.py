"""Detectors: parts, logic, files and streams."""
