"""Plugins: each a port, a bounded queue and a thread around a processor."""
