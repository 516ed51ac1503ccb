"""Network backends: `sync` for threads, `anyio` and `trio` by name, and `auto` for whichever async library runs."""
