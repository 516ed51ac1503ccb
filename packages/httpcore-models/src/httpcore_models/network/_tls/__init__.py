"""TLS without a network: what several streams need of it."""
