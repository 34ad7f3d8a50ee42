"""What two stages agree on, written once: frames, attributes, addresses, records of what happened.

Standard library and numpy only, so that every process can import it.
"""
