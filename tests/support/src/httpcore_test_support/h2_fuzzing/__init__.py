"""Fuzzing the HTTP/2 engine: talking to h2 as a server, and reading what a server sends beside h2 as a client."""
