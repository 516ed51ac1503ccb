"""The pool's decisions on plain data, without I/O, locks or clocks. Start with `state`."""
