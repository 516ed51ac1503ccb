"""Real and scripted servers, certificates and leak checks, shared by the tests and the demo."""
