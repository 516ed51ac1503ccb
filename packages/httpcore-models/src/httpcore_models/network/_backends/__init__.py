"""What opens network streams, by event loop: threads, asyncio and trio."""
