"""What can be checked before a scan begins."""
