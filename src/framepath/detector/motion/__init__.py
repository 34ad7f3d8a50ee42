"""The motion IOC: motors and a shutter for scans without hardware, and how a camera follows them."""
