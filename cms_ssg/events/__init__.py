"""What happens told to others and by others: hooks, webhooks, pushes."""
