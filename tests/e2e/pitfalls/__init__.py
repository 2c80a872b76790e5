"""What users of comparable proxies complain of, each complaint by its number, from a caller to an upstream and back."""
