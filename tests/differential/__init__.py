"""The same scenarios on httpcore 1.0.9 and on this one."""
