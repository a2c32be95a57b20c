"""What building the site needs beside Sphinx."""
