"""What the systems that this one replaces do wrong, each by its number, shown to be gone."""
