"""The data sets that the package reads, one module each: copy one to add another."""
