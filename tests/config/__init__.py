"""What configuration promises."""
