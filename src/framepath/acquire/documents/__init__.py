"""From a RunEngine to the catalog: the writer, its journals, references between runs."""
