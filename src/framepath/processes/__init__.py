"""Start a child process, wait for its ready line, know why it died, end it."""
