"""What builds changed at the target, to be looked at and taken back."""
