"""From artifacts to the target: only what changed, in an order no visitor can notice."""
