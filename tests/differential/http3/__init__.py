"""The same scenarios over HTTP/2 and over HTTP/3 of this release."""
