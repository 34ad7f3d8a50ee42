"""PVs as the devices use them: connecting, confirming, watching, putting back."""
