"""From the name of a host to its addresses.

* `types`: what a resolver is.
* `system`: the resolver of the system.
* `finding`: asking any resolver, in time, and checking its answer.
"""
