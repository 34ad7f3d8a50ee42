"""Plans, stubs and preprocessors."""
