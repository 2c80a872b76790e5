"""What the replaced systems did, row by row of their features, on the ports that take their places."""
