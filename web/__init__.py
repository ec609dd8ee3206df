"""The shell: HTTP doors, the command line and the pages."""
