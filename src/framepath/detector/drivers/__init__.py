"""Drivers: what stands behind cam1. Each implements `framepath.detector.drivers.base.Driver`."""
