"""Records: the EPICS side of a port, made from the rows of the parameter table."""
