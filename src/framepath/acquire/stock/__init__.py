"""Path checks and ledgers for detectors of ophyd's and apstools' classes."""
