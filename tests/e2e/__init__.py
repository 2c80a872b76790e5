"""The whole way over loopback: the vendor's SDK, a port of ours, the stand-in upstream."""
