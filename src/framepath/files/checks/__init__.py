"""Checks of finished files: what is there, what should be, and what to do about the rest."""
