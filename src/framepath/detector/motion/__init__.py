"""The motion IOC: motors and a shutter without hardware, and how a camera follows them."""
