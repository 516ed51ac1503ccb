"""Where 1.0 kept the network backends."""
