"""The desk: queues of what waits for somebody to decide, as pages that the API renders."""
