"""The detector process: an areaDetector-compatible IOC made of records, a driver and plugins."""
