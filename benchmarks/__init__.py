"""What the package's speed and memory claims rest on; see README.md in this folder."""
