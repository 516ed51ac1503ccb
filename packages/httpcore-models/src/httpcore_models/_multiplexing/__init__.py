"""What HTTP/2 and HTTP/3 have in common: many messages on one connection, whose fields are compressed."""
