"""The pool's decisions on plain data, without I/O, locks or clocks; `state` is where to begin."""
