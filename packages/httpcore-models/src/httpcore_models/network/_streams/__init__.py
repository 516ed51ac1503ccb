"""Network streams on sockets, by event loop: threads, asyncio and trio."""
